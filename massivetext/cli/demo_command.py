"""The command ``massivetext demo``: write the demo corpus."""

from pathlib import Path
from typing import Annotated

import typer

from massivetext.cli.messages import make_console, print_line
from massivetext.errors import UserError


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write; must be new or empty.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives another corpus.")] = 1,
) -> None:
    """Write a small corpus of five sources with known planted cases; the same seed gives the same bytes."""
    from massivetext.demo import write_demo
    from massivetext.storage import files as fs

    fs.require_writable_folder(str(folder.absolute()), "DIR")
    try:
        write_demo(folder, seed)
    except ValueError as error:
        raise UserError(str(error)) from error
    print_line(make_console(), f"{folder}: written; truth.json lists what was planted")
