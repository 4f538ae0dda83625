"""Files of this machine's own disks: kept through a loss of power, and errors of reading as StageError."""

import contextlib
import errno
import io
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from massivetext.errors import ReadError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_REMOVAL_SECONDS = 60  # to retry the removal of a folder while a late process still writes to it


class LocalFile(io.FileIO):
    """A file that raises ReadError if the disk cannot read: a reader may take an OSError for damaged content."""

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        """Read as FileIO does. Raises ReadError."""
        with self._translate_read_errors():
            return super().readinto(buffer)

    def readall(self) -> bytes:
        """Read as FileIO does. Raises ReadError."""
        with self._translate_read_errors():
            return super().readall()

    @contextlib.contextmanager
    def _translate_read_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ReadError(
                f"{self.name}: cannot be read: {error.strerror}; repair it and run again to go on"
            ) from error


def remove(path: str) -> None:
    """Remove a file or folder, even if another process adds files to the folder or removes some meanwhile."""
    target = Path(path)
    deadline = time.monotonic() + _REMOVAL_SECONDS
    while True:
        try:
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(path)
            else:
                target.unlink()
        except FileNotFoundError:
            if not os.path.lexists(path):
                return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or time.monotonic() > deadline:
                raise
        else:
            return


def remove_empty_folders(folder: str) -> None:
    """Remove the empty folders below a folder."""
    for path, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):  # it is not empty
            if path != folder:
                Path(path).rmdir()


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents; their names stay after a loss of power."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        with contextlib.suppress(FileExistsError):
            each.mkdir()
        sync(each.parent)


def try_folder(folder: Path) -> None:
    """Find out whether a folder can be made and written to, and leave nothing of the attempt.

    Raises:
        OSError: it cannot; FileExistsError or NotADirectoryError if a file is in the way.
    """
    made: list[Path] = []
    try:
        for each in reversed([folder, *folder.parents]):
            if not each.is_dir():
                with contextlib.suppress(FileExistsError):  # a file that is in the way fails below
                    each.mkdir()
                    made.append(each)
        with tempfile.TemporaryFile(dir=folder):
            pass
    finally:
        for each in reversed(made):
            with contextlib.suppress(OSError):  # another process has begun to use it
                each.rmdir()


def sync(path: Path) -> None:
    """Wait until the bytes of a file, or the names in a folder, are safe from a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot sync folders
            raise
    finally:
        os.close(descriptor)
