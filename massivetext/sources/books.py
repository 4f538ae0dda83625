"""Read books: plain text with one file per book, or JSON lines or Parquet."""

from collections.abc import Iterator

from massivetext.schema import Document, Rejected
from massivetext.sources import charset, gutenberg, jsonl
from massivetext.sources.compressed import PlainStream, open_stream
from massivetext.sources.source_formats import ReadLimits, ReadOptions
from massivetext.sources.splits import Split
from massivetext.text import clean

_HEAD_BYTES = 1 << 14


def read_books(split: Split, options: ReadOptions, limits: ReadLimits) -> Iterator[Document | Rejected]:
    """Yield the books of a file: one with document key "0" if it is plain text, else one per line or row.

    Raises:
        FileNotFoundError: the file was deleted.
    """
    with open_stream(split.path) as stream:
        if jsonl.is_table(stream):
            yield from jsonl.read_json_documents(split, options, limits)
        elif split.slice_index == 0:
            yield from _plain(split, stream, limits)


def _plain(split: Split, stream: PlainStream, limits: ReadLimits) -> Iterator[Document | Rejected]:
    longest = limits.max_record_bytes
    data = bytearray()
    while len(data) <= longest and (piece := stream.read(1 << 20)):
        data += piece
    if len(data) > longest:
        detail = f"{split.name} is larger than ingest.max_record_bytes = {longest:,}"
        yield Rejected(split.name, "0", split.size, "record_too_large", detail)
        return
    if data or stream.damage is None:
        yield _document(split.name, bytes(data))
    yield from jsonl.damage(split, stream)


def _document(origin: str, data: bytes) -> Document | Rejected:
    if b"\x00" in data[:_HEAD_BYTES] and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        return Rejected(origin, "0", len(data), "not_text", f"want plain text or JSON lines, got {data[:16]!r}")
    text = charset.decode_text(data, gutenberg.declared_encoding(data[:_HEAD_BYTES]))
    found = gutenberg.strip_gutenberg(clean(text))
    return Document(clean(found.text), origin, "0", None, found.title, found.metadata)
