"""Checks the arguments of transforms when a transform is made, by the same types as the options of a recipe."""

from pathlib import Path
from typing import TypeVar

import msgspec

from massivetext.recipe import Options, Recipe
from massivetext.toml_tables import convert_value

T = TypeVar("T", bound=Options)
_SEED = next(field.type for field in msgspec.structs.fields(Recipe) if field.name == "seed")


def checked_options(transform: str, kind: type[T], /, **values: object) -> T:
    """Return the options of this kind.

    Raises:
        UserError: a recipe would refuse a value; names transform and argument.
    """
    options: T = convert_value(values, kind, transform)
    return options


def checked_seed(transform: str, seed: int) -> int:
    """Return the seed.

    Raises:
        UserError: a recipe would refuse it.
    """
    converted: int = convert_value(seed, _SEED, f"{transform}: seed")
    return converted


def working_folder() -> str:
    """Return the folder in which relative paths start: the working folder of the process that builds the pipeline."""
    return str(Path.cwd())
