"""Read the rows of Parquet files as documents."""

from collections.abc import Iterator
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.schema import Document, Rejected
from massivetext.sources.compressed import EXPANSION, ExpansionLimit, PlainStream
from massivetext.sources.fields import Build
from massivetext.sources.source_formats import ReadLimits
from massivetext.sources.splits import Split
from massivetext.storage import files as fs

MAGIC = b"PAR1"
_BATCH_ROWS = 256


def begins(stream: PlainStream) -> bool:
    """Return whether a file that was just opened is a Parquet file; the stream stays at its beginning."""
    return stream.compression is None and stream.peek(len(MAGIC)) == MAGIC


def parquet_documents(
    split: Split, text_field: str, limits: ReadLimits, build: Build, expansion: ExpansionLimit = EXPANSION
) -> Iterator[Document | Rejected]:
    """Yield what ``build`` makes of each row of a split; the document key is the ordinal of the row, from 0.

    Raises:
        FileNotFoundError: the file was deleted.
    """
    with fs.open_read(split.path) as handle:
        try:
            file = _open(handle)
        except (pa.ArrowException, OSError) as error:
            yield from _first_slice(split, _whole(split, "bad_parquet", f"is not readable as Parquet: {error}"))
            return
        wrong = _wrong_columns(file.schema_arrow, text_field)
        if wrong is not None:
            yield from _first_slice(split, _whole(split, "wrong_columns", wrong))
            return
        first, left = 0, expansion.plain_bytes(split.size)
        for group in range(file.metadata.num_row_groups):
            for row in _rows(split, file, group, first):
                made = row if isinstance(row, Rejected) else _row(split.name, *row, text_field, limits, build)
                yield made
                left -= len(made.text) if isinstance(made, Document) else 0
                if left < 0:
                    detail = (
                        f"expands more than {expansion.most_times:,} times; the rest from row group {group} on is lost"
                    )
                    yield _whole(split, "too_large", detail)
                    return
            first += file.metadata.row_group(group).num_rows


def _open(handle: IO[bytes]) -> pq.ParquetFile:
    """Open the file so that dictionary-encoded texts stay encoded.

    A file of a few kilobytes can hold one text of 60 MB and refer to it in a million rows: 256 such rows decoded would
    be 15 GB.
    """
    schema = pq.ParquetFile(handle, pre_buffer=False).schema_arrow
    texts = [field.name for field in schema if _is_text(field.type)]
    return pq.ParquetFile(handle, read_dictionary=texts, pre_buffer=False)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _whole(split: Split, reason: str, detail: str) -> Rejected:
    return Rejected(split.name, "0", split.size, reason, f"{split.name}: {detail}")


def _first_slice(split: Split, rejected: Rejected) -> Iterator[Rejected]:
    if split.slice_index == 0:
        yield rejected


def _wrong_columns(schema: pa.Schema, text_field: str) -> str | None:
    if text_field not in schema.names:
        return f"want a column '{text_field}' (the source's text_field), got columns {', '.join(schema.names)}"
    kind = schema.field(text_field).type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        return f"want text in column '{text_field}', got values of type {kind}"
    return None


def _rows(
    split: Split, file: pq.ParquetFile, group: int, first: int
) -> Iterator[tuple[str, pa.RecordBatch, int] | Rejected]:
    """Yield the rows of one row group that belong to the slice: document key, batch, and row in the batch."""
    rows = first
    try:
        for batch in file.iter_batches(_BATCH_ROWS, row_groups=[group], use_threads=False):
            for row in range((split.slice_index - rows) % split.slice_count, batch.num_rows, split.slice_count):
                yield str(rows + row), batch, row
            rows += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        described = file.metadata.row_group(group)
        end = first + described.num_rows
        detail = f"rows {rows:,} to {end - 1:,} of row group {group} are unreadable: {error}"
        yield from _first_slice(split, Rejected(split.name, str(rows), described.total_byte_size, "damaged", detail))


def _row(
    origin: str, document_key: str, batch: pa.RecordBatch, row: int, text_field: str, limits: ReadLimits, build: Build
) -> Document | Rejected:
    try:
        record = {name: batch.column(name)[row].as_py() for name in batch.schema.names}
    except UnicodeDecodeError as error:
        return Rejected(origin, document_key, None, "bad_utf8", f"row {document_key}: {error}")
    length = len((record[text_field] or "").encode("utf-8", "replace"))
    if length > limits.max_record_bytes:
        detail = (
            f"row {document_key} has {length:,} bytes of text; ingest.max_record_bytes is {limits.max_record_bytes:,}"
        )
        return Rejected(origin, document_key, length, "record_too_large", detail)
    return build(document_key, record, length)
