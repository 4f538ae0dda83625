"""Writing and removing files so that no file is ever half written under its final name.

On local disks a file is written under a temporary name, flushed to the disk, and renamed. On object stores it is
written to a local file and uploaded; a store shows an object only when all of it has arrived. What is published stays
after a loss of power, and in the order in which it was published; with ``durable=False`` a loss of power may lose it.
"""

import contextlib
import errno
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from fsspec.implementations.local import LocalFileSystem

from massivetext.errors import AccessDeniedError, FencedOutError, UserError
from massivetext.storage import local_disk, object_store
from massivetext.storage.fencing import is_marker_gone
from massivetext.storage.file_reading import exists, find, translate_errors

TEMPORARY = ".tmp-"  # in the name of every file that is not yet complete


class NewFile(os.PathLike[str]):
    """A file that :func:`publish` makes; as a path it is the local file to write to, which exists within the block.

    Attributes:
        path: path or URL under which the file appears at the end of the block.
        size: bytes of the file; known after the block.
        sha256: SHA-256 of these bytes, as hex; known after the block. It is computed from the local file, so that a
            file on an object store does not have to be read back.
    """

    def __init__(self, path: str, temporary: str) -> None:
        self.path = path
        self.size = 0
        self.sha256 = ""
        self._temporary = temporary

    def __fspath__(self) -> str:
        return self._temporary

    def measure(self) -> None:
        """Compute size and hash, if they are not known yet; the file must have been written."""
        if self.sha256:
            return
        with Path(self._temporary).open("rb") as handle:
            self.sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
            self.size = handle.tell()


@contextlib.contextmanager
def publish(path: str, *, durable: bool = True) -> Iterator[NewFile]:
    """Give a temporary local file to write to; if the block succeeds, it appears whole under ``path``.

    The temporary name is unique to the attempt, so that two attempts at the same work item never share a half-written
    file. The last one to finish wins, and both have written the same bytes.

    Args:
        path: path or URL of the file.
        durable: whether the block ends only when the file is safe from a loss of power. Without it, such a loss may
            leave an older file, an empty one or none.

    Raises:
        FencedOutError: the marker of the fence around this call is gone; nothing was written.
    """
    fs, inner = object_store.connect(path)
    target = Path(inner)
    if isinstance(fs, LocalFileSystem):
        local_disk.make_folder(target.parent)
        temporary = target.with_name(f"{TEMPORARY}{secrets.token_hex(6)}-{target.name}")
    else:
        handle, name = tempfile.mkstemp(prefix="massivetext-", suffix=f"-{target.name}")
        os.close(handle)
        temporary = Path(name)
    new = NewFile(path, str(temporary))
    try:
        yield new
        _check_fence(path)  # whoever removed the marker may have removed the temporary file too
        new.measure()
        _check_fence(path)
        if isinstance(fs, LocalFileSystem):
            if durable:
                local_disk.sync(temporary)
            temporary.replace(target)
            if durable:
                local_disk.sync(target.parent)
        else:
            object_store.upload(fs, str(temporary), path, inner)
    finally:
        temporary.unlink(missing_ok=True)


def _check_fence(path: str) -> None:
    if is_marker_gone():
        raise FencedOutError(f"{path}: is not written: others have done this work in the meantime, or given it up")


def require_writable_folder(path: str, name: str) -> None:
    """Refuse a local folder that cannot be made or written to; a store says so when the first file is written.

    Args:
        path: path or URL of the folder.
        name: name of the option that holds it, for the message.

    Raises:
        UserError: names the option and the folder, and says why.
    """
    fs, inner = object_store.connect(path)
    if not isinstance(fs, LocalFileSystem):
        return
    folder = Path(inner)
    try:
        if in_the_way := next(
            (each for each in (folder, *folder.parents) if each.exists() and not each.is_dir()), None
        ):
            raise NotADirectoryError(errno.ENOTDIR, f"{in_the_way} is a file")
        local_disk.try_folder(folder)
    except OSError as error:
        raise UserError(
            f"{name}: {path}: want a folder that can be made and written to: {error.strerror}; give another folder"
        ) from error


def write_bytes(path: str, data: bytes, *, durable: bool = True) -> NewFile:
    """Write a file, whole or not at all, and return it; ``durable`` as in :func:`publish`."""
    with publish(path, durable=durable) as new:
        Path(new).write_bytes(data)
    return new


def create_exclusively(path: str, data: bytes) -> bool:
    """Write a small file if there is none; return whether the file holds ``data`` now.

    If several processes do this at once, exactly one gets True, except on stores without conditional requests; see
    :func:`massivetext.storage.object_store.create_object`.
    """
    fs, inner = object_store.connect(path)
    if not isinstance(fs, LocalFileSystem):
        return object_store.create_object(fs, path, inner, data)
    target = Path(inner)
    local_disk.make_folder(target.parent)
    try:
        with target.open("xb") as handle:
            handle.write(data)
    except FileExistsError:
        return False
    return True


def overwrite(path: str, data: bytes) -> None:
    """Overwrite a small file in place with as many bytes. Raises FileNotFoundError if it does not exist (any more)."""
    fs, inner = object_store.connect(path)
    if not isinstance(fs, LocalFileSystem):
        return object_store.replace_object(fs, path, inner, data)
    with Path(inner).open("r+b", buffering=0) as handle:  # a rename would make a new file where there is none
        handle.write(data)
    return None


def remove(path: str) -> None:
    """Remove a file or a whole folder; do nothing if there is none.

    Raises:
        AccessDeniedError: the store keeps the objects.
    """
    fs, inner = object_store.connect(path)
    if isinstance(fs, LocalFileSystem):
        return local_disk.remove(inner)
    if not object_store.is_object_store(fs):
        with contextlib.suppress(FileNotFoundError), translate_errors(fs, path):
            fs.rm(inner, recursive=True)
        return None
    if below := [info.path for info in find(path)]:
        remove_files(below, folder=path)
    else:
        remove_file(path)
    return None


def remove_file(path: str) -> None:
    """Remove a file; do nothing if there is none. Raises AccessDeniedError if the store keeps it."""
    fs, inner = object_store.connect(path)
    if isinstance(fs, LocalFileSystem):
        return local_disk.remove(inner)
    with contextlib.suppress(FileNotFoundError), translate_errors(fs, path):
        fs.rm_file(inner)
    return None


def remove_files(paths: Sequence[str], folder: str | None = None) -> None:
    """Remove files of one file system, on an object store a thousand with each request; missing ones do not matter.

    Args:
        paths: paths or URLs of the files.
        folder: their folder, for a message; None: name a file.

    Raises:
        AccessDeniedError: the store keeps an object.
    """
    if not paths:
        return
    fs, _ = object_store.connect(paths[0])
    if isinstance(fs, LocalFileSystem):
        for path in paths:
            local_disk.remove(object_store.connect(path)[1])
        return
    try:
        with translate_errors(fs, paths[0]):
            fs.rm([object_store.connect(path)[1] for path in paths], recursive=False)
    except FileNotFoundError:  # some stores refuse all of them because of one
        for path in paths:
            remove_file(path)
    # S3 answers a request to delete many objects with success even if it has refused to delete them, all or none.
    if exists(paths[-1]):
        raise AccessDeniedError(
            f"{folder or paths[-1]}: cannot be removed; want the permission to delete objects there"
        )


def remove_empty_folders(folder: str) -> None:
    """Remove the empty folders below a folder; object stores have none."""
    fs, inner = object_store.connect(folder)
    if isinstance(fs, LocalFileSystem):
        local_disk.remove_empty_folders(inner)
