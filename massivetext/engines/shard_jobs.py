"""Stages that work shard by shard, without a shuffle: neighbours share one job, each shard commits by itself."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import msgspec

from massivetext.engines.engine import DealOut, Engine, tell
from massivetext.engines.memory import release
from massivetext.errors import MENDABLE, StageError, UserError
from massivetext.runs.context import Context
from massivetext.runs.progress import Reporter
from massivetext.runs.store import Shard, ShardCommit
from massivetext.sources.splits import Split
from massivetext.storage import files as fs


class Task(msgspec.Struct, frozen=True):
    """A shard to process, with the input that it is made of (for ingest) and its cost in seconds of one worker."""

    shard: Shard
    splits: tuple[Split, ...]
    cost: float


Process = Callable[[Context, Task, Reporter], ShardCommit]


@dataclass(frozen=True, slots=True)
class ShardStage:
    """A stage as a function of one shard.

    Attributes:
        name: of the stage.
        process: reads what the stage needs of the shard, writes its parts, returns the commit.
        label: prefix of the task's name in commits, where a stage has several kinds of tasks.
    """

    name: str
    process: Process
    label: str = ""

    def task_name(self, task: Task) -> str:
        """Name of a task's commit."""
        return self.label + task.shard.name


class ProcessShards(beam.PTransform[Any, Any]):
    """Tasks -> the same tasks, after a stage has processed and committed each; a committed one passes untouched."""

    def __init__(self, stage: ShardStage, context: Context) -> None:
        super().__init__()
        self._stage, self._context = stage, context

    def expand(self, tasks: beam.PCollection[Task]) -> beam.PCollection[Task]:
        """One ParDo."""
        done: beam.PCollection[Task] = tasks | "Process" >> beam.ParDo(
            _ProcessDoFn(self._stage, self._context)
        ).with_output_types(Task)
        return done


class _ProcessDoFn(beam.DoFn):
    def __init__(self, stage: ShardStage, context: Context) -> None:
        self._stage, self._context = stage, context

    def process(self, task: Task) -> Iterable[Task]:
        stage, context = self._stage, self._context
        name, key = stage.task_name(task), context.keys[stage.name]
        if context.run.shard_commit(stage.name, key, name) is None:
            with attempt(context, stage.name, name):
                reporter = Reporter(context.progress, stage.name)
                context.run.commit_shard(stage.name, key, stage.process(context, task, reporter))
                reporter.add(shards=1)
            release()
        yield task


@contextmanager
def attempt(context: Context, stage: str, task: str) -> Iterator[None]:
    """Around what a worker writes for a stage: one attempt of perhaps several, some of which may come too late.

    An engine may start a task again while the first attempt is still at it. Both write the same bytes; one that is left
    over when the stage is complete, or when another recipe has the run folder, writes nothing any more.
    """
    with telling(f"{stage}: {task}"), fs.fenced(context.run.marker(stage, context.keys[stage])):
        yield


@contextmanager
def telling(place: str) -> Iterator[None]:
    """Turns what a user can mend into a marked message, so that it arrives at the driver whole."""
    try:
        yield
    except (UserError, StageError) as error:
        raise tell(error) from error
    except OSError as error:
        if error.errno is not None and error.errno not in MENDABLE:
            raise
        what = f"{error.strerror or error}: {error.filename or 'the run folder'}"
        raise tell(StageError(f"{place}: {what}; mend it and run again to go on")) from error


def run_shards(engine: Engine, context: Context, stages: Sequence[ShardStage], tasks: Sequence[Task]) -> None:
    """Runs neighbouring stages over all tasks as one job."""
    undone = _undone(context, stages, tasks)
    if not undone:
        return
    ordered = tuple(sorted(undone, key=lambda task: -task.cost))
    count = engine.lanes(len(undone), sum(task.cost for task in undone))
    with tempfile.TemporaryDirectory(prefix="massivetext-claims-") as claims:
        alone = [Lane((task,), None) for task in ordered]
        lanes = [Lane(ordered, claims)] * count if engine.embedded else alone

        def build(pipeline: beam.Pipeline) -> None:
            done = pipeline | "DealOut" >> DealOut(lanes) | "Claim" >> beam.FlatMap(claim).with_output_types(Task)
            for stage in stages:
                done = done | f"{stage.name} {stage.label}".strip() >> ProcessShards(stage, context)

        engine.run(build, lanes=len(lanes))


class Lane(msgspec.Struct, frozen=True):
    """Tasks for one worker.

    The embedded runner deals its elements out once and for all, so there every worker is given all tasks, dearest
    first, and takes the next that no other has claimed by making a file in ``claims``. A cluster balances by itself: a
    lane is one task there, and nothing is claimed.
    """

    tasks: tuple[Task, ...]
    claims: str | None


def claim(lane: Lane) -> Iterator[Task]:
    """The tasks of a lane that fall to this worker, each claimed only when the one before it is done."""
    for number, task in enumerate(lane.tasks):
        if lane.claims is None or _is_first(Path(lane.claims, str(number))):
            yield task


def _is_first(path: Path) -> bool:
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _undone(context: Context, stages: Sequence[ShardStage], tasks: Sequence[Task]) -> list[Task]:
    found: set[int] = set()
    for stage in stages:
        numbers = {stage.task_name(task): number for number, task in enumerate(tasks) if number not in found}
        found.update(numbers[name] for name in context.run.undone(stage.name, context.keys[stage.name], list(numbers)))
    return [tasks[number] for number in sorted(found)]


def priced(tasks: Sequence[Task], seconds: float) -> list[Task]:
    """The same tasks, their cost multiplied by the seconds that a stage takes a unit of it."""
    return [Task(task.shard, task.splits, task.cost * seconds) for task in tasks]
