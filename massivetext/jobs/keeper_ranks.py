"""The ranks that decide which of several copies stays: by the preferences of the recipe, then by the keyed hash."""

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.dedup.keeper import earliest_first, keeper_rank, latest_first, longest_first, source_preference
from massivetext.earlier.earlier_corpora import earlier_corpora
from massivetext.recipe import Recipe
from massivetext.runs.context import Context
from massivetext.runs.store import Shard
from massivetext.schema import U64


def columns_for_ranks(recipe: Recipe) -> list[str]:
    """Return the columns of the documents that :func:`rank_columns` needs."""
    return ["id", *(["metadata"] if "latest" in recipe.preferences else [])]


def rank_column_count(recipe: Recipe) -> int:
    """Return the number of columns of :func:`rank_columns`."""
    return len(recipe.preferences) + 1 + bool(recipe.against)


def rank_columns(context: Context, shard: Shard, rows: npt.NDArray[np.integer], table: pa.Table) -> U64:
    """Return the ranks of rows of a shard, uint64[rows, columns]: a column per preference, and the keyed hash last.

    With earlier corpora there is a column before them, in which their documents have smaller numbers.

    Of two documents the one with the smaller number in the first column that differs is preferred. ``table`` holds
    these rows of the documents, with the columns of :func:`columns_for_ranks`. Canaries have the largest numbers in all
    columns: every document is preferred to them.
    """
    if context.of_canaries:
        return np.full((len(rows), rank_column_count(context.recipe)), np.iinfo(np.uint64).max, np.uint64)
    columns = preference_columns(context, shard, rows, table)
    corpora = earlier_corpora(context)
    if corpora is not None:
        columns.insert(0, np.full(len(rows), corpora.own_rank, np.uint64))
    return np.stack(columns, axis=1)


def preference_columns(context: Context, shard: Shard, rows: npt.NDArray[np.integer], table: pa.Table) -> list[U64]:
    """Return the columns of :func:`rank_columns` that do not depend on earlier corpora, uint64[rows] each."""
    columns = [preference_column(context, shard, rows, table, each) for each in context.recipe.preferences]
    return [*columns, keeper_rank(table["id"].to_pylist(), context.recipe.seed)]


def preference_column(
    context: Context, shard: Shard, rows: npt.NDArray[np.integer], table: pa.Table, preference: str
) -> U64:
    """Return a number for each of these rows that is smaller the more a preference prefers it, uint64[rows].

    The preference is one of `dedup.keep` or `dedup.url`, and ``table`` as for :func:`rank_columns`; dates are in its
    column ``metadata``.
    """
    if preference == "longest":
        sizes = context.run.read_table("signals", shard, ["byte_count"])["byte_count"].to_numpy()[rows]
        return longest_first(sizes)
    if preference in ("latest", "first"):
        found = (msgspec.json.decode(value, type=dict[str, str]) for value in table["metadata"].to_pylist())
        dates = [metadata.get("date", "") for metadata in found]
        return latest_first(dates) if preference == "latest" else earliest_first(dates)
    return np.full(len(rows), source_preference(shard.source, preference), np.uint64)
