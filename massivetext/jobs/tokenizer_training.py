"""Tokenizer: a sample of the mixture, drawn shard by shard, and a SentencePiece model trained on it."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.engines.engine import Engine
from massivetext.engines.shard_jobs import run_shards
from massivetext.errors import UserError
from massivetext.runs import documents
from massivetext.runs.context import Context
from massivetext.runs.progress import Reporter
from massivetext.runs.store import Shard, ShardCommit
from massivetext.runs.work_items import ShardStage, WorkItem, scale_costs
from massivetext.stages import TOKENIZER
from massivetext.storage import files as fs
from massivetext.storage import tables
from massivetext.tokenizer.encoder import Encoder
from massivetext.tokenizer.model_files import model_path
from massivetext.tokenizer.trainer import in_sample, passages, train_tokenizer

STAGE = TOKENIZER.name
MODEL = "tokenizer/tokenizer.model"
_SAMPLES = "tokenizer/samples"
_COST = 1 / 50e6  # seconds a byte of text
_AT_ONCE = 1 << 16  # passages in memory
_PASSAGE = pa.schema([pa.field("passage", pa.string(), nullable=False)])


def run_tokenizer(engine: Engine, context: Context, tasks: Sequence[WorkItem]) -> None:
    """Writes the samples and the model; a model that the recipe names is copied instead."""
    options, run = context.recipe.tokenizer, context.run
    available = {source: _available(context, source) for source in context.recipe.sources}
    try:
        if options.model is not None:
            model = fs.read_bytes(model_path(context.root, options.model))
        else:
            sample = _Sample(_rates(context, available))
            run_shards(engine, context, [ShardStage(STAGE, sample, "samples/")], scale_costs(tasks, _COST))
            model = train_tokenizer(_lines(context), options)
        info = Encoder(model).info
    except ValueError as error:
        raise UserError(str(error)) from error
    fs.write_bytes(run.path(MODEL), model)
    counts = {"vocabulary": info.vocabulary_size}
    run.commit_shard(STAGE, context.keys[STAGE], ShardCommit("model", (run.committed(run.path(MODEL)),), counts))


class _Sample:
    """Samples a shard at its source's rate."""

    def __init__(self, rates: dict[str, float]) -> None:
        self._rates = rates

    def __call__(self, context: Context, task: WorkItem, reporter: Reporter) -> ShardCommit:
        return sample_shard(context, task.shard, self._rates[task.shard.source], reporter)


def sample_shard(context: Context, shard: Shard, rate: float, reporter: Reporter) -> ShardCommit:
    """Writes the passages of a shard's kept documents that fall into the sample."""
    run = context.run
    path = run.part(_SAMPLES, shard)
    alive = context.kept(shard).nonzero()[0]
    size = count = 0
    with fs.publish(path) as temporary, pq.ParquetWriter(temporary, _PASSAGE, compression="zstd") as writer:
        for _, document in documents.rows(run, shard, ["id", "text"], alive):
            text = str(document["text"])
            parts = [
                passage
                for key, passage in passages(str(document["id"]), text)
                if in_sample(key, rate, context.recipe.seed)
            ]
            if parts:
                writer.write_table(pa.table({"passage": parts}, schema=_PASSAGE))
            size += sum(len(part.encode()) for part in parts)
            count += len(parts)
            reporter.add(1, len(text))
    return ShardCommit(f"samples/{shard.name}", (run.committed(path, count),), {"passages": count, "bytes": size})


def _available(context: Context, source: str) -> int:
    def kept_bytes(shard: Shard) -> int:
        return context.tally(shard, context.kept(shard))["kept_bytes"]

    size = sum(fs.concurrently(context.run.folder, kept_bytes, context.shards(source)))
    if not size:
        raise UserError(
            f"sources.{source}: no document is left after filtering; `massivetext report {context.run.folder}` shows "
            "what removed them; then mend the inputs or the rules, or drop the source"
        )
    return size


def _rates(context: Context, available: Mapping[str, int]) -> dict[str, float]:
    total = context.recipe.tokenizer.training_bytes
    return {
        source: float(min(Fraction(1), Fraction(options.weight) * total / available[source]))
        for source, options in context.recipe.sources.items()
    }


def sampled_passages(context: Context, shard: Shard, count: int) -> list[str]:
    """The first passages of a shard that the tokenizer was trained on; none where it was not trained here."""
    path = context.run.part(_SAMPLES, shard)
    if count < 1 or context.recipe.tokenizer.model is not None:
        return []
    with contextlib.closing(tables.read_batches(path, rows=count)) as batches:
        batch = next(batches, None)
    return [] if batch is None else batch["passage"].to_pylist()


def _lines(context: Context) -> Iterator[str]:
    for shard in context.all_shards():
        for batch in tables.read_batches(context.run.part(_SAMPLES, shard), rows=_AT_ONCE):
            for passage in batch["passage"].to_pylist():
                yield from passage.split("\n")
