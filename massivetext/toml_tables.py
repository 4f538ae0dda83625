"""Read TOML that people write, and turn its tables into structs; every error says what is wanted and what is there.

Types are structs of msgspec; its own messages ("Expected `array`, got `str`") speak of JSON and of Python.
"""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from massivetext.errors import UserError
from massivetext.formatting import count_noun

T = TypeVar("T")
_LONGEST_SHOWN = 60  # characters of a value in a message
_POSITION = re.compile(r"at line (\d+), column (\d+)")  # as tomllib says it
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]|\[\.\.\.\]")


def parse_toml(text: str, path: str, parse_float: Callable[[str], object] = float) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Args:
        text: the text.
        path: path of the file, for messages.
        parse_float: makes the values of numbers with a point or an exponent.

    Raises:
        UserError: the text is not TOML, or a value in it is too deep or too long to be read.
    """
    try:
        return tomllib.loads(text, parse_float=parse_float)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: want a TOML file: {error}{_name_character(text, str(error))}") from error
    except RecursionError as error:
        raise UserError(f"{path}: want a TOML file, got arrays or tables that lie too deep in each other") from error
    except (ValueError, ArithmeticError) as error:  # a number that Python does not convert
        raise UserError(f"{path}: want a TOML file, got a number of too many digits") from error


def _name_character(text: str, message: str) -> str:
    """Return the end of a message that names the character where a text is no TOML, if it does not look like itself."""
    found = _POSITION.search(message)
    if found is None:
        return ""
    lines = text.split("\n")
    line, column = int(found[1]) - 1, int(found[2]) - 1
    character = lines[line][column : column + 1] if line < len(lines) else ""
    if not character or (character.isascii() and character.isprintable()):
        return ""
    name = unicodedata.name(character, "a control character")
    return f"; the character there is U+{ord(character):04X}, {name}: replace it"


def convert_value(value: object, kind: Any, where: str, position: str = "") -> Any:  # `kind` may be an annotation
    """Return a value of TOML, or an argument, as the type that a struct or an annotation says.

    Args:
        value: the value; a table is a mapping.
        kind: class of a struct, or an annotated type.
        where: file of the value, or name of the function that it is an argument of, for messages.
        position: position of the value there ("sources.web"); empty: the value is the whole.

    Raises:
        UserError: a value is missing, unknown or not valid; names its position, says what is wanted and what came.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        names, inner, given = _follow(path.rstrip("`"), inspect.type_info(kind), value)
        names = f"{position}{names}" if names.startswith("[") else f"{position}.{names}".strip(".")
        cause = error.__cause__ if isinstance(error.__cause__, ValueError | TypeError) else None
        # A struct that refuses its own values says so in our own words.
        explained = _place(where, names, str(cause)) if cause else _explain(message, names, inner, given, where)
        raise UserError(explained) from error


def suggestion(word: object, choices: Iterable[str]) -> str:
    """Return the end of a message that names the closest choice, or nothing if none is close or it is no text."""
    close = _closest(word, choices) if isinstance(word, str) else None
    return "" if close is None else f" (did you mean {close!r}?)"


def _closest(word: str, choices: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word, list(choices), n=1)), None)


def describe_type(found: inspect.Type) -> str:
    """Return what a type wants, in words: "a whole number from 1 to 64"."""
    if isinstance(found, inspect.Metadata):
        description = (found.extra_json_schema or {}).get("description")
        return str(description) if description else describe_type(found.type)
    if isinstance(found, inspect.UnionType):
        return " or ".join(describe_type(each) for each in found.types if not isinstance(each, inspect.NoneType))
    if isinstance(found, inspect.LiteralType):
        return f"one of {', '.join(map(str, found.values))}"
    if isinstance(found, inspect.VarTupleType):
        least = f" of at least {found.min_length}" if found.min_length else ""
        return f"a list{least}, each {describe_type(found.item_type)}"
    return _describe_plain_type(found)


def _describe_plain_type(found: inspect.Type) -> str:
    match found:
        case inspect.IntType():
            return f"a whole number{_bounds(found)}"
        case inspect.FloatType():
            return f"a number{_float_bounds(found)}"
        case inspect.DecimalType():
            return "a number"
        case inspect.BoolType():
            return "true or false"
        case inspect.StrType():
            return "a text that is not empty" if found.min_length else "a text"
        case _:
            return "a table"


def describe_value(value: object) -> str:
    """Return a value of TOML as a message quotes it: short, and numbers and texts as they are written."""
    match value:
        case bool():
            return str(value).lower()
        case int() if value.bit_length() > 128:
            return "a number of very many digits"
        case int() | float() | Decimal():
            return str(value)
        case str():
            return repr(value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 1] + "…")
        case Mapping():
            return f"a table of {count_noun(len(value), 'key')}" if value else "an empty table"
        case Sequence():
            return f"a list of {len(value)}" if value else "an empty list"
        case None:
            return "None"
        case _:
            return f"the {type(value).__name__} {value}"


def _explain(message: str, names: str, inner: inspect.Type, given: object, where: str) -> str:
    quoted = re.search("`([^`]*)`", message)
    fields = {field.encode_name: field.type for field in inner.fields} if isinstance(inner, inspect.StructType) else {}
    if quoted and "unknown field" in message:
        close = _closest(quoted[1], fields)
        hint = "" if close is None else f"did you mean '{close}'? "
        tag = inner.tag_field if isinstance(inner, inspect.StructType) else None
        known = ", ".join(sorted([*fields, *([tag] if tag else [])]))
        return _place(where, f"{names}.{quoted[1]}".lstrip("."), f"unknown key; {hint}known here: {known}")
    if quoted and "missing required field" in message:
        wanted = describe_type(fields[quoted[1]]) if quoted[1] in fields else "a value"
        return _place(where, f"{names}.{quoted[1]}".lstrip("."), f"want {wanted}, got none")
    return _place(where, names, f"want {describe_type(inner)}, got {describe_value(given)}")


def _place(where: str, names: str, message: str) -> str:
    return f"{where}: {names}: {message}" if names else f"{where}: {message}"


def _follow(path: str, found: inspect.Type, value: Any) -> tuple[str, inspect.Type, object]:
    """Return the position ("any_of[0].min"), the type and the value at a path as msgspec spells it."""
    for step in _STEP.finditer(path):
        name, number = step.group(1), step.group(2)
        found = _innermost(found, value)
        if name is not None and isinstance(found, inspect.StructType):
            found = next((field.type for field in found.fields if field.encode_name == name), found)
            value = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
        elif number is not None and isinstance(found, inspect.VarTupleType):
            found, value = found.item_type, value[int(number)]
        elif isinstance(found, inspect.DictType):  # msgspec does not say which key
            found, value = found.value_type, None
    if not isinstance(found, inspect.Metadata | inspect.UnionType):
        return path.lstrip("."), found, value
    inner = _innermost(found, value)
    return path.lstrip("."), inner if isinstance(inner, inspect.StructType) else found, value


def _innermost(found: inspect.Type, value: object) -> inspect.Type:
    """Return a type without annotations and without None; of several structs the one that the tag of a table names."""
    while isinstance(found, inspect.Metadata):
        found = found.type
    if not isinstance(found, inspect.UnionType):
        return found
    others = [each for each in found.types if not isinstance(each, inspect.NoneType)]
    for each in others:
        if isinstance(each, inspect.StructType) and _has_tag(value, each):
            return each
    return _innermost(others[0], value) if len(others) == 1 else found


def _has_tag(value: object, struct: inspect.StructType) -> bool:
    return struct.tag_field is not None and isinstance(value, Mapping) and value.get(struct.tag_field) == struct.tag


def _bounds(found: inspect.IntType) -> str:
    low = found.ge if found.gt is None else found.gt + 1
    high = found.le if found.lt is None else found.lt - 1
    if low is not None and high is not None:
        return f" from {low:,} to {high:,}"
    if low is not None:
        return f" of at least {low:,}"
    return f" of at most {high:,}" if high is not None else ""


def _float_bounds(found: inspect.FloatType) -> str:
    if found.ge is not None and found.le is not None:
        return f" from {found.ge:g} to {found.le:g}"
    bounds = (("above", found.gt), ("at least", found.ge), ("below", found.lt), ("at most", found.le))
    said = " and ".join(f"{words} {bound:g}" for words, bound in bounds if bound is not None)
    return f"{' of' if said.startswith('at') else ''} {said}" if said else ""
