"""Archives with the same bytes every time: their headers hold no time of writing, user or platform.

Compressed streams are zlib's at level 6; another build of zlib may encode the same content in other bytes.
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
_SECONDS = 1_577_836_800  # the same date as a Unix time
_MODE = 0o644


def gzip_member(data: bytes) -> bytes:
    """Return one gzip member without a time or a file name."""
    squeezer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15, 8, zlib.Z_DEFAULT_STRATEGY)
    stream = squeezer.compress(data) + squeezer.flush()
    return _GZIP_HEADER + stream + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


def damaged(member: bytes, *, inflates: bool = False) -> bytes:
    """Return a gzip member with 12 changed bytes in its second half, so that its checksum is wrong.

    Args:
        member: the sound member.
        inflates: False: inflating fails at the changed bytes. True: inflating gives wrong bytes from there on, and only
            the checksum shows the damage.

    Raises:
        ValueError: no position in the member has this effect.
    """
    for start in range(len(member) // 2, len(member) - 64):
        flipped = bytes(byte ^ 0xA5 for byte in member[start : start + 12])
        candidate = member[:start] + flipped + member[start + 12 :]
        if _inflates(candidate) == inflates:
            return candidate
    raise ValueError(f"damaged: want a longer member to damage, got {len(member)} bytes")


def _inflates(member: bytes) -> bool:
    stream = zlib.decompressobj(-15)
    try:
        stream.decompress(member[len(_GZIP_HEADER) :])
    except zlib.error:
        return False
    return stream.eof


def json_line(record: Mapping[str, object]) -> bytes:
    """Return a record as one line of JSON in UTF-8."""
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def zip_archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a zip file with these members (path, content) in this order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files:
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = 3  # Unix, on every platform
            info.external_attr = _MODE << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED, _LEVEL)
    return out.getvalue()


def tar_gz_archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a gzipped tar file with these members (path, content) in this order."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(data), _MODE, _SECONDS
            archive.addfile(info, io.BytesIO(data))
    return gzip_member(out.getvalue())
