"""Read recipes from TOML and check them."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypeVar, cast

import msgspec

from massivetext import assets
from massivetext.errors import UserError
from massivetext.recipe.kinds import KINDS, PAPER_LICENCES
from massivetext.recipe.shares import exact_shares
from massivetext.recipe.structs import Options, Recipe, SourceOptions
from massivetext.sources import FORMATS, Format, find_format
from massivetext.text import decode_lines
from massivetext.toml_tables import convert_value, describe_value, parse_toml

_CREDENTIALS_IN_URL = re.compile(r"://[^/\s\"']*@")
_LONGEST_RECIPE = 1 << 24  # bytes
_SOURCE_NAME = re.compile("[a-z][a-z0-9_]{,63}")
# Names that a run uses for other things beside its sources.
_RESERVED_NAMES = frozenset(
    {
        "canaries",
        "candidates",
        "clusters",
        "counts",
        "cuts",
        "index",
        "near",
        "pairs",
        "samples",
        "signatures",
        "tokens",
    }
)


class LoadedRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe and its location: relative paths in it start at ``root``."""

    recipe: Recipe
    path: str
    root: str


def load_recipe(name_or_path: str, formats: Sequence[Format] = FORMATS) -> LoadedRecipe:
    """Read a recipe: a built-in name, or the path of a TOML file.

    Paths in a file are relative to the file's folder; in a built-in recipe they are relative to the working folder.

    Args:
        name_or_path: name of a built-in recipe, or path of a TOML file.
        formats: the source formats that the recipe may name.

    Raises:
        UserError: there is no such recipe, it is not TOML, or it has a wrong value; names file and position.
    """
    built_in = assets.folder("pipelines") / f"{name_or_path}.toml"
    try:
        path = built_in if built_in.is_file() else Path(name_or_path)
        root = Path.cwd() if path == built_in else path.resolve().parent
        text = _read_text(path)
    except (FileNotFoundError, IsADirectoryError):
        raise UserError(
            f"{name_or_path}: no such recipe; give a TOML file or one of {', '.join(assets.asset_names('pipelines'))}"
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: want UTF-8 text, got {error}") from error
    except (OSError, ValueError, RuntimeError) as error:  # a name too long or with a NUL, a loop of symbolic links
        cause = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError(f"{describe_value(name_or_path)}: cannot be read: {cause}; give a TOML file") from error
    return LoadedRecipe(recipe=parse_recipe(text, str(path), formats), path=str(path), root=str(root))


def _read_text(path: Path) -> str:
    """Return the text of a file, without a byte order mark. Raises ValueError if it is too long for a recipe."""
    with path.open("rb") as handle:
        data = handle.read(_LONGEST_RECIPE + 1)  # a device may have no end
    if len(data) > _LONGEST_RECIPE:
        raise ValueError(f"it has more than {_LONGEST_RECIPE:,} bytes")
    return decode_lines(data)


def parse_recipe(text: str, path: str, formats: Sequence[Format] = FORMATS) -> Recipe:
    """Return the recipe in a TOML text. Raises UserError with ``path`` and the position in the file."""
    if found := _CREDENTIALS_IN_URL.search(text):  # the recipe is written to run.json, and quoted in messages
        line = text.count("\n", 0, found.start()) + 1
        raise UserError(f"{path}: line {line}: holds a URL with credentials; set them in the environment instead")
    data = parse_toml(text, path, parse_float=Decimal)
    tables = data.get("sources", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise UserError(f"{path}: sources: want one table [sources.NAME] per source")
    sources = {name: _parse_source(table, path, f"sources.{name}", formats) for name, table in tables.items()}
    recipe = _convert({**data, "sources": sources}, Recipe, path, "")
    for name in recipe.sources:
        _check_source(name, path)
    _check_weights(recipe, path)
    _check_preferences(recipe, path)
    _check_against(recipe, path)
    _check_canaries(recipe, path)
    return recipe


def _parse_source(table: Mapping[str, object], path: str, toml_path: str, formats: Sequence[Format]) -> SourceOptions:
    source = _convert(table, SourceOptions, path, toml_path)
    try:
        source_format = find_format(source.format_name, formats)
    except UserError as error:
        raise UserError(f"{path}: {toml_path}.format: {error}") from error
    _check_format(source, source_format, path, toml_path, formats)
    _check_fields(source, source_format, path, toml_path, formats)
    # The default format by its name is the same recipe as one without a format: same hashes, same keys.
    return source if source.key_format else msgspec.structs.replace(source, format=msgspec.UNSET)


def _check_format(
    source: SourceOptions, source_format: Format, path: str, toml_path: str, formats: Sequence[Format]
) -> None:
    missing = KINDS[source.kind].requires - source_format.options
    if missing:
        able = ", ".join(known.name for known in formats if KINDS[source.kind].requires <= known.options)
        raise UserError(
            f"{path}: {toml_path}.format: want a format that reads {', '.join(sorted(missing))}, which kind "
            f"'{source.kind}' needs ({able}); got '{source_format.name}'"
        )
    if source.licences != PAPER_LICENCES and "licences" not in source_format.options:
        able = ", ".join(known.name for known in formats if "licences" in known.options)
        raise UserError(
            f"{path}: {toml_path}.licences: want licences only for a format that reads them ({able}); got format "
            f"'{source_format.name}'; remove the licences"
        )


def _check_fields(
    source: SourceOptions, source_format: Format, path: str, toml_path: str, formats: Sequence[Format]
) -> None:
    """Refuse options that name fields of records for a format that has none."""
    given = [*source.given_fields, *(["text_field"] if source.text_field != "text" else [])]
    for name in given:
        if name not in source_format.options:
            able = ", ".join(sorted(known.name for known in formats if name in known.options))
            raise UserError(
                f"{path}: {toml_path}.{name}: want it only for a format that reads fields of records ({able}); got "
                f"format '{source_format.name}'; remove it, or give the source such a format"
            )


_Struct = TypeVar("_Struct", bound=Options)


def _convert(table: Mapping[str, object], struct: type[_Struct], path: str, toml_path: str) -> _Struct:
    """Return a table as a struct; ``toml_path`` is its position in the file, for messages."""
    converted = dict(table)
    for field in msgspec.structs.fields(struct):
        value = converted.get(field.name)
        if isinstance(field.type, type) and issubclass(field.type, Options) and isinstance(value, dict):
            converted[field.name] = _convert(
                cast(dict[str, object], value), field.type, path, f"{toml_path}.{field.name}".lstrip(".")
            )
    options: _Struct = convert_value(_with_floats(converted, struct), struct, path, toml_path)
    return options


def _with_floats(table: Mapping[str, object], struct: type[Options]) -> dict[str, object]:
    # TOML floats are read as Decimal so that weights stay exact; every other number must be a float.
    exact = {field.name for field in msgspec.structs.fields(struct) if "Decimal" in str(field.type)}
    return {
        name: (
            (Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value)
            if name in exact
            else (float(value) if isinstance(value, Decimal) else value)
        )
        for name, value in table.items()
    }


def _check_source(name: str, path: str) -> None:
    if not _SOURCE_NAME.fullmatch(name):
        raise UserError(
            f"{path}: sources.{name[:80]}: want a name of a-z, 0-9 and _, beginning with a letter, of at most "
            "64 characters"
        )
    if name in _RESERVED_NAMES:
        raise UserError(f"{path}: sources.{name}: a run uses this name for something else; rename the source")


def _check_preferences(recipe: Recipe, path: str) -> None:
    named = () if isinstance(recipe.dedup, msgspec.UnsetType) else recipe.dedup.sources
    for name in named:
        if name not in recipe.sources:
            known = ", ".join(recipe.sources)
            raise UserError(f"{path}: dedup.keep: want names of sources of this recipe ({known}), got '{name}'")


def _check_against(recipe: Recipe, path: str) -> None:
    if recipe.against and recipe.near.is_transitive:
        raise UserError(
            f'{path}: dedup.against: want near.clusters = "representative" with earlier corpora, got "transitive": a '
            "document would be removed for one that it does not resemble; remove one of the two"
        )


def _check_canaries(recipe: Recipe, path: str) -> None:
    options = recipe.canaries
    if isinstance(options, msgspec.UnsetType):
        return
    for name, values in (("kinds", options.kinds), ("similarities", options.similarities)):
        if len(set(values)) < len(values):
            raise UserError(f"{path}: canaries.{name}: want every value once, got {list(values)}")
    if recipe.near.threshold in options.similarities:
        raise UserError(
            f"{path}: canaries.similarities: want none at near.threshold, {recipe.near.threshold:g}: such copies may "
            "lie on either side of it; leave it out"
        )


def _check_weights(recipe: Recipe, path: str) -> None:
    try:
        exact_shares(recipe.weights)
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error
