"""Read the rows of Parquet files as documents."""

from collections.abc import Iterator
from typing import IO

import pyarrow.parquet as pq

from massivetext.schema import Document, Rejected
from massivetext.sources.arrow_rows import ARROW_ERRORS, batch_documents, is_text, wrong_columns
from massivetext.sources.compressed import EXPANSION, ExpansionLimit, PlainStream
from massivetext.sources.fields import Build
from massivetext.sources.source_formats import ReadLimits
from massivetext.sources.splits import Split

MAGIC = b"PAR1"
_BATCH_ROWS = 256
_NESTED_BATCH_ROWS = 32  # nested texts cannot stay encoded; see _open


def begins(stream: PlainStream) -> bool:
    """Return whether a file that was just opened is a Parquet file; the stream stays at its beginning."""
    return stream.compression is None and stream.peek(len(MAGIC)) == MAGIC


def parquet_documents(
    split: Split,
    handle: IO[bytes],
    text_path: str,
    limits: ReadLimits,
    build: Build,
    expansion: ExpansionLimit = EXPANSION,
) -> Iterator[Document | Rejected]:
    """Yield what ``build`` makes of each row of a split; the document key is the ordinal of the row, from 0.

    Args:
        split: the file and its slice.
        handle: the file as stored, seekable.
        text_path: name of the column with the text, or its path in a nested column.
        limits: largest text of a row.
        build: makes a document of a document key, a row, and the number of bytes of its text.
        expansion: limit on the characters of all texts.
    """
    try:
        file = _open(handle)
        wrong = wrong_columns(file.schema_arrow, text_path)
    except ARROW_ERRORS as error:
        yield from _first_slice(split, _whole(split, "bad_parquet", f"is not readable as Parquet: {error}"))
        return
    if wrong is not None:
        yield from _first_slice(split, _whole(split, "wrong_columns", wrong))
        return
    size = _BATCH_ROWS if text_path in file.schema_arrow.names else _NESTED_BATCH_ROWS
    first, left = 0, expansion.plain_bytes(split.size)
    for group in range(file.metadata.num_row_groups):
        for made in _group_documents(split, file, group, first, size, text_path, limits, build):
            yield made
            left -= len(made.text) if isinstance(made, Document) else 0
            if left < 0:
                detail = f"expands more than {expansion.most_times:,} times; the rest from row group {group} on is lost"
                yield _whole(split, "too_large", detail)
                return
        first += file.metadata.row_group(group).num_rows


def _open(handle: IO[bytes]) -> pq.ParquetFile:
    """Open the file so that dictionary-encoded texts stay encoded.

    A file of a few kilobytes can hold one text of 60 MB and refer to it in a million rows: 256 such rows decoded would
    be 15 GB.
    """
    schema = pq.ParquetFile(handle, pre_buffer=False).schema_arrow
    texts = [field.name for field in schema if is_text(field.type)]
    return pq.ParquetFile(handle, read_dictionary=texts, pre_buffer=False)


def _whole(split: Split, reason: str, detail: str) -> Rejected:
    return Rejected(split.name, "0", split.size, reason, f"{split.name}: {detail}")


def _first_slice(split: Split, rejected: Rejected) -> Iterator[Rejected]:
    if split.slice_index == 0:
        yield rejected


def _group_documents(
    split: Split,
    file: pq.ParquetFile,
    group: int,
    first: int,
    size: int,
    text_path: str,
    limits: ReadLimits,
    build: Build,
) -> Iterator[Document | Rejected]:
    """Yield the documents of one row group that belong to the slice; ``first`` is the ordinal of its first row."""
    rows = first
    try:
        for batch in file.iter_batches(size, row_groups=[group], use_threads=False):
            yield from batch_documents(split, batch, rows, text_path, limits, build)
            rows += batch.num_rows
    except ARROW_ERRORS as error:
        described = file.metadata.row_group(group)
        end = first + described.num_rows
        detail = f"rows {rows:,} to {end - 1:,} of row group {group} are unreadable: {error}"
        yield from _first_slice(split, Rejected(split.name, str(rows), described.total_byte_size, "damaged", detail))
