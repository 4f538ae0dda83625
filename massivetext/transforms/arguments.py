"""Checks the arguments of transforms when a transform is made, by the same types as the options of a recipe."""

from pathlib import Path
from typing import TypeVar

import msgspec

from massivetext.errors import UserError
from massivetext.recipe import Options, Recipe

T = TypeVar("T", bound=Options)
_SEED = next(field.type for field in msgspec.structs.fields(Recipe) if field.name == "seed")


def checked_options(transform: str, kind: type[T], /, **values: object) -> T:
    """Return the options of this kind.

    Raises:
        UserError: a recipe would refuse a value; names transform and argument.
    """
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        message, _, field_path = str(error).partition(" - at `$.")
        name = field_path.partition("[")[0].rstrip("`")
        raise UserError(f"{transform}: {name}: {message}, got {values[name]!r}") from error


def checked_seed(transform: str, seed: int) -> int:
    """Return the seed.

    Raises:
        UserError: a recipe would refuse it.
    """
    try:
        converted: int = msgspec.convert(seed, _SEED)
    except msgspec.ValidationError as error:
        raise UserError(f"{transform}: seed: {error}, got {seed!r}") from error
    return converted


def working_folder() -> str:
    """Return the folder in which relative paths start: the working folder of the process that builds the pipeline."""
    return str(Path.cwd())
