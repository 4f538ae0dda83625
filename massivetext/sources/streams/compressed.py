"""Read the plain bytes of a file with any compression; damage is reported, not raised.

The compression is found by the first bytes, never by the name. Files of several members (all but plain ones) read as
one stream that remembers where each member began. At a damaged member the stream ends, after everything that was
readable before; a caller that recognises the beginning of a record may continue at a later member.
"""

import io
import re
import shutil
import tempfile
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from re import Pattern
from typing import IO, TYPE_CHECKING, NamedTuple

from massivetext.sources.streams.compressions import (
    COMPRESSIONS,
    DAMAGE_ERRORS,
    MAGIC_BYTES,
    Codec,
    Compression,
    Zstd,
    read_zstd_dictionary,
)
from massivetext.storage import files as fs

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MOST_COMPRESSIONS = 3  # one around the other; there are files that never end
IN_MEMORY_BYTES = 1 << 23  # of the copy of a file within another one; a larger copy is on the disk
_ZERO_PADDING = re.compile(rb"\x00+")
_SEARCH_BYTES = 1 << 20
_PROBE_BYTES = 1 << 14
_MOST_BEGINNINGS = 1 << 12  # of members, that are kept although they are no longer needed


class ExpansionLimit(NamedTuple):
    """Limit on the plain bytes of a compressed file: a few kilobytes could keep a worker busy for hours.

    Attributes:
        free_bytes: plain bytes that every file may have.
        most_times: plain bytes per byte of the file that a larger one may have.
    """

    free_bytes: int
    most_times: int

    def plain_bytes(self, size: int) -> int:
        """Return the largest number of plain bytes for ``size`` bytes of a file."""
        return max(self.free_bytes, self.most_times * size)


EXPANSION = ExpansionLimit(1 << 30, 2000)  # deflate cannot expand more than 1,032 times


class StreamDamage(NamedTuple):
    """Position at which a compressed file became unreadable.

    Attributes:
        offset: byte of the file at which the unreadable part begins.
        member: byte of the file at which its member begins.
        truncated: whether the file ends within the member; otherwise bytes are wrong.
        error: message of the library.
    """

    offset: int
    member: int
    truncated: bool
    error: str


class PlainStream(io.RawIOBase):
    """Plain bytes of a file, read once from front to back.

    Attributes:
        compression: name of the compression, or None.
        size: bytes of the file as stored.
        damage: the damage at which the stream stopped; None as long as none was found.
    """

    def __init__(
        self, handle: IO[bytes], expansion: ExpansionLimit = EXPANSION, around: StreamDamage | None = None
    ) -> None:
        """Read a file that is open.

        Args:
            handle: the file; the stream closes it.
            expansion: limit on its plain bytes.
            around: damage of the compressed file that this one was in, which ends it.
        """
        super().__init__()
        self._around = around
        self._handle, self._expansion = handle, expansion
        self.size = handle.seek(0, io.SEEK_END)
        self._zstd_dictionary = read_zstd_dictionary(handle)
        self._compression = self._compression_at(0)
        self.compression = self._compression.name if self._compression else None
        self.damage: StreamDamage | None = None
        self._ended = False
        self._codec: Codec | None = None
        self._at = 0  # offset in the file of the next byte to read
        self._plain = 0  # plain bytes produced so far
        self._waiting = b""
        self._plain_starts = [0]
        self._member_starts = [0]

    def readable(self) -> bool:
        """Return True: the stream can be read."""
        return True

    def close(self) -> None:
        """Close the file."""
        self._handle.close()
        super().close()

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill ``buffer`` with bytes of at most one member; return their number, 0 at the end and at damage."""
        while not self._waiting:
            more = self._more()
            if more is None:
                return 0
            self._waiting = more
            self._plain += len(more)
        view = memoryview(buffer)
        taken = min(len(view), len(self._waiting))
        view[:taken] = self._waiting[:taken]
        self._waiting = self._waiting[taken:]
        return taken

    def peek(self, size: int) -> bytes:
        """Return the next ``size`` bytes without reading them; fewer at the end and before damage."""
        while len(self._waiting) < size and (more := self._more()) is not None:
            self._waiting += more
            self._plain += len(more)
        return self._waiting[:size]

    @property
    def handle(self) -> IO[bytes]:
        """The file as it is stored, which the stream reads too."""
        return self._handle

    def stored(self) -> IO[bytes]:
        """Return the file as it is stored from its beginning, for a library that reads it; the stream ends here."""
        self._ended = True
        self._handle.seek(0)
        return self._handle

    def begin_at(self, offset: int) -> None:
        """Read from the compressed member that begins at an offset of the file; nothing may have been taken before."""
        self._waiting, self._plain, self._ended = b"", 0, False
        self._plain_starts, self._member_starts = [0], [offset]
        self._begin_member(offset)

    def locate(self, position: int) -> tuple[int, int]:
        """Return the offset in the file of the member of a plain byte, and the position of the byte in that member."""
        index = bisect_right(self._plain_starts, position) - 1
        return self._member_starts[index], position - self._plain_starts[index]

    def forget_before(self, position: int) -> None:
        """Drop the beginnings of members before that of a plain byte: no earlier byte will be located."""
        index = bisect_right(self._plain_starts, position) - 1
        if index > _MOST_BEGINNINGS:
            del self._plain_starts[:index], self._member_starts[:index]

    def members_between(self, first: int, stop: int) -> list[int]:
        """Return where members begin after the plain byte ``first`` and before ``stop``; a plain file has none."""
        return self._plain_starts[bisect_right(self._plain_starts, first) : bisect_left(self._plain_starts, stop)]

    def find_compression(self, begins: Callable[[bytes], bool], marker: Pattern[bytes], names: Sequence[str]) -> bool:
        """Read on as a compressed file whose first bytes are damaged, if there is a member that ``begins``.

        Only at the beginning of a plain file, whose bytes may have been looked at. The stream has damage then, which
        reaches to that member.

        Args:
            begins: whether the first bytes of a member are what is sought.
            marker: what a plain file has: one that has it before such a member stays plain. It is not looked for where
                a compressed file may have it too.
            names: names of the compressions to look for.
        """
        for compression in COMPRESSIONS:
            self._compression = compression
            member = self._find_member(1, begins) if compression.name in names else None
            if member is not None and (compression.shows_text or not self._has_before(member, marker)):
                self.compression, self._waiting, self._plain = compression.name, b"", 0
                self._damaged(truncated=False, error=f"its first bytes are not those of {compression.name}")
                return True
        self._compression = None
        self._handle.seek(self._plain)
        return False

    def _has_before(self, stop: int, marker: Pattern[bytes]) -> bool:
        overlap = _SEARCH_BYTES // 16
        for start in range(0, stop, _SEARCH_BYTES - overlap):
            self._handle.seek(start)
            if marker.search(self._handle.read(min(_SEARCH_BYTES, stop - start))):
                return True
        return False

    def document_key(self, position: int) -> str:
        """Return the position of a plain byte as text: its member's offset, with ``+n`` if it is not the first byte."""
        member, inner = self.locate(position)
        if self._compression is None:
            return str(position)
        return f"{member}+{inner}" if inner else str(member)

    def resume_after_damage(self, begins: Callable[[bytes], bool]) -> bool:
        """Continue at the next member for which ``begins`` of its first bytes is true; return False if there is none.

        In both cases :attr:`damage` is None again; without such a member the stream has ended.
        """
        if self.damage is None or self._compression is None:
            return False
        start = self._find_member(self.damage.member + 1, begins)
        self.damage = None
        if start is None:
            self._ended = True
            return False
        self._begin_member(start)
        return True

    # -- reading -------------------------------------------------------------------------------------------------------

    def _compression_at(self, offset: int) -> Compression | None:
        self._handle.seek(offset)
        head = self._handle.read(MAGIC_BYTES)
        self._handle.seek(offset)
        return _compression_of(head)

    def _new_codec(self) -> Codec:
        assert self._compression is not None
        if self._zstd_dictionary is not None and self._compression.name == "zstd":
            return Zstd(self._zstd_dictionary)
        return self._compression.member()

    def _more(self) -> bytes | None:
        if self.damage is not None or self._ended:
            return None
        if self._compression is None:
            return self._handle.read(1 << 16) or None
        if self._codec is None and not self._next_member():
            return None
        if not getattr(self._codec, "needs_input", True):
            return self._decompress(b"")
        data = self._handle.read(self._compression.step)
        if not data:
            self._damaged(truncated=True, error="the file ends within a compressed member")
            return None
        return self._decompress(data)

    def _decompress(self, data: bytes) -> bytes | None:
        assert self._codec is not None
        try:
            plain = self._codec.decompress(data)
        except DAMAGE_ERRORS as error:
            return self._salvage(data, f"{type(error).__name__}: {error}")
        self._at += len(data)
        if self._plain > self._expansion.plain_bytes(self._at):
            self._damaged(truncated=False, error=f"it expands more than {self._expansion.most_times:,} times")
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
            if self._around is not None:
                self._damaged(
                    truncated=True, error=f"the file was compressed twice, and the outer one: {self._around.error}"
                )
                self._around = None
            return False
        found = self._compression_at(self._at)
        self._begin_member(self._at)
        if found is not self._compression:
            self._damaged(truncated=False, error=f"what follows the last member is not {self.compression}")
            return False
        return True

    def _begin_member(self, start: int) -> None:
        assert self._compression is not None
        self._at = start
        self._handle.seek(start)
        self._codec = self._new_codec()
        if self._plain == self._plain_starts[-1]:  # the one before was empty
            self._plain_starts.pop()
            self._member_starts.pop()
        self._plain_starts.append(self._plain)
        self._member_starts.append(start)

    # -- damage --------------------------------------------------------------------------------------------------------

    def _damaged(self, *, truncated: bool, error: str) -> None:
        self.damage = StreamDamage(self._at, self._member_starts[-1], truncated, error)
        self._codec = None

    def _salvage(self, data: bytes, error: str) -> bytes | None:
        """Read the member again, the step that failed byte by byte; return the bytes before the damage."""
        assert self._compression is not None
        start = self._member_starts[-1]
        codec = self._new_codec()
        self._handle.seek(start)
        for offset in range(start, self._at, self._compression.step):
            codec.decompress(self._handle.read(min(self._compression.step, self._at - offset)))
        plain = bytearray()
        for value in data:
            try:
                plain += codec.decompress(bytes((value,)))
            except DAMAGE_ERRORS:
                break
            self._at += 1
        self._damaged(truncated=False, error=error)
        return bytes(plain) or None

    def _find_member(self, start: int, begins: Callable[[bytes], bool]) -> int | None:
        assert self._compression is not None
        overlap = MAGIC_BYTES - 1
        while start < self.size:
            self._handle.seek(start)
            chunk = self._handle.read(_SEARCH_BYTES)
            for match in self._compression.magic.finditer(chunk):
                if self._probe(start + match.start(), begins):
                    return start + match.start()
            start += max(len(chunk) - overlap, 1)
        return None

    def _probe(self, offset: int, begins: Callable[[bytes], bool]) -> bool:
        assert self._compression is not None
        self._handle.seek(offset)
        codec, plain = self._new_codec(), b""
        for value in self._handle.read(_PROBE_BYTES):
            try:
                plain += codec.decompress(bytes((value,)))
            except DAMAGE_ERRORS:
                break
            if codec.eof or len(plain) >= 256:
                break
        return begins(plain)


def open_stream(path: str, expansion: ExpansionLimit = EXPANSION) -> PlainStream:
    """Open a file as plain bytes. Raises FileNotFoundError.

    A file that was compressed twice, as some servers and scripts do, is plain bytes too. Its positions are those in the
    inner file, which is copied to memory, or to the disk from 8 MB on; damage of the outer one ends the inner one.
    """
    stream = PlainStream(fs.open_read(path), expansion)
    for _ in range(_MOST_COMPRESSIONS - 1):
        if stream.compression is None or _compression_of(stream.peek(MAGIC_BYTES)) is None:
            break
        with stream:
            copy = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - the stream closes it
            shutil.copyfileobj(stream, copy)
        stream = PlainStream(copy, expansion, stream.damage)
    return stream


def _compression_of(head: bytes) -> Compression | None:
    return next((known for known in COMPRESSIONS if known.magic.match(head)), None)
