"""How much of the kept text is in the records, and how often: counted shard by shard after all draws are encoded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.engines.engine import Engine
from massivetext.engines.shard_jobs import run_shards
from massivetext.formatting import format_count
from massivetext.jobs.encode_draws import STAGE, EncodedDraws
from massivetext.recipe import LoadedRecipe
from massivetext.records.packing import draws_in_epochs
from massivetext.records.reader import read_dataset
from massivetext.records.tokens import lay_out_source, round_tokens_path
from massivetext.runs.context import Context
from massivetext.runs.store import Shard, ShardCommit
from massivetext.runs.work_items import ShardStage, WorkItem, scale_costs
from massivetext.storage import tables

I64 = npt.NDArray[np.int64]
_COVERAGE_COST = 1 / 200e6  # seconds per byte of text
_LABEL = "coverage/"
_UNREAD = 0.5  # share of the kept text above which a run says that it was not read


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCoverage:
    """What the records hold of a source; the fields are those of :class:`massivetext.records.dataset.DatasetSource`."""

    kept_tokens: int
    covered_bytes: int
    read_bytes: int
    most_reads: int


def measure_coverage(
    engine: Engine, context: Context, items: Sequence[WorkItem], encoded: EncodedDraws
) -> dict[str, SourceCoverage]:
    """Return what the records hold of each source."""
    stage = ShardStage(STAGE, _CoverShard(encoded), _LABEL)
    run_shards(engine, context, [stage], scale_costs(items, _COVERAGE_COST))
    names = [stage.commit_name(item) for item in items]
    commits = context.run.done(STAGE, context.stage_keys[STAGE], names)
    return {source: _sum_up(context, encoded, source, commits) for source in encoded.kept}


def _sum_up(context: Context, encoded: EncodedDraws, source: str, commits: Mapping[str, ShardCommit]) -> SourceCoverage:
    counts = [commits[f"{_LABEL}{shard.name}"].counts for shard in context.shards(source)]
    covered, read, drawn, tokens = (
        sum(each[name] for each in counts) for name in ("covered_bytes", "read_bytes", "drawn_bytes", "drawn_tokens")
    )
    kept = encoded.kept[source].bytes
    return SourceCoverage(
        kept_tokens=tokens if context.recipe.mode_of(source) == "pack" else round(kept * tokens / max(drawn, 1)),
        covered_bytes=covered,
        read_bytes=read,
        most_reads=max(each["most_reads"] for each in counts),
    )


class _CoverShard:
    """Counts for one shard which bytes of its documents the used sequences hold."""

    def __init__(self, encoded: EncodedDraws) -> None:
        self._encoded = encoded

    def __call__(self, context: Context, item: WorkItem) -> ShardCommit:
        """Return the commit with the counts; it has no file."""
        shard, encoded, recipe = item.shard, self._encoded, context.recipe
        source, quota = shard.source, encoded.quotas[shard.source]
        drawn = _read_draws(context, shard, encoded.rounds[source])
        documents, draws = encoded.kept[source].documents, encoded.draws[source]
        layout = lay_out_source(context.run, recipe, source, documents, draws)
        columns = {name: drawn[name].to_numpy().astype(np.int64) for name in ("row", "draw", "start", "stop", "count")}
        epochs = draws // documents if recipe.mode_of(source) == "pack" and documents else 1
        numbers = draws_in_epochs(columns["draw"], documents, epochs, recipe.seed, source)
        used = [layout.used_tokens(each, columns["count"], quota) for each in numbers]
        rows, starts, stops, tokens = (np.tile(columns[name], epochs) for name in ("row", "start", "stop", "count"))
        counts = cover(rows, starts, stops, tokens, np.concatenate(used))
        size = int((columns["stop"] - columns["start"]).sum())
        totals = {"drawn_bytes": size, "drawn_tokens": int(columns["count"].sum())}
        return ShardCommit(f"{_LABEL}{shard.name}", (), {**counts, **totals})


def _read_draws(context: Context, shard: Shard, rounds: int) -> pa.Table:
    columns = ["row", "draw", "start", "stop", "count"]
    paths = [round_tokens_path(context.run, number, shard) for number in range(rounds)]
    return pa.concat_tables([tables.read_table(path, columns) for path in paths])


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
    """Say so if more than half of the kept text is not in the records, and what would change that.

    Args:
        context: the run; its records are complete.
        loaded: the recipe.
        notify: called with the message.
        first: whether this execution has made the records.
    """
    if not first:
        return
    made = read_dataset(context.run.path(STAGE))
    kept = sum(source.kept_bytes for source in made.sources)
    unread = kept - sum(source.covered_bytes for source in made.sources)
    if unread > _UNREAD * kept:
        notify(
            f"{unread / kept:.0%} of the kept text ({format_count(unread)}B) is not in the records; the number of "
            f'sequences is limited by {made.mixture.limited_by}. records.mode = "pack" takes every document once; '
            "more sequences, or weights nearer to the sizes of the sources, take more of it."
        )
