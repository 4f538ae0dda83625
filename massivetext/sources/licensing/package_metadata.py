"""Read what the metadata of a package says of its licence: names of licences, and files that contain it."""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, cast

from massivetext.sources.licensing.licences import parse_spdx


class Declared(NamedTuple):
    """What the metadata of a package says of its licence.

    Attributes:
        names: licences as they are written there, and whole texts of licences.
        files: paths of files with the licence, relative to the folder of the metadata.
    """

    names: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


_CLASSIFIER = re.compile(r"License :: [^\"'\n\\]+")
# Classifiers of families name no licence: the licence text decides.
_FAMILIES = frozenset({"BSD License", "OSI Approved", "Artistic License", "Public Domain"})
_QUOTED = r"(?:\"\"\"|'''|[\"'])"
# license="MIT", 'license': 'MIT', __license__ = "MIT", s.licenses = ["MIT"], :license => { :type => "MIT" }
_ASSIGNED = re.compile(
    r"(?<![\w-])(?:\w+\.)?:?[\"']?_{0,2}licen[cs]es?(?:_expression)?_{0,2}[\"']?\s*(?:=>?|:)\s*[\[({]*\s*"
    rf"(?::?(?P<key>type|text|file)\s*(?:=>|[:=])\s*)?u?(?P<quote>{_QUOTED})"
    r"(?P<value>.{0,20000}?)(?P=quote)"
    rf"(?P<more>(?:\s*,\s*{_QUOTED}[^\"'\n]*{_QUOTED})*)",
    re.DOTALL,
)
_ASSIGNED_NAME = re.compile(r"(?<![\w.-])licen[cs]e\s*=\s*(?P<name>[A-Za-z_]\w*)\s*[,)\n]")
_PROPERTY = re.compile(  # of setup.cfg, PKG-INFO, DESCRIPTION, .cabal, .opam and YAML
    r"^[ \t]*[\"']?licen[cs]es?(?P<kind>[-_](?:expression|files?))?[\"']?[ \t]*[:=](?!:)[ \t]*"
    r"(?P<value>[^\n]*(?:\n[ \t]+[-\w][^\n]*)*)",
    re.IGNORECASE | re.MULTILINE,
)
_XML_LICENCE = re.compile(r"<license\b[^<>]*>(.{0,1000}?)</license>", re.DOTALL | re.IGNORECASE)
_XML_NAME = re.compile(r"<name>\s*([^<]*?)\s*</name>")
_XML_EXPRESSION = re.compile(r"<PackageLicense(Expression|File)>\s*([^<]*?)\s*</PackageLicense")
_XML_COMMENT = re.compile(r"<!--(?:.*?-->|.*\Z)", re.DOTALL)
_JSON_FIELD = re.compile(r'"licen[cs]es?"\s*:\s*"([^"\n]+)"')
_DUNE = re.compile(r"\(license\s+([^()]+)\)")
_SEE = re.compile(
    r"\s*(?:see )?licen[cs]e (?:in )(?:the )?(?:file )?(?P<file>\S+)\s*|file:?\s*(?P<listed>\S[^\n]*)", re.IGNORECASE
)
_FILE_NAME = re.compile(r"(?:[\w.-]+/)*(?:licen[cs]es?|copying)(?:\.(?:txt|md|rst|html?))?", re.IGNORECASE)
_LONGEST_NAME = 100  # a longer value is the text of a licence
# Where TOML has a licence, by the name of the file.
_TABLES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "pyproject.toml": (("project",), ("tool", "poetry"), ("tool", "flit", "metadata")),
    "Cargo.toml": (("package",), ("workspace", "package"), ("project",)),
}


def is_metadata_file(name: str) -> bool:
    """Return whether a file of this base name is metadata of a package, which may name its licence."""
    return _reader(name) is not None


def read_metadata(name: str, text: str) -> Declared:
    """Return what the metadata of a package says, by the base name of the file; nothing if it cannot be read."""
    reader = _reader(name)
    names: list[str] = []
    files: list[str] = []
    for value in reader(name, text) if reader else ():
        _sort(value, names, files)
    return Declared(tuple(dict.fromkeys(names)), tuple(dict.fromkeys(files)))


def licences_of_name(written: str) -> tuple[str, ...]:
    """Return the licences of a name in metadata, which may be a classifier; () for a family of licences."""
    if not written.startswith("License ::"):
        return parse_spdx(written)
    title = written.rpartition(" :: ")[2].strip()
    return () if title in _FAMILIES else parse_spdx(title)


def is_name(written: str) -> bool:
    """Return whether what metadata says is a name, not the text of a licence."""
    return len(written) < _LONGEST_NAME


def is_usual_file(path: str) -> bool:
    """Return whether a path is that of a licence file by its name alone."""
    return _FILE_NAME.fullmatch(path) is not None


class _File(str):
    """A path of a file with a licence."""


_Reader = Callable[[str, str], Iterable[object]]


def _reader(name: str) -> _Reader | None:
    if name in _READERS:
        return _READERS[name]
    if not name.endswith(_ENDINGS):
        return None
    return next((reader for suffix, reader in _SUFFIXES.items() if name.endswith(suffix)), None)


def _sort(value: object, names: list[str], files: list[str]) -> None:
    """Put a value of a licence field where it belongs."""
    if isinstance(value, list | tuple):
        for each in value:
            _sort(each, names, files)
    elif isinstance(value, dict):  # {text = "MIT"}, {file = "LICENSE"}, {"type": "MIT", "url": ...}
        for key in ("text", "type", "name", "id", "spdx_id"):
            _sort(value.get(key), names, files)
        _sort(_File(value["file"]) if isinstance(value.get("file"), str) else None, names, files)
    elif isinstance(value, str) and value.strip():
        see = _SEE.fullmatch(value) if is_name(value) else None
        if isinstance(value, _File) or see:
            paths = re.split(r"[,\s]+", (see["file"] or see["listed"]) if see else value.strip())
            files.extend(path.strip("<>\"'") for path in paths if path and "*" not in path)
        elif is_usual_file(value.strip()):
            files.append(value.strip())
        else:
            names.append(value.strip())


def _json(name: str, text: str) -> Iterator[object]:
    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError):
        yield from _JSON_FIELD.findall(text)
        return
    for field in ("license", "licence", "licenses", "licences") if isinstance(data, dict) else ():
        yield cast(dict[str, object], data).get(field)


def _toml(name: str, text: str) -> Iterator[object]:
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError):
        yield from _properties(name, text)
        return
    for path in _TABLES.get(name, ((),)):
        table: object = data
        for part in path:
            table = table.get(part) if isinstance(table, dict) else None
        if not isinstance(table, dict):
            continue
        for field in ("license", "licence", "licenses", "license-expression"):
            value = table.get(field)
            if not (isinstance(value, dict) and value.get("workspace")):  # then the workspace says it
                yield value
        for field in ("license-file", "license-files"):
            listed = table.get(field)
            yield [_File(path) for path in (listed if isinstance(listed, list) else [listed]) if isinstance(path, str)]
        yield [c for c in table.get("classifiers") or () if isinstance(c, str) and c.startswith("License ::")]


def _assignments(name: str, text: str) -> Iterator[object]:
    if name.endswith(".py"):
        yield from _CLASSIFIER.findall(text)
        for variable in _ASSIGNED_NAME.finditer(text):
            yield from re.findall(rf"^\s*{variable['name']}\s*=\s*u?[\"']+([^\"'\n]+)", text, re.MULTILINE)
    for found in _ASSIGNED.finditer(text):
        yield _File(found["value"]) if found["key"] == "file" else found["value"]
        yield re.findall(r"[\"']([^\"'\n]+)[\"']", found["more"])


def _properties(name: str, text: str) -> Iterator[object]:
    yield from _CLASSIFIER.findall(text)
    for found in _PROPERTY.finditer(text):
        value = re.sub(r"\s+#.*", "", found["value"]).strip()
        if name == "DESCRIPTION":  # of R: MIT + file LICENSE, GPL-2 | GPL-3
            value = re.sub(r"\s*\+\s*file\s+\S+", "", value)
        named = [value] if len(value) >= _LONGEST_NAME else re.split(r"\n[ \t]*-?[ \t]*", value)
        is_file = "file" in (found["kind"] or "").lower()
        for part in (each.strip("-[]\"', ") for each in named):
            yield _File(part) if is_file else part


def _xml(name: str, text: str) -> Iterator[object]:
    text = _XML_COMMENT.sub("", text)
    for inner in _XML_LICENCE.findall(text):
        named = _XML_NAME.findall(inner)
        yield named or re.sub(r"<[^>]+>", " ", inner).strip()
    for kind, value in _XML_EXPRESSION.findall(text):
        yield _File(value) if kind == "File" else value


def _dune(name: str, text: str) -> Iterator[object]:
    yield from _DUNE.findall(text)


_READERS: Mapping[str, _Reader] = {
    **dict.fromkeys(("package.json", "composer.json", "bower.json", "META.json", "META6.json"), _json),
    **dict.fromkeys(_TABLES, _toml),
    **dict.fromkeys(("setup.py", "mix.exs", "__about__.py"), _assignments),
    **dict.fromkeys(
        ("setup.cfg", "PKG-INFO", "METADATA", "DESCRIPTION", "META.yml", "CITATION.cff", "package.yaml"), _properties
    ),
    "pom.xml": _xml,
    "dune-project": _dune,
}
_SUFFIXES: Mapping[str, _Reader] = {
    **dict.fromkeys((".gemspec", ".podspec", ".rockspec"), _assignments),
    **dict.fromkeys((".cabal", ".opam"), _properties),
    **dict.fromkeys((".nuspec", ".csproj", ".fsproj"), _xml),
}
_ENDINGS = tuple(_SUFFIXES)
