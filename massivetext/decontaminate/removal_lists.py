"""Lists of titles, ids and URLs whose documents a recipe has removed, read from their files."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from massivetext.decontaminate.test_set_files import evaluation_files
from massivetext.decontaminate.test_set_rows import TABLE_SUFFIXES, read_rows, read_text, suffix_of
from massivetext.errors import UserError
from massivetext.recipe import DecontaminateOptions
from massivetext.storage import files as fs

COLUMN_MARK = "#"


class ListedEntry(NamedTuple):
    """An entry of a list.

    Attributes:
        kind: "title", "id" or "url".
        name: name of the list: that of its file without suffixes.
        value: the entry as it stands in the file.
        where: file and line or row, for errors.
    """

    kind: str
    name: str
    value: str
    where: str


def list_files(options: DecontaminateOptions, root: str) -> list[tuple[str, str, fs.FileInfo]]:
    """Return (kind, column, file) of all lists that a recipe names; the column is empty for a file of lines.

    Raises:
        UserError: a pattern matches no file.
    """
    return [
        (kind, column, file)
        for kind, patterns in options.removal_lists
        for pattern in patterns
        for path, _, column in [pattern.partition(COLUMN_MARK)]
        for file in evaluation_files([path], root, f"{kind}s")
    ]


def read_lists(options: DecontaminateOptions, root: str) -> list[ListedEntry]:
    """Return the entries of all lists of a recipe, blank ones left out.

    Raises:
        UserError: a file is missing, cannot be read, lacks the column, or holds no entry.
    """
    found: list[ListedEntry] = []
    for kind, column, file in list_files(options, root):
        entries = list(_entries(kind, column, file))
        if not entries:
            raise UserError(f"decontaminate.{kind}s: {file.path}: want at least one {kind}, got none")
        found += entries
    return found


def _entries(kind: str, column: str, file: fs.FileInfo) -> Iterator[ListedEntry]:
    name = file.path.rsplit("/", 1)[-1]
    stem = name.split(".")[0]
    for where, value in _values(kind, column, file.path, name):
        if value.strip():
            yield ListedEntry(kind, stem, value.strip(), where)


def _values(kind: str, column: str, path: str, name: str) -> Iterator[tuple[str, str]]:
    is_table = suffix_of(name) in TABLE_SUFFIXES
    if is_table != bool(column):
        wanted = f"FILE{COLUMN_MARK}COLUMN for a table" if is_table else "a file of lines without a column"
        raise UserError(f"decontaminate.{kind}s: {path}: want {wanted}, got {column or 'no column'!r}")
    data = fs.read_bytes(path)
    if not is_table:
        yield from (
            (f"{name}, line {number}", line) for number, line in enumerate(read_text(name, data).splitlines(), start=1)
        )
        return
    for where, row in read_rows(name, data):
        if column not in row:
            raise UserError(f"{where}: want a column '{column}', got {', '.join(map(str, row))}")
        value = row[column]
        if value is not None:
            yield where, str(value)


def list_names(entries: Sequence[ListedEntry]) -> dict[str, int]:
    """Return the number of entries of each list, by its name."""
    return dict(Counter(entry.name for entry in entries))
