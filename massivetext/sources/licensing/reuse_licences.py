"""Read which licences `REUSE.toml`, `.reuse/dep5` and `debian/copyright` give to which files of a repository."""

import functools
import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple, cast

from massivetext.sources.licensing.licences import UNKNOWN, choices_of_value, parse_spdx

_STANZA_BREAK = re.compile(r"\n[ \t]*\n")
_FIELD = re.compile(r"^(?P<name>[\w-]+):[ \t]*(?P<value>[^\n]*(?:\n[ \t]+[^\n]*)*)", re.MULTILINE)
_MOST_PATTERNS = 2_000


class Annotation(NamedTuple):
    """The licences of the files that a pattern names.

    Attributes:
        path: path of the file that says so.
        pattern: matches whole paths, from the top of the repository.
        licences: identifiers, sorted.
        overrides: whether it counts beside what a file says of itself; else only if the file says nothing.
        choices: those of the licences of which a user chooses one; see :class:`licences.Judged`.
    """

    path: str
    pattern: "re.Pattern[str]"
    licences: tuple[str, ...]
    overrides: bool = False
    choices: tuple[tuple[str, ...], ...] = ()


def is_annotation_file(path: str) -> bool:
    """Return whether a path from the top of a repository is that of a file with annotations."""
    return path in (".reuse/dep5", "debian/copyright") or path.rpartition("/")[2] == "REUSE.toml"


def read_annotations(path: str, text: str) -> tuple[Annotation, ...]:
    """Return the annotations of a file, the first that counts first; a damaged or very long one is unknown."""
    try:
        found = tuple(_toml_annotations(path, text) if path.endswith(".toml") else _dep5_annotations(path, text))
    except (ValueError, RecursionError, TypeError, AttributeError):
        found = ()
        damaged = True
    else:
        damaged = len(found) > _MOST_PATTERNS
    if damaged:
        return (Annotation(path, re.compile(".*", re.DOTALL), (UNKNOWN,), overrides=True),)
    return found[::-1]


def find_annotation(annotations: tuple[Annotation, ...], path: str) -> Annotation | None:
    """Return the first annotation that names a path, or None."""
    return next((each for each in annotations if each.pattern.fullmatch(path)), None)


def _toml_annotations(path: str, text: str) -> Iterator[Annotation]:
    folder = path.removesuffix("REUSE.toml")
    for table in tomllib.loads(text).get("annotations", []):
        named = table.get("SPDX-License-Identifier")
        found, choices = parse_values(named), choices_of_value(named)
        overrides = table.get("precedence") in ("override", "aggregate")
        for pattern in _strings(table["path"]) if "path" in table else ():
            if found:
                yield Annotation(path, _glob(folder + pattern, slashes=False), found, overrides, choices)


def _dep5_annotations(path: str, text: str) -> Iterator[Annotation]:
    texts = text.replace("\r\n", "\n")
    if not re.match(r"\s*format(?:-specification)?:", texts, re.IGNORECASE):
        return  # prose, as old packages of Debian have it
    for stanza in _STANZA_BREAK.split(texts):
        fields = {field["name"].lower(): field["value"] for field in _FIELD.finditer(stanza)}
        if "files" in fields and "license" in fields:
            named = fields["license"].partition("\n")[0]
            found, choices = parse_values(named), choices_of_value(named)
            for pattern in fields["files"].split():
                yield Annotation(path, _glob(pattern, slashes=True), found or (UNKNOWN,), "debian" in path, choices)


def parse_values(value: object) -> tuple[str, ...]:
    """Return the licences of an SPDX expression or a list of them, sorted."""
    return tuple(sorted({name for each in _strings(value) for name in parse_spdx(each)}))


def _strings(value: object) -> list[str]:
    """Return a string, or the strings of a list, as a list."""
    listed = cast(list[object], value) if isinstance(value, list) else [value]
    return [each for each in listed if isinstance(each, str) and each.strip()]


@functools.lru_cache(maxsize=4096)
def _glob(pattern: str, *, slashes: bool) -> "re.Pattern[str]":
    """Return a pattern of paths as a regular expression.

    Args:
        pattern: ``*``, ``**``, ``?`` and characters behind a backslash.
        slashes: whether a single ``*`` crosses folders, as in Debian's format.
    """
    pieces: list[str] = []
    for part in re.findall(r"\\.|\*+|\?|[^\\*?]+|\\", pattern.removeprefix("./")):
        if part[0] == "*":
            pieces.append(".*" if slashes or len(part) > 1 else "[^/]*")
        elif part == "?" and slashes:
            pieces.append(".")
        else:
            pieces.append(re.escape(part[1:] if part[0] == "\\" and len(part) > 1 else part))
    return re.compile("".join(pieces), re.DOTALL)
