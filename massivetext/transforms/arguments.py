"""Arguments of the transforms: checked when a transform is made, by the same types as a recipe's."""

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from massivetext.errors import UserError
from massivetext.recipe import Options, Recipe

T = TypeVar("T", bound=Options)
_SEED = next(field.type for field in msgspec.structs.fields(Recipe) if field.name == "seed")


def checked(transform: str, kind: type[T], /, **values: Any) -> T:
    """The options of this kind. Raises UserError that names transform and argument where a recipe would refuse it."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$.")
        name = place.partition("[")[0].rstrip("`")
        raise UserError(f"{transform}: {name}: {message}, got {values[name]!r}") from error


def checked_seed(transform: str, seed: int) -> int:
    """The seed. Raises UserError where it is none."""
    try:
        converted: int = msgspec.convert(seed, _SEED)
    except msgspec.ValidationError as error:
        raise UserError(f"{transform}: seed: {error}, got {seed!r}") from error
    return converted


def working_folder() -> str:
    """Where relative paths in arguments start: the working folder of the process that builds the pipeline."""
    return str(Path.cwd())
