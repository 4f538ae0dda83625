"""The compressions of input files: how each begins, and its decompressor."""

import bz2
import contextvars
import functools
import lzma
import re
import struct
import zlib
from collections.abc import Callable
from typing import IO, NamedTuple, Protocol

import zstandard

MAGIC_BYTES = 10  # the longest magic number
_PIECE_BYTES = 1 << 22
_ZSTD_HEAD_BYTES = 18  # of the header of a frame
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_DICTIONARY, _ZSTD_DICTIONARY_MAGIC = struct.Struct("<II"), 0x184D2A5D  # magic number and size of its frame
_MOST_DICTIONARY_BYTES = 1 << 26  # larger ones are not taken for dictionaries; common ones have 100 kB to 2 MB


# Set before a file is opened, see `reading.read_split`: the option is the run's, and every reader opens files.
MOST_ZSTD_WINDOW: contextvars.ContextVar[int] = contextvars.ContextVar("MOST_ZSTD_WINDOW", default=1 << 27)


class Codec(Protocol):
    """Decompressor of one member, with the interface of :func:`zlib.decompressobj`."""

    @property
    def eof(self) -> bool:
        """Whether the end of the member was reached."""

    @property
    def unused_data(self) -> bytes:
        """Bytes that were given beyond the end of the member."""

    def decompress(self, data: bytes, /) -> bytes:
        """Return the plain bytes of the next compressed bytes."""


class Bzip2:
    """Decompressor of a bz2 member with a limit on its output: 45 compressed bytes can be 46 MB of plain bytes."""

    def __init__(self) -> None:
        self._codec = bz2.BZ2Decompressor()

    @property
    def eof(self) -> bool:
        """Whether the end of the member was reached."""
        return self._codec.eof

    @property
    def unused_data(self) -> bytes:
        """Bytes that were given beyond the end of the member."""
        return self._codec.unused_data

    @property
    def needs_input(self) -> bool:
        """False if the bytes that were given already have more output."""
        return self._codec.needs_input

    def decompress(self, data: bytes, /) -> bytes:
        """Return at most 4 MiB of the plain bytes of the next compressed bytes."""
        return self._codec.decompress(data, _PIECE_BYTES)


class Zstd:
    """Decompressor of a zstd frame; it holds a window in memory, whose size a file of a few bytes can choose."""

    def __init__(self, dictionary: zstandard.ZstdCompressionDict | None = None) -> None:
        self._most = MOST_ZSTD_WINDOW.get()
        self._codec = zstandard.ZstdDecompressor(dictionary, max_window_size=self._most).decompressobj()
        self._head = b""

    @property
    def eof(self) -> bool:
        """Whether the end of the frame was reached."""
        return self._codec.eof

    @property
    def unused_data(self) -> bytes:
        """Bytes that were given beyond the end of the frame."""
        return self._codec.unused_data

    def decompress(self, data: bytes) -> bytes:
        """Return the plain bytes of the next compressed bytes.

        Raises:
            ZstdError: the bytes are wrong, or the window is larger than is allowed; the message names the option.
        """
        if len(self._head) < _ZSTD_HEAD_BYTES:
            self._head += data[:_ZSTD_HEAD_BYTES]
        try:
            return self._codec.decompress(data)
        except zstandard.ZstdError as error:
            window = _zstd_window(self._head)
            if window <= self._most:
                raise
            raise zstandard.ZstdError(
                f"its window has {window:,} bytes (zstd --long), and ingest.max_zstd_window = {self._most:,}; set "
                f"max_zstd_window = {window} under [ingest] to read it, which takes as much memory per worker"
            ) from error


def read_zstd_dictionary(handle: IO[bytes]) -> zstandard.ZstdCompressionDict | None:
    """Return the dictionary that a file holds for its frames; None if it has none, or one that cannot be read.

    A crawl in zstd begins with a skippable frame of the dictionary, which may be compressed by itself (IIPC, "Use of
    Zstandard compression in WARC files", version 1.0).
    """
    handle.seek(0)
    head = handle.read(_ZSTD_DICTIONARY.size)
    if len(head) < _ZSTD_DICTIONARY.size:
        return None
    magic, size = _ZSTD_DICTIONARY.unpack(head)
    if magic != _ZSTD_DICTIONARY_MAGIC or size > _MOST_DICTIONARY_BYTES:
        return None
    data = handle.read(size)
    try:
        if data.startswith(_ZSTD_MAGIC):
            data = zstandard.ZstdDecompressor().decompress(data, max_output_size=_MOST_DICTIONARY_BYTES)
        return zstandard.ZstdCompressionDict(data)
    except zstandard.ZstdError:
        return None


def _zstd_window(head: bytes) -> int:
    try:
        return int(zstandard.get_frame_parameters(head).window_size)
    except zstandard.ZstdError:
        return 0


class Lz4:
    """Decompressor of an LZ4 frame."""

    def __init__(self) -> None:
        import lz4.frame  # few files are in LZ4, so the library is loaded by the first

        self._codec = lz4.frame.LZ4FrameDecompressor()

    @property
    def eof(self) -> bool:
        """Whether the end of the frame was reached."""
        return bool(self._codec.eof)

    @property
    def unused_data(self) -> bytes:
        """Bytes that were given beyond the end of the frame."""
        return self._codec.unused_data or b""

    def decompress(self, data: bytes) -> bytes:
        """Return the plain bytes of the next compressed bytes. Raises OSError for wrong ones."""
        try:
            return bytes(self._codec.decompress(data))
        except RuntimeError as error:
            raise OSError(str(error)) from error


class Compression(NamedTuple):
    """A compression.

    The step limits the output of one call for a hostile file: deflate expands at most 1,032 times, xz and zstd about
    ten thousand times, LZ4 255 times (in blocks of up to 4 MB); bz2 limits its own output.

    Attributes:
        name: name in messages.
        magic: pattern of the first bytes of a member.
        member: makes the decompressor of a member.
        step: number of bytes that are given to the decompressor at once.
        shows_text: whether plain bytes may stand in a member as they are, since nothing is coded by less than a byte.
    """

    name: str
    magic: re.Pattern[bytes]
    member: Callable[[], Codec]
    step: int
    shows_text: bool = False


COMPRESSIONS = (
    Compression("gzip", re.compile(rb"\x1f\x8b\x08"), functools.partial(zlib.decompressobj, 31), 1 << 14),
    Compression("bz2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), Bzip2, 1 << 10),
    Compression("xz", re.compile(rb"\xfd7zXZ\x00"), lzma.LZMADecompressor, 1 << 10),
    Compression(
        "zstd",
        re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", re.DOTALL),
        Zstd,
        1 << 10,
    ),
    Compression("lz4", re.compile(rb"\x04\x22\x4d\x18"), Lz4, 1 << 14, shows_text=True),
)

# Errors of the libraries for wrong bytes; EOFError: bytes were given beyond the end.
DAMAGE_ERRORS = (zlib.error, OSError, EOFError, lzma.LZMAError, zstandard.ZstdError)
