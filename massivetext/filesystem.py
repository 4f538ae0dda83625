"""The one filesystem layer: every path of a run or an input is a string that fsspec understands.

Local paths are plain; ``gs://`` needs the extra ``gcp``, ``s3://`` the extra ``s3``. A file is never half written under
its final name: :func:`write_bytes` and :func:`publish` write under a temporary name and move it, or, on object stores,
rely on the store's atomic put.
"""

import contextlib
import glob as local_glob
import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

TEMPORARY = ".tmp-"  # every file that is not yet complete has this in its name
_CHUNK = 1 << 20


class FileInfo(NamedTuple):
    """A file as listed: full path, size in bytes, and a string that changes when the file does."""

    path: str
    size: int
    version: str


def join(*parts: str) -> str:
    """``/``-joined path; the first part may be a URL."""
    return "/".join([parts[0].rstrip("/"), *(part.strip("/") for part in parts[1:])])


def _at(path: str) -> tuple[Any, str]:
    """The filesystem of a path, and the path within it; listings are never remembered, since other processes write."""
    found: tuple[Any, str] = url_to_fs(path, use_listings_cache=False)
    return found


def is_local(path: str) -> bool:
    """Whether a path lies on this machine's own filesystem."""
    return isinstance(_at(path)[0], LocalFileSystem)


def open_read(path: str) -> IO[bytes]:
    """The raw bytes of a file, buffered and seekable. Raises FileNotFoundError."""
    fs, inner = _at(path)
    if isinstance(fs, LocalFileSystem):
        return open(inner, "rb", buffering=_CHUNK)  # noqa: PTH123  the caller closes it
    handle: IO[bytes] = fs.open(inner, "rb")
    return handle


def read_bytes(path: str) -> bytes:
    """The whole of a small file. Raises FileNotFoundError."""
    with open_read(path) as handle:
        return handle.read()


def exists(path: str) -> bool:
    """Whether a file or folder is there."""
    fs, inner = _at(path)
    return bool(fs.exists(inner))


def size(path: str) -> int:
    """Bytes of a file. Raises FileNotFoundError."""
    fs, inner = _at(path)
    return int(fs.size(inner))


def remove(path: str) -> None:
    """Removes a file or a whole folder; does nothing where there is none."""
    fs, inner = _at(path)
    with contextlib.suppress(FileNotFoundError):
        fs.rm(inner, recursive=True)


def find(folder: str) -> list[FileInfo]:
    """Every file below a folder, sorted by path; empty where the folder is missing."""
    return _listing(folder, lambda fs, inner: fs.find(inner, detail=True))


def glob(pattern: str) -> list[FileInfo]:
    """Files that match a pattern (``*``, ``?``, ``[..]``, ``**``), sorted by path; links are followed."""
    return _listing(pattern, _glob)


def _glob(fs: AbstractFileSystem, pattern: str) -> dict[str, dict[str, Any]]:
    if not isinstance(fs, LocalFileSystem):
        found: dict[str, dict[str, Any]] = fs.glob(pattern, detail=True)
        return found
    # fsspec's own does not look into folders that are links, which is how data sets are often put together.
    return {name: fs.info(name) for name in local_glob.glob(pattern, recursive=True)}  # noqa: PTH207


def _listing(path: str, lister: Callable[[AbstractFileSystem, str], dict[str, dict[str, Any]]]) -> list[FileInfo]:
    fs, inner = _at(path)
    local = isinstance(fs, LocalFileSystem)
    infos = []
    for name, listed in lister(fs, inner).items():
        info = fs.info(name) if listed["type"] in ("link", "other") else listed  # a link is what it points to
        if info["type"] == "file":
            infos.append(FileInfo(name if local else str(fs.unstrip_protocol(name)), info["size"], _version(info)))
    return sorted(infos)


def _version(info: dict[str, Any]) -> str:
    for key in ("ETag", "etag", "generation", "mtime", "LastModified"):
        if key in info:
            return str(info[key])
    return ""


def relative(path: str, folder: str) -> str:
    """The part of ``path`` below ``folder``."""
    _, inner = _at(folder)
    prefix = inner.rstrip("/") + "/"
    own = _at(path)[1]
    if not own.startswith(prefix):
        raise ValueError(f"{path}: does not lie below {folder}")
    return str(own[len(prefix) :])


def digest(path: str) -> str:
    """SHA-256 of a file's bytes, as hex."""
    sha = hashlib.sha256()
    with open_read(path) as handle:
        while chunk := handle.read(_CHUNK):
            sha.update(chunk)
    return sha.hexdigest()


def write_bytes(path: str, data: bytes) -> None:
    """Writes a file whole or not at all."""
    with publish(path) as temporary, open(temporary, "wb") as handle:  # noqa: PTH123
        handle.write(data)


@contextlib.contextmanager
def publish(path: str) -> Iterator[str]:
    """Gives a temporary local name to write to; on success the file appears whole under ``path``.

    The temporary name is unique to the attempt, so a retry or a twin of a task never sees another's half-written file;
    the last one to finish wins, and both have written the same bytes.
    """
    fs, inner = _at(path)
    if isinstance(fs, LocalFileSystem):
        folder, name = os.path.split(inner)
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        temporary = os.path.join(folder, f"{TEMPORARY}{secrets.token_hex(6)}-{name}")  # noqa: PTH118
    else:
        handle, temporary = tempfile.mkstemp(prefix="massivetext-", suffix=f"-{os.path.basename(inner)}")  # noqa: PTH119
        os.close(handle)
    try:
        yield temporary
        if isinstance(fs, LocalFileSystem):
            os.replace(temporary, inner)  # noqa: PTH105
        else:
            fs.put_file(temporary, inner)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)  # noqa: PTH107
