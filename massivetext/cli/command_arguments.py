"""Arguments that several commands take."""

from typing import Annotated

import typer

from massivetext import assets

RunFolder = Annotated[
    str, typer.Argument(metavar="RUN", help="Folder that `massivetext run` wrote to: a path or a URL.")
]
RecipeName = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE", help=f"A TOML file, or a built-in name: {', '.join(assets.asset_names('pipelines'))}."
    ),
]
