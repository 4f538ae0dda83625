"""Find the built-in recipes, rule sets, line edits and word lists: beside the package, or inside it in a wheel."""

from pathlib import Path
from typing import Literal

Folder = Literal["pipelines", "filters", "filters/edits"]


def folder(name: Folder) -> Path:
    """Return the folder of built-in recipes, rule sets or line edits."""
    package = Path(__file__).parent
    inside, beside = package / name, package.parent / name
    return inside if inside.is_dir() else beside


def asset_names(name: Folder) -> list[str]:
    """Return the names of the built-in recipes, rule sets or line edits, sorted."""
    return sorted(path.stem for path in folder(name).glob("*.toml"))
