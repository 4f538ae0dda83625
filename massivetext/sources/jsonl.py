"""News, C4, and whatever else lies there as JSON lines or Parquet -> documents."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from massivetext.recipe import IngestOptions, SourceOptions
from massivetext.schema import Document, Rejected
from massivetext.sources import fields, parquet
from massivetext.sources.bounded_lines import Line, lines
from massivetext.sources.compressed import Stream, open_stream
from massivetext.sources.fields import Build
from massivetext.sources.splits import Split

_BOM = b"\xef\xbb\xbf"
_HEAD_BYTES = 1 << 12
_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*(?:\"|\})")


def read(split: Split, options: SourceOptions, limits: IngestOptions) -> Iterator[Document | Rejected]:
    """The documents of a file of JSON lines, or of a Parquet file; the key is the ordinal of line or row, from 0.

    Raises:
        FileNotFoundError: the file has gone.
    """

    def build(key: str, record: dict[str, Any], length: int) -> Document | Rejected:
        return fields.document(split.name, key, record, options.text_field, length)

    with open_stream(split.path) as stream:
        yield from documents(split, stream, options.text_field, limits, build)


def is_table(stream: Stream) -> bool:
    """Whether a file that was just opened is Parquet or JSON lines; the stream stays at its beginning."""
    return parquet.begins(stream) or _BEGINS.match(stream.peek(_HEAD_BYTES)) is not None


def documents(
    split: Split, stream: Stream, text_field: str, limits: IngestOptions, build: Build
) -> Iterator[Document | Rejected]:
    """What ``build`` makes of each JSON object or Parquet row of this part of a file, and what could not be read.

    Args:
        split: the file and the part of it.
        stream: its plain bytes from the beginning.
        text_field: the column that a Parquet file must have.
        limits: longest line, largest text of a row.
        build: makes a document of a key, an object and the bytes of its line.
    """
    if parquet.begins(stream):
        yield from parquet.documents(split, text_field, limits, build)
        return
    for line in lines(io.BufferedReader(stream, 1 << 20), limits.max_record_bytes):
        if line.number % split.parts != split.part or (stream.damage and not line.ended):
            continue  # a line that broke off is part of the damage
        item = _document(split.name, line, limits.max_record_bytes, build)
        if item is not None:
            yield item
    yield from damage(split, stream)


def damage(split: Split, stream: Stream) -> Iterator[Rejected]:
    """What a compressed stream could not give, told by the first part of a file."""
    if stream.damage is not None and split.part == 0:
        found = stream.damage
        lost = stream.size - found.offset
        detail = (
            f"the {stream.format} stream is unreadable from byte {found.offset:,} of the file on ({found.error}); "
            f"{lost:,} bytes are lost, what stands before them was kept"
        )
        reason = "truncated" if found.truncated else "damaged"
        yield Rejected(split.name, str(found.offset), lost, reason, detail)


def _document(origin: str, line: Line, longest: int, build: Build) -> Document | Rejected | None:
    key = str(line.number)
    if line.data is None:
        detail = f"the line at byte {line.offset:,} has {line.length:,} bytes; ingest.max_record_bytes is {longest:,}"
        return Rejected(origin, key, line.length, "record_too_large", detail)
    data = line.data.removeprefix(_BOM) if line.number == 0 else line.data
    if not data.strip():
        return None
    try:
        record = _parse(data)
    except UnicodeDecodeError as error:
        return Rejected(origin, key, line.length, "bad_utf8", f"the line at byte {line.offset:,}: {error}")
    except (ValueError, RecursionError) as error:
        return Rejected(origin, key, line.length, "bad_json", f"the line at byte {line.offset:,}: {error}")
    if not isinstance(record, dict):
        detail = f"the line at byte {line.offset:,}: want a JSON object, got {type(record).__name__}"
        return Rejected(origin, key, line.length, "bad_json", detail)
    return build(key, record, line.length)


def _parse(data: bytes) -> Any:
    text = data.decode("utf-8")
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        # The standard library takes what its own writer emits and JSON does not have: NaN, lone surrogates.
        return json.loads(text)
