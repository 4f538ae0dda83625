"""Runs a command within the process of the tests, which takes no time for imports."""

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from massivetext.cli.main import run_command_line


class Answer(NamedTuple):
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


@contextlib.contextmanager
def _within(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def ask(*arguments: str | Path, folder: Path) -> Answer:
    """Run the command in a folder, and return what it answers."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _within(folder):
        code = run_command_line([str(each) for each in arguments])
    return Answer(code, out.getvalue(), err.getvalue())
