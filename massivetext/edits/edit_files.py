"""Read line edits from files: ``filters/edits/*.toml``."""

from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import msgspec

from massivetext import rule_files
from massivetext.edits.actions import EditRule
from massivetext.errors import UserError
from massivetext.toml_tables import convert_value, suggestion


def load_edit(name_or_path: str, folder: Path | None = None) -> tuple[EditRule, ...]:
    """Read a line edit: its rules in order, with qualified names ("c4/policy").

    Args:
        name_or_path: name of a built-in edit ("c4"), or path of a TOML file (ends in ``.toml``).
        folder: folder at which a relative path starts; None: the working folder.

    Raises:
        UserError: there is no such file, its name cannot be part of a rule's name, or a rule in it is wrong; names file
            and rule, and says what is expected.
    """
    path, listed = rule_files.read_rule_tables(name_or_path, "filters/edits", folder)
    rules = (_read(table, f"{path}, rule {number}") for number, table in enumerate(listed, start=1))
    return tuple(msgspec.structs.replace(rule, name=f"{path.stem}/{rule.name}") for rule in rules)


def combine_edits(edits: Iterable[Iterable[EditRule]]) -> tuple[EditRule, ...]:
    """Return the rules of all edits of a source in order. Raises UserError if two rules have the same name."""
    rules = tuple(rule for each in edits for rule in each)
    names = [rule.name for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise UserError(
                f"line edits of one source: want each rule name once, got {name!r} twice; rename a rule or its file"
            )
    return rules


def _read(table: object, toml_path: str) -> EditRule:
    if isinstance(table, dict) and "/" in str(table.get("name", "")):
        raise UserError(
            f"{toml_path}: name: want a name without '/', got {table['name']!r}; the name of the edit is added"
        )
    actions = [str(kind.__struct_config__.tag) for kind in get_args(EditRule)]
    action = table.get("action") if isinstance(table, dict) else None
    if action not in actions:
        close = suggestion(str(action), actions)
        raise UserError(f"{toml_path}: action: want one of {', '.join(actions)}, got {action!r}{close}")
    rule: EditRule = convert_value(table, EditRule, toml_path)
    return rule
