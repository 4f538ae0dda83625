"""A reader of a byte stream that can look ahead, search, and take bytes back."""

from collections.abc import Callable
from re import Pattern

from massivetext.sources.compressed import Stream

_CHUNK = 1 << 16


class Cursor:
    """Reads a :class:`Stream` front to back; ``position`` counts the plain bytes that were taken."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.position = 0
        self._buffer = b""

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes, which stay; fewer at the end and before damage."""
        if len(self._buffer) < size:
            parts = [self._buffer]
            missing = size - len(self._buffer)
            while missing > 0 and (part := self.stream.read(max(min(missing, _CHUNK), 4096))):
                parts.append(part)
                missing -= len(part)
            self._buffer = b"".join(parts)
        return self._buffer[:size]

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes; fewer at the end and before damage."""
        taken = self.peek(size)
        self._buffer = self._buffer[len(taken) :]
        self.position += len(taken)
        return taken

    def skip(self, size: int) -> int:
        """Passes over ``size`` bytes without holding them; says how many there were."""
        skipped = 0
        while skipped < size and (part := self.take(min(size - skipped, _CHUNK))):
            skipped += len(part)
        return skipped

    def unread(self, data: bytes) -> None:
        """Gives back bytes that were taken last."""
        self._buffer = data + self._buffer
        self.position -= len(data)

    def skip_to(self, marker: Pattern[bytes], longest: int) -> int:
        """Passes over everything before the next match; says how many bytes that was.

        Args:
            marker: what to look for.
            longest: bytes that a match can be long; less than 64 KiB.
        """
        skipped = 0
        while window := self.peek(_CHUNK):
            match = marker.search(window)
            if match:
                return skipped + self.skip(match.start())
            skipped += self.skip(max(len(window) - longest, 1) if len(window) == _CHUNK else len(window))
        return skipped

    def resume(self, begins: Callable[[bytes], bool]) -> bool:
        """Goes on after damage; see :meth:`Stream.resume`."""
        return self.stream.resume(begins)
