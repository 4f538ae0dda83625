"""How much of the kept text is in the records, and how often, counted from the draws of every shard."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from massivetext.formatting import format_count
from massivetext.jobs.encode_draws import EncodedDraws
from massivetext.jobs.encode_round import STAGE
from massivetext.recipe import LoadedRecipe
from massivetext.records.reader import read_dataset
from massivetext.records.sequences import SourceLayout
from massivetext.records.tokens import draws_of_rows, lay_out_source, round_tokens_path
from massivetext.runs.context import Context
from massivetext.runs.store import Shard
from massivetext.storage import files as fs
from massivetext.storage import tables

I64 = npt.NDArray[np.int64]
_UNREAD = 0.5  # share of the kept text above which a run says that it was not read


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCoverage:
    """What the records hold of a source; the fields are those of :class:`massivetext.records.dataset.DatasetSource`.

    ``drawn_bytes`` are the UTF-8 bytes of all encoded draws.
    """

    draws: int
    drawn_bytes: int
    kept_tokens: int
    covered_bytes: int
    read_bytes: int
    most_reads: int


def measure_coverage(context: Context, encoded: EncodedDraws) -> dict[str, SourceCoverage]:
    """Return what the records hold of each source; texts and tokens are not read."""
    return {source: _measure(context, encoded, source) for source in encoded.kept}


def _measure(context: Context, encoded: EncodedDraws, source: str) -> SourceCoverage:
    documents, draws = encoded.kept[source].documents, encoded.draws[source]
    layout = lay_out_source(context.run, context.recipe, source, documents, draws, context.split)

    def count(shard: Shard) -> dict[str, int]:
        return _cover_shard(context, encoded, shard, layout)

    found = list(fs.concurrently(context.run.folder, count, context.shards(source)))
    covered, read, drawn, tokens = (
        sum(each[name] for each in found) for name in ("covered_bytes", "read_bytes", "drawn_bytes", "drawn_tokens")
    )
    kept = encoded.kept[source].bytes
    return SourceCoverage(
        draws=layout.draws_for(encoded.quotas[source]),
        drawn_bytes=drawn,
        kept_tokens=tokens if context.recipe.mode_of(source) == "pack" else round(kept * tokens / max(drawn, 1)),
        covered_bytes=covered,
        read_bytes=read,
        most_reads=max(each["most_reads"] for each in found),
    )


def _cover_shard(context: Context, encoded: EncodedDraws, shard: Shard, layout: SourceLayout) -> dict[str, int]:
    """Return the counts of :func:`cover` for the documents of a shard, and bytes and tokens of all its draws."""
    source, names = shard.source, ("row", "draw", "start", "stop", "count")
    paths = [round_tokens_path(context.run, number, shard, context.split) for number in range(encoded.rounds[source])]
    read = [tables.read_table(path, names) for path in paths]
    row, draw, start, stop, count = (
        np.concatenate([table[name].to_numpy() for table in read]).astype(np.int64) for name in names
    )
    by_epoch = draws_of_rows(context.recipe, source, draw, encoded.kept[source].documents, encoded.draws[source])
    used = [layout.used_tokens(each, count, encoded.quotas[source]) for each in by_epoch]
    rows, starts, stops, counts = (np.tile(each, len(by_epoch)) for each in (row, start, stop, count))
    covered = cover(rows, starts, stops, counts, np.concatenate(used))
    return covered | {"drawn_bytes": int((stop - start).sum()), "drawn_tokens": int(count.sum())}


def cover(rows: I64, starts: I64, stops: I64, counts: I64, used: I64) -> dict[str, int]:
    """Return how many bytes of documents some draws hold, as ``covered_bytes``, ``read_bytes`` and ``most_reads``.

    Args:
        rows: document of each draw.
        starts: first byte of the draw in its document.
        stops: byte after its last.
        counts: its tokens.
        used: how many of them are used, from its first on; of their bytes as large a share is taken to be used.
    """
    hit = used > 0
    rows, starts = rows[hit], starts[hit]
    sizes = (stops[hit] - starts) * used[hit] // np.maximum(counts[hit], 1)
    order = np.lexsort((starts, rows))
    rows, starts, ends = rows[order], starts[order], (starts + sizes)[order]
    # Where documents lie one behind the other, a draw adds what is beyond the furthest end before it.
    gap = int(ends.max(initial=0)) + 1
    starts, ends = starts + rows * gap, ends + rows * gap
    reached = np.maximum.accumulate(np.concatenate([[0], ends]))[:-1]
    added = np.maximum(ends - np.maximum(starts, reached), 0)
    _, reads = np.unique(rows, return_counts=True)
    return {
        "covered_bytes": int(added.sum()),
        "read_bytes": int(sizes.sum()),
        "most_reads": int(reads.max(initial=0)),
    }


def warn_of_unread_text(context: Context, loaded: LoadedRecipe, notify: Callable[[str], None], first: bool) -> None:
    """Say so if a source or more than half of the kept text is not in the records, and what would change that.

    Args:
        context: the run; its records are complete.
        loaded: the recipe.
        notify: called with the message.
        first: whether this execution has made the records.
    """
    if not first:
        return
    made = read_dataset(context.run.path(STAGE))
    for source in made.sources:
        if not source.sequences:
            notify(
                f"Source {source.name} is not in the records: its weight of {made.mixture.weights[source.name]} gives "
                f"none of {made.train.sequences:,} sequences. Raise the number of sequences or the weight."
            )
    kept = sum(source.kept_bytes for source in made.sources)
    unread = kept - sum(source.covered_bytes for source in made.sources)
    if unread > _UNREAD * kept:
        packs = all(source.mode == "pack" for source in made.sources)
        remedy = (
            "A larger budget takes more of it, and none takes every document once"
            if packs
            else 'records.mode = "pack" takes every document once; more sequences, or weights nearer to the sizes of '
            "the sources, take more of it"
        )
        notify(
            f"{unread / kept:.0%} of the kept text ({format_count(unread)}B) is not in the records; the number of "
            f"sequences is limited by {made.mixture.limited_by}. {remedy}."
        )
