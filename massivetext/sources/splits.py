"""Divide the input files of a source among shards: slices of large files, groups of small ones."""

import glob as wildcards
import itertools
from collections.abc import Callable, Iterable, Iterator

import msgspec

from massivetext.sources.input_lists import input_paths
from massivetext.storage import files as fs
from massivetext.storage.files import FileInfo

# Files and folders that systems put beside the user's, in lower case.
# Files that `save_to_disk` of Hugging Face's datasets writes beside its tables.
DATA_SET_METADATA = frozenset({"state.json", "dataset_info.json", "dataset_dict.json"})
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
    for split in find_files(patterns, root, prefix):
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


def find_files(
    patterns: Iterable[str], root: str, prefix: str | None = None, leave_out: Callable[[str, str], object] | None = None
) -> list[Split]:
    """Return the files of patterns as whole splits, sorted by name.

    Args:
        patterns: files, folders, patterns or lists of them; see :func:`plan_shards`.
        root: folder at which relative patterns start.
        prefix: what stands before every path in a list.
        leave_out: is called with the path of each file that cannot be an input, and why; None: such a file is an error.

    Raises:
        FileNotFoundError: a pattern matches no file.
        ValueError: a file cannot be an input, or two files have the same name.
    """
    names: dict[str, str] = {}
    infos: dict[str, FileInfo] = {}
    for pattern, start, base in input_paths(patterns, root, prefix):
        for info, folder in _matches(pattern, start):
            name = fs.relative(info.path, folder if base is None else base)
            if reason := _why_no_input(info, name):
                if leave_out is None:
                    raise ValueError(f"{info.path!r}: {reason}")
                leave_out(info.path, reason)
                continue
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


def _why_no_input(info: FileInfo, name: str) -> str | None:
    if not name.isprintable() or name != name.encode("utf-8", "replace").decode():
        return "want a file name in UTF-8 without control characters; rename the file"
    if info.size == 0 and (target := fs.dangling_target(info.path)) is not None:
        return f"want a file, got a link to {target!r}, where nothing is; repair or remove the link"
    return None


def _matches(pattern: str, root: str) -> Iterator[tuple[FileInfo, str]]:
    """Yield the files of a pattern or a folder, each with the folder below which it is named."""
    full, folder = _resolve(_taken_literally(pattern, root), root)
    found = fs.glob(full)
    if not found:  # all files of a folder, without those that systems put there
        inside = fs.glob(f"{full.rstrip('/')}/**")
        shown = [info for info in inside if not _is_hidden(fs.relative(info.path, folder))]
        found = _without_metadata(shown)
        if inside and not fs.has_wildcards(full):
            folder = fs.unescape(full.rstrip("/"))
    if not found:
        raise FileNotFoundError(f"'{pattern}' matches no file below {root}; check the spelling of the file or folder")
    for info in found:
        yield info, folder


def _taken_literally(pattern: str, root: str) -> str:
    """Return the pattern of a path with wildcard characters if the path exists on this machine; else the pattern."""
    if not wildcards.has_magic(pattern):
        return pattern
    path = fs.resolve(pattern, root)
    return wildcards.escape(pattern) if fs.is_local(path) and fs.exists(path) else pattern


def _without_metadata(files: list[FileInfo]) -> list[FileInfo]:
    """Return files without those that describe tables of Arrow in their folder or below it."""
    with_tables: set[str] = set()
    for info in files:
        folder = info.path.rpartition("/")[0] if info.path.endswith(".arrow") else ""
        while folder and folder not in with_tables:
            with_tables.add(folder)
            folder = folder.rpartition("/")[0]
    steps = ((info, *info.path.rpartition("/")[::2]) for info in files)
    return [info for info, folder, name in steps if name not in DATA_SET_METADATA or folder not in with_tables]


def _is_hidden(path: str) -> bool:
    return any(step.startswith(".") or step.lower() in CLUTTER for step in path.split("/"))


def _resolve(pattern: str, root: str) -> tuple[str, str]:
    """A pattern as the filesystem wants it, and the longest folder before its first wildcard."""
    fs.require_path(pattern)
    absolute = fs.is_absolute(pattern)
    steps = pattern.split("/")
    fixed = 0
    while fixed < len(steps) - 1 and not fs.has_wildcards(steps[fixed]):
        fixed += 1
    folder = fs.unescape("/".join(steps[:fixed]))
    if absolute:
        return pattern, folder or "/"
    return fs.join(wildcards.escape(root), pattern), fs.join(root, folder) if folder else root
