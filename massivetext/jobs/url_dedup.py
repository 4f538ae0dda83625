"""URL deduplication: of the documents with one canonical URL, which meet by its hash, one is kept."""

from collections.abc import Callable, Sequence

import mmh3
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.dedup.keeper import is_unreadable
from massivetext.engines.engine import Engine
from massivetext.jobs.hash_shuffle import Batch, HashedStage, hash_batch, keep_one_per_hash
from massivetext.jobs.keeper_ranks import preference_column, preference_columns
from massivetext.recipe import LoadedRecipe
from massivetext.runs.context import Context
from massivetext.runs.store import Shard, ShardCommit
from massivetext.runs.work_items import WorkItem
from massivetext.schema import U64, URL_VERDICTS, row_numbers
from massivetext.signals.canonical_urls import canonical_urls
from massivetext.stages import URL_DEDUP

STAGE = URL_DEDUP.name
_UNDATED = 0.5  # share of the removed documents; of more it is said


def run_url_dedup(engine: Engine, context: Context, _items: Sequence[WorkItem]) -> None:
    """Write verdicts/url for every source that the stage judges."""
    shards = [shard for shard in context.all_shards() if context.judged_by(STAGE, shard.source)]
    if not shards:
        return
    columns = len(context.recipe.preferences) + 2
    stage = HashedStage(name=STAGE, rank_columns=columns, read=_read, place=_place, write=write_url_verdicts)
    keep_one_per_hash(engine, context, stage, shards)


def _read(context: Context, number: int) -> Batch:
    return hashed_urls(context, context.shard_by_number(number))


def _place(context: Context, number: int) -> str:
    return context.shard_by_number(number).name


def hashed_urls(context: Context, shard: Shard) -> Batch:
    """Return the kept documents of a shard that have a canonical URL, as rows of their hashes.

    Their ranks have the number by the choice of the recipe first, then those of :func:`preference_columns`.
    """
    choice = context.recipe.url_choice
    if choice is None:
        raise AssertionError(f"stage '{STAGE}' runs for a recipe without dedup.url")
    alive = np.flatnonzero(context.kept(shard, before=STAGE))
    table = context.run.read_table("documents", shard, ["id", "metadata", "url"]).take(pa.array(alive))
    pages = canonical_urls(table["url"].combine_chunks())
    found = np.flatnonzero(pages.is_valid().to_numpy(zero_copy_only=False))
    rows, table = alive[found], table.take(pa.array(found))
    ranks = [preference_column(context, shard, rows, table, choice), *preference_columns(context, shard, rows, table)]
    return hash_batch(_hashes(pages.drop_null()), np.stack(ranks, axis=1), context.document_refs(shard, rows))


def warn_of_missing_fields(context: Context, _loaded: LoadedRecipe, notify: Callable[[str], None], first: bool) -> None:
    """Say that no document had a URL, or that most of those that were removed have no date that can be read.

    Args:
        context: a run that has completed the stage.
        notify: called with the message.
        first: whether the stage ran just now; otherwise nothing is said again.
    """
    counts = context.run.need(STAGE).totals()
    tested, without, removed = (counts.get(name, 0) for name in ("tested", "without_url", "removed"))
    undated = counts.get("removed_undated", 0)
    if not first:
        return
    if without and not tested:
        notify(f'dedup.url: none of {without:,} documents has a URL of the web; see "url_field" of the sources')
    if undated > removed * _UNDATED:
        notify(
            f"dedup.url: {undated:,} of {removed:,} removed documents have no date that can be read; they come last, "
            'and among themselves `keep` or chance decides; see "date_field" of the sources'
        )


def _hashes(pages: pa.Array) -> U64:
    digests = b"".join(mmh3.hash_bytes(page) for page in pages.to_pylist())
    return np.frombuffer(digests, "<u8").reshape(-1, 2).astype(np.uint64)


def write_url_verdicts(context: Context, shard: Shard, removed: Batch) -> ShardCommit:
    """Write verdicts/url of one shard from its removed documents, and return the commit."""
    alive = context.kept(shard, before=STAGE)
    urls = context.run.read_table("documents", shard, ["url"])["url"].combine_chunks()
    pages = canonical_urls(urls.filter(pa.array(alive)))
    kept = np.ones(len(alive), np.bool_)
    keeper = np.zeros(len(alive), np.uint64)
    lost = row_numbers(removed["document_ref"])
    kept[lost], keeper[lost] = False, removed["keeper"]
    place = np.cumsum(alive) - 1  # of a row among the kept ones
    table = pa.table(
        {
            "kept": kept,
            "cluster": pa.array(keeper, mask=kept),
            "canonical_url": pages.take(pa.array(place, mask=kept)),
        },
        schema=URL_VERDICTS,
    )
    file = context.run.write_table(context.verdicts_of(STAGE), shard, table)
    counts = {
        "tested": int(alive.sum()) - pages.null_count,
        "without_url": pages.null_count,
        "removed": len(lost),
        **_count_undated(context, shard, lost),
        **context.count_kept(shard, alive & kept),
    }
    return ShardCommit(shard.name, (file,), counts)


def _count_undated(context: Context, shard: Shard, lost: npt.NDArray[np.integer]) -> dict[str, int]:
    """Return how many removed documents have no date that can be read, if dates decide."""
    if context.recipe.url_choice == "longest":
        return {}
    if not len(lost):
        return {"removed_undated": 0}
    table = context.run.read_table("documents", shard, ["metadata"]).take(pa.array(lost))
    ranks = preference_column(context, shard, lost, table, "latest")
    return {"removed_undated": int(is_unreadable(ranks).sum())}
