"""A folder for the temporary files of a process and of all that it starts, which does not outlive it for long.

Libraries put their files where the system says, and leave them there when their process is killed. So a run has a
folder of its own for them, removed at its end; one that a killed run has left is removed by the next on the machine.
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
    """Within, this process and those it starts keep their temporary files in a folder that is removed at the end.

    A lock on the folder tells whether its process still lives: the system releases it, however the process ends.
    """
    _sweep(Path(tempfile.gettempdir()))
    before, variable = tempfile.tempdir, os.environ.get("TMPDIR")
    folder, descriptor = _locked()
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


def _locked() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if folder.exists():  # or somebody who was sweeping had it first
            return folder, descriptor
        os.close(descriptor)


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # it lives, it is another user's, or somebody else was faster
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(descriptor)
