"""The compressions of input files: how each begins, and its decompressor."""

import bz2
import functools
import lzma
import re
import zlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

import zstandard

MAGIC_BYTES = 10  # the longest magic number
_PIECE_BYTES = 1 << 22


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


class Compression(NamedTuple):
    """A compression.

    The step limits the output of one call for a hostile file: deflate expands at most 1,032 times, xz and zstd about
    ten thousand times; bz2 limits its own output.

    Attributes:
        name: name in messages.
        magic: pattern of the first bytes of a member.
        member: makes the decompressor of a member.
        step: number of bytes that are given to the decompressor at once.
    """

    name: str
    magic: re.Pattern[bytes]
    member: Callable[[], Codec]
    step: int


COMPRESSIONS = (
    Compression("gzip", re.compile(rb"\x1f\x8b\x08"), functools.partial(zlib.decompressobj, 31), 1 << 14),
    Compression("bz2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), Bzip2, 1 << 10),
    Compression("xz", re.compile(rb"\xfd7zXZ\x00"), lzma.LZMADecompressor, 1 << 10),
    Compression(
        "zstd",
        re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", re.DOTALL),
        lambda: zstandard.ZstdDecompressor().decompressobj(),
        1 << 10,
    ),
)

# Errors of the four libraries for wrong bytes; EOFError: bytes were given beyond the end.
DAMAGE_ERRORS = (zlib.error, OSError, EOFError, lzma.LZMAError, zstandard.ZstdError)
