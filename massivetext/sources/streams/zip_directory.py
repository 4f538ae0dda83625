"""Read the directory of a zip archive in pieces: the standard library holds an entry of a kilobyte for every file."""

import io
import struct
import zipfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE_BYTES = 1 << 20  # of the directory; a smaller one is read at once
# As APPNOTE.TXT of PKWARE has them: 4.3.12 (an entry), 4.3.14 to 4.3.16 (ends of the directory).
_ENTRY = struct.Struct("<4s24x3H12x")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")
_ENTRY_MAGIC, _END64_MAGIC, _LOCATOR_MAGIC, _END_MAGIC = b"PK\x01\x02", b"PK\x06\x06", b"PK\x06\x07", b"PK\x05\x06"
_END64_BODY = _END64.size - 12  # its size does not count the signature and itself
_LONGEST_COMMENT = 1 << 16
_FULL = 0xFFFFFFFF


class _Directory(NamedTuple):
    """Where the directory is.

    Attributes:
        start: byte of the file at which it begins.
        size: its bytes.
        stated: byte at which it begins by its own account; less than ``start`` if something precedes the archive.
    """

    start: int
    size: int
    stated: int


def open_pieces(handle: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """Yield an archive as one or several, each with some of its files in their order; each is closed after use.

    Raises:
        zipfile.BadZipFile: the file is no zip archive, or its directory is damaged.
    """
    found = _find_directory(handle)
    if found is None or found.size <= _PIECE_BYTES:
        with zipfile.ZipFile(handle) as archive:
            yield archive
        return
    for entries in _read_entries(handle, found):
        view = _View(handle, found.start, entries + _end(found, len(entries)))
        with zipfile.ZipFile(io.BufferedReader(view)) as archive:
            yield archive


def _find_directory(handle: IO[bytes]) -> _Directory | None:
    """Return where the directory is; None if that cannot be told, which zipfile will explain."""
    size = handle.seek(0, io.SEEK_END)
    tail_start = max(0, size - _END.size - _LONGEST_COMMENT)
    handle.seek(tail_start)
    tail = handle.read(size - tail_start)
    place = tail.rfind(_END_MAGIC)
    if place < 0 or len(tail) - place < _END.size:
        return None
    _, _, _, _, _, length, stated, _ = _END.unpack_from(tail, place)
    end = tail_start + place
    at = place - _LOCATOR.size
    if at - _END64.size >= 0 and tail[at : at + 4] == _LOCATOR_MAGIC and tail[at - _END64.size :][:4] == _END64_MAGIC:
        *_, length, stated = _END64.unpack_from(tail, at - _END64.size)
        end = tail_start + at - _END64.size
    start = end - length
    return _Directory(start, length, stated) if 0 <= stated <= start else None


def _read_entries(handle: IO[bytes], found: _Directory) -> Iterator[bytes]:
    """Yield whole entries of the directory, about a piece at a time."""
    at, end, waiting = found.start, found.start + found.size, b""
    while at < end:
        handle.seek(at)
        data = handle.read(min(_PIECE_BYTES, end - at))
        at += len(data)
        waiting += data
        whole = _whole_entries(waiting)
        if not data or (not whole and at >= end) or (at >= end and whole < len(waiting)):
            raise zipfile.BadZipFile("the directory of the archive is damaged")
        if whole:
            yield waiting[:whole]
        waiting = waiting[whole:]


def _whole_entries(data: bytes) -> int:
    """Return the length of the entries that are whole. Raises BadZipFile if something else is there."""
    place = 0
    while place + _ENTRY.size <= len(data):
        magic, name, extra, comment = _ENTRY.unpack_from(data, place)
        if magic != _ENTRY_MAGIC:
            raise zipfile.BadZipFile("the directory of the archive is damaged")
        length = _ENTRY.size + name + extra + comment
        if place + length > len(data):
            break
        place += length
    return place


def _end(found: _Directory, size: int) -> bytes:
    """Return the end of a directory with entries of so many bytes, in the form for large archives."""
    count = 0xFFFF  # zipfile does not look at it
    end64 = _END64.pack(_END64_MAGIC, _END64_BODY, 45, 45, 0, 0, count, count, size, found.stated)
    locator = _LOCATOR.pack(_LOCATOR_MAGIC, 0, found.stated + size, 1)
    return end64 + locator + _END.pack(_END_MAGIC, 0, 0, 0xFFFF, 0xFFFF, _FULL, _FULL, 0)


class _View(io.RawIOBase):
    """The first bytes of a file, and others behind them."""

    def __init__(self, handle: IO[bytes], size: int, behind: bytes) -> None:
        super().__init__()
        self._handle, self._size, self._behind = handle, size, behind
        self._at = 0

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def seekable(self) -> bool:
        """Return True: it can be read from anywhere."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a position, and return it."""
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size + len(self._behind)}
        self._at = max(0, bases[whence] + offset)
        return self._at

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill ``buffer`` with bytes, and return their number."""
        view = memoryview(buffer)
        if self._at < self._size:
            self._handle.seek(self._at)
            data = self._handle.read(min(len(view), self._size - self._at))
        else:
            data = self._behind[self._at - self._size :][: len(view)]
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
