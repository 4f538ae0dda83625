"""Tokenizer: a sample of the mixture, taken shard by shard, and a SentencePiece model trained on it."""

import contextlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.engines.engine import Engine
from massivetext.engines.shard_jobs import run_shards
from massivetext.errors import UserError
from massivetext.recipe import TokenizerOptions
from massivetext.runs.context import Context
from massivetext.runs.cut_texts import read_final_rows
from massivetext.runs.run_log import count_work
from massivetext.runs.store import Shard, ShardCommit
from massivetext.runs.work_items import ShardStage, WorkItem, scale_costs
from massivetext.stages import TOKENIZER
from massivetext.storage import files as fs
from massivetext.storage import tables
from massivetext.tokenizer.model_files import make_encoder, model_file, model_path, normalize_for_model
from massivetext.tokenizer.trainer import in_sample, passages, train_tokenizer

STAGE = TOKENIZER.name
_SAMPLES = "tokenizer/samples"
_SAMPLE_COST = 1 / 50e6  # seconds per byte of text
_BATCH_PASSAGES = 1 << 16  # passages in memory at a time
_SMALL_SAMPLE_BYTES = 1 << 23  # of a shard; smaller ones are read whole, many at a time
_PASSAGE = pa.schema([pa.field("passage", pa.string(), nullable=False)])


def run_tokenizer(engine: Engine, context: Context, items: Sequence[WorkItem]) -> None:
    """Write the samples and the model; if the recipe names a model, only copy it."""
    options, run = context.recipe.tokenizer, context.run
    available = {source: _available(context, source) for source in context.recipe.sources}
    try:
        if options.model is not None:
            model = fs.read_bytes(model_path(context.root, options.model))
        else:
            sample = _SampleShard(_sample_rates(context, available))
            run_shards(engine, context, [ShardStage(STAGE, sample, "samples/")], scale_costs(items, _SAMPLE_COST))
            model = train_tokenizer(_training_lines(context), _training_options(context))
        info = make_encoder(model).info
    except ValueError as error:
        raise UserError(str(error)) from error
    written = fs.write_bytes(run.path(model_file(context.recipe)), model)
    counts = {"vocabulary": info.vocabulary_size}
    run.commit_shard(STAGE, context.stage_keys[STAGE], ShardCommit("model", (run.committed(written),), counts))


class _SampleShard:
    """Samples a shard at the rate of its source."""

    def __init__(self, rates: dict[str, float]) -> None:
        self._rates = rates

    def __call__(self, context: Context, item: WorkItem) -> ShardCommit:
        return sample_shard(context, item.shard, self._rates[item.shard.source])


def sample_shard(context: Context, shard: Shard, rate: float) -> ShardCommit:
    """Write the passages of the kept documents of a shard that belong to the sample, and return the commit.

    Args:
        context: the run.
        shard: the shard.
        rate: probability of a passage to be in the sample, 0 to 1.
    """
    run = context.run
    alive = context.kept(shard).nonzero()[0]
    size = count = 0
    with (
        fs.publish(run.shard_file(_SAMPLES, shard)) as new,
        pq.ParquetWriter(new, _PASSAGE, compression="zstd") as writer,
    ):
        for _, document in read_final_rows(context, shard, ["id", "text"], alive):
            text = str(document["text"])
            sampled = [
                passage
                for passage_id, passage in passages(str(document["id"]), text)
                if in_sample(passage_id, rate, context.recipe.seed)
            ]
            if sampled:
                writer.write_table(pa.table({"passage": sampled}, schema=_PASSAGE))
            size += sum(len(passage.encode()) for passage in sampled)
            count += len(sampled)
            count_work(1, len(text))
    return ShardCommit(f"samples/{shard.name}", (run.committed(new, count),), {"passages": count, "bytes": size})


def _available(context: Context, source: str) -> int:
    size = context.kept_bytes(source)
    if not size:
        raise UserError(
            f"sources.{source}: no document is left after filtering; `massivetext report {context.run.folder}` shows "
            "what removed them; then correct the inputs or the rules, or remove the source"
        )
    return size


def _sample_rates(context: Context, available: Mapping[str, int]) -> dict[str, float]:
    total = context.recipe.tokenizer.training_bytes
    return {
        source: float(min(Fraction(1), Fraction(options.weight) * total / available[source]))
        for source, options in context.recipe.sources.items()
    }


def sampled_passages(context: Context, shard: Shard, count: int) -> list[str]:
    """Return the first training passages of a shard; empty if the recipe names a ready tokenizer."""
    path = context.run.shard_file(_SAMPLES, shard)
    if count < 1 or context.recipe.tokenizer.model is not None:
        return []
    with contextlib.closing(tables.read_batches(path, rows=count)) as batches:
        batch = next(batches, None)
    return [] if batch is None else batch["passage"].to_pylist()


def _training_options(context: Context) -> TokenizerOptions:
    """Return the options of the model: it has no normalisation if the sources differ in theirs."""
    options = context.recipe.tokenizer
    return (
        msgspec.structs.replace(options, normalization="identity") if context.recipe.normalizes_by_source else options
    )


def _training_lines(context: Context) -> Iterator[str]:
    """Yield every line of the samples, in the order of the shards."""
    commits = context.run.commits(STAGE, context.stage_keys[STAGE])
    largest = max((commit.counts["bytes"] for commit in commits if commit.task.startswith("samples/")), default=0)

    def read(shard: Shard) -> Iterator[list[str]]:
        for batch in tables.read_batches(context.run.shard_file(_SAMPLES, shard), rows=_BATCH_PASSAGES):
            yield normalize_for_model(context.recipe, shard.source, batch["passage"].to_pylist())

    if largest > _SMALL_SAMPLE_BYTES:  # reading takes much longer than asking for it
        batches = itertools.chain.from_iterable(map(read, context.all_shards()))
    else:
        found = fs.concurrently(context.run.folder, lambda shard: list(read(shard)), context.all_shards())
        batches = itertools.chain.from_iterable(found)
    for passages_of_batch in batches:
        for passage in passages_of_batch:
            yield from passage.split("\n")
