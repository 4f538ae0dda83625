"""Read the articles that WikiExtractor writes: texts between lines ``<doc id= url= title=>`` and ``</doc>``."""

import html
import re
from collections.abc import Iterator

from massivetext.schema import Document, Rejected
from massivetext.sources.documents.jsonl import damage
from massivetext.sources.documents.layouts import DOC_ELEMENT
from massivetext.sources.source_formats import ReadLimits
from massivetext.sources.splits import Split
from massivetext.sources.streams import charset
from massivetext.sources.streams.bounded_lines import BoundedLine, buffer_lines, read_lines
from massivetext.sources.streams.recoded import TextStream
from massivetext.text import clean

_LONGEST_TAG = 1 << 12  # bytes


class _Element:
    """An element that is being read.

    Attributes:
        tag: its opening tag; None for text before an opening tag.
        data: what follows the tag, as far as it is not too long.
        length: bytes of the element, with its tags.
        offset: plain bytes before it.
    """

    def __init__(self, tag: re.Match[bytes] | None, offset: int) -> None:
        self.tag, self.offset = tag, offset
        self.data = bytearray()
        self.length = 0

    def take(self, line: BoundedLine, longest: int) -> None:
        """Take a line; its bytes are kept unless they are the tag or more than ``longest``."""
        is_tag = self.length == 0 and self.tag is not None
        self.length += line.length
        if not is_tag and self.length <= longest and line.data is not None:
            self.data += line.data + b"\n"


def element_documents(split: Split, stream: TextStream, limits: ReadLimits) -> Iterator[Document | Rejected]:
    """Yield the text of each element with its URL and title; the document key is the ordinal of the element, from 0.

    An element ends with its closing tag, or where the next one begins.
    """
    for ordinal, element in enumerate(_elements(stream, limits.max_record_bytes)):
        if ordinal % split.slice_count == split.slice_index:
            yield _document(split.name, str(ordinal), element, limits.max_record_bytes)
    yield from damage(split, stream)


def _elements(stream: TextStream, longest: int) -> Iterator[_Element]:
    """Yield the elements of a file, and text that is in none; an element that broke off is part of the damage."""
    element: _Element | None = None
    for line in read_lines(buffer_lines(stream), longest):
        if stream.damage and not line.ended:
            return
        tag = _opening_tag(line)
        is_end = line.data is not None and line.data.strip() == b"</doc>"
        if element is not None and (tag is not None or is_end):
            yield element
            element = None
        if element is None and not is_end and line.data != b"":
            element = _Element(tag, line.offset)
        if element is not None:
            element.take(line, longest)
    if element is not None and stream.damage is None:
        yield element


def _opening_tag(line: BoundedLine) -> re.Match[bytes] | None:
    if line.data is None or len(line.data) > _LONGEST_TAG:
        return None
    return DOC_ELEMENT.fullmatch(line.data.removeprefix(b"\xef\xbb\xbf") if line.number == 0 else line.data)


def _document(origin: str, document_key: str, element: _Element, longest: int) -> Document | Rejected:
    where = f"the text at byte {element.offset:,}"
    if element.length > longest:
        detail = f"{where} is larger than ingest.max_record_bytes = {longest:,}"
        return Rejected(origin, document_key, element.length, "record_too_large", detail)
    if element.tag is None:
        return Rejected(origin, document_key, element.length, "no_element", f"{where} is in no element <doc>")
    decoded = charset.decode(bytes(element.data))
    text = clean(decoded.text)
    if not text:
        return Rejected(origin, document_key, element.length, "empty", f"{where} is empty")
    identifier, url, title = (_attribute(element.tag[name]) for name in ("id", "url", "title"))
    metadata = {"id": identifier} if identifier else {}
    return Document(
        text,
        origin,
        document_key,
        url,
        title,
        metadata,
        encoding=decoded.encoding,
        replaced=decoded.replaced,
    )


def _attribute(value: bytes | None) -> str | None:
    return clean(html.unescape(charset.decode_text(value))) or None if value is not None else None
