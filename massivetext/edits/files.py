"""Edits as files: ``filters/edits/*.toml``."""

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import msgspec

from massivetext import assets
from massivetext.edits.actions import Rule
from massivetext.errors import UserError


def load(name_or_path: str, folder: Path | None = None) -> tuple[Rule, ...]:
    """Reads an edit: its rules in order, under qualified names ("c4/policy").

    Args:
        name_or_path: name of a built-in edit ("c4"), or path of a TOML file (ends in ``.toml``).
        folder: what a relative path is relative to; None: the working folder.

    Raises:
        UserError: there is no such file, or a rule in it is wrong; names file and rule, what was wanted and what came.
    """
    path = _locate(name_or_path, folder)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: want a TOML file in UTF-8: {error}") from error
    listed = tables.pop("rule", None)
    if tables or not isinstance(listed, list) or not listed:
        raise UserError(f"{path}: want one or more [[rule]] tables and nothing else, got {sorted(tables) or listed!r}")
    rules = (_read(table, f"{path}, rule {number}") for number, table in enumerate(listed, start=1))
    return tuple(msgspec.structs.replace(rule, name=f"{path.stem}/{rule.name}") for rule in rules)


def combine(edits: Iterable[Iterable[Rule]]) -> tuple[Rule, ...]:
    """The rules of all edits of a source in order. Raises UserError where two have one name."""
    rules = tuple(rule for each in edits for rule in each)
    names = [rule.name for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"edits of one source: want each name once, got {name!r} twice; rename one, or its file")
    return rules


def _locate(name_or_path: str, folder: Path | None) -> Path:
    built_in = not name_or_path.endswith(".toml")
    path = assets.folder("filters/edits") / f"{name_or_path}.toml" if built_in else (folder or Path()) / name_or_path
    if path.is_file() and not (built_in and "/" in name_or_path):
        return path
    known = assets.names("filters/edits")
    raise UserError(
        f"edit {name_or_path!r}: want one of {', '.join(known)}, or the path of a .toml file; "
        f"found no file {path}{_suggestion(name_or_path, known)}"
    )


def _read(table: Any, place: str) -> Rule:
    if isinstance(table, dict) and "/" in str(table.get("name", "")):
        raise UserError(f"{place}: name: want a name without '/', got {table['name']!r}; the edit's own is put before")
    actions = [str(kind.__struct_config__.tag) for kind in get_args(Rule)]
    action = table.get("action") if isinstance(table, dict) else None
    if action not in actions:
        raise UserError(
            f"{place}: action: want one of {', '.join(actions)}, got {action!r}{_suggestion(str(action), actions)}"
        )
    try:
        rule: Rule = msgspec.convert(table, Rule)
    except msgspec.ValidationError as error:
        raise UserError(f"{place}: {error}; got {table!r}") from error
    return rule


def _suggestion(word: str, choices: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(choices), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
