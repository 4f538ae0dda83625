"""Measure: the signals of every document, one row per document."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq

from massivetext import rules, signals
from massivetext.runs.context import Context
from massivetext.runs.documents import read_row_groups
from massivetext.runs.run_log import count_work, note_position
from massivetext.runs.store import ShardCommit
from massivetext.runs.work_items import WorkItem
from massivetext.signals import definitions, registry, unsafe_files
from massivetext.storage import files as fs


def announce_compilation(say: Callable[[str], None]) -> None:
    """Say that the first run after an installation compiles the signals, if this is one."""
    if not _are_compiled():
        say("The first run after an installation compiles the signals for this machine, in about half a minute.")


def _are_compiled() -> bool:
    from massivetext.signals import kernel

    return kernel.is_compiled(registry.BUILT_IN.groups)


def measure_shard(context: Context, item: WorkItem) -> ShardCommit:
    """Write the signals of one shard, and return the commit."""
    from massivetext.signals import (
        blocklists,
        unsafe,
    )  # they load the compiler, so import them only where texts are measured

    shard, run = item.shard, context.run
    lists = blocklists.load(context.recipe.blocklists, context.root)
    own_model, paragraphs = context.recipe.measure.unsafe_model, context.recipe.measure.paragraph_languages
    classifier = unsafe.load(unsafe_files.find(context.root, own_model)) if own_model else unsafe.built_in()
    rows = words = 0
    readings = registry.readings_of(rules.signals_read_by(context.rules[shard.source]))
    schema = registry.schema(readings)
    with (
        fs.publish(run.shard_file("signals", shard)) as new,
        pq.ParquetWriter(new, schema, compression="zstd") as writer,
    ):
        for batch in read_row_groups(run, shard, ["text", *definitions.DOCUMENT_COLUMNS]):
            first = "" if rows or _are_compiled() else ", after the signals have been compiled"
            note_position(f"rows {rows:,} to {rows + batch.num_rows - 1:,}{first}")
            texts = batch["text"].combine_chunks()
            table: pa.Table = signals.measure(
                texts, batch, lists, classifier=classifier, paragraph_languages=paragraphs, readings=readings
            )
            writer.write_table(table)
            rows += table.num_rows
            words += sum(table["word_count"].to_pylist())
            count_work(table.num_rows, sum(table["byte_count"].to_pylist()))
    return ShardCommit(shard.name, (run.committed(new, rows),), {"documents": rows, "words": words})
