"""The one filesystem layer: every path of a run or an input is a string that fsspec understands.

Local paths are plain; ``gs://`` needs the extra ``gcp``, ``s3://`` the extra ``s3``. A file is never half written under
its final name: :func:`write_bytes` and :func:`publish` write under a temporary name and move it, or, on object stores,
rely on the store's atomic put. What is published stays after a loss of power, and in the order in which it was.

Errors of an object store that are left after its retries are told in plain words, as UserError where the user can mend
them and as StageError else; FileNotFoundError means the same everywhere.
"""

import contextlib
import contextvars
import glob as local_glob
import hashlib
import io
import os
import secrets
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Any, NamedTuple, TypeVar

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from massivetext.errors import StageError, UserError
from massivetext.storage import local_disk, object_store

TEMPORARY = ".tmp-"  # every file that is not yet complete has this in its name
AT_ONCE = 16  # requests to an object store: each is mostly waiting
_CHUNK = 1 << 20
T = TypeVar("T")
R = TypeVar("R")
_fence: contextvars.ContextVar[str | None] = contextvars.ContextVar("fence", default=None)


class FileInfo(NamedTuple):
    """A file as listed: full path, size in bytes, and a string that changes when the file does."""

    path: str
    size: int
    version: str


def concurrently(folder: str, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """A function's results, in the order of its items; many items at a time where a folder is on an object store.

    For one process that has many small files of the folder to read, and would wait for each of them in turn.
    """
    if is_local(folder):
        yield from map(function, items)
        return
    with ThreadPoolExecutor(AT_ONCE, "massivetext-requests") as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(contextvars.copy_context().run, function, item))
                if len(waiting) >= 2 * AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def join(*parts: str) -> str:
    """``/``-joined path; the first part may be a URL."""
    return "/".join([parts[0].rstrip("/"), *(part.strip("/") for part in parts[1:])])


def is_absolute(path: str) -> bool:
    """Return whether a path is a URL or begins at the root, so that no folder needs to be put before it."""
    return path.startswith("/") or "://" in path


def resolve(path: str, root: str) -> str:
    """Return the path that a recipe in the folder ``root`` means: below that folder, unless absolute or a URL."""
    return path if is_absolute(path) else join(root, path)


def is_local(path: str) -> bool:
    """Whether a path lies on this machine's own filesystem. Raises UserError where its protocol cannot be used."""
    return isinstance(object_store.connect(path)[0], LocalFileSystem)


def absolute(path: str) -> str:
    """A path that does not depend on the current folder. Raises UserError as :func:`is_local` does."""
    fs, inner = object_store.connect(path)
    return inner if isinstance(fs, LocalFileSystem) else str(fs.unstrip_protocol(inner))


def open_read(path: str) -> IO[bytes]:
    """The raw bytes of a file, buffered and seekable. Raises FileNotFoundError."""
    fs, inner = object_store.connect(path)
    if isinstance(fs, LocalFileSystem):
        return io.BufferedReader(local_disk.File(inner), _CHUNK)  # the caller closes it
    handle: IO[bytes] = object_store.open_ahead(fs, path, inner)
    return handle


def read_bytes(path: str) -> bytes:
    """The whole of a small file, as it was at one moment. Raises FileNotFoundError."""
    fs, inner = object_store.connect(path)
    if not isinstance(fs, LocalFileSystem):
        return object_store.read(fs, path, inner)
    with open_read(path) as handle:
        return handle.read()


def info(path: str) -> FileInfo:
    """A file as a listing would have it. Raises FileNotFoundError."""
    fs, inner = object_store.connect(path)
    with _telling(fs, path):
        found = fs.info(inner)
    return FileInfo(path, found["size"], _version(found))


def exists(path: str) -> bool:
    """Whether a file or folder is there."""
    fs, inner = object_store.connect(path)
    with _telling(fs, path):
        try:
            fs.info(inner)  # not `exists`, which takes every error for an absence
        except (FileNotFoundError, NotADirectoryError):
            return False
    return True


def size(path: str) -> int:
    """Bytes of a file. Raises FileNotFoundError."""
    fs, inner = object_store.connect(path)
    with _telling(fs, path):
        return int(fs.size(inner))


def has(path: str, size_bytes: int) -> bool:
    """Whether a file is there and has this size: what is told of a file that was written, without reading it."""
    try:
        return size(path) == size_bytes
    except (FileNotFoundError, NotADirectoryError):
        return False


def remove(path: str) -> None:
    """Removes a file or a whole folder; does nothing where there is none."""
    fs, inner = object_store.connect(path)
    if isinstance(fs, LocalFileSystem):
        return local_disk.remove(inner)
    with contextlib.suppress(FileNotFoundError), _telling(fs, path):
        fs.rm(inner, recursive=True)
    if exists(path):
        # A request to delete many objects is answered with success even where the store has refused to delete them.
        raise UserError(f"{path}: cannot be removed; want the permission to delete objects there")
    return None


def prune(folder: str) -> None:
    """Removes the empty folders below a folder; an object store has none."""
    fs, inner = object_store.connect(folder)
    if isinstance(fs, LocalFileSystem):
        local_disk.prune(inner)


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
    fs, inner = object_store.connect(path)
    local = isinstance(fs, LocalFileSystem)
    infos = []
    try:
        with _telling(fs, path):
            found = lister(fs, inner)
    except FileNotFoundError:
        return []
    for name, listed in found.items():
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
    _, inner = object_store.connect(folder)
    prefix = inner.rstrip("/") + "/"
    own = object_store.connect(path)[1]
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
def fenced(marker: str) -> Iterator[None]:
    """Within, :func:`publish` and :func:`write_bytes` fail where the file ``marker`` is not there.

    So an attempt at some work that is still going on when the work has been done by others, or given up, writes nothing
    over what has come after it. On an object store an upload that has begun by then is not held up.
    """
    token = _fence.set(marker)
    try:
        yield
    finally:
        _fence.reset(token)


def is_shut_out() -> bool:
    """Whether the marker of the fence around us has gone; False without a fence."""
    marker = _fence.get()
    return marker is not None and not exists(marker)


@contextlib.contextmanager
def publish(path: str) -> Iterator[str]:
    """Gives a temporary local name to write to; on success the file appears whole under ``path``.

    The temporary name is unique to the attempt, so a retry or a twin of a task never sees another's half-written file;
    the last one to finish wins, and both have written the same bytes.
    """
    fs, inner = object_store.connect(path)
    if isinstance(fs, LocalFileSystem):
        folder, name = os.path.split(inner)
        local_disk.make_folder(folder)
        temporary = os.path.join(folder, f"{TEMPORARY}{secrets.token_hex(6)}-{name}")  # noqa: PTH118
    else:
        handle, temporary = tempfile.mkstemp(prefix="massivetext-", suffix=f"-{os.path.basename(inner)}")  # noqa: PTH119
        os.close(handle)
    try:
        yield temporary
        if is_shut_out():
            raise StageError(f"{path}: is not written: others have done this work in the meantime, or given it up")
        if isinstance(fs, LocalFileSystem):
            local_disk.sync(temporary)
            os.replace(temporary, inner)  # noqa: PTH105
            local_disk.sync(folder)
        else:
            object_store.upload(fs, temporary, path, inner)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)  # noqa: PTH107


def download(path: str, local: str) -> None:
    """Copies a file to a local path; of a large one only parts are in memory. Raises FileNotFoundError."""
    fs, inner = object_store.connect(path)
    with _telling(fs, path):
        fs.get_file(inner, local)


@contextlib.contextmanager
def local_copy(path: str) -> Iterator[str]:
    """A local path with a file's bytes: the file itself, or a copy that is there for a while."""
    if is_local(path):
        yield path
    else:
        with tempfile.TemporaryDirectory(prefix="massivetext-") as folder:
            copy = os.path.join(folder, os.path.basename(path))  # noqa: PTH118, PTH119
            download(path, copy)
            yield copy


def create(path: str, data: bytes) -> bool:
    """Writes a small file where there is none; returns whether ``data`` is what the file holds now.

    Of several processes that do this at once, one alone gets True; :func:`object_store.create` says where not.
    """
    fs, inner = object_store.connect(path)
    if not isinstance(fs, LocalFileSystem):
        return object_store.create(fs, path, inner, data)
    local_disk.make_folder(os.path.dirname(inner))  # noqa: PTH120
    try:
        with open(inner, "xb") as handle:  # noqa: PTH123
            handle.write(data)
    except FileExistsError:
        return False
    return True


def replace(path: str, data: bytes) -> None:
    """Writes over a small file that is there, with as many bytes. Raises FileNotFoundError where it is not any more."""
    fs, inner = object_store.connect(path)
    if not isinstance(fs, LocalFileSystem):
        return object_store.replace(fs, path, inner, data)
    with open(inner, "r+b", buffering=0) as handle:  # noqa: PTH123  not by renaming, which would make a new one
        handle.write(data)
    return None


@contextlib.contextmanager
def _telling(fs: AbstractFileSystem, path: str) -> Iterator[None]:
    if isinstance(fs, LocalFileSystem):
        yield
    else:
        with object_store.telling(path):
            yield
