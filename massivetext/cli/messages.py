"""What the command prints on standard output and standard error: plain text, safe for a terminal, whole in a pipe."""

import os
import sys
from typing import TextIO

from rich.console import Console
from rich.text import Text

_PIPE_WIDTH = 100_000  # columns where there is no terminal: no table is cut or folded for a reader such as grep


def make_console(*, stderr: bool = False) -> Console:
    """Return a console that prints strings as they are, also in cells and titles of tables.

    Rich would otherwise take ``[b]`` in a path for markup and ``:smile:`` for an emoji. Where the output is not a
    terminal, lines have the width that they need, unless the variable ``COLUMNS`` says otherwise.
    """
    stream: TextIO = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, width=width)


def print_message(message: str) -> None:
    """Print a message on standard output, without characters that would steer the terminal."""
    print_line(make_console(), message)


def print_error(message: str) -> None:
    """Print an error on standard error, without characters that would steer the terminal."""
    label = Text("massivetext: ", style="bold red")
    make_console(stderr=True).print(label + Text(_printable(message), style=""), soft_wrap=True)


def print_line(console: Console, line: str, style: str = "") -> None:
    """Print a line as it is: not folded at the width of the terminal, without characters that would steer it."""
    console.print(Text(_printable(line), style=style), soft_wrap=True)


def _printable(text: str) -> str:
    from massivetext.text import printable

    return printable(text)
