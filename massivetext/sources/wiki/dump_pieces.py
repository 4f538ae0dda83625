"""Read the plain bytes of a dump past damage: other streams of a multistream file, and other blocks of a bz2 stream."""

import bz2
import re
from collections import deque
from collections.abc import Iterator
from typing import IO, NamedTuple

from massivetext.sources.streams.compressed import PlainStream, StreamDamage
from massivetext.storage import files as fs

_CHUNK = 1 << 16
_SEARCH_BYTES = 1 << 20
# Bits of bz2: every block begins with the digits of pi, and every stream ends with those of its square root.
_BLOCK, _END = 0x314159265359, 0x177245385090
_MAGIC_BITS = 48
_MOST_BLOCK_BYTES = 2_000_000  # of a block as stored; 900,000 plain bytes grow by less than a tenth
_HELD_BYTES = 2 << 20  # more than two usual blocks
_MOST_PLAIN_BYTES = 64 << 20  # of a block; runs of equal bytes can make one 46 MB


class Gap(NamedTuple):
    """Bytes of a compressed file that cannot be read.

    Attributes:
        offset: byte of the file at which they begin.
        end: byte of the file at which reading goes on; the size of the file if it does not.
        truncated: whether the file ends within a member.
        detail: what is wrong.
    """

    offset: int
    end: int
    truncated: bool
    detail: str


def read_pieces(stream: PlainStream, path: str) -> Iterator[bytes | Gap]:
    """Yield the plain bytes of a dump; a gap where some are lost.

    Reading goes on at the next member of the file; the members of bz2 also at the next block, since the usual dump is
    one member of many blocks of 900,000 bytes.

    Args:
        stream: the file, at its beginning.
        path: path of the file, to read it once more where it is damaged.
    """
    position = 0
    while True:
        held: deque[bytes] = deque()
        for data in _delayed(stream, held):
            position += len(data)
            yield data
        position += sum(map(len, held))
        damage = stream.damage
        if damage is None:
            yield from held
            return
        sound = b"".join(held)
        if stream.compression == "bz2":
            sound = _sound_part(path, sound, damage, stream.locate(max(position - 1, 0)), position)
        if sound:
            yield sound
        resumes = stream.resume_after_damage(lambda _head: True)
        end = stream.locate(1 << 62)[0] if resumes else stream.size
        detail = f"the {stream.compression} stream is unreadable at byte {damage.offset:,} of the file ({damage.error})"
        if stream.compression == "bz2" and not damage.truncated:
            yield from _blocks(path, damage.offset, end, detail)
        else:
            yield Gap(damage.offset, end, damage.truncated, detail)
        if not resumes:
            return


def _delayed(stream: PlainStream, held: deque[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a stream but the newest of bz2, which stay in ``held``: a checksum comes behind its block."""
    held_bytes = 0
    while data := stream.read(_CHUNK):
        held.append(data)
        held_bytes += len(data)
        while held and (stream.compression != "bz2" or held_bytes > _HELD_BYTES):
            held_bytes -= len(held[0])
            yield held.popleft()


def _sound_part(path: str, held: bytes, damage: StreamDamage, last: tuple[int, int], position: int) -> bytes:
    """Return the newest plain bytes without those of the damaged block.

    Args:
        path: path of the file.
        held: the newest plain bytes.
        damage: where the file is damaged.
        last: member of the last plain byte, and its position in there.
        position: number of all plain bytes.
    """
    first = max(damage.member, damage.offset - 2 * _MOST_BLOCK_BYTES)
    with fs.open_read(path) as handle:
        begins = [bit for bit, magic in _magics(handle, first, damage.offset) if magic == _BLOCK]
        if len(begins) >= 2 and (plain := _decompress_block(handle, begins[-2], begins[-1])):
            tail = plain[-_CHUNK:]
            at = held.rfind(tail)
            return held[: at + len(tail)] if at >= 0 else held
    if len(begins) == 1 and last[0] == damage.member:
        garbage = last[1] + 1
        return held[: len(held) - garbage] if garbage <= min(len(held), position) else held
    return held


def _blocks(path: str, start: int, end: int, detail: str) -> Iterator[bytes | Gap]:
    """Yield the blocks of bz2 that begin between two bytes of a file, and gaps for those that cannot be read."""
    lost_from: int | None = start
    with fs.open_read(path) as handle:
        for begin, stop in _block_bits(handle, max(start - 1, 0), end):
            plain = _decompress_block(handle, begin, stop)
            if plain is None:
                lost_from = begin // 8 if lost_from is None else lost_from
                continue
            if lost_from is not None:
                yield Gap(lost_from, max(begin // 8, lost_from), False, detail)
                lost_from = None
            yield plain
    if lost_from is not None:
        yield Gap(lost_from, end, False, detail)


def _block_bits(handle: IO[bytes], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where blocks begin and end, in bits of the file."""
    begin: int | None = None
    for bit, magic in _magics(handle, start, end):
        if begin is not None:
            yield begin, bit
        begin = bit if magic == _BLOCK else None
    if begin is not None:
        yield begin, end * 8


def _magics(handle: IO[bytes], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the position in bits of every beginning of a block and end of a stream, and which of them it is."""
    position = start
    while position < end:
        handle.seek(position)
        chunk = handle.read(min(_SEARCH_BYTES, end - position))
        if len(chunk) < 7:
            return
        step = len(chunk) - 6 if position + len(chunk) < end else len(chunk)
        found = []
        for match in _INNER.finditer(chunk):
            bit = _whole_magic(chunk, match)
            if bit is not None and bit[0] < step * 8:
                found.append((position * 8 + bit[0], bit[1]))
        yield from found
        position += step


def _inner_bytes() -> dict[bytes, tuple[int, int]]:
    """Return the five whole bytes within a magic number at each of eight shifts, with magic number and shift."""
    mask = (1 << 40) - 1
    return {
        ((magic << (8 - shift)) >> 8 & mask).to_bytes(5, "big"): (magic, shift)
        for magic in (_BLOCK, _END)
        for shift in range(8)
    }


_SHIFTED = _inner_bytes()
_INNER = re.compile(b"(?=(" + b"|".join(re.escape(inner) for inner in _SHIFTED) + b"))", re.DOTALL)


def _whole_magic(chunk: bytes, match: re.Match[bytes]) -> tuple[int, int] | None:
    magic, shift = _SHIFTED[match[1]]
    first = match.start() - 1  # the byte in which the magic number begins
    if first < 0:
        return None
    window = int.from_bytes(chunk[first : first + 7].ljust(7, b"\x00"), "big")
    if (window >> (8 - shift)) & ((1 << _MAGIC_BITS) - 1) != magic:
        return None
    return first * 8 + shift, magic


def _decompress_block(handle: IO[bytes], begin: int, stop: int) -> bytes | None:
    """Return the plain bytes of a block, read as a stream of its own; None if it is damaged."""
    first, last = begin // 8, -(-stop // 8)
    if last - first > _MOST_BLOCK_BYTES:
        last = first + _MOST_BLOCK_BYTES
        stop = last * 8
    handle.seek(first)
    bits = int.from_bytes(handle.read(last - first), "big") >> (last * 8 - stop)
    count = stop - begin
    bits &= (1 << count) - 1
    if count < _MAGIC_BITS + 32:
        return None
    checksum = (bits >> (count - _MAGIC_BITS - 32)) & 0xFFFFFFFF
    whole = (((bits << _MAGIC_BITS) | _END) << 32) | checksum
    size = count + _MAGIC_BITS + 32
    padding = -size % 8
    member = b"BZh9" + (whole << padding).to_bytes((size + padding) // 8, "big")
    try:
        return bz2.BZ2Decompressor().decompress(member, _MOST_PLAIN_BYTES)
    except (OSError, EOFError, ValueError):
        return None
