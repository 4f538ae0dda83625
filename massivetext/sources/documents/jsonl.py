"""Read JSON with one document per line or value; or Parquet, where a source may have either."""

import json
import re
from collections.abc import Iterator
from typing import cast

import msgspec

from massivetext.schema import Document, Rejected
from massivetext.sources.documents import parquet
from massivetext.sources.documents.fields import Build, RecordList
from massivetext.sources.documents.json_values import read_values
from massivetext.sources.source_formats import ReadLimits
from massivetext.sources.splits import Split
from massivetext.sources.streams import charset
from massivetext.sources.streams.bounded_lines import BoundedLine, buffer_lines, describe_too_long, read_lines
from massivetext.sources.streams.compressed import EXPANSION, ExpansionLimit, PlainStream
from massivetext.sources.streams.recoded import RecodedStream, TextStream, as_utf8
from massivetext.sources.streams.wide_encodings import wide_encoding

_BOM = b"\xef\xbb\xbf"
_HEAD_BYTES = 1 << 12
_SURROGATE = re.compile("[\ud800-\udfff]")
_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*(?:\"|\})")


def is_table(stream: PlainStream) -> bool:
    """Return whether a file that was just opened is Parquet or JSON lines; the stream stays at its beginning."""
    if parquet.begins(stream):
        return True
    head = stream.peek(_HEAD_BYTES)
    return _BEGINS.match(charset.decode_text(head).encode() if wide_encoding(head) else head) is not None


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
        yield from parquet.parquet_documents(split, stream.stored(), text_field, limits, build, expansion)
    else:
        text = as_utf8(stream)
        yield from with_encoding(line_documents(split, text, limits, build), text)


def with_encoding(made: Iterator[Document | Rejected], text: TextStream) -> Iterator[Document | Rejected]:
    """Yield documents with the encoding of the stream that they were read from, if it was recoded."""
    encoding = text.encoding if isinstance(text, RecodedStream) else None
    for each in made:
        yield each._replace(encoding=encoding) if encoding and isinstance(each, Document) else each


def line_documents(
    split: Split, stream: TextStream, limits: ReadLimits, build: Build, within: RecordList | None = None
) -> Iterator[Document | Rejected]:
    """Yield what ``build`` makes of each line; the document key is the ordinal of the line, from 0.

    A line that holds the list ``within`` gives the records of the list, with keys such as ``0.17``.
    """
    for line in read_lines(buffer_lines(stream), limits.max_record_bytes):
        if line.number % split.slice_count != split.slice_index or (stream.damage and not line.ended):
            continue  # a line that broke off is part of the damage
        yield from _line_documents(split.name, line, limits.max_record_bytes, build, within)
    yield from damage(split, stream)


def damage(split: Split, stream: TextStream) -> Iterator[Rejected]:
    """Yield a rejection for the damaged rest of a compressed stream, if there is one; only slice 0 reports it."""
    if stream.damage is not None and split.slice_index == 0:
        found = stream.damage
        lost = stream.size - found.offset
        detail = (
            f"the {stream.compression} stream is unreadable from byte {found.offset:,} of the file on ({found.error}); "
            f"{f'{lost:,} bytes are' if lost else 'what should follow is'} lost, what is before was kept"
        )
        reason = "truncated" if found.truncated else "damaged"
        yield Rejected(split.name, str(found.offset), lost, reason, detail)


def value_documents(
    split: Split, stream: TextStream, limits: ReadLimits, build: Build, within: RecordList | None = None
) -> Iterator[Document | Rejected]:
    """Yield what ``build`` makes of the objects of a JSON array, or of objects that are written over several lines.

    The document key is the ordinal of the value, from 0. A value that holds the list ``within`` gives the records of
    the list, with keys such as ``0.17``.
    """
    for value in read_values(stream, limits.max_record_bytes):
        if value.number % split.slice_count != split.slice_index:
            continue
        if value.data is None:
            if stream.damage is None:
                reason = "record_too_large" if "larger" in value.detail else "bad_json"
                detail = f"the value at byte {value.offset:,} {value.detail}"
                yield Rejected(split.name, str(value.number), value.length, reason, detail)
            continue
        where = f"the value at byte {value.offset:,}"
        yield from _documents(split.name, str(value.number), value.data, where, build, within)
    yield from damage(split, stream)


def _line_documents(
    origin: str, line: BoundedLine, longest: int, build: Build, within: RecordList | None
) -> Iterator[Document | Rejected]:
    document_key = str(line.number)
    if line.data is None:
        yield Rejected(origin, document_key, line.length, "record_too_large", describe_too_long(line, longest))
        return
    data = line.data.removeprefix(_BOM) if line.number == 0 else line.data
    if data.strip():
        where = f"the line at byte {line.offset:,}"
        yield from _documents(origin, document_key, data, where, build, within, line.length)


def _documents(
    origin: str,
    document_key: str,
    data: bytes,
    where: str,
    build: Build,
    within: RecordList | None,
    length: int | None = None,
) -> Iterator[Document | Rejected]:
    length = len(data) if length is None else length
    decoded: charset.DecodedText | None = None
    try:
        record = cast(object, msgspec.json.decode(data))
    except (msgspec.DecodeError, ValueError, RecursionError):
        decoded = charset.decode(data)
        try:
            # The standard library accepts what its own writer emits and JSON does not have: NaN, lone surrogates.
            record = cast(object, json.loads(decoded.text, parse_int=_integer))
        except (ValueError, RecursionError) as error:
            yield Rejected(origin, document_key, length, "bad_json", f"{where}: {error}")
            return
        decoded = decoded._replace(replaced=decoded.replaced + _count_lone_surrogates(record))
    if not isinstance(record, dict):
        detail = f"{where}: want a JSON object, got {type(record).__name__}"
        yield Rejected(origin, document_key, length, "bad_json", detail)
        return
    for made in _of_object(document_key, cast(dict[str, object], record), length, build, within):
        if decoded is None or isinstance(made, Rejected) or (decoded.encoding == "utf-8" and not decoded.replaced):
            yield made
        else:
            yield made._replace(encoding=decoded.encoding, replaced=decoded.replaced)


def _of_object(
    document_key: str, record: dict[str, object], length: int, build: Build, within: RecordList | None
) -> Iterator[Document | Rejected]:
    inner = within.records(record) if within is not None else None
    if within is None or inner is None:
        yield build(document_key, record, length)
        return
    for number, each in enumerate(inner):
        yield within.build(f"{document_key}.{number}", each, length // len(inner))


def _integer(digits: str) -> int | None:
    """Return a whole number; None for one of so many digits that Python has no number for them: no field takes it."""
    try:
        return int(digits)
    except ValueError:
        return None


def _count_lone_surrogates(value: object) -> int:
    """Return the number of lone surrogates in the strings of a JSON value: texts are stored without them."""
    if isinstance(value, str):
        return len(_SURROGATE.findall(value))
    if isinstance(value, list):
        return sum(map(_count_lone_surrogates, cast(list[object], value)))
    if isinstance(value, dict):
        return sum(map(_count_lone_surrogates, cast(dict[str, object], value).values()))
    return 0
