"""Whole runs of a few short texts up to near-deduplication, for tests of corpora that grow run by run."""

import dataclasses
import json
from pathlib import Path

import msgspec
from builders import write_state
from near_runs import items_of
from tiny_run import Texts, finish, tiny_context

from massivetext.engines.engine import Engine
from massivetext.jobs.exact_dedup import run_exact_dedup
from massivetext.jobs.near_dedup import run_near_dedup
from massivetext.jobs.near_sizes import DEFAULT_SIZES, NearDedupSizes
from massivetext.recipe import DedupOptions, NearOptions
from massivetext.runs.context import Context
from massivetext.runs.manifests import Manifest, StageState
from massivetext.stages import EXACT_DEDUP, NEAR_DEDUP


def run_of(
    folder: Path,
    texts: Texts,
    near: NearOptions,
    dedup: DedupOptions | None = None,
    *,
    seed: int = 7,
    engine: Engine | None = None,
    sizes: NearDedupSizes = DEFAULT_SIZES,
    dated: bool = False,
) -> Context:
    """Write a run of some texts, complete up to near-deduplication, and return its context; ``dated``: with dates."""
    context = tiny_context(str(folder), texts)
    for shard in context.all_shards() if dated else []:
        table = context.run.read_table("documents", shard)
        column = table.schema.get_field_index("metadata")
        dates = [json.dumps({"date": f"2026-01-{1 + row * 7 % 5:02d}"}) for row in range(table.num_rows)]
        context.run.write_table("documents", shard, table.set_column(column, table.schema.field(column), [dates]))
    recipe = msgspec.structs.replace(context.recipe, near=near, seed=seed)
    if dedup is not None:
        recipe = msgspec.structs.replace(recipe, dedup=dedup)
    context = dataclasses.replace(context, recipe=recipe)
    states = finish(context)
    items = items_of(context)
    for stage in (EXACT_DEDUP, NEAR_DEDUP):
        key = context.stage_keys[stage.name]
        context.run.begin(stage, key)
        if stage is EXACT_DEDUP:
            run_exact_dedup(engine or Engine(), context, items)
        else:
            run_near_dedup(engine or Engine(), context, items, sizes)
        commits = tuple(context.run.commits(stage.name, key))
        facts = dict(stage.facts(context, items))
        digest = context.run.commit(stage, Manifest(stage.name, key, {}, commits, facts))
        states.append(StageState(stage.name, key, digest, 0.5))
    write_state(context, states, until=NEAR_DEDUP.name)
    return context


def verdicts_of(context: Context, source: str) -> dict[str, tuple[bool, bool]]:
    """Return (kept by exact, kept by near deduplication) of the documents of a source, by id."""
    found: dict[str, tuple[bool, bool]] = {}
    for shard in context.shards(source):
        ids = context.run.read_table("documents", shard, ["id"])["id"].to_pylist()
        columns = [
            context.run.read_table(context.verdicts_of(stage.name), shard, ["kept"])["kept"].to_pylist()
            for stage in (EXACT_DEDUP, NEAR_DEDUP)
        ]
        found |= dict(zip(ids, zip(*columns, strict=True), strict=True))
    return found
