"""How many documents each split of the records contains, counted by the workers where the commits do not say it."""

import itertools
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from massivetext.engines.engine import Engine
from massivetext.engines.shard_jobs import run_shards
from massivetext.errors import UserError
from massivetext.jobs.encode_round import STAGE, KeptDocuments
from massivetext.recipe import Recipe
from massivetext.records.crops import expected_crop
from massivetext.runs.context import Context
from massivetext.runs.record_splits import TRAIN, split_has_source, split_names
from massivetext.runs.store import ShardCommit
from massivetext.runs.work_items import ShardStage, WorkItem, scale_costs

_COUNT_COST = 1 / 500e6  # seconds per byte of text, of which only ids and sizes are read
_LABEL = "split-documents/"


def count_documents(engine: Engine, context: Context, items: Sequence[WorkItem]) -> dict[str, dict[str, KeptDocuments]]:
    """Return the kept documents of each split, by split and source.

    The last stage that judges a source has committed how many of its documents are kept. Workers count them once more
    if some are held out, or if a number of sequences is to be drawn as crops: then their mean size has to be known.

    Raises:
        UserError: no document is held out for one of the splits.
    """
    if not _must_count(context.recipe) and (committed := _committed(context)) is not None:
        return {TRAIN: committed}
    run_shards(engine, context, [ShardStage(STAGE, count_shard, _LABEL)], scale_costs(items, _COUNT_COST))
    names = [_LABEL + shard.name for shard in context.all_shards()]
    done = context.run.done(STAGE, context.stage_keys[STAGE], names)
    splits = {
        split: {
            source: _kept_documents([done[_LABEL + shard.name].counts for shard in context.shards(source)], f"{split}_")
            for source in sorted(context.recipe.sources)
        }
        for split in split_names(context.recipe)
    }
    for split, sources in splits.items():
        if split != TRAIN and not any(kept.documents for kept in sources.values()):
            raise UserError(
                f"records.splits.validation: no document of split '{split}' is held out; raise the share, or leave the "
                "source out"
            )
    return splits


def count_shard(context: Context, item: WorkItem) -> ShardCommit:
    """Return a commit with the documents of a shard in each split, their UTF-8 bytes and those of one crop of each."""
    options = context.recipe.records
    window = options.bytes_per_token * options.sequence_length
    counts: dict[str, int] = {}
    for split in split_names(context.recipe):
        if split_has_source(split, item.shard.source):
            sizes = context.for_split(split).sizes_in_split(item.shard)
            counts |= {
                f"{split}_kept": len(sizes),
                f"{split}_kept_bytes": int(sizes.sum()),
                f"{split}_crop_bytes": round(float(expected_crop(sizes.astype(np.float64), window).sum())),
            }
    return ShardCommit(_LABEL + item.shard.name, (), counts)


def _must_count(recipe: Recipe) -> bool:
    draws_to_a_number = recipe.records.wanted_sequences is not None and any(
        recipe.mode_of(source) == "gopher" for source in recipe.sources
    )
    return draws_to_a_number or not isinstance(recipe.records.splits, msgspec.UnsetType)


def _committed(context: Context) -> dict[str, KeptDocuments] | None:
    """Return the kept documents by source as the judging stages committed them; None if one of them did not."""
    by_stage: dict[str, dict[str, dict[str, int]]] = {}
    sources = {}
    for source in sorted(context.recipe.sources):
        last = context.last_judging(source)
        if last not in by_stage:
            by_stage[last] = {commit.task: commit.counts for commit in context.run.need(last).tasks}
        shards = [by_stage[last].get(shard.name, {}) for shard in context.shards(source)]
        if not all({"kept", "kept_bytes"} <= counts.keys() for counts in shards):
            return None
        sources[source] = _kept_documents(shards, "")
    return sources


def _kept_documents(shards: Sequence[Mapping[str, int]], prefix: str) -> KeptDocuments:
    """Return the sums of the counts of each shard of a source."""
    documents = [counts.get(f"{prefix}kept", 0) for counts in shards]
    return KeptDocuments(
        documents=sum(documents),
        bytes=sum(counts.get(f"{prefix}kept_bytes", 0) for counts in shards),
        first=tuple(itertools.accumulate(documents[:-1], initial=0)),
        crop_bytes=sum(counts.get(f"{prefix}crop_bytes", 0) for counts in shards),
    )
