"""Ingest: input files -> documents and quarantine, shard by shard."""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
import pyarrow.parquet as pq

from massivetext.edits import EditRule, edit
from massivetext.errors import StageError
from massivetext.runs.context import Context
from massivetext.runs.progress import Reporter
from massivetext.runs.store import ShardCommit
from massivetext.runs.work_items import WorkItem
from massivetext.schema import DOCUMENTS, Document, Rejected, documents_table
from massivetext.sources import FORMATS, Format
from massivetext.sources.reading import read_split
from massivetext.storage import files as fs

# A row group is what a reader holds in memory at a time.
_GROUP_DOCUMENTS, _GROUP_BYTES = 1024, 4 * 2**20


def ingest_shard(
    context: Context, task: WorkItem, reporter: Reporter, formats: Sequence[Format] = FORMATS
) -> ShardCommit:
    """Writes the documents and the quarantine of one shard."""
    shard, run = task.shard, context.run
    documents, quarantine = run.part("documents", shard), run.part("quarantine", shard, ".jsonl")
    counts: Counter[str] = Counter({"documents": 0, "bytes": 0, "rejected": 0, "skipped": 0})
    with (
        fs.publish(documents) as document_file,
        fs.publish(quarantine) as quarantine_file,
        pq.ParquetWriter(document_file, DOCUMENTS, compression="zstd", compression_level=3) as writer,
        open(quarantine_file, "wb") as rejected,  # noqa: PTH123
    ):
        for group in _groups(_read(context, task, formats), context.edits.get(shard.source), counts, rejected):
            size = sum(len(document.text.encode()) for document in group)
            writer.write_table(documents_table(shard.source, group))
            counts["documents"] += len(group)
            counts["bytes"] += size
            reporter.add(len(group), size)
    files = (run.committed(documents, counts["documents"]), run.committed(quarantine))
    return ShardCommit(shard.name, files, dict(sorted(counts.items())))


def _groups(
    items: Iterator[Document | Rejected], rules: Sequence[EditRule] | None, counts: Counter[str], quarantine: object
) -> Iterator[list[Document]]:
    group: list[Document] = []
    held = 0
    for item in items:
        if isinstance(item, Rejected):
            kind = "skipped" if item.skipped else "rejected"
            counts[kind] += 1
            counts[f"{kind}:{item.reason}"] += 1
            quarantine.write(msgspec.json.encode(item._asdict()) + b"\n")  # type: ignore[attr-defined]
            continue
        group.append(item if rules is None else _edited(item, rules, counts))
        held += len(group[-1].text)
        if len(group) >= _GROUP_DOCUMENTS or held >= _GROUP_BYTES:
            yield group
            group, held = [], 0
    if group:
        yield group


def _edited(document: Document, rules: Sequence[EditRule], counts: Counter[str]) -> Document:
    # A document of which no line is left stays as an empty text: no row is lost, and the rules judge it.
    text, taken = edit(document.text, rules)
    counts["edited"] += bool(taken)
    counts["emptied"] += bool(taken and not text)
    for each in taken:
        for what, count in (("lines", each.lines), ("characters", each.characters), ("words", each.words)):
            counts[f"edited:{each.rule}:{what}"] += count
    return document._replace(text=text, edits=taken)


def _read(context: Context, task: WorkItem, formats: Sequence[Format]) -> Iterator[Document | Rejected]:
    options = context.source(task.shard)
    for split in task.splits:
        try:
            yield from read_split(split, options, context.recipe.ingest, formats)
            found = fs.info(split.path)
        except FileNotFoundError as error:
            raise StageError(f"{split.path}: has gone since the run began; bring it back, or run without it") from error
        if (found.size, found.version) != (split.size, split.version):
            raise StageError(f"{split.path}: has changed since the run began; run again to read it as it is now")
