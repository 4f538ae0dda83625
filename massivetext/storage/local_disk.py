"""This machine's own files for the filesystem layer: kept through a loss of power, their errors told plainly."""

import contextlib
import errno
import io
import os
import shutil
import time
from collections.abc import Iterator
from typing import Any

from massivetext.errors import StageError

_REMOVAL_SECONDS = 60  # for a folder in which a process that comes too late is still writing


class File(io.FileIO):
    """A file whose reads fail with StageError: a reader may take an OSError for damage of what the file holds."""

    def readinto(self, buffer: Any, /) -> int | None:
        """As in FileIO. Raises StageError."""
        with self._telling():
            return super().readinto(buffer)

    def readall(self) -> bytes:
        """As in FileIO. Raises StageError."""
        with self._telling():
            return super().readall()

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StageError(
                f"{self.name}: cannot be read: {error.strerror}; mend it and run again to go on"
            ) from error


def remove(path: str) -> None:
    """Removes a file or folder, also where another process adds to the folder or takes from it meanwhile."""
    deadline = time.monotonic() + _REMOVAL_SECONDS
    while True:
        try:
            if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114
                shutil.rmtree(path)
            else:
                os.remove(path)  # noqa: PTH107
        except FileNotFoundError:
            if not os.path.lexists(path):
                return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or time.monotonic() > deadline:
                raise
        else:
            return


def prune(folder: str) -> None:
    """Removes the empty folders below a folder."""
    for path, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):  # it is not empty
            if path != folder:
                os.rmdir(path)  # noqa: PTH106


def make_folder(folder: str) -> None:
    """Makes a folder and those above it that are missing; their names stay after a loss of power."""
    missing = []
    while not os.path.isdir(folder):  # noqa: PTH112
        missing.append(folder)
        folder = os.path.dirname(folder)  # noqa: PTH120
    for each in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(each)  # noqa: PTH102
        sync(os.path.dirname(each))  # noqa: PTH120


def sync(path: str) -> None:
    """Waits until a file's bytes, or a folder's names, are where a loss of power does not reach them."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a filesystem that cannot do it for folders
            raise
    finally:
        os.close(descriptor)
