"""Read JSON lines or Parquet with one document per line or row: news, C4 and other sources."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import cast

import msgspec

from massivetext.schema import Document, Rejected
from massivetext.sources import fields, parquet
from massivetext.sources.bounded_lines import BoundedLine, read_lines
from massivetext.sources.compressed import EXPANSION, ExpansionLimit, PlainStream, open_stream
from massivetext.sources.fields import Build
from massivetext.sources.source_formats import ReadLimits, ReadOptions
from massivetext.sources.splits import Split

_BOM = b"\xef\xbb\xbf"
_HEAD_BYTES = 1 << 12
_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*(?:\"|\})")


def read_json_documents(
    split: Split, options: ReadOptions, limits: ReadLimits, expansion: ExpansionLimit = EXPANSION
) -> Iterator[Document | Rejected]:
    """Yield the documents of JSON lines or of a Parquet file; the document key is the ordinal of line or row, from 0.

    Raises:
        FileNotFoundError: the file was deleted.
    """

    def build(document_key: str, record: Mapping[str, object], length: int) -> Document | Rejected:
        return fields.document_of_record(split.name, document_key, record, options.text_field, length)

    with open_stream(split.path, expansion) as stream:
        yield from json_documents(split, stream, options.text_field, limits, build, expansion)


def is_table(stream: PlainStream) -> bool:
    """Return whether a file that was just opened is Parquet or JSON lines; the stream stays at its beginning."""
    return parquet.begins(stream) or _BEGINS.match(stream.peek(_HEAD_BYTES)) is not None


def json_documents(
    split: Split,
    stream: PlainStream,
    text_field: str,
    limits: ReadLimits,
    build: Build,
    expansion: ExpansionLimit = EXPANSION,
) -> Iterator[Document | Rejected]:
    """Yield what ``build`` makes of each JSON object or Parquet row of a split, and a rejection for what is unreadable.

    Args:
        split: the file and its slice.
        stream: plain bytes of the file from the beginning.
        text_field: the column that a Parquet file must have.
        limits: longest line, largest text of a row.
        build: makes a document of a document key, an object, and the number of bytes of its line.
        expansion: limit on the characters of all texts of a Parquet file.
    """
    if parquet.begins(stream):
        yield from parquet.parquet_documents(split, text_field, limits, build, expansion)
        return
    for line in read_lines(io.BufferedReader(stream, 1 << 20), limits.max_record_bytes):
        if line.number % split.slice_count != split.slice_index or (stream.damage and not line.ended):
            continue  # a line that broke off is part of the damage
        made = _document(split.name, line, limits.max_record_bytes, build)
        if made is not None:
            yield made
    yield from damage(split, stream)


def damage(split: Split, stream: PlainStream) -> Iterator[Rejected]:
    """Yield a rejection for the damaged rest of a compressed stream, if there is one; only slice 0 reports it."""
    if stream.damage is not None and split.slice_index == 0:
        found = stream.damage
        lost = stream.size - found.offset
        detail = (
            f"the {stream.compression} stream is unreadable from byte {found.offset:,} of the file on ({found.error}); "
            f"{lost:,} bytes are lost, what is before them was kept"
        )
        reason = "truncated" if found.truncated else "damaged"
        yield Rejected(split.name, str(found.offset), lost, reason, detail)


def _document(origin: str, line: BoundedLine, longest: int, build: Build) -> Document | Rejected | None:
    document_key = str(line.number)
    if line.data is None:
        detail = f"the line at byte {line.offset:,} has {line.length:,} bytes; ingest.max_record_bytes is {longest:,}"
        return Rejected(origin, document_key, line.length, "record_too_large", detail)
    data = line.data.removeprefix(_BOM) if line.number == 0 else line.data
    if not data.strip():
        return None
    try:
        record = _parse(data)
    except UnicodeDecodeError as error:
        return Rejected(origin, document_key, line.length, "bad_utf8", f"the line at byte {line.offset:,}: {error}")
    except (ValueError, RecursionError) as error:
        return Rejected(origin, document_key, line.length, "bad_json", f"the line at byte {line.offset:,}: {error}")
    if not isinstance(record, dict):
        detail = f"the line at byte {line.offset:,}: want a JSON object, got {type(record).__name__}"
        return Rejected(origin, document_key, line.length, "bad_json", detail)
    return build(document_key, cast(dict[str, object], record), line.length)


def _parse(data: bytes) -> object:
    text = data.decode("utf-8")
    try:
        return cast(object, msgspec.json.decode(data))
    except msgspec.DecodeError:
        # The standard library accepts what its own writer emits although JSON does not have it: NaN, lone surrogates.
        return cast(object, json.loads(text))
