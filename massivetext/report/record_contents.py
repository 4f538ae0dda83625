"""What a record holds: the documents that its tokens come from, with their texts; the reverse of ``trace``."""

from dataclasses import dataclass

import pyarrow.compute as pc

from massivetext.errors import UserError
from massivetext.records.pieces import DOCUMENTS
from massivetext.records.reader import open_records
from massivetext.records.tokens import documents_path
from massivetext.report.examples import ExampleReader, locate_documents
from massivetext.runs.context import Context
from massivetext.runs.record_splits import TRAIN
from massivetext.stages import RECORDS
from massivetext.storage import tables
from massivetext.tokenizer.model_files import model_file, read_encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPiece:
    """Tokens of one draw of a document within a record.

    Attributes:
        position: position of the first token in the record.
        tokens: number of tokens.
        start: tokens of the draw before these.
        draw: number of the draw.
        document: id of the document.
        origin: its input file, and its key there.
        url: its URL, if it has one.
        text: the text of the tokens; bytes of a character that the record cuts are shown as U+FFFD.
    """

    position: int
    tokens: int
    start: int
    draw: int
    document: str
    origin: str
    url: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordContents:
    """A record: the file that it is in, its index there, its source, padding at its end in tokens, and its pieces."""

    file: str
    record: int
    source: str
    padding: int
    pieces: tuple[RecordPiece, ...]


def read_record(context: Context, sequence: int, split: str = TRAIN) -> RecordContents:
    """Return what a record of a run holds.

    Args:
        context: the run; its records must be complete.
        sequence: ``seq_id`` of the record.
        split: name of its split.

    Raises:
        UserError: there is no such record or split, or it is not stored which documents the records hold.
        StageError: the records are not complete.
        OSError: a record shard is missing or damaged.
    """
    context.run.need(RECORDS.name)
    if context.recipe.records.doc_ids == "none":
        raise UserError(
            'records.doc_ids = "none": it is not stored which documents the records hold; run again with "side_file"'
        )
    try:
        records = open_records(context.run.path(RECORDS.name), split=split)
    except ValueError as error:
        raise UserError(str(error)) from error
    if not 0 <= sequence < len(records):
        raise UserError(f"SEQUENCE: want 0 to {len(records) - 1:,} in split {split}, got {sequence:,}")
    shards = records.dataset.splits[split].shards
    index, shard = divmod(sequence, len(shards))
    found = records[sequence]
    table = tables.read_table(context.run.path(documents_path(shards[shard].path)), DOCUMENTS.names)
    rows = table.filter(pc.equal(table["record"], index)).to_pylist()
    locations = locate_documents(context, [row["document"] for row in rows])
    shown = ExampleReader(context).in_order(locations)
    model = read_encoder(context.run.path(model_file(context.recipe)))
    return RecordContents(
        file=shards[shard].path,
        record=index,
        source=records.dataset.sources[found.source].name,
        padding=len(found.tokens) - sum(row["tokens"] for row in rows),
        pieces=tuple(
            RecordPiece(
                position=row["position"],
                tokens=row["tokens"],
                start=row["start"],
                draw=row["draw"],
                document=document.id,
                origin=f"{document.origin}, {document.key}",
                url=document.url or None,
                text=model.decode(found.tokens[row["position"] : row["position"] + row["tokens"]]),
            )
            for row, document in zip(rows, shown, strict=True)
        ),
    )
