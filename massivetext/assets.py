"""Where the recipes, rule sets, line edits and word lists lie: in a checkout beside the package, in a wheel inside."""

from pathlib import Path
from typing import Literal

Folder = Literal["pipelines", "filters", "filters/edits"]


def folder(name: Folder) -> Path:
    """The folder of built-in recipes, rule sets or line edits."""
    package = Path(__file__).parent
    inside, beside = package / name, package.parent / name
    return inside if inside.is_dir() else beside


def names(name: Folder) -> list[str]:
    """Names of the built-in recipes, rule sets or line edits, sorted."""
    return sorted(path.stem for path in folder(name).glob("*.toml"))
