"""Arguments that several commands take."""

from typing import Annotated

import typer

from massivetext import assets
from massivetext.errors import UserError

RunFolder = Annotated[
    str, typer.Argument(metavar="RUN", help="Folder that `massivetext run` wrote to: a path or a URL.")
]
RecipeName = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE", help=f"A TOML file, or a built-in name: {', '.join(assets.asset_names('pipelines'))}."
    ),
]


def full_path(run_folder: str) -> str:
    """Return the absolute path or URL of a run folder that the user has given.

    Raises:
        UserError: it is none, or one in the memory of this process, which would be lost when the command ends.
    """
    from massivetext.storage import files as fs

    require_text("RUN", run_folder)
    if run_folder.startswith("memory:"):
        raise UserError(f"{run_folder}: want a local path, s3:// or gs://")
    return fs.absolute(run_folder)


def require_text(name: str, value: str) -> None:
    """Refuse an argument that is empty, as that of a variable which is not set. Raises UserError."""
    if not value.strip():
        raise UserError(f"{name}: want a value, got an empty one")
