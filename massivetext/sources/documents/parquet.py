"""Read the rows of Parquet files as documents."""

import re
from collections.abc import Iterator
from typing import IO

import pyarrow.parquet as pq

from massivetext.schema import Document, Rejected
from massivetext.sources.documents.arrow_rows import ARROW_ERRORS, batch_documents, wrong_columns
from massivetext.sources.documents.fields import Build
from massivetext.sources.source_formats import ReadLimits
from massivetext.sources.splits import Split
from massivetext.sources.streams.compressed import EXPANSION, ExpansionLimit, PlainStream

MAGIC = b"PAR1"
_SIDE_FILES = ("_metadata", "_common_metadata")  # of a folder of Parquet files, as Spark and Dask write them
_BATCH_ROWS = 256
_PAGE_HEADER_BYTES = 32  # hold the two numbers that are read
_PAGE_HEADER = re.compile(rb"\x15([\x80-\xff]{0,9}[\x00-\x7f])\x15([\x80-\xff]{0,9}[\x00-\x7f])")
_DICTIONARY_PAGE = 2
_DECODED_BYTES = 1 << 26  # of a batch, if all its rows had the longest text that a dictionary can hold
_BUFFER_BYTES = 1 << 20  # of a column that is being read; else Arrow holds all of it in a row group


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
    if split.name.rpartition("/")[2] in _SIDE_FILES:
        detail = f"{split.name}: describes other Parquet files, and has no rows"
        yield from _first_slice(split, Rejected(split.name, "0", split.size, "metadata_file", detail, skipped=True))
        return
    try:
        file = _open(handle)
        if file.metadata.num_rows == 0:
            yield from _first_slice(split, _whole(split, "empty_file", "a Parquet file without rows"))
            return
        wrong = wrong_columns(file.schema_arrow, text_path)
    except ARROW_ERRORS as error:
        yield from _first_slice(split, _whole(split, "bad_parquet", f"is not readable as Parquet: {error}"))
        return
    if wrong is not None:
        yield from _first_slice(split, _whole(split, "wrong_columns", wrong))
        return
    first, left = 0, expansion.plain_bytes(split.size)
    for group in range(file.metadata.num_row_groups):
        for made in _group_documents(split, handle, file, group, first, text_path, limits, build):
            yield made
            left -= len(made.text) if isinstance(made, Document) else 0
            if left < 0:
                detail = f"expands more than {expansion.most_times:,} times; the rest from row group {group} on is lost"
                yield _whole(split, "too_large", detail)
                return
        first += file.metadata.row_group(group).num_rows


def _open(handle: IO[bytes]) -> pq.ParquetFile:
    return pq.ParquetFile(handle, pre_buffer=False, buffer_size=_BUFFER_BYTES)


def _batch_rows(handle: IO[bytes], described: pq.RowGroupMetaData) -> int:
    """Return how many rows of a row group may be decoded at once: each may refer to the longest text of a dictionary.

    A file of a few kilobytes can hold one text of 60 MB and refer to it in a million rows: 256 such rows decoded would
    be 15 GB. If such columns stayed encoded instead (``read_dictionary``), Arrow would hold all different texts of a
    row group.

    Raises:
        ValueError: there is no page where one should be.
    """
    total = 0
    for number in range(described.num_columns):
        column = described.column(number)
        if column.physical_type.endswith("BYTE_ARRAY"):
            first = column.data_page_offset
            if column.has_dictionary_page:
                first = min(first, column.dictionary_page_offset or first)
            handle.seek(first)
            kind, size = _page_numbers(handle.read(_PAGE_HEADER_BYTES))
            total += size if kind == _DICTIONARY_PAGE else 0
    return max(1, min(_BATCH_ROWS, _DECODED_BYTES // max(1, total)))


def _page_numbers(data: bytes) -> tuple[int, int]:
    """Return kind and uncompressed bytes of a page from its header.

    They are the first two fields of ``PageHeader`` in Thrift's compact protocol: a byte 0x15 (the next field, of 32
    bits), then a zigzag number of seven bits per byte, lowest first.

    Raises:
        ValueError: it is no such header.
    """
    found = _PAGE_HEADER.match(data)
    if found is None:
        raise ValueError(f"want the header of a page, got {data[:8]!r}")
    kind, size = map(_zigzag, found.groups())
    return kind, size


def _zigzag(data: bytes) -> int:
    number = sum((byte & 127) << 7 * index for index, byte in enumerate(data))
    return number >> 1 ^ -(number & 1)


def _whole(split: Split, reason: str, detail: str) -> Rejected:
    return Rejected(split.name, "0", split.size, reason, f"{split.name}: {detail}")


def _first_slice(split: Split, rejected: Rejected) -> Iterator[Rejected]:
    if split.slice_index == 0:
        yield rejected


def _group_documents(
    split: Split,
    handle: IO[bytes],
    file: pq.ParquetFile,
    group: int,
    first: int,
    text_path: str,
    limits: ReadLimits,
    build: Build,
) -> Iterator[Document | Rejected]:
    """Yield the documents of one row group that belong to the slice; ``first`` is the ordinal of its first row."""
    rows = first
    try:
        size = _batch_rows(handle, file.metadata.row_group(group))
        for batch in file.iter_batches(size, row_groups=[group], use_threads=False):
            yield from batch_documents(split, batch, rows, text_path, limits, build)
            rows += batch.num_rows
    except ARROW_ERRORS as error:
        described = file.metadata.row_group(group)
        end = first + described.num_rows
        detail = f"rows {rows:,} to {end - 1:,} of row group {group} are unreadable: {error}"
        yield from _first_slice(split, Rejected(split.name, str(rows), described.total_byte_size, "damaged", detail))
