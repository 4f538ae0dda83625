"""A run of a few short texts, written shard by shard without Beam: for tests of what reads a run."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

import msgspec
import pyarrow as pa

from massivetext.recipe import DecontaminateOptions, Recipe, SourceOptions
from massivetext.rules import Rule
from massivetext.runs.context import Context
from massivetext.runs.stage import verdict_sets
from massivetext.runs.store import FORMAT, Manifest, Run, RunState, Shard, ShardCommit, StageState, json_sha256
from massivetext.schema import RULE_VERDICTS, Document, documents_table
from massivetext.stages import STAGES

Texts = Mapping[str, Sequence[Sequence[str]]]  # source, which is named after its kind -> shards -> texts
RULE = Rule(signal="word_count", min=2, source="ours: for the test", name="tiny/word_count")


def recipe_of(sources: Collection[str], *, test_sets: tuple[str, ...] = ()) -> Recipe:
    """A recipe of one source a kind, the first with all of the weight that the others leave."""
    weights = [1 - Decimal("0.01") * (len(sources) - 1), *[Decimal("0.01")] * (len(sources) - 1)]
    table = {
        name: msgspec.convert({"kind": name, "inputs": ["*"], "weight": weight}, SourceOptions)
        for name, weight in zip(sources, weights, strict=True)
    }
    return Recipe(name="tiny", seed=7, sources=table, decontaminate=DecontaminateOptions(test_sets=test_sets))


def tiny_context(
    folder: str, texts: Texts, *, dropped: Collection[str] = (), test_sets: tuple[str, ...] = ()
) -> Context:
    """Writes documents, sizes and rule verdicts; texts in ``dropped`` have failed a rule."""
    recipe = recipe_of(texts, test_sets=test_sets)
    context = Context(
        run=Run(folder),
        recipe=recipe,
        root=folder,
        stage_keys={stage.name: json_sha256(stage.name) for stage in STAGES},
        shard_counts={source: len(shards) for source, shards in texts.items()},
        rules=dict.fromkeys(texts, (RULE,)),
        verdicts=verdict_sets(recipe, STAGES),
    )
    for shard in context.all_shards():
        _write(context, shard, texts[shard.source][shard.index], dropped)
    return context


def _write(context: Context, shard: Shard, texts: Sequence[str], dropped: Collection[str]) -> None:
    documents = [Document(text, f"{shard.index}.txt", str(row)) for row, text in enumerate(texts)]
    sizes = {
        "word_count": pa.array([len(text.split()) for text in texts], pa.int64()),
        "byte_count": pa.array([len(text.encode()) for text in texts], pa.int64()),
    }
    verdicts = {"kept": [text not in dropped for text in texts], "failed": [int(text in dropped) for text in texts]}
    run, stages = context.run, ("ingest", "measure", "judge")
    for stage, data_set, table in zip(
        stages,
        ("documents", "signals", "verdicts/rules"),
        (documents_table(shard.source, documents), pa.table(sizes), pa.table(verdicts, schema=RULE_VERDICTS)),
        strict=True,
    ):
        file = run.write_table(data_set, shard, table)
        run.commit_shard(stage, context.stage_keys[stage], ShardCommit(shard.name, (file,), {"documents": len(texts)}))


def damaged_parquet(data: bytes) -> dict[str, bytes]:
    """The ways in which a Parquet file comes to harm: cut, emptied, overwritten in its footer or in its data."""
    footer = 8 + int.from_bytes(data[-8:-4], "little")
    return {
        "empty": b"",
        "cut": data[:-9],
        "footer": data[:-footer] + bytes(footer - 8) + data[-8:],
        "data": data[:4] + bytes(400) + data[404:],
    }


def finish(context: Context) -> None:
    """Commits the three stages that :func:`tiny_context` has written, and the run."""
    facts = {
        "ingest": {"shards": {shard.name: [] for shard in context.all_shards()}},
        "judge": {"rules": msgspec.to_builtins(dict(context.rules))},
    }
    states = []
    for stage in STAGES[:3]:
        key = context.stage_keys[stage.name]
        commits = tuple(context.run.commits(stage.name, key))
        digest = context.run.commit(stage, Manifest(stage.name, key, {}, commits, facts.get(stage.name, {})))
        states.append(StageState(stage.name, key, digest, 0.5))
    recipe = msgspec.to_builtins(context.recipe)
    context.run.write_state(
        RunState(
            format=FORMAT,
            name=context.recipe.name,
            recipe=recipe,
            recipe_sha256=json_sha256(recipe),
            root=context.root,
            seed=context.recipe.seed,
            versions={"massivetext": "0"},
            complete=True,
            until="judge",
            stages=tuple(states),
        )
    )
