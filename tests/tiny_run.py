"""A run of a few short texts, written shard by shard without Beam, for tests of code that reads a run."""

from collections.abc import Collection, Mapping, Sequence

import msgspec
import pyarrow as pa
from builders import context_of, recipe_of, write_state

from massivetext.rules import Rule
from massivetext.runs.context import Context
from massivetext.runs.stage import stages_of
from massivetext.runs.store import Manifest, Shard, ShardCommit, StageState, json_sha256
from massivetext.schema import RULE_VERDICTS, Document, documents_table
from massivetext.stages import STAGES

Texts = Mapping[str, Sequence[Sequence[str]]]  # by source (its name is its kind): shards of texts
RULE = Rule(signal="word_count", min=2, source="ours: for the test", name="tiny/word_count")


def tiny_context(
    folder: str, texts: Texts, *, dropped: Collection[str] = (), test_sets: tuple[str, ...] = ()
) -> Context:
    """Write documents, their sizes and rule verdicts, and return the context; texts in ``dropped`` fail a rule."""
    recipe = recipe_of(texts, test_sets=test_sets)
    context = context_of(
        folder,
        recipe,
        {stage.name: json_sha256(stage.name) for stage in stages_of(recipe, STAGES)},
        shard_counts={source: len(shards) for source, shards in texts.items()},
        rules=dict.fromkeys(texts, (RULE,)),
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
    """Return damaged copies of a Parquet file: empty, cut, and with zeros in the footer or in the data."""
    footer = 8 + int.from_bytes(data[-8:-4], "little")
    return {
        "empty": b"",
        "cut": data[:-9],
        "footer": data[:-footer] + bytes(footer - 8) + data[-8:],
        "data": data[:4] + bytes(400) + data[404:],
    }


def finish(context: Context) -> list[StageState]:
    """Write the manifests of the three stages of :func:`tiny_context`, and ``run.json``; return their states."""
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
    write_state(context, states, until="judge")
    return states
