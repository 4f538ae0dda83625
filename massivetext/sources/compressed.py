"""Plain bytes of a file, whatever it is compressed with; damage is reported, not raised.

The compression is told by the first bytes, never by the name. Files of several members (gzip, zstd, bz2, xz) read as
one stream that remembers where each member began. Where a member is damaged, the stream ends there with everything
that was readable before; a caller that can tell the beginning of a record may go on at a later member.
"""

import bz2
import functools
import io
import lzma
import re
import zlib
from bisect import bisect_right
from collections.abc import Callable
from typing import IO, NamedTuple, Protocol

import zstandard

from massivetext.storage import files as fs

_MAGIC_BYTES = 10
_ZERO_PADDING = re.compile(rb"\x00+")
_SEARCH_BYTES = 1 << 20
_PROBE_BYTES = 1 << 14
_PIECE_BYTES = 1 << 22
# A file of more plain bytes than this must have at least one byte for so many of them. Deflate cannot do it; of the
# others a few kilobytes can keep a worker busy for hours.
FREE_BYTES, MOST_TIMES = 1 << 30, 2000


class Codec(Protocol):
    """One member being decompressed, in the manner of :mod:`zlib`."""

    @property
    def eof(self) -> bool:
        """Whether the end of the member has been seen."""

    @property
    def unused_data(self) -> bytes:
        """What was given beyond the end of the member."""

    def decompress(self, data: bytes, /) -> bytes:
        """Plain bytes of more compressed ones."""


class Bzip2:
    """A member of bz2 that is given piece by piece: 45 bytes of it can stand for 46 MB."""

    def __init__(self) -> None:
        self._codec = bz2.BZ2Decompressor()

    @property
    def eof(self) -> bool:
        """Whether the end of the member has been seen."""
        return self._codec.eof

    @property
    def unused_data(self) -> bytes:
        """What was given beyond the end of the member."""
        return self._codec.unused_data

    @property
    def needs_input(self) -> bool:
        """False where more can be had of what was given already."""
        return self._codec.needs_input

    def decompress(self, data: bytes, /) -> bytes:
        """At most 4 MiB of plain bytes of more compressed ones."""
        return self._codec.decompress(data, _PIECE_BYTES)


class Format(NamedTuple):
    """A compression: how it begins, how a member is read, and how many bytes are fed to it at once.

    The step bounds what a hostile file can make of one call: deflate expands at most 1,032 times, xz and zstd some ten
    thousand times; bz2 has a bound of its own.
    """

    name: str
    magic: re.Pattern[bytes]
    member: Callable[[], Codec]
    step: int


FORMATS = (
    Format("gzip", re.compile(rb"\x1f\x8b\x08"), functools.partial(zlib.decompressobj, 31), 1 << 14),
    Format("bz2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), Bzip2, 1 << 10),
    Format("xz", re.compile(rb"\xfd7zXZ\x00"), lzma.LZMADecompressor, 1 << 10),
    Format(
        "zstd",
        re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", re.DOTALL),
        lambda: zstandard.ZstdDecompressor().decompressobj(),
        1 << 10,
    ),
)

# What the four libraries raise on bytes that are not theirs; EOFError: fed beyond the end.
_DAMAGE = (zlib.error, OSError, EOFError, lzma.LZMAError, zstandard.ZstdError)


class Damage(NamedTuple):
    """Where a compressed file could not be read on.

    Attributes:
        offset: byte of the file at which the unreadable part begins.
        member: byte of the file at which its member begins.
        truncated: the file ends within the member; otherwise bytes are wrong.
        error: the library's own words.
    """

    offset: int
    member: int
    truncated: bool
    error: str


class Stream(io.RawIOBase):
    """Plain bytes of a file, read once from front to back.

    Attributes:
        format: name of the compression, or None.
        size: bytes of the file as it lies there.
        damage: None as long as nothing was found wrong.
    """

    def __init__(self, handle: IO[bytes]) -> None:
        super().__init__()
        self._handle = handle
        self.size = handle.seek(0, io.SEEK_END)
        self._format = self._format_at(0)
        self.format = self._format.name if self._format else None
        self.damage: Damage | None = None
        self._ended = False
        self._codec: Codec | None = None
        self._at = 0  # offset in the file of what is read next
        self._plain = 0  # plain bytes produced so far
        self._waiting = b""
        self._plain_starts = [0]
        self._member_starts = [0]

    def readable(self) -> bool:
        """True: this is a stream to read from."""
        return True

    def close(self) -> None:
        """Closes the file."""
        self._handle.close()
        super().close()

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Fills ``buffer`` with bytes of at most one member; 0 at the end of the file and at damage."""
        while not self._waiting:
            more = self._more()
            if more is None:
                return 0
            self._waiting = more
            self._plain += len(more)
        taken = min(len(buffer), len(self._waiting))
        buffer[:taken] = self._waiting[:taken]
        self._waiting = self._waiting[taken:]
        return taken

    def peek(self, size: int) -> bytes:
        """The first bytes that are still to be read, which stay; fewer at the end and before damage."""
        while len(self._waiting) < size and (more := self._more()) is not None:
            self._waiting += more
            self._plain += len(more)
        return self._waiting[:size]

    def place(self, position: int) -> tuple[int, int]:
        """Where a plain byte lies: the offset of its member in the file, and how far it is into that member."""
        index = bisect_right(self._plain_starts, position) - 1
        return self._member_starts[index], position - self._plain_starts[index]

    def key(self, position: int) -> str:
        """A byte's address as text: the offset of its member, and ``+n`` where it is not the member's first byte."""
        member, inner = self.place(position)
        if self._format is None:
            return str(position)
        return f"{member}+{inner}" if inner else str(member)

    def resume(self, begins: Callable[[bytes], bool]) -> bool:
        """After damage, goes on at the next member whose first bytes satisfy ``begins``; False where there is none.

        Either way the damage is dealt with: :attr:`damage` is None again; without such a member the stream has ended.
        """
        if self.damage is None or self._format is None:
            return False
        start = self._find_member(self.damage.member + 1, begins)
        self.damage = None
        if start is None:
            self._ended = True
            return False
        self._begin_member(start)
        return True

    # -- reading -------------------------------------------------------------------------------------------------------

    def _format_at(self, offset: int) -> Format | None:
        self._handle.seek(offset)
        head = self._handle.read(_MAGIC_BYTES)
        self._handle.seek(offset)
        return next((known for known in FORMATS if known.magic.match(head)), None)

    def _more(self) -> bytes | None:
        if self.damage is not None or self._ended:
            return None
        if self._format is None:
            return self._handle.read(1 << 16) or None
        if self._codec is None and not self._next_member():
            return None
        if not getattr(self._codec, "needs_input", True):
            return self._decompress(b"")
        data = self._handle.read(self._format.step)
        if not data:
            self._damaged(truncated=True, error="the file ends within a compressed member")
            return None
        return self._decompress(data)

    def _decompress(self, data: bytes) -> bytes | None:
        assert self._codec is not None
        try:
            plain = self._codec.decompress(data)
        except _DAMAGE as error:
            return self._salvage(data, f"{type(error).__name__}: {error}")
        self._at += len(data)
        if self._plain > max(FREE_BYTES, MOST_TIMES * self._at):
            self._damaged(truncated=False, error=f"it expands more than {MOST_TIMES:,} times")
            return None
        if self._codec.eof:
            self._at -= len(self._codec.unused_data)
            self._handle.seek(self._at)
            self._codec = None
        return plain

    def _next_member(self) -> bool:
        padding = b"\x00"
        while _ZERO_PADDING.fullmatch(padding):
            padding = self._handle.read(1)
            self._at += len(padding)
        self._at -= len(padding)
        if not padding:
            return False
        found = self._format_at(self._at)
        self._begin_member(self._at)
        if found is not self._format:
            self._damaged(truncated=False, error=f"what follows the last member is not {self.format}")
            return False
        return True

    def _begin_member(self, start: int) -> None:
        assert self._format is not None
        self._at = start
        self._handle.seek(start)
        self._codec = self._format.member()
        if self._plain == self._plain_starts[-1]:  # the one before was empty
            self._plain_starts.pop()
            self._member_starts.pop()
        self._plain_starts.append(self._plain)
        self._member_starts.append(start)

    # -- damage --------------------------------------------------------------------------------------------------------

    def _damaged(self, *, truncated: bool, error: str) -> None:
        self.damage = Damage(self._at, self._member_starts[-1], truncated, error)
        self._codec = None

    def _salvage(self, data: bytes, error: str) -> bytes | None:
        """What the step that failed would have given before the damage: the member again, its last part by bytes."""
        assert self._format is not None
        start = self._member_starts[-1]
        codec = self._format.member()
        self._handle.seek(start)
        for offset in range(start, self._at, self._format.step):
            codec.decompress(self._handle.read(min(self._format.step, self._at - offset)))
        plain = bytearray()
        for value in data:
            try:
                plain += codec.decompress(bytes((value,)))
            except _DAMAGE:
                break
            self._at += 1
        self._damaged(truncated=False, error=error)
        return bytes(plain) or None

    def _find_member(self, start: int, begins: Callable[[bytes], bool]) -> int | None:
        assert self._format is not None
        overlap = _MAGIC_BYTES - 1
        while start < self.size:
            self._handle.seek(start)
            chunk = self._handle.read(_SEARCH_BYTES)
            for match in self._format.magic.finditer(chunk):
                if self._probe(start + match.start(), begins):
                    return start + match.start()
            start += max(len(chunk) - overlap, 1)
        return None

    def _probe(self, offset: int, begins: Callable[[bytes], bool]) -> bool:
        assert self._format is not None
        self._handle.seek(offset)
        codec, plain = self._format.member(), b""
        for value in self._handle.read(_PROBE_BYTES):
            try:
                plain += codec.decompress(bytes((value,)))
            except _DAMAGE:
                break
            if codec.eof or len(plain) >= 256:
                break
        return begins(plain)


def open_stream(path: str) -> Stream:
    """The plain bytes of a file. Raises FileNotFoundError."""
    return Stream(fs.open_read(path))
