"""Read files of rules as tables: rule sets and line edits have the same layout."""

import re
from pathlib import Path
from typing import Literal

from massivetext import assets
from massivetext.errors import UserError
from massivetext.text import decode_lines
from massivetext.toml_tables import parse_toml, suggestion


def read_rule_tables(
    name_or_path: str, built_in: Literal["filters", "filters/edits"], start: Path | None
) -> tuple[Path, list[object]]:
    """Return the path of a rule set or line edit and its ``[[rule]]`` tables, one or more, as they are in the file.

    Args:
        name_or_path: name of a built-in file ("gopher"), or path of a TOML file (ends in ``.toml``).
        built_in: folder of the built-in files.
        start: folder at which a relative path starts; None: the working folder.

    Raises:
        UserError: there is no such file, its name cannot begin the names of its rules ("gopher/word_count"), or it is
            not a TOML file with ``[[rule]]`` tables only.
    """
    path = _locate(name_or_path, built_in, start)
    if not re.fullmatch("[a-z][a-z0-9_]*", path.stem):
        raise UserError(
            f"{path}: want a file name of lower-case letters, digits and '_' that begins with a letter: the names "
            f"of its rules begin with it; got {path.stem!r}; rename the file"
        )
    try:
        text = decode_lines(path.read_bytes())
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: want a TOML file in UTF-8: {error}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    tables = parse_toml(text, str(path))
    listed = tables.pop("rule", None)
    if tables or not isinstance(listed, list) or not listed:
        raise UserError(f"{path}: want one or more [[rule]] tables and nothing else, got {sorted(tables) or listed!r}")
    return path, listed


def _locate(name_or_path: str, built_in: Literal["filters", "filters/edits"], start: Path | None) -> Path:
    by_name = not name_or_path.endswith(".toml")
    path = assets.folder(built_in) / f"{name_or_path}.toml" if by_name else (start or Path()) / name_or_path
    if path.is_file() and not (by_name and "/" in name_or_path):
        return path
    known, what = assets.asset_names(built_in), {"filters": "rule set", "filters/edits": "edit"}[built_in]
    raise UserError(
        f"{what} {name_or_path!r}: want one of {', '.join(known)}, or the path of a .toml file; "
        f"found no file {path}{suggestion(name_or_path, known)}"
    )
