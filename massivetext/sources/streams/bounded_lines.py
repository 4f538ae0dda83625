"""Read the lines of a stream, holding no more of a line in memory than allowed."""

from collections.abc import Iterator
from typing import IO, NamedTuple

_SKIP_BYTES = 1 << 20


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
