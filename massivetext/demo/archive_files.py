"""Archives that come out with the same bytes each time: no clock, no user, no platform in any header.

Compressed streams are zlib's at level 6; another build of zlib may choose another encoding of the same content.
"""

import io
import json
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping

_LEVEL = 6
# RFC 1952: magic, deflate, no flags, no time, no extra flags, unknown operating system.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_DATE = (2020, 1, 1, 0, 0, 0)
_SECONDS = 1_577_836_800  # the same moment since 1970
_MODE = 0o644


def gzip_member(data: bytes) -> bytes:
    """One gzip member with no time and no name in it."""
    squeezer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15, 8, zlib.Z_DEFAULT_STRATEGY)
    stream = squeezer.compress(data) + squeezer.flush()
    return _GZIP_HEADER + stream + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


def damaged(member: bytes, *, inflates: bool = False) -> bytes:
    """A gzip member of which some bytes in the middle are flipped, so that its checksum cannot be right any more.

    Args:
        member: the sound member.
        inflates: what inflating comes to: False: an error at the flipped bytes; True: nonsense from there on, so that
            nothing but the checksum tells of the damage.

    Raises:
        ValueError: no place in the member gives that.
    """
    for start in range(len(member) // 2, len(member) - 64):
        flipped = bytes(byte ^ 0xA5 for byte in member[start : start + 12])
        candidate = member[:start] + flipped + member[start + 12 :]
        if _inflates(candidate) == inflates:
            return candidate
    raise ValueError(f"damaged: want a longer member to spoil, got one of {len(member)} bytes")


def _inflates(member: bytes) -> bool:
    stream = zlib.decompressobj(-15)
    try:
        stream.decompress(member[len(_GZIP_HEADER) :])
    except zlib.error:
        return False
    return stream.eof


def json_line(record: Mapping[str, object]) -> bytes:
    """A record as one line of JSON, in UTF-8."""
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def zip_archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip file with these members in this order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files:
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = 3  # Unix, on every platform
            info.external_attr = _MODE << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED, _LEVEL)
    return out.getvalue()


def tar_gz_archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A gzipped tar file with these members in this order."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(data), _MODE, _SECONDS
            archive.addfile(info, io.BytesIO(data))
    return gzip_member(out.getvalue())
