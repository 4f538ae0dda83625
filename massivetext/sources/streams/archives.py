"""Read the files of zip and tar archives in memory and within limits; nothing is extracted to disk."""

import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from lzma import LZMAError
from typing import IO, Any, NamedTuple, Protocol, Self, cast

from massivetext.sources.streams.compressed import ExpansionLimit, PlainStream
from massivetext.sources.streams.zip_directory import open_pieces

# For all files of an archive together, since a small archive can name one file a thousand times.
ARCHIVE_EXPANSION = ExpansionLimit(1 << 28, 100)
_READ_BYTES = 1 << 16  # that tarfile reads at a time
_MOST_HEADER = 1 << 20  # bytes of the name or the attributes of a member
_END_BLOCKS = 2  # blocks of zeros that end a tar archive
_MOST_ATTRIBUTES = 1000  # attributes that apply to all members
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_SYMBOLIC_LINK = 0o12  # type of a file, in the attributes of a zip member
_LONGEST_TARGET = 4096  # bytes of the path that a link leads to
# Errors of tarfile for an archive; some of them are not meant, but happen for hostile headers.
_TAR_ERRORS = (tarfile.TarError, EOFError, ValueError, LookupError, OverflowError, RecursionError)
# Errors of zipfile for a member: bad bytes, encryption (RuntimeError), an unknown method, a name that is not UTF-8.
_MEMBER_ERRORS = (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, OSError, RuntimeError, ValueError)


class ArchiveMember(NamedTuple):
    """A file in an archive.

    Attributes:
        path: path in the archive; not checked, it may be absolute or contain "..".
        size: number of bytes according to the archive.
        read: returns at most the first ``n`` bytes of the content; must be called before the next member is requested.
        copy: writes the whole content to a file, instead of ``read``; returns the number of bytes.
        link: where a link leads to, for links; such a member has no content.
        is_hard: whether the link is a hard link: its target is a path of the archive, not relative to its folder.
    """

    path: str
    size: int
    read: Callable[[int], bytes]
    copy: Callable[[IO[bytes]], int]
    link: str | None = None
    is_hard: bool = False


class ArchiveError(ValueError):
    """An archive, or a member of an archive, that cannot be read.

    Attributes:
        reason: the reason of its rejection.
    """

    reason = "damaged"


class LockedMemberError(ArchiveError):
    """A file of an archive that is encrypted, or packed with a method that is not known."""

    reason = "locked"


def _member_error(name: str, error: Exception) -> ArchiveError:
    kind = LockedMemberError if isinstance(error, RuntimeError) else ArchiveError
    return kind(f"{name}: {type(error).__name__}: {error}")


def is_archive(stream: PlainStream) -> bool:
    """Return whether a file that was just opened is a zip or tar archive; the stream stays at its beginning."""
    return _is_zip(stream) or _is_tar(stream)


def archive_members(
    stream: PlainStream, expansion: ExpansionLimit = ARCHIVE_EXPANSION, *, links: bool = False
) -> Iterator[ArchiveMember]:
    """Yield the regular files of an archive in its order; folders and devices are left out.

    Args:
        stream: plain bytes of the file from the beginning.
        expansion: limit on the bytes of all files that are read.
        links: whether to yield symbolic and hard links as well.

    Raises:
        ArchiveError: the archive is damaged here, or expands too far; the files before are valid.
    """
    left = expansion.plain_bytes(stream.size)
    for member in _zip_members(stream.handle) if _is_zip(stream) else _tar_members(stream):
        if member.link is not None:
            if links:
                yield member
            continue
        taken = 0

        def read(size: int, member: ArchiveMember = member) -> bytes:
            nonlocal taken
            data = member.read(size)
            taken = max(taken, len(data))
            return data

        def copy(target: "IO[bytes]", member: ArchiveMember = member, most: int = left) -> int:
            nonlocal taken
            bounded = _BoundedTarget(target, most)
            taken = max(taken, member.copy(cast(IO[bytes], bounded)))
            return taken

        yield member._replace(read=read, copy=copy)
        left -= taken
        if left < 0:
            raise ArchiveError(f"its files have more than {expansion.most_times} times its {stream.size:,} bytes")


class _BoundedTarget:
    """A file that refuses more bytes than an archive may have."""

    def __init__(self, target: IO[bytes], most: int) -> None:
        self._target, self._left = target, most

    def write(self, data: bytes) -> int:
        """Write bytes. Raises ArchiveError if they are more than is left."""
        self._left -= len(data)
        if self._left < 0:
            raise ArchiveError("it expands too far")
        return self._target.write(data)


def _is_zip(stream: PlainStream) -> bool:
    return stream.compression is None and stream.peek(4).startswith(_ZIP_MAGIC)


def has_zip_member(stream: PlainStream, path: str) -> bool:
    """Return whether a zip file that was just opened, which is not compressed once more, has a file of this path."""
    position = stream.handle.tell()
    try:
        return any(path in archive.NameToInfo for archive in open_pieces(stream.handle))
    except _MEMBER_ERRORS:
        return False
    finally:
        stream.handle.seek(position)


def _is_tar(stream: PlainStream) -> bool:
    head = stream.peek(tarfile.BLOCKSIZE)
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _zip_members(handle: IO[bytes]) -> Iterator[ArchiveMember]:
    pieces = open_pieces(handle)
    while True:
        try:
            archive = next(pieces, None)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise ArchiveError(f"not readable as zip: {error}") from error
        if archive is None:
            return
        for info in archive.infolist():
            if (info.external_attr >> 28) == _SYMBOLIC_LINK:
                yield _zip_link(info, _zip_reader(archive, info))
            elif not info.is_dir():
                yield ArchiveMember(
                    info.filename, info.file_size, _zip_reader(archive, info), _zip_copier(archive, info)
                )


def _zip_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[int], bytes]:
    def read(size: int) -> bytes:
        try:
            with archive.open(info) as member:
                return member.read(size)
        except _MEMBER_ERRORS as error:
            raise _member_error(info.filename, error) from error

    return read


def _zip_link(info: zipfile.ZipInfo, read: Callable[[int], bytes]) -> ArchiveMember:
    try:
        target = read(_LONGEST_TARGET + 1).decode("utf-8", "replace") if info.file_size <= _LONGEST_TARGET else ""
    except ArchiveError:
        target = ""  # leads nowhere
    return _link(info.filename, target)


def _link(path: str, target: str, *, is_hard: bool = False) -> ArchiveMember:
    return ArchiveMember(path, 0, lambda size: b"", lambda target: 0, target, is_hard)


def _zip_copier(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[IO[bytes]], int]:
    def copy(target: "IO[bytes]") -> int:
        try:
            with archive.open(info) as member:
                return _copy(member, target)
        except _MEMBER_ERRORS as error:
            raise _member_error(info.filename, error) from error

    return copy


class _BoundedTarInfo(tarfile.TarInfo):
    """A tar header with a bound on its size; tarfile itself reserves as much memory as the header claims."""

    _METADATA = (
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    )

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        """Return the next header of an archive, and count it or what is there instead."""
        gaps = cast(_ResumingTarFile, archive).gaps
        try:
            info = super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            kind = type(error).__name__  # the type stubs leave these classes out
            if kind == "EOFHeaderError":
                gaps.take_zeros()
            elif kind in ("InvalidHeaderError", "TruncatedHeaderError"):
                gaps.take_other(tarfile.BLOCKSIZE, str(error))
            raise
        gaps.take_header()
        return info

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


class _TarGaps:
    """What of a tar archive is not read, counted while its headers are.

    Reading goes on at the next valid header. Behind the end mark, which is blocks of zeros, another archive may follow;
    other bytes there are padding if none does.
    """

    def __init__(self) -> None:
        self._files = self._zero_blocks = self._lost = self._behind_end = 0
        self._first = ""

    def take_header(self) -> None:
        """Count a valid header."""
        self._add(self._behind_end, "the end mark")
        self._files += 1
        self._zero_blocks = self._behind_end = 0

    def take_zeros(self) -> None:
        """Count a block of zeros."""
        self._zero_blocks += 1

    def take_other(self, size: int, error: str) -> None:
        """Count bytes that are no header where one should be."""
        if self._zero_blocks >= _END_BLOCKS and not self._lost:
            self._behind_end += size
        else:
            self._add(size, error)

    def _add(self, size: int, error: str) -> None:
        if size and not self._lost:
            self._first = f"after file {self._files:,} ({error})"
        self._lost += size

    def describe(self) -> str | None:
        """Return what was not read at the end of the archive, as a sentence; None if nothing is missing."""
        if self._lost:
            return f"{self._lost:,} bytes of the tar archive were not read, the first {self._first}"
        if self._zero_blocks == 0:
            return f"the tar archive is cut after file {self._files:,}: it has no end mark; what followed is not read"
        return None


class _ResumingTarFile(tarfile.TarFile):
    """A tar archive that counts what is not read of it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.gaps = _TarGaps()
        super().__init__(*args, **options)


class _KeepsHeaders(Protocol):
    """The attribute of :class:`tarfile.TarFile` that its type stubs leave out."""

    members: list[tarfile.TarInfo]


def tar_contents(stream: PlainStream) -> Iterator[IO[bytes]]:
    """Yield the contents of the regular files of a tar archive, each to be read before the next is requested.

    Raises:
        ArchiveError: the archive is damaged here; reading a content raises ``tarfile.TarError`` instead.
    """
    for archive, info in _tar_headers(stream):
        if info.isreg():
            content = archive.extractfile(info)
            assert content is not None  # because it is a regular file
            yield content


def _tar_members(stream: PlainStream) -> Iterator[ArchiveMember]:
    for archive, info in _tar_headers(stream):
        path = info.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if info.issym() or info.islnk():
            target = info.linkname.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            yield _link(path, target, is_hard=info.islnk())
        elif info.isreg():
            yield ArchiveMember(path, info.size, _tar_reader(archive, info), _tar_copier(archive, info))


def _tar_headers(stream: PlainStream) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """Yield the members of an archive, those behind damage and of archives that follow it as well.

    Raises:
        ArchiveError: at the end, if some of the archive was not read; or where nothing can be read any more.
    """
    handle = io.BufferedReader(stream, 1 << 20)
    try:
        with _ResumingTarFile.open(
            fileobj=handle, mode="r|", bufsize=_READ_BYTES, tarinfo=_BoundedTarInfo, ignore_zeros=True
        ) as archive:
            while (info := archive.next()) is not None:
                cast("_KeepsHeaders", archive).members = []  # tarfile would keep every header in memory
                yield archive, info
            gaps = archive.gaps
    except _TAR_ERRORS as error:
        if stream.damage is None:
            raise ArchiveError(f"not readable as tar from here on: {error}") from error
    if stream.damage is not None:
        raise ArchiveError(f"the {stream.compression} stream breaks off: {stream.damage.error}")
    if (missing := gaps.describe()) is not None:
        raise ArchiveError(missing)


def _tar_reader(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[int], bytes]:
    def read(size: int) -> bytes:
        member = archive.extractfile(info)
        assert member is not None  # because it is a regular file
        try:
            return member.read(size)
        except (tarfile.TarError, OSError) as error:
            raise ArchiveError(f"{info.name}: {type(error).__name__}: {error}") from error

    return read


def _tar_copier(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[IO[bytes]], int]:
    def copy(target: "IO[bytes]") -> int:
        member = archive.extractfile(info)
        assert member is not None  # because it is a regular file
        try:
            return _copy(member, target)
        except (tarfile.TarError, OSError) as error:
            raise ArchiveError(f"{info.name}: {type(error).__name__}: {error}") from error

    return copy


def _copy(member: IO[bytes], target: IO[bytes]) -> int:
    copied = 0
    while piece := member.read(1 << 20):
        copied += target.write(piece)
    return copied
