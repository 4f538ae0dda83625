"""A folder for the temporary files of a process and its children, removed at its end or by the next run.

Libraries write temporary files to the folder of the system, and leave them there if their process is killed. So a run
has its own folder for them, removed at the end; the next run on the machine removes the folder of a killed run.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "massivetext-tmp-"


@contextlib.contextmanager
def own_folder() -> Iterator[None]:
    """Keep the temporary files of this process and its children in a folder that is removed at the end of the block.

    A lock on the folder shows that its process is alive: the system releases it, however the process ends.
    """
    _remove_leftovers(Path(tempfile.gettempdir()))
    before, variable = tempfile.tempdir, os.environ.get("TMPDIR")
    folder, descriptor = _make_locked_folder()
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
        del os.environ["TMPDIR"]
        if variable is not None:
            os.environ["TMPDIR"] = variable
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _make_locked_folder() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        # Until it is locked, another process may take it for the folder of a killed run and remove it.
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if folder.exists():
            return folder, descriptor
        os.close(descriptor)


def _remove_leftovers(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # its process is alive, it is another user's, or another process was faster
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(descriptor)
