"""What a shard reads: files, parts of large files, groups of small ones."""

import glob as wildcards
import itertools
from collections.abc import Iterable

import msgspec

from massivetext.storage import files as fs
from massivetext.storage.files import FileInfo


class Split(msgspec.Struct, frozen=True, order=True):
    """A file, or the part of a file that one shard reads.

    Attributes:
        name: path below the folder of its pattern; the origin of its documents.
        path: where it lies.
        size: bytes of the whole file.
        version: changes when the file does.
        part: this part takes the records whose ordinal is ``part`` modulo ``parts``.
        parts: how many parts the file has.
    """

    name: str
    path: str
    size: int
    version: str = ""
    part: int = 0
    parts: int = 1


def plan(patterns: Iterable[str], root: str, shard_bytes: int, *, divisible: bool) -> list[tuple[Split, ...]]:
    """The shards of a source: what each reads, in order.

    Depends on the names and sizes of the files alone, neither on the order of the patterns nor on that of a listing.

    Args:
        patterns: file names or patterns, relative to ``root`` unless absolute or a URL.
        root: folder at which relative patterns start.
        shard_bytes: a larger file is divided, smaller ones are grouped up to this size.
        divisible: whether several shards can share a file; if not, a large file is one large shard.

    Raises:
        FileNotFoundError: a pattern matches nothing.
        ValueError: two files have the same name, so that their documents would have the same ids.
    """
    shards: list[tuple[Split, ...]] = []
    group: list[Split] = []
    filled = 0
    for split in _find(patterns, root):
        if group and filled + split.size > shard_bytes:
            shards.append(tuple(group))
            group, filled = [], 0
        parts = -(-split.size // shard_bytes) if divisible else 1
        if parts > 1:
            shards += [(msgspec.structs.replace(split, part=part, parts=parts),) for part in range(parts)]
        else:
            group.append(split)
            filled += split.size
    return [*shards, tuple(group)] if group else shards


def _find(patterns: Iterable[str], root: str) -> list[Split]:
    names: dict[str, str] = {}
    infos: dict[str, FileInfo] = {}
    for pattern in patterns:
        full, folder = _resolve(pattern, root)
        found = fs.glob(full)
        if not found:
            raise FileNotFoundError(
                f"'{pattern}' matches no file below {root}; check the spelling, or give a pattern of files such as"
                f" '{pattern.rstrip('/')}/**' for a whole folder"
            )
        for info in found:
            name = fs.relative(info.path, folder)
            if not name.isprintable() or name != name.encode("utf-8", "replace").decode():
                raise ValueError(
                    f"{info.path!r}: want a file name in UTF-8 without control characters; rename the file"
                )
            names[info.path] = min(name, names.get(info.path, name))
            infos[info.path] = info
    splits = sorted(Split(names[path], path, info.size, info.version) for path, info in infos.items())
    for first, second in itertools.pairwise(splits):
        if first.name == second.name:
            raise ValueError(
                f"{first.path} and {second.path} are both named '{first.name}', so their documents would have "
                f"the same ids; use one pattern that covers both from a common folder"
            )
    return splits


def _resolve(pattern: str, root: str) -> tuple[str, str]:
    """A pattern as the filesystem wants it, and the longest folder before its first wildcard."""
    absolute = fs.is_absolute(pattern)
    steps = pattern.split("/")
    fixed = 0
    while fixed < len(steps) - 1 and not wildcards.has_magic(steps[fixed]):
        fixed += 1
    folder = "/".join(steps[:fixed])
    if absolute:
        return pattern, folder or "/"
    return fs.join(wildcards.escape(root), pattern), fs.join(root, folder) if folder else root
