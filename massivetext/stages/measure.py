"""Measure: documents -> signals, row beside row."""

import pyarrow as pa
import pyarrow.parquet as pq

from massivetext import filesystem as fs
from massivetext import signals
from massivetext.context import Context
from massivetext.documents import batches
from massivetext.progress import Reporter
from massivetext.signals import definitions, registry
from massivetext.stages.shards import Task
from massivetext.store import ShardCommit


def measure_shard(context: Context, task: Task, reporter: Reporter) -> ShardCommit:
    """Writes the signals of one shard."""
    shard, run = task.shard, context.run
    path = run.part("signals", shard)
    paragraphs = context.recipe.measure.paragraph_languages
    rows = words = 0
    with fs.publish(path) as temporary, pq.ParquetWriter(temporary, registry.schema(), compression="zstd") as writer:
        for batch in batches(run, shard, ["text", *definitions.DOCUMENT_COLUMNS]):
            table: pa.Table = signals.measure(batch["text"].combine_chunks(), batch, paragraphs)
            writer.write_table(table)
            rows += table.num_rows
            words += sum(table["word_count"].to_pylist())
            reporter.add(table.num_rows, sum(table["byte_count"].to_pylist()))
    return ShardCommit(shard.name, (run.committed(path, rows),), {"documents": rows, "words": words})
