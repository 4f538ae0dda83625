"""Lines of a stream, of which no longer one is ever held in memory than allowed."""

from collections.abc import Iterator
from typing import IO, NamedTuple

_SKIP_BYTES = 1 << 20


class Line(NamedTuple):
    """A line of a file.

    Attributes:
        number: its ordinal, from 0.
        offset: plain bytes before it.
        length: its bytes, line end included.
        data: the line without its line end; None where it is longer than allowed.
        ended: whether a line end stands behind it; False at most for the last.
    """

    number: int
    offset: int
    length: int
    data: bytes | None
    ended: bool


def lines(stream: IO[bytes], longest: int) -> Iterator[Line]:
    """The lines of a buffered stream; of a line that has more than ``longest`` bytes only the length is told."""
    number = offset = 0
    while line := stream.readline(longest + 2):
        data: bytes | None = line.rstrip(b"\r\n")
        length, ended = len(line), line.endswith(b"\n")
        while not ended and len(line) > longest and (more := stream.readline(_SKIP_BYTES)):
            data = None
            length, ended = length + len(more), more.endswith(b"\n")
        if data is not None and len(data) > longest:
            data = None
        yield Line(number, offset, length, data, ended)
        number, offset = number + 1, offset + length
