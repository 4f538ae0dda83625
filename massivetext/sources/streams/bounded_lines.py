"""Read the lines of a stream, holding no more of a line in memory than allowed."""

import io
import re
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, NamedTuple

from massivetext.sources.streams.recoded import TextStream

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_SKIP_BYTES = 1 << 20
_BUFFER_BYTES = 1 << 20
_HEAD_BYTES = 1 << 16
_LONGEST_FIRST_LINE = 1 << 22  # in which a line end is sought
_OLD_MAC = re.compile(rb"[^\r\n]*+\r(?![\r\n])")  # CR CR LF is the line end of a file that was converted twice


class BoundedLine(NamedTuple):
    """A line of a file.

    Attributes:
        number: ordinal of the line, from 0.
        offset: plain bytes before the line.
        length: bytes of the line with its line end.
        data: the line without its line end; None if it is longer than allowed.
        ended: whether the line has a line end; only the last line may have none.
    """

    number: int
    offset: int
    length: int
    data: bytes | None
    ended: bool


class _OldMacLines(io.RawIOBase):
    """A stream with a line feed for each carriage return."""

    def __init__(self, stream: TextStream) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        """Return True: the stream can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill ``buffer`` with the next bytes; return their number."""
        data = self._stream.read(len(memoryview(buffer))) or b""
        memoryview(buffer)[: len(data)] = data.replace(b"\r", b"\n")
        return len(data)


def buffer_lines(stream: TextStream) -> IO[bytes]:
    """Return a stream that was just opened for :func:`read_lines`.

    If its first line ends with CR alone, as on old Macs and from some programs for tables, it has line feeds instead.
    """
    is_old_mac = ends_lines_as_old_macs(stream)
    return io.BufferedReader(_OldMacLines(stream) if is_old_mac else stream, _BUFFER_BYTES)


def ends_lines_as_old_macs(stream: TextStream) -> bool:
    """Return whether the first line of a stream that was just opened ends with CR alone; it stays at its beginning."""
    size = _HEAD_BYTES
    head = stream.peek(size)
    while len(head) == size < _LONGEST_FIRST_LINE and not (b"\n" in head or b"\r" in head[:-2]):
        size *= 4
        head = stream.peek(size)
    return _OLD_MAC.match(head) is not None


def describe_too_long(line: BoundedLine, longest: int) -> str:
    """Return what is wrong with a line that comes without its data."""
    return f"the line at byte {line.offset:,} has {line.length:,} bytes; ingest.max_record_bytes is {longest:,}"


def read_lines(stream: IO[bytes], longest: int) -> Iterator[BoundedLine]:
    """Yield the lines of a buffered stream; a line of more than ``longest`` bytes comes without its data."""
    number = offset = 0
    while line := stream.readline(longest + 2):
        data: bytes | None = line.rstrip(b"\r\n")
        length, ended = len(line), line.endswith(b"\n")
        while not ended and len(line) > longest and (more := stream.readline(_SKIP_BYTES)):
            data = None
            length, ended = length + len(more), more.endswith(b"\n")
        if data is not None and len(data) > longest:
            data = None
        yield BoundedLine(number, offset, length, data, ended)
        number, offset = number + 1, offset + length
