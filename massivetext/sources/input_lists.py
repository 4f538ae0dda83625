"""Inputs that name other inputs: lists of paths, and the home folder."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from massivetext.sources.streams.compressed import open_stream
from massivetext.storage import files as fs
from massivetext.text import decode_marked

_LIST = "@"
_MOST_BYTES = 1 << 28  # Common Crawl's list of a crawl of 100,000 files has 14 MB
_COMMENT = re.compile(r"\s*(?:#.*)?")


class InputPath(NamedTuple):
    """A path or pattern of input files.

    Attributes:
        path: the path.
        start: folder at which it begins if it is relative.
        base: folder below which its files are named; None: the longest folder before a wildcard.
    """

    path: str
    start: str
    base: str | None = None


def input_paths(inputs: Iterable[str], root: str, prefix: str | None = None) -> Iterator[InputPath]:
    """Yield the paths and patterns of inputs; lists are replaced by their lines.

    Args:
        inputs: paths, patterns and lists (``@FILE``, plain or compressed, one path per line, ``#`` begins a comment).
        root: folder at which relative inputs begin; relative paths of a list begin at the folder of the list.
        prefix: what stands before every path of a list, for example ``s3://commoncrawl/``.

    Raises:
        FileNotFoundError: a list does not exist, or a path begins with ``~`` and the name of no user.
        ValueError: there is a prefix and no list; or a list is damaged, is in another encoding than UTF-8 or marked
            UTF-16, or is empty.
    """
    inputs = tuple(inputs)
    if prefix is not None and not any(each.startswith(_LIST) for each in inputs):
        raise ValueError("inputs_prefix stands before the paths of lists; want an input '@LIST', or no inputs_prefix")
    for each in inputs:
        if not each.startswith(_LIST):
            yield InputPath(at_home(each), root)
            continue
        path = fs.resolve(at_home(each.removeprefix(_LIST)), root)
        folder = path.rpartition("/")[0] or "/"
        before = (prefix or "").rpartition("/")[0]
        base = fs.resolve(before, folder) if before else folder
        for line in _read_lines(path):
            listed = at_home(line) if prefix is None else prefix + line
            is_below = not fs.is_absolute(line) and ".." not in line.split("/")
            yield InputPath(listed, folder, base if is_below else None)


def at_home(path: str) -> str:
    """Return a path with the home folder in place of ``~`` or ``~user``. Raises FileNotFoundError for unknown users."""
    try:
        return str(Path(path).expanduser()) if path.startswith("~") else path
    except RuntimeError:
        user = path.partition("/")[0]
        raise FileNotFoundError(
            f"'{path}': {user} is no user's home folder here; write './{path}' for a file"
        ) from None


def _read_lines(path: str) -> list[str]:
    try:
        with open_stream(path) as stream:
            data = bytearray()
            while len(data) <= _MOST_BYTES and (piece := stream.read(1 << 20)):
                data += piece
            damage = stream.damage
        text = decode_marked(bytes(data))
    except FileNotFoundError:
        raise FileNotFoundError(f"'@{path}': there is no such list of inputs; check its spelling") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"'@{path}': want a list of paths in UTF-8, one per line; {error}") from error
    if damage is not None or len(data) > _MOST_BYTES:
        reason = damage.error if damage is not None else f"more than {_MOST_BYTES:,} bytes"
        raise ValueError(f"'@{path}': want a list of paths, one per line; cannot be read: {reason}")
    lines = [line.strip() for line in text.splitlines() if not _COMMENT.fullmatch(line)]
    if not lines:
        raise ValueError(f"'@{path}': want a list of paths, one per line; got no line")
    return lines
