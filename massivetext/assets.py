"""Where the recipes, rule sets and word lists lie: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path
from typing import Literal

Folder = Literal["pipelines", "filters"]


def folder(name: Folder) -> Path:
    """The folder of built-in recipes or rule sets."""
    package = Path(__file__).parent
    inside, beside = package / name, package.parent / name
    return inside if inside.is_dir() else beside


def names(name: Folder) -> list[str]:
    """Names of the built-in recipes or rule sets, sorted."""
    return sorted(path.stem for path in folder(name).glob("*.toml"))
