"""Zip and tar archives -> their files, in memory and within limits; nothing is extracted to disk."""

import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from lzma import LZMAError
from typing import IO, NamedTuple

from massivetext.sources.compressed import Stream

_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
# What zipfile raises on a member: bad bytes, encryption (RuntimeError), a method it does not know.
_MEMBER_ERRORS = (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, OSError, RuntimeError, NotImplementedError)


class Member(NamedTuple):
    """A file in an archive.

    Attributes:
        path: its path, which nobody vouches for.
        size: its bytes, as the archive says.
        read: gives its content, or the first ``n`` bytes of it; must be called before the next member is asked for.
    """

    path: str
    size: int
    read: Callable[[int], bytes]


class ArchiveError(ValueError):
    """An archive, or a member of one, that cannot be read."""


def is_archive(stream: Stream) -> bool:
    """Whether a file that was just opened is a zip or tar archive; the stream stays at its beginning."""
    return _is_zip(stream) or _is_tar(stream)


def members(stream: Stream, handle: IO[bytes]) -> Iterator[Member]:
    """The regular files of an archive in its order; folders, links and devices are left out.

    Args:
        stream: plain bytes of the file from the beginning.
        handle: the file itself, seekable.

    Raises:
        ArchiveError: the archive is damaged here; what came before stands.
    """
    yield from _zip_members(handle) if _is_zip(stream) else _tar_members(stream)


def _is_zip(stream: Stream) -> bool:
    return stream.format is None and stream.peek(4).startswith(_ZIP_MAGIC)


def _is_tar(stream: Stream) -> bool:
    head = stream.peek(tarfile.BLOCKSIZE)
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _zip_members(handle: IO[bytes]) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(handle)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ArchiveError(f"not readable as zip: {error}") from error

    def reader(info: zipfile.ZipInfo) -> Callable[[int], bytes]:
        def read(size: int) -> bytes:
            try:
                with archive.open(info) as member:
                    return member.read(size)
            except _MEMBER_ERRORS as error:
                raise ArchiveError(f"{info.filename}: {type(error).__name__}: {error}") from error

        return read

    with archive:
        for info in archive.infolist():
            if not info.is_dir() and (info.external_attr >> 28) not in (0o12,):  # 0o12: a symbolic link
                yield Member(info.filename, info.file_size, reader(info))


def _tar_members(stream: Stream) -> Iterator[Member]:
    try:
        with tarfile.open(fileobj=io.BufferedReader(stream, 1 << 20), mode="r|") as archive:
            while (info := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # tarfile remembers every header it has seen
                if info.isreg():
                    path = info.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                    yield Member(path, info.size, _tar_reader(archive, info))
    except (tarfile.TarError, EOFError) as error:
        raise ArchiveError(f"not readable as tar from here on: {error}") from error
    if stream.damage is not None:
        raise ArchiveError(f"the {stream.format} stream breaks off: {stream.damage.error}")


def _tar_reader(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[int], bytes]:
    def read(size: int) -> bytes:
        member = archive.extractfile(info)
        assert member is not None  # it is a regular file
        try:
            return member.read(size)
        except (tarfile.TarError, OSError) as error:
            raise ArchiveError(f"{info.name}: {type(error).__name__}: {error}") from error

    return read
