"""Runs of a few short texts of which only the near-duplicates are looked for."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
from tiny_run import Texts, tiny_context

from massivetext.engines.engine import Engine
from massivetext.jobs.near_candidates import STAGE
from massivetext.jobs.near_dedup import run_near_dedup
from massivetext.jobs.near_sizes import NearDedupSizes
from massivetext.recipe import DedupOptions, NearOptions
from massivetext.runs.context import Context
from massivetext.runs.work_items import WorkItem
from massivetext.schema import DUPLICATE_VERDICTS
from massivetext.stages import NEAR_DEDUP


def deduplicated(
    folder: Path,
    texts: Texts,
    near: NearOptions | None = None,
    engine: Engine | None = None,
    sizes: NearDedupSizes | None = None,
    ids: Sequence[Sequence[str]] | None = None,
    keep: tuple[str, ...] = (),
) -> Context:
    """Write a run of some texts, find its near-duplicates, and return its context; ``ids``: other ids, by shard."""
    context = tiny_context(str(folder), texts)
    for shard, own in zip(context.all_shards(), ids or (), strict=ids is not None):
        table = context.run.read_table("documents", shard)
        column = table.schema.get_field_index("id")
        context.run.write_table("documents", shard, table.set_column(column, table.schema.field(column), [own]))
    if keep:
        recipe = msgspec.structs.replace(context.recipe, dedup=DedupOptions(keep=keep))
        context = dataclasses.replace(context, recipe=recipe)
    if near is not None:
        context = dataclasses.replace(context, recipe=msgspec.structs.replace(context.recipe, near=near))
    for shard, rows in zip(
        context.all_shards(), (rows for source in sorted(texts) for rows in texts[source]), strict=True
    ):
        nothing = {
            "kept": np.ones(len(rows), np.bool_),
            "cluster": [None] * len(rows),
            "similarity": [None] * len(rows),
        }
        context.run.write_table("verdicts/exact", shard, pa.table(nothing, schema=DUPLICATE_VERDICTS))
    context.run.begin(NEAR_DEDUP, context.stage_keys[STAGE])
    run_near_dedup(engine or Engine(), context, items_of(context), sizes or NearDedupSizes())
    return context


def items_of(context: Context) -> list[WorkItem]:
    """Return a work item per shard."""
    return [WorkItem(shard, (), 1.0) for shard in context.all_shards()]
