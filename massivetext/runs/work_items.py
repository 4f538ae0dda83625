"""Work items and lanes: what a worker does and commits as a unit, and how work items are divided among workers.

Nothing here needs Beam, so a stage can be declared and tested without it; `engines/shard_jobs.py` runs these as jobs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from massivetext.runs.context import Context
from massivetext.runs.store import Shard, ShardCommit
from massivetext.sources.splits import Split


class WorkItem(msgspec.Struct, frozen=True):
    """One shard of one stage: what a worker does and commits as a unit.

    Attributes:
        shard: the shard to work on.
        splits: input files of the shard, for ingest; empty for later stages.
        cost: estimated cost, in the unit of the stage; seconds of one worker after :func:`scale_costs`.
    """

    shard: Shard
    splits: tuple[Split, ...]
    cost: float


ProcessShard = Callable[[Context, WorkItem], ShardCommit]


@dataclass(frozen=True, slots=True)
class ShardStage:
    """A stage as a function of one shard.

    Attributes:
        name: name of the stage.
        process: reads what the stage needs of the shard, writes its files, returns the commit.
        label: prefix of the commits' names, for a stage with several kinds of work items.
        sources: names of the sources that the stage works on; None for all of them.
    """

    name: str
    process: ProcessShard
    label: str = ""
    sources: frozenset[str] | None = None

    def works_on(self, item: WorkItem) -> bool:
        """Return whether the stage works on the source of a work item."""
        return self.sources is None or item.shard.source in self.sources

    def commit_name(self, item: WorkItem) -> str:
        """Return the name of the commit that records a work item."""
        return self.label + item.shard.name


class Lane(msgspec.Struct, frozen=True):
    """The work items of one worker.

    The embedded runner assigns elements to workers once. So there every lane holds all work items, most expensive
    first, and a worker takes the next one that no other worker has claimed. A cluster assigns elements dynamically:
    there a lane is one work item, and nothing is claimed.

    Attributes:
        work_items: all that this worker may take.
        claims: local folder in which a worker creates a file to claim a work item; None if nothing is claimed.
    """

    work_items: tuple[WorkItem, ...]
    claims: str | None


def claim_work_items(lane: Lane) -> Iterator[WorkItem]:
    """Yield the work items of a lane that no other worker has claimed; each is claimed when the one before is done."""
    for number, item in enumerate(lane.work_items):
        if lane.claims is None or _try_claim(Path(lane.claims, str(number))):
            yield item


def _try_claim(path: Path) -> bool:
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def scale_costs(items: Sequence[WorkItem], seconds: float) -> list[WorkItem]:
    """Return the same work items with every cost multiplied by the seconds that a stage takes per unit of cost."""
    return [WorkItem(item.shard, item.splits, item.cost * seconds) for item in items]
