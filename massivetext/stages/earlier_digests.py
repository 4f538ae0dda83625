"""Which earlier corpora a recipe names, and digests of them for the keys of stages."""

import hashlib
import json
from typing import TYPE_CHECKING

from massivetext.errors import UserError

if TYPE_CHECKING:
    from massivetext.recipe import Recipe

INDEX_FILE = "dedup-index.json"
_MANIFEST = "near-dedup/manifest.json"  # names, hashes and counts all that a later run reads of an earlier one


def earlier_folders(recipe: "Recipe", root: str) -> list[str]:
    """Return the full paths of the earlier corpora, in the order of the recipe."""
    from massivetext.storage import files as fs  # not for the help of the command, which lists the stages

    return [fs.resolve(folder, root) for folder in recipe.against]


def is_index(folder: str) -> bool:
    """Return whether a folder holds an index of a run rather than a run."""
    from massivetext.storage import files as fs

    return fs.exists(fs.join(folder, INDEX_FILE))


def earlier_digests(recipe: "Recipe", root: str) -> list[str]:
    """Return a hash of the content of each earlier corpus, whatever its path.

    Raises:
        UserError: a folder holds neither an index nor a run that has come so far.
    """
    return [_digest(folder) for folder in earlier_folders(recipe, root)]


def run_digest(folder: str) -> str:
    """Return a hash that a run and every index of it have in common; "" for an index that does not know it.

    Raises:
        UserError: the folder holds neither an index nor a run that has come so far.
    """
    from massivetext.storage import files as fs

    if not is_index(folder):
        return _digest(folder)
    try:
        header = json.loads(fs.read_bytes(fs.join(folder, INDEX_FILE)))  # the help loads this module, and no msgspec
    except ValueError:
        return ""  # who opens the index says what is wrong with it
    found = header.get("run_sha256", "") if isinstance(header, dict) else ""
    return found if isinstance(found, str) else ""


def _digest(folder: str) -> str:
    from massivetext.storage import files as fs

    path = fs.join(folder, INDEX_FILE if is_index(folder) else _MANIFEST)
    try:
        return hashlib.sha256(fs.read_bytes(path)).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(
            f"dedup.against: {folder}: want the folder of a run whose near duplicates are removed, or an index of "
            f"`massivetext dedup-index`; found neither {_MANIFEST} nor {INDEX_FILE}"
        ) from None
