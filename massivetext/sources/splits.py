"""Divide the input files of a source among shards: slices of large files, groups of small ones."""

import glob as wildcards
import itertools
from collections.abc import Iterable, Iterator

import msgspec

from massivetext.sources.input_lists import input_paths
from massivetext.storage import files as fs
from massivetext.storage.files import FileInfo

# Files and folders that systems put beside the user's, in lower case.
CLUTTER = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


class Split(msgspec.Struct, frozen=True, order=True):
    """What a shard reads of one input file: the whole file, or one slice of it.

    The slice holds the records whose ordinal modulo ``slice_count`` is ``slice_index``.

    Attributes:
        name: path of the file below the folder of its pattern; the origin of its documents.
        path: full path or URL of the file.
        size: bytes of the whole file.
        version: changes when the file changes.
        slice_index: number of the slice, from 0; ``part`` in manifests.
        slice_count: number of slices of the file; ``parts`` in manifests.
    """

    name: str
    path: str
    size: int
    version: str = ""
    slice_index: int = msgspec.field(default=0, name="part")
    slice_count: int = msgspec.field(default=1, name="parts")


def plan_shards(
    patterns: Iterable[str], root: str, shard_bytes: int, *, divisible: bool, prefix: str | None = None
) -> list[tuple[Split, ...]]:
    """Return the splits of every shard of a source, in order.

    They depend only on the names and sizes of the files, not on the order of patterns or listings.

    Args:
        patterns: files, folders, patterns or lists of them (``@paths.txt``), relative to ``root`` unless they begin at
            the root, at the home folder (``~``) or are URLs.
        root: folder at which relative patterns start.
        shard_bytes: larger files are divided into slices, smaller ones are grouped up to this size.
        divisible: whether several shards can share a file; if not, a large file is one large shard.
        prefix: what stands before every path in a list.

    Raises:
        FileNotFoundError: a pattern matches no file.
        ValueError: two files have the same name, so that their documents would have the same ids; or a file name cannot
            be printed.
    """
    shards: list[tuple[Split, ...]] = []
    group: list[Split] = []
    filled = 0
    for split in _find(patterns, root, prefix):
        if group and filled + split.size > shard_bytes:
            shards.append(tuple(group))
            group, filled = [], 0
        count = -(-split.size // shard_bytes) if divisible else 1
        if count > 1:
            shards += [
                (msgspec.structs.replace(split, slice_index=index, slice_count=count),) for index in range(count)
            ]
        else:
            group.append(split)
            filled += split.size
    return [*shards, tuple(group)] if group else shards


def _find(patterns: Iterable[str], root: str, prefix: str | None) -> list[Split]:
    names: dict[str, str] = {}
    infos: dict[str, FileInfo] = {}
    for pattern, start, base in input_paths(patterns, root, prefix):
        for info, folder in _matches(pattern, start):
            name = fs.relative(info.path, folder if base is None else base)
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


def _matches(pattern: str, root: str) -> Iterator[tuple[FileInfo, str]]:
    """Yield the files of a pattern or a folder, each with the folder below which it is named."""
    full, folder = _resolve(pattern, root)
    found = fs.glob(full)
    if not found:  # all files of a folder, without those that systems put there
        inside = fs.glob(f"{full.rstrip('/')}/**")
        found = [info for info in inside if not _is_hidden(fs.relative(info.path, folder))]
        if inside and not wildcards.has_magic(pattern):
            folder = fs.resolve(pattern.rstrip("/"), root)
    if not found:
        raise FileNotFoundError(f"'{pattern}' matches no file below {root}; check the spelling of the file or folder")
    for info in found:
        yield info, folder


def _is_hidden(path: str) -> bool:
    return any(step.startswith(".") or step.lower() in CLUTTER for step in path.split("/"))


def _resolve(pattern: str, root: str) -> tuple[str, str]:
    """A pattern as the filesystem wants it, and the longest folder before its first wildcard."""
    fs.require_path(pattern)
    absolute = fs.is_absolute(pattern)
    steps = pattern.split("/")
    fixed = 0
    while fixed < len(steps) - 1 and not wildcards.has_magic(steps[fixed]):
        fixed += 1
    folder = "/".join(steps[:fixed])
    if absolute:
        return pattern, folder or "/"
    return fs.join(wildcards.escape(root), pattern), fs.join(root, folder) if folder else root
