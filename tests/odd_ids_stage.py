"""A verdict stage in one file: documents whose id ends in an odd digit are dropped."""

import pyarrow as pa

from massivetext.recipe import Recipe
from massivetext.runs.context import Context
from massivetext.runs.run_log import count_work
from massivetext.runs.stage import RunPlan, Stage, Verdicts
from massivetext.runs.store import ShardCommit
from massivetext.runs.work_items import WorkItem

ODD_DIGITS = "13579bdf"


def drop_odd_ids(context: Context, item: WorkItem) -> ShardCommit:
    """Write the verdicts of one shard."""
    ids = context.run.read_table("documents", item.shard, ["id"])["id"].to_pylist()
    alive = context.kept(item.shard, before=ODD_IDS.name)
    even = pa.array([each[-1] not in ODD_DIGITS for each in ids])
    file = context.run.write_table(context.verdicts_of(ODD_IDS.name), item.shard, pa.table({"kept": even}))
    count_work(len(ids))
    return ShardCommit(
        item.shard.name, (file,), context.count_kept(item.shard, alive & even.to_numpy(zero_copy_only=False))
    )


def key(_plan: RunPlan) -> object:
    """Return what decides the output: nothing in the recipe."""
    return ODD_DIGITS


def describe(_plan: RunPlan) -> str:
    """Say what the stage does."""
    return "documents with an odd id are dropped"


def applies_to(_recipe: Recipe, source: str) -> bool:
    """Return whether the stage judges a source: Wikipedia keeps all of its documents."""
    return source != "wikipedia"


ODD_IDS = Stage(
    name="odd-ids",
    title="odd ids",
    reads=("documents", "signals"),  # count_kept reads word and byte counts
    key=key,
    describe=describe,
    applies_to=applies_to,
    verdicts=Verdicts(data_set="verdicts/odd", legend="odd ids", removed="for their odd ids"),
    process=drop_odd_ids,
)
