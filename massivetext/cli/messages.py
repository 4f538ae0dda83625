"""What the command prints on standard output and standard error: plain text, safe for a terminal, whole in a pipe."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from massivetext.errors import StageError

_PIPE_WIDTH = 100_000  # columns where there is no terminal: no table is cut or folded for a reader such as grep
_PIECE = 4096  # characters
_LEAST_WIDTH = 40  # columns below which the cells of a table would be empty


class _SafeConsole(Console):
    """A console that shows strings, also those in cells and titles of tables, as they are.

    Rich would otherwise take ``[b]`` in a path for markup and ``:smile:`` for an emoji, and pass on characters that
    steer a terminal.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a string as rich does, without characters that would steer the terminal."""
        return super().render_str(_printable(text), **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does. Raises as :func:`print_raw` does."""
        with _translate_output_errors():
            super().print(*objects, **options)

    def on_broken_pipe(self) -> None:
        """Leave it to :meth:`print`."""
        raise BrokenPipeError


def make_console(*, stderr: bool = False) -> Console:
    """Return a console that prints strings as they are, also in cells and titles of tables.

    Where the output is not a terminal, lines have the width that they need, unless the variable ``COLUMNS`` says
    otherwise.
    """
    stream: TextIO = sys.stderr if stderr else sys.stdout
    given = os.environ.get("COLUMNS", "")
    columns = int(given[:6]) if given.isascii() and given.isdigit() else 0
    width = None if stream.isatty() else _PIPE_WIDTH
    if columns:
        width = max(columns, _LEAST_WIDTH)
    return _SafeConsole(stderr=stderr, markup=False, emoji=False, highlight=False, width=width)


@contextlib.contextmanager
def _translate_output_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        with contextlib.suppress(OSError, ValueError):  # what is still to be printed goes to nowhere
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
        if isinstance(error, BrokenPipeError):
            raise SystemExit(128 + signal.SIGPIPE) from None
        raise StageError(f"standard output: {error.strerror}; correct this and run again to go on") from error


def print_raw(text: str) -> None:
    """Print a text for another program as it is.

    Raises:
        StageError: standard output cannot be written.
        SystemExit: its reader has gone, such as `head`; the code is that of other commands.
    """
    with _translate_output_errors():
        for begin in range(0, len(text), _PIECE):  # of a large write Python may lose the error
            sys.stdout.write(text[begin : begin + _PIECE])
        sys.stdout.flush()


def print_json(value: object) -> None:
    """Print a value as indented JSON for another program. Raises as :func:`print_raw` does."""
    import msgspec

    print_raw(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def print_message(message: str) -> None:
    """Print a message on standard output, without characters that would steer the terminal."""
    print_line(make_console(), message)


def print_error(message: str) -> None:
    """Print an error on standard error, without characters that would steer the terminal."""
    label = Text("massivetext: ", style="bold red")
    make_console(stderr=True).print(label + safe_text(message), soft_wrap=True)


def print_line(console: Console, line: str, style: str = "") -> None:
    """Print a line as it is: not folded at the width of the terminal, without characters that would steer it."""
    console.print(safe_text(line, style), soft_wrap=True)


def one_line(text: str) -> str:
    """Return an address or a title of a document with a space for each run of white space: it is part of a line."""
    return " ".join(text.split())


def safe_text(text: object, style: str = "") -> Text:
    """Return a text for a cell without characters that would steer the terminal."""
    return Text(_printable(str(text)), style=style)


def _printable(text: str) -> str:
    from massivetext.text import printable

    return printable(text)
