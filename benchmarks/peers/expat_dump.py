"""Pages of dumps by expat, as this project read them until its own splitter; the peer of wikipedia.py."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

from massivetext.sources.streams.compressed import PlainStream

_CHUNK = 1 << 16
# Limits on what the parser holds in memory, far above any real dump: depth of elements, bytes of one tag or comment,
# number of namespaces.
_DEEPEST, _LONGEST_TAG, _MOST_NAMES = 64, 1 << 20, 1000
_FILE_NAMESPACES = frozenset(("-2", "6", "14"))  # Media, File, Category
# Path of elements to each value of a page, without the XML namespace.
_FIELDS = {
    ("page", "title"): "title",
    ("page", "ns"): "namespace",
    ("page", "id"): "id",
    ("page", "revision", "text"): "text",
    ("page", "revision", "timestamp"): "date",
    ("page", "revision", "model"): "model",
}


class DumpPage(NamedTuple):
    """A page of a dump; its last revision if the dump has the history.

    Attributes:
        ordinal: number of the page in the file, from 0.
        fields: title, namespace, id, text, date and model, if the page has them; ``text`` is cut at the limit.
        redirect: whether the page only redirects to another page.
        characters: number of characters of the whole text.
    """

    ordinal: int
    fields: dict[str, str]
    redirect: bool
    characters: int


class BrokenXMLError(ValueError):
    """A dump that is not well-formed XML after ``offset``, a byte of the plain dump."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class Dump:
    """Parser of one dump.

    Attributes:
        base: URL of the wiki's main page, or "".
        link_namespaces: names of this wiki's namespaces of files and categories, lower case.
    """

    def __init__(self, longest: int) -> None:
        self.base = ""
        self.link_namespaces: set[str] = set()
        self._longest = longest
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.EntityDeclHandler = self._entity
        self._path: list[str] = []
        self._value: list[str] = []
        self._length = 0
        self._namespace_key = ""
        self._fields: dict[str, str] = {}
        self._redirect = False
        self._text_length = 0
        self._pages: deque[DumpPage] = deque()
        self._ordinal = 0

    def pages(self, stream: PlainStream) -> Iterator[DumpPage]:
        """Yield the pages in order.

        Raises:
            BrokenXMLError: the XML is broken here; the pages before are valid. Not raised if the stream is damaged.
        """
        try:
            given = 0
            while data := stream.read(_CHUNK):
                self._parser.Parse(data, False)
                yield from self._finished()
                given += len(data)
                if given - self._parser.CurrentByteIndex > _LONGEST_TAG:
                    raise self._broken(f"holds a tag or comment of more than {_LONGEST_TAG:,} bytes")
            if stream.damage is None:
                self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            yield from self._finished()
            message = f"line {error.lineno:,}, column {error.offset:,}: {expat.ErrorString(error.code)}"
            raise BrokenXMLError(message, max(self._parser.ErrorByteIndex, 0)) from error

    def _finished(self) -> Iterator[DumpPage]:
        while self._pages:
            yield self._pages.popleft()

    def _entity(self, name: str, *_rest: object) -> None:
        # Dumps declare no entities; a file with entities may be an attack that expands them without end.
        raise self._broken(f"declares an entity '{name}', which no dump does")

    def _broken(self, message: str) -> BrokenXMLError:
        return BrokenXMLError(message, max(self._parser.CurrentByteIndex, 0))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        self._path.append(tag)
        if len(self._path) > _DEEPEST:
            raise self._broken(f"has elements more than {_DEEPEST} deep")
        self._value, self._length = [], 0
        if tag == "page":
            self._fields, self._redirect, self._text_length = {}, False, 0
        elif tag == "redirect":
            self._redirect = True
        elif tag == "namespace":
            self._namespace_key = attributes.get("key", "")

    def _characters(self, data: str) -> None:
        if self._length < self._longest:
            self._value.append(data)
        self._length += len(data)

    def _end(self, name: str) -> None:
        tag = name.rpartition(" ")[2]
        value = "".join(self._value)
        if tag == "page":
            self._pages.append(DumpPage(self._ordinal, self._fields, self._redirect, self._text_length))
            self._ordinal += 1
        elif "page" in self._path:
            self._page_value(value)
        elif tag == "base":
            self.base = value.strip()
        elif tag == "namespace" and self._namespace_key in _FILE_NAMESPACES and len(self.link_namespaces) < _MOST_NAMES:
            self.link_namespaces.add(value.strip().lower())
        self._path.pop()
        self._value, self._length = [], 0

    def _page_value(self, value: str) -> None:
        field = _FIELDS.get(tuple(self._path[self._path.index("page") :]))
        if field is None:
            return
        self._fields[field] = value[: self._longest]
        if field == "text":
            self._text_length = self._length
