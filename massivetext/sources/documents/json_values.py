"""Find the objects of JSON that is not one object per line: an array of objects, or objects over several lines."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from massivetext.sources.streams.recoded import TextStream

# A string, whole or as far as it goes at the end of the data; or a bracket.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_BETWEEN = re.compile(rb"[\s,]*+")
_PIECE_BYTES = 1 << 20
_LONGEST_INDENT = 256
_LINE_START = re.compile(rb"\n[^\S\n]*+\Z")


class JsonValue(NamedTuple):
    """A value of a file.

    Attributes:
        number: ordinal of the value, from 0.
        offset: plain bytes before it.
        length: its bytes.
        data: the value as it is written; None if it has no end.
        detail: what is wrong with a value that has no end.
    """

    number: int
    offset: int
    length: int
    data: bytes | None
    detail: str = ""


class _Values:
    """Scans a stream for its values, holding little more than one of them."""

    def __init__(self, stream: TextStream, longest: int) -> None:
        self._stream, self._longest = stream, longest
        self._buffer = b""
        self._base = 0  # offset in the stream of the buffer
        self._at = 0  # where scanning goes on
        self._start: int | None = None  # of the value that is being read
        self._free = 0  # end of the last value
        self._depth = self._outer = 0
        self._number = -1
        self._ended = False

    def __iter__(self) -> Iterator[JsonValue]:
        while True:
            match = _TOKEN.search(self._buffer, self._at)
            if match is None or (match.end() == len(self._buffer) and not self._ended and _is_open(match[0])):
                self._at = len(self._buffer) if match is None else match.start()
                if self._start is not None and len(self._buffer) - self._start > self._longest:
                    yield from self._unended("is larger than ingest.max_record_bytes")
                elif self._start is None and match is None and len(self._buffer) - self._free > self._longest:
                    yield from self._between(len(self._buffer))
                elif not self._more():
                    if self._start is not None and match is None:
                        yield from self._unended("has no end")
                    elif match is None:
                        yield from self._between(len(self._buffer))
                        return
                continue
            yield from self._take(match)

    def _take(self, match: re.Match[bytes]) -> Iterator[JsonValue]:
        token = match[0]
        self._at = match.end()
        if self._start is None:
            yield from self._between(match.start())
            if token == b"[" and self._depth == 0:
                self._depth = self._outer = 1
            elif token in (b"]", b"}"):
                self._depth = self._outer = 0
            elif token in (b"{", b"["):
                self._start = match.start()
                self._depth += 1
            else:
                yield self._value(match.start(), match.end())
            self._free = match.end() if self._start is None else self._free
        elif token in (b"{", b"["):
            self._depth += 1
        elif token in (b"]", b"}"):
            self._depth -= 1
            if self._depth == self._outer:
                yield from self._completed(self._start, match.end())

    def _completed(self, start: int, end: int) -> Iterator[JsonValue]:
        """Yield a value whose brackets are even; if it is not JSON and another begins in it, its own end is missing."""
        data = self._buffer[start:end]
        if end - start > self._longest:
            detail = "is larger than ingest.max_record_bytes"
        else:
            detail = "has no end" if self._mark(start) in data and not _is_json(data) else ""
        if detail == "has no end":
            yield from self._unended(detail)
        else:
            self._start, self._free = None, end
            yield self._value(start, end, detail)

    def _mark(self, start: int) -> bytes:
        """Return the bytes that begin another value on a line of its own, indented as the value at ``start`` is."""
        before = _LINE_START.search(self._buffer, max(0, start - _LONGEST_INDENT), start)
        return (before[0] if before else b"\n") + b"{"

    def _value(self, start: int, end: int, detail: str = "") -> JsonValue:
        self._number += 1
        data = None if detail else self._buffer[start:end]
        return JsonValue(self._number, self._base + start, end - start, data, detail)

    def _between(self, end: int) -> Iterator[JsonValue]:
        """Yield what is neither white space nor a comma between two values: numbers, or what is not JSON."""
        start = match.end() if (match := _BETWEEN.match(self._buffer, self._free, end)) else self._free
        if start < end and self._buffer[start:end].strip(b" \t\r\n,\xef\xbb\xbf"):
            yield self._value(start, end)
        self._free = end

    def _unended(self, detail: str) -> Iterator[JsonValue]:
        """Yield a value without an end, and go on where a line begins as its first line does."""
        assert self._start is not None
        start = self._start
        found = self._buffer.find(self._mark(start), start + 1)
        end = len(self._buffer) if found < 0 else found
        yield self._value(start, end, detail)
        self._start, self._depth, self._at, self._free = None, self._outer, end, end
        if found < 0 and not self._ended:  # too large: whether what follows is in it cannot be told
            self._buffer, self._base = b"", self._base + end
            while self._more():
                self._buffer, self._base = b"", self._base + len(self._buffer)
            self._at = self._free = 0

    def _more(self) -> bool:
        if self._ended:
            return False
        dropped = self._free if self._start is None else self._start
        dropped = max(
            0, min(dropped, self._at) - _LONGEST_INDENT
        )  # the beginning of its line is looked at, see _unended
        self._buffer = self._buffer[dropped:]
        self._base += dropped
        self._at -= dropped
        self._free -= dropped
        if self._start is not None:
            self._start -= dropped
        pieces = [self._buffer]
        wanted = max(_PIECE_BYTES, len(self._buffer))
        while wanted > 0 and (piece := self._stream.read(wanted)):
            pieces.append(piece)
            wanted -= len(piece)
        self._ended = len(pieces) == 1
        self._buffer = b"".join(pieces)
        return not self._ended


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _is_open(token: bytes) -> bool:
    """Return whether a token is a string whose end has not been read."""
    return token[:1] == b'"'


def read_values(stream: TextStream, longest: int) -> Iterator[JsonValue]:
    """Yield the objects of an array, or objects one after the other, and everything else between them as values.

    Args:
        stream: the bytes, in UTF-8.
        longest: number of bytes above which a value is given up.
    """
    return iter(_Values(stream, longest))
