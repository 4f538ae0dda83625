"""Reading ahead in files of object stores: few requests for a stream, and no extra bytes for single reads.

The first request asks for the last bytes of a file, at most :data:`_FIRST_BYTES`. So a small file takes one request,
which tells its size too, and the end of a Parquet file, where its index is, is there when it is read.
"""

import io
from collections.abc import Callable
from typing import IO

from fsspec.caching import BaseCache, register_cache

from massivetext.errors import FileChangedError, StoreFailedError
from massivetext.storage.answers import answer_within, limit_seconds
from massivetext.storage.file_systems import FileSystem
from massivetext.storage.store_errors import EXTRAS, has_no_such_range, protocol_of, translate_store_errors

MOST_AHEAD_BYTES = 1 << 23  # read ahead of a stream at most
_FIRST_BYTES = 1 << 20  # asked for at first; a file that is smaller is read whole
_BEHIND_BYTES = 1 << 16  # kept of what was read, for callers that step back


def open_read_ahead(fs: FileSystem, path: str, inner: str) -> IO[bytes]:
    """Return an open file that reads ahead as :class:`ReadAhead` does. Raises FileNotFoundError."""
    if protocol_of(path) not in EXTRAS:
        return fs.open(inner, "rb")
    tail = _read_tail(fs, path, inner)
    if len(tail) != _FIRST_BYTES:  # the whole file; a store may also ignore the range and send more
        return io.BytesIO(tail)
    options = {"path": path, "tail": tail}
    with translate_store_errors(path):
        return fs.open(inner, "rb", cache_type=ReadAhead.name, block_size=MOST_AHEAD_BYTES, cache_options=options)


def _read_tail(fs: FileSystem, path: str, inner: str) -> bytes:
    with translate_store_errors(path):
        try:
            tail: bytes = fs.cat_file(inner, start=-_FIRST_BYTES)
        except Exception as error:  # that of gcsfs is not an OSError
            if has_no_such_range(error):
                return b""
            raise
    return tail


class ReadAhead(BaseCache):  # type: ignore[misc]  # fsspec has no types
    """Cache of an open file: reads ahead while reads follow one another, each time further; a seek starts afresh.

    So a stream takes few requests, and one column of a Parquet file does not bring its neighbours along.
    """

    name = "massivetext"

    def __init__(self, blocksize: int, fetcher: Callable[[int, int], bytes], size: int, path: str, tail: bytes) -> None:
        super().__init__(blocksize, fetcher, size)
        self._path = path
        self._tail, self._tail_start = tail, size - len(tail)
        self._start = 0  # offset in the file of the first byte in `_data`
        self._data = b""
        self._in_order = 0  # bytes fetched since the last seek

    def _fetch(self, start: int | None, stop: int | None) -> bytes:
        first, end = start or 0, self.size if stop is None else min(stop, self.size)
        if first >= end:
            return b""
        if first >= self._tail_start:
            return self._tail[first - self._tail_start : end - self._tail_start]
        held = self._start + len(self._data)
        if not self._start <= first <= held:
            self._start, self._data, self._in_order, held = first, b"", 0, first
            ahead = 0
        else:
            ahead = min(max(self._in_order, _FIRST_BYTES), self.blocksize)
        if end > held:
            more = self._get(held, min(end + ahead, self.size))
            kept = max(min(first, held - _BEHIND_BYTES), self._start)
            self._data = self._data[kept - self._start :] + more
            self._start = kept
            self._in_order += len(more)
        return self._data[first - self._start : end - self._start]

    def _get(self, start: int, end: int) -> bytes:
        try:
            with translate_store_errors(self._path):
                data: bytes = answer_within(limit_seconds(end - start), self.fetcher, start, end)
        except FileNotFoundError as error:
            raise FileChangedError(
                f"{self._path}: has gone while it was read; put it back and run again to go on"
            ) from error
        if len(data) != end - start:
            raise StoreFailedError(f"{self._path}: want bytes {start:,} to {end:,}, got {len(data):,} bytes; run again")
        return data


register_cache(ReadAhead, clobber=True)
