"""A seeded sample of documents with the values of all their signals, for questions that the page itself answers.

A document is drawn if the keyed hash of its id is below a bound, which follows from the number of documents of its
source. The sample therefore does not depend on shards or on the order in which they are read.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from massivetext.report.accumulate import ShardColumns
from massivetext.runs.context import Context
from massivetext.signals.registry import ALL
from massivetext.stages import INGEST

SAMPLED_VALUES = 18_000  # documents of all sources together
_RANKS = 1 << 63  # ranks are below


def sample_bounds(context: Context, size: int = SAMPLED_VALUES) -> dict[str, int]:
    """Return the rank below which documents are drawn, by source.

    Sources share the sample equally; what a small source does not need goes to the others. Of a source that fits in its
    share every document is drawn.
    """
    ingested = context.run.need(INGEST.name)
    documents = {name: ingested.totals(f"{name}/").get("documents", 0) for name in context.shard_counts}
    bounds, left = {}, size
    for number, name in enumerate(sorted(documents, key=lambda name: (documents[name], name))):
        share = left // (len(documents) - number)
        drawn = min(documents[name], share)
        bounds[name] = _RANKS if drawn == documents[name] else _RANKS * drawn // documents[name]
        left -= drawn
    return bounds


def sample_values(columns: ShardColumns, bounds: Mapping[str, int]) -> pa.Table:
    """Return the sampled documents of a shard.

    Returns:
        ``rank``, by which the sample was drawn; ``shard`` and ``row`` of the document; ``removed_by``, the stage that
        removed it, or null; and all signals that the source has measured.
    """
    rows = np.flatnonzero(columns.sample_ranks < np.uint64(bounds[columns.shard.source]))
    removed_by = np.full(len(rows), None, object)
    for stage, kept in reversed(list(columns.kept.items())):  # the first stage that removes it is written last
        removed_by[~kept[rows]] = stage
    chosen = pa.array(rows)
    signals = {name: columns.signals[name].take(chosen) for name in columns.signals.column_names if name in ALL}
    return pa.table(
        {
            "rank": columns.sample_ranks[rows],
            "shard": pa.array(np.full(len(rows), columns.shard.index), pa.int32()),
            "row": pa.array(rows, pa.int64()),
            "removed_by": pa.array(removed_by, pa.string()),
            **signals,
        }
    )
