"""Read documents from files of any layout: tables, JSON, texts and pages, one by one or in zip and tar archives."""

import itertools
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple, TypeAlias, cast

import msgspec

from massivetext.schema import Document, Rejected
from massivetext.sources.documents import csv_rows, doc_elements, jsonl
from massivetext.sources.documents.arrow_rows import arrow_documents
from massivetext.sources.documents.fields import Build, builder, record_list
from massivetext.sources.documents.layouts import Layout, find_layout
from massivetext.sources.documents.parquet import parquet_documents
from massivetext.sources.epub import EpubError, read_epub
from massivetext.sources.source_formats import FieldPaths, ReadLimits, ReadOptions
from massivetext.sources.splits import CLUTTER, Split
from massivetext.sources.streams.archives import ArchiveError, ArchiveMember, archive_members
from massivetext.sources.streams.compressed import EXPANSION, IN_MEMORY_BYTES, PlainStream, open_stream
from massivetext.sources.streams.recoded import TextStream, as_utf8
from massivetext.sources.streams.seen_paths import SeenPaths
from massivetext.sources.whole_files import MakeDocument, make_page
from massivetext.text import clean

_MOST_NESTED = 2  # archives within archives
_SEEKABLE = frozenset({"parquet", "arrow", "epub"})  # layouts that are not read front to back
_REFUSED = frozenset({"warc", "refused"})
_ONE_TEXT = frozenset({"text", "markdown", "html", "epub"})
# Returns the documents of a file, or None to have it read as usual.
OwnReader: TypeAlias = Callable[[Split, PlainStream, Layout], Iterator[Document | Rejected] | None]


class _Reading(NamedTuple):
    """What is the same for a file and all files in it; the arguments of :func:`read_stream`."""

    options: ReadOptions
    limits: ReadLimits
    make: MakeDocument
    own: OwnReader | None


def read_any_documents(split: Split, options: ReadOptions, limits: ReadLimits) -> Iterator[Document | Rejected]:
    """Yield the documents of a file, whatever its layout is.

    The document key is the ordinal of a record in its file, from 0; "0" for a file that is one text. In an archive the
    path of the file comes first: ``news/a.txt``, ``news/b.csv:17``.

    Raises:
        FileNotFoundError: the file was deleted.
    """
    with open_stream(split.path) as stream:
        yield from read_stream(split, stream, options, limits, make_page)


def read_stream(
    split: Split,
    stream: PlainStream,
    options: ReadOptions,
    limits: ReadLimits,
    make: MakeDocument,
    own: OwnReader | None = None,
) -> Iterator[Document | Rejected]:
    """Yield the documents of a file that was just opened.

    Args:
        split: the file and its slice.
        stream: its plain bytes.
        options: where the fields of records are.
        limits: largest record and page.
        make: makes the document of a file that is one text.
        own: reads some layouts in another way.
    """
    yield from _read_opened(split, stream, _Reading(options, limits, make, own), 0)


def _read_opened(split: Split, stream: PlainStream, reading: _Reading, nested: int) -> Iterator[Document | Rejected]:
    layout = find_layout(split.name, stream, reading.options.fields.text)
    yield from _read_layout(split, stream, layout, reading, nested)


def _read_layout(
    split: Split, stream: PlainStream, layout: Layout, reading: _Reading, nested: int
) -> Iterator[Document | Rejected]:
    """Yield the documents of a file that is in ``nested`` archives."""
    read = reading.own(split, stream, layout) if reading.own is not None else None
    if read is not None:
        yield from read
    elif layout.name in _SEEKABLE and stream.compression is not None:
        yield from _decompressed(split, stream, reading, nested)
    elif layout.name == "archive":
        yield from _archive(split, stream, reading, nested)
    elif layout.name in _ONE_TEXT or layout.name in _REFUSED:
        if split.slice_index == 0:
            yield from _whole_file(split, stream, layout, reading.limits, reading.make)
    else:
        yield from _records(split, stream, layout, reading.options, reading.limits)


# -- records -----------------------------------------------------------------------------------------------------------


def _records(
    split: Split, stream: PlainStream, layout: Layout, options: ReadOptions, limits: ReadLimits
) -> Iterator[Document | Rejected]:
    paths = options.fields
    build = builder(split.name, paths)
    if layout.name == "parquet":
        yield from parquet_documents(split, stream.stored(), paths.text, limits, build)
    elif layout.name == "arrow":
        yield from arrow_documents(split, stream, paths.text, limits, build)
    else:
        text = as_utf8(stream)
        yield from jsonl.with_encoding(_text_records(split, text, layout, paths, limits, build), text)


def _text_records(
    split: Split, text: TextStream, layout: Layout, paths: FieldPaths, limits: ReadLimits, build: Build
) -> Iterator[Document | Rejected]:
    if layout.name == "csv":
        return csv_rows.csv_documents(split, text, layout.dialect, paths.text, limits, build)
    if layout.name == "doc_elements":
        return doc_elements.element_documents(split, text, limits)
    within = record_list(split.name, paths)
    if layout.name == "json":
        return jsonl.value_documents(split, text, limits, build, within)
    return jsonl.line_documents(split, text, limits, build, within)


# -- files that are one text -------------------------------------------------------------------------------------------


def _whole_file(
    split: Split, stream: PlainStream, layout: Layout, limits: ReadLimits, make: MakeDocument
) -> Iterator[Document | Rejected]:
    if layout.name in _REFUSED:
        yield Rejected(split.name, "0", split.size, "not_text", f"{split.name}: want documents, got {layout.detail}")
        return
    if layout.name == "epub":
        yield _epub(split, stream, limits)
        return
    longest = limits.max_record_bytes
    data = bytearray()
    while len(data) <= longest and (piece := stream.read(1 << 20)):
        data += piece
    if len(data) > longest:
        detail = f"{split.name} is larger than ingest.max_record_bytes = {longest:,}"
        yield Rejected(split.name, "0", split.size, "record_too_large", detail)
        return
    if data or stream.damage is None:
        yield make(split.name, "0", bytes(data), layout.name, limits)
    yield from jsonl.damage(split, stream)


def _epub(split: Split, stream: PlainStream, limits: ReadLimits) -> Document | Rejected:
    try:
        book = read_epub(stream.stored(), limits.max_record_bytes)
    except EpubError as error:
        return Rejected(split.name, "0", split.size, "bad_epub", f"{split.name}: {error}")
    metadata = {name: clean(value) for name, value in book.metadata.items()}
    if book.lost:
        metadata["lost_chapters"] = str(len(book.lost))
    return Document(clean(book.text), split.name, "0", None, clean(book.title) if book.title else None, metadata)


# -- files in files ----------------------------------------------------------------------------------------------------


def _decompressed(split: Split, stream: PlainStream, reading: _Reading, nested: int) -> Iterator[Document | Rejected]:
    """Yield the documents of a compressed file that cannot be read front to back, from a copy of its plain bytes."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as copy:
        while piece := stream.read(1 << 20):
            copy.write(piece)
        damaged = list(jsonl.damage(split, stream))
        yield from _read_opened(split, PlainStream(cast(IO[bytes], copy)), reading, nested)
        yield from damaged


def _archive(split: Split, stream: PlainStream, reading: _Reading, nested: int) -> Iterator[Document | Rejected]:
    """Yield the documents of the files of an archive; slices share the texts, and the records of each table."""
    if nested >= _MOST_NESTED:
        if split.slice_index == 0:
            yield Rejected(split.name, "0", split.size, "nested_archive", f"{split.name}: is in {nested} archives")
        return
    seen = SeenPaths()
    ordinals = itertools.count()
    try:
        for member in archive_members(stream, EXPANSION):
            path = clean(member.path.removeprefix("./"))
            if _is_clutter(path):
                continue
            copy = seen.count(path)
            prefix = path + (f"#{copy}" if copy > 1 else "")
            yield from _member(split, member, prefix, next(ordinals), reading, nested)
    except ArchiveError as error:
        if split.slice_index == 0:
            yield Rejected(split.name, f"after {next(ordinals)} files", None, "damaged", f"{split.name}: {error}")


def _is_clutter(path: str) -> bool:
    steps = path.lower().split("/")
    return not CLUTTER.isdisjoint(steps) or ".ds_store" in steps or steps[-1].startswith("._")


def _member(
    split: Split,
    member: ArchiveMember,
    prefix: str,
    ordinal: int,
    reading: _Reading,
    nested: int,
) -> Iterator[Document | Rejected]:
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as copy:
        try:
            size = member.copy(cast(IO[bytes], copy))
        except ArchiveError as error:
            if split.slice_index == 0:
                yield Rejected(split.name, prefix, member.size, error.reason, str(error))
            return
        # Slices share the records of each table; a file that is one text belongs to the slice of its ordinal.
        inner = msgspec.structs.replace(split, name=member.path, size=size)
        stream = PlainStream(cast(IO[bytes], copy))
        layout = find_layout(member.path, stream, reading.options.fields.text)
        is_text = layout.name in _ONE_TEXT
        if is_text or layout.name == "refused" or (layout.name == "warc" and reading.own is None):
            mine = ordinal % split.slice_count == split.slice_index
            inner = msgspec.structs.replace(inner, slice_index=0 if mine else 1, slice_count=2)
        for made in _read_layout(inner, stream, layout, reading, nested + 1):
            yield _of_member(split.name, prefix, made, whole=is_text)


def _of_member(origin: str, prefix: str, made: Document | Rejected, *, whole: bool) -> Document | Rejected:
    """Return a document or rejection of a file in an archive with the archive as its origin."""
    if isinstance(made, Document):
        return made._replace(origin=origin, key=prefix if whole else f"{prefix}:{made.key}")
    offset = prefix if whole or made.offset == "0" else f"{prefix}:{made.offset}"
    return made._replace(origin=origin, offset=offset, skipped=made.skipped or made.reason == "not_text")
