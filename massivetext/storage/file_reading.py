"""Reading and listing files of local disks and object stores."""

import contextlib
import hashlib
import io
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple

from fsspec.implementations.local import LocalFileSystem

from massivetext.storage import local_disk, local_glob, object_store
from massivetext.storage.file_systems import FileSystem, Listed
from massivetext.storage.paths import is_local, relative
from massivetext.storage.read_ahead import open_read_ahead
from massivetext.storage.store_errors import translate_store_errors

_CHUNK_BYTES = 1 << 20  # read at a time
# Fields of a listing that change when a file does; which one there is depends on the file system.
_VERSION_FIELDS = ("ETag", "etag", "generation", "mtime", "LastModified")


class FileInfo(NamedTuple):
    """A file as listed: full path, size in bytes, and a string that changes when the file does."""

    path: str
    size: int
    version: str


def open_read(path: str) -> IO[bytes]:
    """Return a file opened for reading bytes, buffered and seekable. Raises FileNotFoundError."""
    fs, inner = object_store.connect(path)
    if isinstance(fs, LocalFileSystem):
        return io.BufferedReader(local_disk.LocalFile(inner), _CHUNK_BYTES)  # the caller closes it
    return open_read_ahead(fs, path, inner)


def read_bytes(path: str) -> bytes:
    """Return the bytes of a small file, all of the same moment. Raises FileNotFoundError."""
    fs, inner = object_store.connect(path)
    if not isinstance(fs, LocalFileSystem):
        return object_store.read_object(fs, path, inner)
    with open_read(path) as handle:
        return handle.read()


def info(path: str) -> FileInfo:
    """Return a file as a listing would show it. Raises FileNotFoundError."""
    fs, inner = object_store.connect(path)
    with translate_errors(fs, path):
        found = fs.info(inner)
    return FileInfo(path, found["size"], _version(found))


def exists(path: str) -> bool:
    """Return whether there is such a file or folder."""
    fs, inner = object_store.connect(path)
    with translate_errors(fs, path):
        try:
            if isinstance(fs, LocalFileSystem):
                os.lstat(inner)
            else:
                fs.info(inner)  # not fsspec's `exists`, which returns False for every kind of error
        except (FileNotFoundError, NotADirectoryError):
            return False
    return True


def size(path: str) -> int:
    """Return the bytes of a file. Raises FileNotFoundError."""
    fs, inner = object_store.connect(path)
    with translate_errors(fs, path):
        return int(fs.size(inner))


def why_unreadable(path: str, most_bytes: int) -> str | None:
    """Return why a file that exists is not to be read whole: no regular file, or too large; None if it can be."""
    fs, inner = object_store.connect(path)
    if isinstance(fs, LocalFileSystem):
        mode = Path(inner).stat().st_mode
        if not stat.S_ISREG(mode):  # a device or a pipe may have no end
            return "is a folder" if stat.S_ISDIR(mode) else "is no regular file"
    found = size(path)
    return f"has {found:,} bytes, more than {most_bytes:,}" if found > most_bytes else None


def has_size(path: str, size_bytes: int) -> bool:
    """Return whether a file exists and has this size: a check of a written file that does not read it."""
    try:
        return size(path) == size_bytes
    except (FileNotFoundError, NotADirectoryError):
        return False


def digest(path: str) -> str:
    """Return the SHA-256 of a file's bytes, as hex."""
    sha = hashlib.sha256()
    with open_read(path) as handle:
        while chunk := handle.read(_CHUNK_BYTES):
            sha.update(chunk)
    return sha.hexdigest()


def find(folder: str) -> list[FileInfo]:
    """Return every file below a folder, sorted by path; empty if the folder is missing."""
    return _listing(folder, _find)


def _find(fs: FileSystem, inner: str) -> Mapping[str, Listed]:
    parent, _, name = inner.rstrip("/").rpartition("/")
    if not parent or not object_store.is_object_store(fs):
        return fs.find(inner, detail=True)
    # Asked for a prefix, a store answers with one request even if there is nothing; otherwise fsspec asks three times.
    return fs.find(parent, detail=True, prefix=f"{name}/")


def unreadable_folders(folder: str) -> list[tuple[str, str]]:
    """Return the folders below a local folder that cannot be listed, and why; :func:`find` leaves them out."""
    fs, inner = object_store.connect(folder)
    if not isinstance(fs, LocalFileSystem):
        return []
    errors: list[OSError] = []
    for _ in os.walk(inner, onerror=errors.append):
        pass
    gone = (FileNotFoundError, NotADirectoryError)
    return [(str(error.filename), str(error.strerror)) for error in errors if not isinstance(error, gone)]


def names(folder: str) -> frozenset[str]:
    """Return the names of the files and folders in a folder; empty if the folder is missing."""
    fs, inner = object_store.connect(folder)
    try:
        with translate_errors(fs, folder):
            found = fs.ls(inner, detail=False)
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    return frozenset(path.rstrip("/").rpartition("/")[2] for path in found)


def has_file(folder: str, wanted: Callable[[str], bool]) -> bool:
    """Return whether there is a file below a folder whose path below it is wanted; stops at the first one."""
    fs, inner = object_store.connect(folder)
    if not isinstance(fs, LocalFileSystem):
        return any(wanted(relative(info.path, folder)) for info in find(folder))
    return any(
        wanted(os.path.relpath(Path(parent, name), inner)) for parent, _, names in os.walk(inner) for name in names
    )


def glob(pattern: str) -> list[FileInfo]:
    """Return the files that match a pattern (``*``, ``?``, ``[..]``, ``**``), sorted by path; links are followed.

    A link that leads nowhere is an empty file, as in :func:`find`; see :func:`dangling_target`.
    """
    return _listing(pattern, _glob)


def dangling_target(path: str) -> str | None:
    """Return where a local link leads if nothing is there; None for everything else."""
    fs, inner = object_store.connect(path)
    if not isinstance(fs, LocalFileSystem) or not os.path.islink(inner) or os.path.exists(inner):  # noqa: PTH110, PTH114
        return None
    return os.readlink(inner)  # noqa: PTH115


def circular_links(folder: str) -> list[str]:
    """Return the links below a local folder that lead to a folder which contains them; they are not followed."""
    fs, inner = object_store.connect(folder)
    return local_glob.circular_links(inner) if isinstance(fs, LocalFileSystem) else []


def _glob(fs: FileSystem, pattern: str) -> Mapping[str, Listed]:
    if not isinstance(fs, LocalFileSystem):
        return fs.glob(pattern, detail=True)
    # fsspec's own does not look into folders that are links, which is how data sets are often put together.
    return {name: _target(fs, name) for name in local_glob.find_matches(pattern)}


def _listing(path: str, lister: Callable[[FileSystem, str], Mapping[str, Listed]]) -> list[FileInfo]:
    fs, inner = object_store.connect(path)
    local = isinstance(fs, LocalFileSystem)
    infos = []
    try:
        with translate_errors(fs, path):
            found = lister(fs, inner)
    except FileNotFoundError:
        return []
    for name, listed in found.items():
        info = _target(fs, name) if listed["type"] in ("link", "other") else listed
        if info["type"] == "file":
            infos.append(FileInfo(name if local else fs.unstrip_protocol(name), info["size"], _version(info)))
    return sorted(infos)


def _target(fs: FileSystem, name: str) -> Listed:
    """Return what is known of the target of a link; one that leads nowhere is an empty file, until it is read."""
    try:
        return fs.info(name)
    except OSError:
        return {"name": name, "type": "file", "size": 0}


def _version(info: Mapping[str, object]) -> str:
    return next((str(info[field]) for field in _VERSION_FIELDS if field in info), "")


def download(path: str, local: str) -> None:
    """Copy a file to a local path, a part at a time. Raises FileNotFoundError."""
    with open_read(path) as source, Path(local).open("wb") as copy:
        shutil.copyfileobj(source, copy, _CHUNK_BYTES)


@contextlib.contextmanager
def local_copy(path: str) -> Iterator[str]:
    """Give a local path with the bytes of a file: the file itself, or a copy that is removed at the end."""
    if is_local(path):
        yield path
    else:
        with tempfile.TemporaryDirectory(prefix="massivetext-") as folder:
            copy = str(Path(folder, path.rsplit("/", 1)[-1]))
            download(path, copy)
            yield copy


@contextlib.contextmanager
def translate_errors(fs: FileSystem, path: str) -> Iterator[None]:
    """Translate the errors of an object store; leave those of a local disk as they are."""
    if isinstance(fs, LocalFileSystem):
        yield
    else:
        with translate_store_errors(path):
            yield
