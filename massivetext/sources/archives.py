"""Zip and tar archives -> their files, in memory and within limits; nothing is extracted to disk."""

import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from lzma import LZMAError
from typing import IO, NamedTuple

from massivetext.sources.compressed import Stream

# Of all files of an archive together, so that one written a thousand times into a small archive ends somewhere.
_MOST_BYTES, _MOST_TIMES = 1 << 28, 100
_MOST_HEADER = 1 << 20  # bytes of the name or the attributes of a member
_MOST_ATTRIBUTES = 1000  # that hold for all members
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
# What tarfile raises on an archive: some of it by accident, where a header means harm.
_TAR_ERRORS = (tarfile.TarError, EOFError, ValueError, LookupError, OverflowError, RecursionError)
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
        ArchiveError: the archive is damaged here, or gives far more than its size; what came before stands.
    """
    left = max(_MOST_BYTES, _MOST_TIMES * stream.size)
    for member in _zip_members(handle) if _is_zip(stream) else _tar_members(stream):
        taken = 0

        def read(size: int, member: Member = member) -> bytes:
            nonlocal taken
            data = member.read(size)
            taken = max(taken, len(data))
            return data

        yield member._replace(read=read)
        left -= taken
        if left < 0:
            raise ArchiveError(f"its files have more than {_MOST_TIMES} times its {stream.size:,} bytes")


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


class _Header(tarfile.TarInfo):
    """A header that asks for no more memory than headers do: tarfile itself believes whatever size one states."""

    _METADATA = (
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    )

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.size < 0 or (self.type in self._METADATA and self.size > _MOST_HEADER):
            raise tarfile.ReadError(f"a header of {self.size:,} bytes")
        if self.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.ReadError("a sparse file, which no archive of source code has")
        found: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        if len(archive.pax_headers) > _MOST_ATTRIBUTES or any(
            name.startswith("GNU.sparse") for name in found.pax_headers
        ):
            raise tarfile.ReadError("more attributes than an archive of source code has, or a sparse file")
        return found


def _tar_members(stream: Stream) -> Iterator[Member]:
    try:
        with tarfile.open(fileobj=io.BufferedReader(stream, 1 << 20), mode="r|", tarinfo=_Header) as archive:
            while (info := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # tarfile remembers every header it has seen
                if info.isreg():
                    path = info.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                    yield Member(path, info.size, _tar_reader(archive, info))
    except _TAR_ERRORS as error:
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
