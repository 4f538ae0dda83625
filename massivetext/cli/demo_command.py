"""The command ``massivetext demo``: write the demo corpus."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from massivetext.errors import UserError


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write; must be new or empty.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives another corpus.")] = 1,
) -> None:
    """Write a small corpus of five sources with known planted cases; the same seed gives the same bytes."""
    from massivetext.demo import write_demo

    try:
        write_demo(folder, seed)
    except ValueError as error:
        raise UserError(str(error)) from error
    Console().print(f"{folder}: written; truth.json lists what was planted", highlight=False, soft_wrap=True)
