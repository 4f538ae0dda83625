"""Pages that were not extracted because the rules would drop them, and how many of them would have been kept."""

from collections import Counter
from collections.abc import Mapping

import msgspec

from massivetext.runs.context import Context, Mask
from massivetext.runs.store import Shard
from massivetext.sources.page_screens import LEFT_OUT, SCREENED
from massivetext.wilson import wilson_interval


class ScreenTally(msgspec.Struct, frozen=True):
    """Pages of a source that were screened for one reason.

    Attributes:
        left_out: number of pages that were not extracted.
        extracted: number of pages that were extracted all the same, as a sample.
        kept: number of these that every stage has kept.
    """

    left_out: int = 0
    extracted: int = 0
    kept: int = 0

    def __add__(self, other: "ScreenTally") -> "ScreenTally":
        return ScreenTally(self.left_out + other.left_out, self.extracted + other.extracted, self.kept + other.kept)


def tally_screened(context: Context, shard: Shard, kept: Mask, skipped: Mapping[str, int]) -> dict[str, ScreenTally]:
    """Return how many pages of a shard were screened, by reason.

    Args:
        context: the run.
        shard: the shard.
        kept: which of its documents are left, bool[rows].
        skipped: its skipped records by reason.
    """
    found = {
        reason.removeprefix(LEFT_OUT): ScreenTally(count)
        for reason, count in skipped.items()
        if reason.startswith(LEFT_OUT)
    }
    if not context.recipe.ingest.screens:
        return found
    sampled, left = Counter[str](), Counter[str]()
    column = context.run.read_table("documents", shard, ["metadata"])["metadata"]
    for row, text in enumerate(column.to_pylist()):
        if SCREENED in text and (reason := msgspec.json.decode(text).get(SCREENED)):
            sampled[reason] += 1
            left[reason] += bool(kept[row])
    for reason, count in sampled.items():
        found[reason] = found.get(reason, ScreenTally()) + ScreenTally(0, count, left[reason])
    return dict(sorted(found.items()))


def loss_interval(tally: ScreenTally) -> tuple[float, float] | None:
    """Return the 95% interval of the share of screened pages that would have been kept; None: no page tells."""
    return wilson_interval(tally.kept, tally.extracted) if tally.extracted else None
