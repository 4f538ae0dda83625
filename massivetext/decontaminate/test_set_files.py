"""The files of the test sets that a recipe names, and the index of their items."""

import fnmatch
from collections.abc import Iterable, Sequence

from massivetext.decontaminate.evaluation_items import EvaluationItem, read_items
from massivetext.decontaminate.index import ItemIndex
from massivetext.errors import UserError
from massivetext.recipe import DecontaminateOptions, LoadedRecipe
from massivetext.storage import files as fs


def evaluation_files(patterns: Sequence[str], root: str, option: str = "test_sets") -> list[fs.FileInfo]:
    """Return the files of the test sets, sorted and distinct.

    Args:
        patterns: paths or URLs, wildcards allowed.
        root: folder in which relative patterns start.
        option: the option of the recipe that names them, for errors.

    Raises:
        UserError: a pattern matches no file.
    """
    found: dict[str, fs.FileInfo] = {}
    for pattern in patterns:
        infos = fs.glob(fs.resolve(pattern, root))
        if not infos:
            raise UserError(
                f"decontaminate.{option}: {pattern}: no such file below {root}; correct the pattern or add the file"
            )
        found.update((info.path, info) for info in infos)
    return sorted(found.values())


def validate_test_sets(loaded: LoadedRecipe) -> None:
    """Refuse a recipe with a test set that cannot be read, holds no item or is not there. Raises UserError."""
    options = loaded.recipe.decontaminate
    names: set[str] = set()
    for file in evaluation_files(options.test_sets, loaded.root):
        items = read_test_set(file, options)
        names.update(item.test_set for item in items)
    for pattern in options.actions or {}:
        if not fnmatch.filter(names, pattern):
            known = ", ".join(sorted(names)) or "none"
            raise UserError(f"decontaminate.actions: {pattern}: want a test set, one of: {known}")


def read_test_set(file: fs.FileInfo, options: DecontaminateOptions) -> list[EvaluationItem]:
    """Return the items of a file. Raises UserError: it has none or an unknown format, or a line is wrong."""
    items = read_items(file.path.rsplit("/", 1)[-1], fs.read_bytes(file.path), options.fields or {})
    if not items:
        raise UserError(f"{file.path}: want at least one item, got none")
    return items


def build_index(files: Iterable[fs.FileInfo], options: DecontaminateOptions) -> ItemIndex:
    """Read the items of some files and return the index of their words, items in the order of the files.

    Raises:
        UserError: the format of a file is unknown, or a line in it is not as it should be.
    """
    # Equal items once: a test set may be there twice.
    return ItemIndex.build(list(dict.fromkeys(item for file in files for item in read_test_set(file, options))))
