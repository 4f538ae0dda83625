"""Divide a crawl whose records are gzip members of their own, so that no slice reads the bytes of the others.

A slice begins at the first member at or behind its share of the file, which is found without the members before it. The
bytes of a member may stand within another one: a page that is a `.warc.gz` itself does not become smaller and is stored
as it is. Deflate stores at most 65,535 bytes in a row (RFC 1951, 3.2.4) and puts five others between, so only
sound members without a gap that are longer together are those of the file.
"""

import re
import zlib
from typing import IO, NamedTuple

from massivetext.sources.streams.compressed import PlainStream
from massivetext.sources.warc import stated_length

_MAGIC = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]", re.DOTALL)
_MAGIC_BYTES = 4
_MOST_STORED_BYTES = 65_535
_HEAD_BYTES = 1 << 16
_PIECE_BYTES = 1 << 14
_SEARCH_BYTES = 1 << 17
_BLANK_BYTES = 8  # behind a record; two line ends are usual


class WarcSlice(NamedTuple):
    """Bytes of a file whose records are those of a slice.

    Attributes:
        start: byte at which its first member begins.
        stop: byte at which the first member of a later slice begins, or the size of the file.
    """

    start: int
    stop: int

    def has(self, document_key: str) -> bool:
        """Return whether the record or loss with this key is before the end of the slice."""
        return int(document_key.partition("+")[0]) < self.stop


def find_slice(stream: PlainStream, index: int, count: int) -> WarcSlice | None:
    """Return where a slice of a crawl is; None if the records of the file are no gzip members of their own.

    It depends on the bytes of the file alone. All slices together are the whole file; a slice may be empty, since it
    begins where a record does. The position of the stream in its file does not change.

    Args:
        stream: the file, just opened.
        index: number of the slice, from 0.
        count: number of slices.
    """
    if count == 1 or stream.compression != "gzip":
        return None
    before = stream.handle.tell()
    try:
        members = _Members(stream.handle, stream.size)
        if not members.begin_at(0):
            return None
        start = members.first_from(stream.size * index // count) if index else 0
        stop = members.first_from(max(start, stream.size * (index + 1) // count))
        return WarcSlice(start, stop)
    finally:
        stream.handle.seek(before)


class _Members:
    """Finds members of a gzip file that are one record."""

    def __init__(self, handle: IO[bytes], size: int) -> None:
        self._handle, self._size = handle, size
        self._bad: set[int] = set()  # where no sound member of one record begins

    def first_from(self, offset: int) -> int:
        """Return where the first member at or behind a byte begins; the size of the file if there is none."""
        while offset < self._size:
            self._handle.seek(offset)
            window = self._handle.read(_SEARCH_BYTES)
            for match in _MAGIC.finditer(window):
                if self.begin_at(offset + match.start()):
                    return offset + match.start()
            offset += max(len(window) - _MAGIC_BYTES + 1, 1)
        return self._size

    def begin_at(self, start: int) -> bool:
        """Return whether sound members of one record begin here, more than can be stored in a row or up to the end."""
        end = start
        while end - start <= _MOST_STORED_BYTES and end < self._size:
            if end in self._bad:
                return False
            behind = self._end_of_member(end)
            if behind is None:
                self._bad.add(end)
                return False
            end = behind
        return True

    def _end_of_member(self, start: int) -> int | None:
        """Return where the member that begins at a byte ends; None if it is not sound, or not one record."""
        self._handle.seek(start)
        codec, head, plain_bytes, at = zlib.decompressobj(31), b"", 0, start
        while data := self._handle.read(_PIECE_BYTES):
            try:
                plain = codec.decompress(data)
            except zlib.error:
                return None
            at += len(data)
            plain_bytes += len(plain)
            head += plain[: _HEAD_BYTES - len(head)]
            if codec.eof:
                stated = stated_length(head)
                is_one = stated is not None and stated <= plain_bytes <= stated + _BLANK_BYTES
                return at - len(codec.unused_data) if is_one else None
            if len(head) == _HEAD_BYTES and stated_length(head) is None:
                return None
        return None
