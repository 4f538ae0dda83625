"""Read a byte stream with lookahead and search, and give bytes back to it."""

from collections.abc import Callable, Sequence
from re import Pattern

from massivetext.sources.streams.compressed import PlainStream

_CHUNK = 1 << 16


class Cursor:
    """Reads a :class:`PlainStream` front to back; ``position`` is the number of plain bytes that were taken."""

    def __init__(self, stream: PlainStream) -> None:
        self.stream = stream
        self.position = 0
        self._buffer = b""

    def peek(self, size: int) -> bytes:
        """Return the next ``size`` bytes without taking them; fewer at the end and before damage."""
        if len(self._buffer) < size:
            pieces = [self._buffer]
            missing = size - len(self._buffer)
            while missing > 0 and (piece := self.stream.read(max(min(missing, _CHUNK), 4096))):
                pieces.append(piece)
                missing -= len(piece)
            self._buffer = b"".join(pieces)
        return self._buffer[:size]

    def take(self, size: int) -> bytes:
        """Take and return the next ``size`` bytes; fewer at the end and before damage."""
        taken = self.peek(size)
        self._buffer = self._buffer[len(taken) :]
        self.position += len(taken)
        return taken

    def skip(self, size: int) -> int:
        """Skip ``size`` bytes without holding them; return how many there were."""
        skipped = 0
        while skipped < size and (piece := self.take(min(size - skipped, _CHUNK))):
            skipped += len(piece)
        return skipped

    def skip_unless(self, size: int, begins: Callable[[bytes], bool]) -> int:
        """Skip up to ``size`` bytes, to where a compressed member ``begins`` at the latest; return how many."""
        skipped = 0
        while skipped < size and (window := self.peek(min(size - skipped, _CHUNK))):
            for start in self.stream.members_between(self.position - 1, self.position + len(window)):
                if begins(self.peek(start - self.position + _CHUNK)[start - self.position :]):
                    return skipped + self.skip(start - self.position)
            skipped += self.skip(len(window))
        return skipped

    def unread(self, data: bytes) -> None:
        """Give back the bytes that were taken last."""
        self._buffer = data + self._buffer
        self.position -= len(data)

    def skip_to(self, marker: Pattern[bytes], longest: int, begins: Callable[[bytes], bool]) -> int:
        """Skip everything before the next match, or the next member that ``begins``; return how many bytes that was.

        Args:
            marker: pattern to search for.
            longest: length of the longest match in bytes; less than 64 KiB.
            begins: whether the first bytes of a compressed member are what is sought.
        """
        skipped = 0
        while window := self.peek(_CHUNK):
            match = marker.search(window)
            starts = self.stream.members_between(self.position, self.position + len(window))
            found = [start - self.position for start in starts if begins(window[start - self.position :])]
            if match or found:
                return skipped + self.skip(min([*found[:1], *([match.start()] if match else [])]))
            skipped += self.skip(max(len(window) - longest, 1) if len(window) == _CHUNK else len(window))
        return skipped

    def find_compression(self, begins: Callable[[bytes], bool], marker: Pattern[bytes], names: Sequence[str]) -> bool:
        """Read on as a compressed file; see :meth:`PlainStream.find_compression`."""
        found = self.stream.find_compression(begins, marker, names)
        self._buffer = b"" if found else self._buffer
        return found

    def resume_after_damage(self, begins: Callable[[bytes], bool]) -> bool:
        """Continue at a later member; see :meth:`PlainStream.resume_after_damage`."""
        return self.stream.resume_after_damage(begins)
