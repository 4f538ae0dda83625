"""Find the files of this machine's disks that match a pattern, through links but never in a circle."""

import fnmatch
import glob
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

_ESCAPED = re.compile(r"\[([*?[])\]")
_EVERYTHING_BELOW = "**"
_Identity = tuple[int, int]  # device and inode of a folder


def has_wildcards(pattern: str) -> bool:
    """Return whether a pattern has ``*``, ``?`` or ``[..]`` that are not escaped, as ``[[]`` is."""
    return glob.escape(unescape(pattern)) != pattern and glob.has_magic(pattern)


def unescape(pattern: str) -> str:
    """Return the path that an escaped pattern means: ``a[[]1]`` is ``a[1]``."""
    return _ESCAPED.sub(r"\1", pattern)


def find_matches(pattern: str) -> Iterator[str]:
    """Yield the paths that match a pattern, as ``glob.glob(recursive=True)`` does.

    A link to a folder that contains it is not followed below ``**``; a link that leads nowhere is a match.

    Args:
        pattern: an absolute path with ``*``, ``?``, ``[..]`` and ``**``; none matches a leading dot.
    """
    steps = [step for step in pattern.split("/") if step]
    yield from _find("/", steps)


def circular_links(folder: str) -> list[str]:
    """Return the links below a folder that lead to a folder which contains them, sorted."""
    return sorted(path for path, is_circular in _walk(folder) if is_circular)


def _find(folder: str, steps: list[str]) -> Iterator[str]:
    if not steps:
        yield folder
        return
    step, rest = steps[0], steps[1:]
    if step == _EVERYTHING_BELOW:
        yield from _find_below(folder, rest)
    elif not has_wildcards(step):
        path = os.path.join(folder, unescape(step))  # noqa: PTH118
        if os.path.lexists(path):
            yield from _find(path, rest)
    else:
        matching = re.compile(fnmatch.translate(step)).match
        for name in _names(folder):
            if matching(name) and (step.startswith(".") or not name.startswith(".")):
                yield from _find(os.path.join(folder, name), rest)  # noqa: PTH118


def _find_below(folder: str, rest: list[str]) -> Iterator[str]:
    """Yield the matches of ``**`` and the steps after it; alone it matches all files and folders."""
    while rest and rest[0] == _EVERYTHING_BELOW:
        rest = rest[1:]
    yield from _find(folder, rest)
    for path, is_circular in _walk(folder):
        if not is_circular and (not rest or os.path.isdir(path)):  # noqa: PTH112
            yield from _find(path, rest)


def _walk(folder: str) -> Iterator[tuple[str, bool]]:
    """Yield every path below a folder that is not hidden, and whether it is a link to a folder that contains it."""
    real = Path(folder).resolve()
    above = frozenset(found for each in (real, *real.parents) if (found := _identity(str(each))))
    waiting = [(folder, above)]
    while waiting:
        current, chain = waiting.pop()
        for name in _names(current):
            if name.startswith("."):
                continue
            path = os.path.join(current, name)  # noqa: PTH118
            identity = _identity(path)
            is_circular = identity in chain
            yield path, is_circular
            if identity is not None and not is_circular:
                waiting.append((path, chain | {identity}))


def _identity(path: str) -> _Identity | None:
    """Return what tells a folder from all others; None for anything else."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return []
