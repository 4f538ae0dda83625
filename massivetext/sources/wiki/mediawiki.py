"""Split MediaWiki XML dumps into pages, in bounded memory; damage costs the page that it is in.

A dump is not parsed as XML: a single bad byte or a bare "&" would end that. The text of a page is escaped, so its tags
are found by search, and a page that is broken ends where the next one begins. Slices of dumps, without a beginning or
an end, read like whole ones.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from massivetext.sources.wiki.dump_pieces import Gap

# Limits on what is held in memory, far above any real dump: bytes between two pages, and number of namespaces.
_LONGEST_BETWEEN, _MOST_NAMES = 1 << 20, 1000
_FILE_NAMESPACES = frozenset(("-2", "6", "14"))  # Media, File, Category
_PAGE = re.compile(rb"<page(?=[\s>])[^<>]*>")
_PAGE_OR_END = re.compile(rb"</page\s*>|<page(?=[\s>])[^<>]*>")
_LONGEST_PAGE_TAG = 64
_BETWEEN = re.compile(
    rb"<\?xml.*?\?>|<!DOCTYPE[^>\[]*>|<!--.*?-->|<siteinfo.*?</siteinfo\s*>|<logitem.*?</logitem\s*>|</?mediawiki[^<>]*>",
    re.DOTALL,
)
_ENTITY = re.compile(rb"<!ENTITY\s+(?:%\s+)?([^\s>]{1,80})")
_ROOT = re.compile(rb"<mediawiki(?=[\s>])[^<>]*>")
_ROOT_LANGUAGE = re.compile(rb"xml:lang\s*=\s*[\"']([A-Za-z-]{2,20})[\"']")
_BASE_LANGUAGE = re.compile(r"https?://([a-z-]{2,20})\.(?:m\.)?wik")
_NAMESPACE = re.compile(rb"<namespace\s[^<>]*?key=[\"'](-?\d+)[\"'][^<>]*>([^<>]{1,200})</namespace")
_FIELDS = {
    "title": re.compile(rb"<title(?:\s[^<>]*)?>(.*?)</title\s*>", re.DOTALL),
    "namespace": re.compile(rb"<ns>(.*?)</ns>", re.DOTALL),
    "id": re.compile(rb"<id>(.*?)</id>", re.DOTALL),
}
_REVISION_FIELDS = {
    "date": re.compile(rb"<timestamp>(.*?)</timestamp>", re.DOTALL),
    "model": re.compile(rb"<model>(.*?)</model>", re.DOTALL),
}
_TEXT = re.compile(rb"<text(?=[\s>])[^<>]*(?<!/)>(.*?)</text\s*>|<text(?=[\s/])[^<>]*/>", re.DOTALL)
_TEXT_TAG = re.compile(rb"<text(?=[\s>])[^<>]*(?<!/)>")
_REDIRECT = re.compile(rb"<redirect[\s/]")
_CHARACTER = re.compile(r"&#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));")
_NAMED = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_CONTINUATION = bytes(range(0x80, 0xC0))  # every other byte of UTF-8 begins a character
_UTF8_BOM = codecs.BOM_UTF8


class DumpPage(NamedTuple):
    """A page of a dump; its last revision if the dump has the history.

    Attributes:
        ordinal: number of the page in the file, from 0.
        data: the page in UTF-8, from behind its tag to before its end tag; the text is cut at a limit.
        left_out: number of characters of the text that were cut.
    """

    ordinal: int
    data: bytes
    left_out: int = 0

    def fields(self) -> dict[str, str]:
        """Return title, namespace and id, and text, date and model of the last revision, if the page has them."""
        revision = self.data.rfind(b"<revision")
        head, last = (self.data[:revision], self.data[revision:]) if revision >= 0 else (self.data, self.data)
        found = {name: match[1] for name, pattern in _FIELDS.items() if (match := pattern.search(head))}
        text = _TEXT.search(last)
        before = last[: text.start()] if text else last
        behind = last[text.end() :] if text else b""
        for name, pattern in _REVISION_FIELDS.items():
            if match := pattern.search(before) or pattern.search(behind):
                found[name] = match[1]
        if text:
            found["text"] = text[1] or b""
        return {name: unescape(value.decode("utf-8", "replace")) for name, value in found.items()}

    def document_id(self) -> str:
        """Return the number that the page has in its wiki, or ""."""
        match = _FIELDS["id"].search(self.data, 0, self.data.find(b"<revision") % (len(self.data) + 1))
        return match[1].decode("utf-8", "replace").strip() if match else ""

    @property
    def redirect(self) -> bool:
        """Whether the page is marked as one that leads to another."""
        return _REDIRECT.search(self.data, 0, self.data.find(b"<revision") % (len(self.data) + 1)) is not None


class LostPiece(NamedTuple):
    """A piece of a dump that is no page.

    Attributes:
        offset: byte of the plain dump at which it begins.
        length: number of its bytes.
        detail: what is wrong with it.
    """

    offset: int
    length: int
    detail: str


class BrokenXMLError(ValueError):
    """A dump that is given up at ``offset``, a byte of the plain dump."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class Dump:
    """Pages of one dump.

    Args:
        longest: number of characters of a text that are kept.

    Attributes:
        base: URL of the wiki's main page, or "".
        language: code of the wiki's language, or "".
        link_namespaces: names of this wiki's namespaces of files and categories, lower case.
    """

    def __init__(self, longest: int) -> None:
        self.base = self.language = ""
        self.link_namespaces: frozenset[str] = frozenset()
        self._longest = longest
        self._most_bytes = 8 * longest + (1 << 16)  # an escaped character has up to six bytes
        self._buffer = bytearray()
        self._offset = 0  # of the buffer in the plain dump
        self._scanned = 0  # bytes of the buffer in which no tag of a page begins
        self._within = False  # whether the buffer begins within a page
        self._ordinal = self._left_out = 0
        self._between: LostPiece | None = None  # what is lost between the last page and the next
        self._root_open = False
        self._after_gap = False  # whether the rest of a page that is lost already comes next

    def pages(self, pieces: Iterable[bytes | Gap]) -> Iterator[DumpPage | LostPiece]:
        """Yield the pages in order, and what is lost between them.

        Args:
            pieces: the plain dump; a gap stands for bytes that could not be decompressed.

        Raises:
            BrokenXMLError: the dump declares an entity, which no dump does.
        """
        gap_at_end = False
        for piece in decode_pieces(pieces):
            gap_at_end = isinstance(piece, Gap)
            if isinstance(piece, Gap):
                self._forget()
                continue
            self._buffer += piece
            yield from self._complete_pages()
        if gap_at_end:
            return
        yield from self._rest()

    def _complete_pages(self) -> Iterator[DumpPage | LostPiece]:
        while True:
            if not self._within:
                match = _PAGE.search(self._buffer, self._scanned)
                if match is None:
                    self._bound_between()
                    return
                yield from self._end_between(match.start())
                self._take(match.end() - match.start())
                self._within, self._left_out = True, 0
            match = _PAGE_OR_END.search(self._buffer, self._scanned)
            if match is None:
                self._scanned = max(len(self._buffer) - _LONGEST_PAGE_TAG, 0)
                if len(self._buffer) > self._most_bytes:
                    self._bound_page()
                return
            yield self._end_page(match)

    def _end_page(self, match: re.Match[bytes]) -> DumpPage | LostPiece:
        data, offset = bytes(self._buffer[: match.start()]), self._offset
        ended = match[0].startswith(b"</")
        cut = ended and _TEXT_TAG.search(data) is not None and b"</text" not in data
        self._take(match.end() if ended else match.start())
        self._within = False
        if not ended or cut:
            detail = "the page has no end before the next one" if not ended else "the text of the page has no end"
            return LostPiece(offset, len(data), detail)
        self._ordinal += 1
        return DumpPage(self._ordinal - 1, data, self._left_out)

    def _take(self, count: int) -> None:
        del self._buffer[:count]
        self._offset += count
        self._scanned = 0

    def _forget(self) -> None:
        """Drop the piece of a page before a gap."""
        self._take(len(self._buffer))
        self._within = False
        self._after_gap = True

    # -- within a page that is too long --------------------------------------------------------------------------------

    def _bound_page(self) -> None:
        """Drop earlier revisions, or the text behind the limit."""
        first, last = self._buffer.find(b"<revision"), self._buffer.rfind(b"<revision")
        if first < last:
            self._drop(first, last)
            return
        opened = _TEXT_TAG.search(self._buffer, max(last, 0))
        start = opened.end() if opened else max(last, 0)
        closed = self._buffer.find(b"</text", start) if opened else -1
        if closed >= 0:
            self._drop(closed + len(b"</text>"), len(self._buffer) - _LONGEST_PAGE_TAG)
            return
        keep = start + 6 * self._longest
        end = len(self._buffer) - _LONGEST_PAGE_TAG
        self._left_out += len(self._buffer[keep:end].translate(None, _CONTINUATION)) if opened else 0
        self._drop(keep, end)

    def _drop(self, start: int, end: int) -> None:
        if end > start:
            del self._buffer[start:end]
            self._offset += end - start
            self._scanned = max(min(self._scanned, len(self._buffer) - _LONGEST_PAGE_TAG), 0)

    # -- between pages -------------------------------------------------------------------------------------------------

    def _bound_between(self) -> None:
        self._refuse_entities(len(self._buffer))
        self._scanned = max(len(self._buffer) - _LONGEST_PAGE_TAG, 0)
        if len(self._buffer) > _LONGEST_BETWEEN:
            self._read_head(bytes(self._buffer))
            self._lose(self._scanned, f"it has more than {_LONGEST_BETWEEN:,} bytes that are no page")

    def _lose(self, count: int, detail: str) -> None:
        if self._between is None:
            self._between = LostPiece(self._offset, count, detail)
        else:
            self._between = self._between._replace(length=self._between.length + count)
        self._take(count)

    def _end_between(self, end: int) -> Iterator[LostPiece]:
        """Read what is before the byte ``end`` of the buffer, where a page begins or the dump ends."""
        self._refuse_entities(end)
        data = bytes(self._buffer[:end])
        if data.strip():
            self._read_head(data)
            unknown = _BETWEEN.sub(b"", data).strip()
            if self._between is not None:
                self._lose(end, "")
            elif self._after_gap:
                pass
            elif unknown and unknown != _UTF8_BOM:
                shown = unknown[:40].decode("utf-8", "replace")
                self._lose(end, f"{shown!r} is between pages")
        if self._between is None or not data.strip():
            self._take(end)
        self._after_gap = False
        if self._between is not None:
            yield self._between
            self._between = None

    def _refuse_entities(self, end: int) -> None:
        # Dumps declare no entities; a file with entities may be an attack that expands them without end.
        match = _ENTITY.search(self._buffer, 0, end)
        if match:
            name = match[1].decode("utf-8", "replace")
            raise BrokenXMLError(f"it declares an entity '{name}', which no dump does", self._offset + match.start())

    def _read_head(self, data: bytes) -> None:
        root = _ROOT.search(data)
        if root:
            self._root_open = True
            language = _ROOT_LANGUAGE.search(root[0])
            self.language = language[1].decode().lower() if language else self.language
        if b"</mediawiki" in data:
            self._root_open = False
        if b"<siteinfo" not in data:
            return
        base = re.search(rb"<base>(.*?)</base>", data, re.DOTALL)
        if base:
            self.base = unescape(base[1].decode("utf-8", "replace")).strip()
            found = _BASE_LANGUAGE.match(self.base)
            self.language = self.language or (found[1] if found else "")
        names = {
            unescape(name.decode("utf-8", "replace")).strip().lower()
            for key, name in _NAMESPACE.findall(data)
            if key.decode() in _FILE_NAMESPACES
        }
        self.link_namespaces = frozenset(sorted(names)[:_MOST_NAMES])

    def _rest(self) -> Iterator[LostPiece]:
        """Read what is behind the last page."""
        if self._within:
            yield LostPiece(self._offset, len(self._buffer), "the dump ends within a page")
            return
        before = len(self._buffer)
        offset = self._offset
        yielded = list(self._end_between(before))
        yield from yielded
        if self._root_open and not yielded:
            yield LostPiece(offset + before, 0, "the dump has no end tag; it may be cut")


def unescape(text: str) -> str:
    """Return the text of an XML element; what is no reference of XML stays, such as a bare "&"."""
    if "<![CDATA[" in text:  # one without an end is text
        return "".join(part if index % 2 else _characters(part) for index, part in enumerate(_CDATA.split(text)))
    return _characters(text)


def _characters(text: str) -> str:
    if "&" not in text:
        return text
    if "&#" in text:
        text = _CHARACTER.sub(_character, text)
    for name, character in _NAMED:
        text = text.replace(name, character)
    return text


def _character(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    if number == 38:
        return "&amp;"  # the name is replaced next
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


def decode_pieces(pieces: Iterable[bytes | Gap]) -> Iterator[bytes | Gap]:
    """Yield the pieces of a dump in UTF-8; it is found by the first bytes whether the dump is in UTF-16 or UTF-32."""
    decoder: codecs.IncrementalDecoder | None = None
    for number, piece in enumerate(pieces):
        if number == 0 and not isinstance(piece, Gap):
            encoding = _wide_encoding(piece[:8])
            decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding else None
        yield piece if decoder is None or isinstance(piece, Gap) else decoder.decode(piece).encode("utf-8", "replace")


def _wide_encoding(head: bytes) -> str | None:
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return {b"<\x00": "utf-16-le", b"\x00<": "utf-16-be"}.get(head[:2])
