"""Find the built-in recipes, rule sets, line edits and word lists: beside the package, or inside it in a wheel."""

import re
from pathlib import Path
from typing import Literal

from massivetext.errors import UserError

Folder = Literal["pipelines", "filters", "filters/edits"]


def folder(name: Folder) -> Path:
    """Return the folder of built-in recipes, rule sets or line edits."""
    package = Path(__file__).parent
    inside, beside = package / name, package.parent / name
    return inside if inside.is_dir() else beside


def asset_names(name: Folder) -> list[str]:
    """Return the names of the built-in recipes, rule sets or line edits, sorted."""
    return sorted(path.stem for path in folder(name).glob("*.toml"))


def require_plain_name(path: Path) -> None:
    """Raise UserError unless the name of a file can begin the qualified names of its rules ("gopher/word_count")."""
    if not re.fullmatch("[a-z][a-z0-9_]*", path.stem):
        raise UserError(
            f"{path}: want a file name of lower-case letters, digits and '_' that begins with a letter: the names "
            f"of its rules begin with it; got {path.stem!r}; rename the file"
        )
