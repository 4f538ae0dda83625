"""Find the SPDX identifiers of licence texts and package metadata.

Phrases tell which licence a text resembles; it counts as that licence if the whole text agrees with its template.
"""

import functools
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import cast

from massivetext.sources import licence_templates

UNKNOWN = "unknown"

# Names of licence files at the top level of a repository.
_LICENCE_FILE = re.compile(
    r"(?:[\w+-]+[-_.])?(?:un)?licen[cs]es?(?:[-_.][\w.+ -]*)?|copying(?:[-_.][\w.+ -]*)?", re.IGNORECASE
)
_NO_LICENCE_SUFFIX = (".py", ".js", ".ts", ".go", ".rs", ".java", ".c", ".h", ".cpp", ".rb", ".php", ".cs", ".sh")
_METADATA_FILES = frozenset(
    {"package.json", "composer.json", "pyproject.toml", "Cargo.toml", "setup.cfg", "setup.py", "pom.xml"}
)
_CLASSIFIER = re.compile(r"License :: [^\"'\n]+")
# Classifiers that name one licence. "BSD License" and other families name none: the licence text decides.
_CLASSIFIED: Mapping[str, str] = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "ISC License (ISCL)": "ISC",
    "The Unlicense (Unlicense)": "Unlicense",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
}
_FAMILIES = frozenset({"BSD License", "OSI Approved", "Artistic License", "Public Domain"})
_ASSIGNED = re.compile(r"""^\s*(?:\w+\.)?licen[sc]es?\s*=\s*(?:u?["']([^"'\n]+)["']|([\w.+ -]+)$)""", re.MULTILINE)
_POM_LICENCE = re.compile(r"<license>\s*<name>([^<]+)</name>", re.DOTALL)

# A licence matches if all phrases of its first tuple are in the text, and no phrase of the second. In text and phrases,
# runs of all characters but letters, digits and dots are one blank. GNU licences quote one another, so their full
# titles decide.
_PHRASES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Apache-2.0": (("apache license version 2.0",), ()),
    "MIT": (
        (
            "permission is hereby granted free of charge to any person obtaining a copy",
            "the above copyright notice and this permission notice",
            "shall be included in all copies or substantial portions",
        ),
        ("except as contained in this notice the name",),
    ),
    "X11": (
        (
            "permission is hereby granted free of charge to any person obtaining a copy",
            "except as contained in this notice the name",
        ),
        (),
    ),
    "MIT-0": (
        ("permission is hereby granted free of charge to any person obtaining a copy",),
        ("the above copyright notice and this permission notice",),
    ),
    "ISC": (
        (
            "distribute this software for any purpose with or without fee is hereby granted",
            "provided that the above copyright notice and this permission notice appear in all copies",
        ),
        (),
    ),
    "0BSD": (
        ("distribute this software for any purpose with or without fee is hereby granted",),
        ("provided that the above copyright notice",),
    ),
    "BSD-4-Clause": (
        (
            "redistribution and use in source and binary forms",
            "all advertising materials mentioning features or use of this software",
        ),
        (),
    ),
    "BSD-2-Clause": (
        ("redistribution and use in source and binary forms",),
        ("to endorse or promote products derived from", "all advertising materials mentioning features"),
    ),
    "BSD-3-Clause": (
        ("redistribution and use in source and binary forms", "to endorse or promote products derived from"),
        ("all advertising materials mentioning features",),
    ),
    "Unlicense": (("this is free and unencumbered software released into the public domain",), ()),
    "CC0-1.0": (("cc0 1.0 universal",), ()),
    "Artistic-2.0": (("artistic license 2.0",), ()),
    "Artistic-1.0": (("the artistic license preamble the intent of this document",), ("artistic license 2.0",)),
    "GPL-1.0": (("gnu general public license version 1 february 1989",), ()),
    "GPL-2.0": (("gnu general public license version 2 june 1991",), ()),
    "GPL-3.0": (("gnu general public license version 3 29 june 2007",), ()),
    "LGPL-2.0": (("gnu library general public license version 2 june 1991",), ()),
    "LGPL-2.1": (("gnu lesser general public license version 2.1 february 1999",), ()),
    "LGPL-3.0": (("gnu lesser general public license version 3 29 june 2007",), ()),
    "AGPL-3.0": (("gnu affero general public license version 3 19 november 2007",), ()),
    "MPL-2.0": (("mozilla public license version 2.0",), ()),
    "MPL-1.1": (("mozilla public license version 1.1",), ()),
    "EPL-2.0": (("eclipse public license v 2.0",), ()),
    "EPL-1.0": (("eclipse public license v 1.0",), ()),
    "BSL-1.0": (("boost software license version 1.0",), ()),
    "Zlib": (("altered source versions must be plainly marked as such",), ()),
    "BUSL-1.1": (("business source license 1.1",), ()),
    "SSPL-1.0": (("server side public license",), ()),
    "RSAL-2.0": (("redis source available license",), ()),
    "CC-BY-NC": (("attribution noncommercial",), ()),
    "CC-BY-SA": (("attribution sharealike",), ("attribution noncommercial",)),
}
_GNU = ("GPL-1.0", "GPL-2.0", "GPL-3.0", "LGPL-2.0", "LGPL-2.1", "LGPL-3.0", "AGPL-3.0")
# Names of the GNU licences without their text: a notice, or the title as people write it.
_GNU_NAMED = re.compile(
    r"gnu (?:affero |lesser |library )?general public license|licensed under the (?:terms of the )?a?l?gpl"
)
_QUOTES_GNU = ("MPL-2.0", "MPL-1.1", "EPL-2.0", "EPL-1.0", "SSPL-1.0")
_SPDX_TAG = re.compile(r"SPDX-License-Identifier:\s*([^\s*/<>]+(?:\s+(?:OR|AND|WITH)\s+[^\s*/<>]+)*)")
_NOT_TEXT = re.compile(r"[^a-z0-9.]+")
# A shorter file without a known phrase is a stub beside the real licence ("YEAR: 2023, COPYRIGHT HOLDER: ...").
_STUB_CHARACTERS = 400

# What people write in package metadata instead of an SPDX identifier, lower case.
_ALIASES: Mapping[str, str] = {
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "apache2": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "mit license": "MIT",
    "the mit license": "MIT",
    "expat": "MIT",
    "isc license": "ISC",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd-3": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "simplified bsd": "BSD-2-Clause",
    "cc0": "CC0-1.0",
    "the unlicense": "Unlicense",
    "artistic license 2.0": "Artistic-2.0",
}
_CANONICAL = {name.lower(): name for name in (*_PHRASES, *_ALIASES.values())} | {"bsl-1.1": "BUSL-1.1"}


def is_metadata_file(name: str) -> bool:
    """Return whether a file of this base name is metadata of a package, which may name its licence."""
    return name in _METADATA_FILES or name.endswith(".gemspec")


def is_licence_file(name: str) -> bool:
    """Return whether a file of this base name at the top level of a repository may contain its licence."""
    if is_metadata_file(name):
        return True
    return _LICENCE_FILE.fullmatch(name) is not None and not name.lower().endswith(_NO_LICENCE_SUFFIX)


def licences_of_repository(files: Mapping[str, str]) -> tuple[str, ...]:
    """Return every licence of a repository, sorted; ("unknown",) if none is found.

    All files count: licence texts and fields of package metadata. A repository is free to use only if all of its
    licences are, so a licence text without a known phrase counts as "unknown"; short files that only refer to another
    file do not, if the other file names the licence.

    Args:
        files: base names and texts of the files for which :func:`is_licence_file` is true.
    """
    found: set[str] = set()
    unreadable = False
    for name, text in files.items():
        licences = _metadata(name, text) if is_metadata_file(name) else licences_of_text(text)
        found.update(licences)
        unreadable |= not licences and not is_metadata_file(name) and not _is_stub(text)
    if unreadable or not found:
        found.add(UNKNOWN)
    return tuple(sorted(found))


@functools.lru_cache(maxsize=1024)
def licences_of_text(text: str) -> tuple[str, ...]:
    """Return the licences that a text contains by their text, title or SPDX tag, sorted; () if there is none.

    "unknown" is among them unless the whole text agrees with the templates of these licences: an added clause, of
    whatever kind, makes it another licence.
    """
    found: set[str] = set()
    for expression in _SPDX_TAG.findall(text):
        found.update(parse_spdx(expression))
    untagged = _SPDX_TAG.sub("", text)
    resembled = _resembled(untagged)
    if resembled:
        whole = licence_templates.matches_whole(untagged, resembled)
        found.update(whole or (*resembled, UNKNOWN))
    elif found and not _is_stub(untagged):
        found.add(UNKNOWN)
    return tuple(sorted(found))


def licences_of_tags(text: str) -> tuple[str, ...]:
    """Return the licences that SPDX tags of a text name, sorted; () if it has none."""
    return tuple(sorted({name for expression in _SPDX_TAG.findall(text) for name in parse_spdx(expression)}))


def _is_stub(text: str) -> bool:
    """Return whether a text is short and has no word that conditions need."""
    return len(text.strip()) <= _STUB_CHARACTERS and not licence_templates.has_conditions(text)


def _resembled(text: str) -> set[str]:
    """Return the licences that a text has phrases of."""
    folded = f" {_NOT_TEXT.sub(' ', text.lower())} "
    found = {
        licence
        for licence, (wanted, unwanted) in _PHRASES.items()
        if all(phrase in folded for phrase in wanted) and not any(phrase in folded for phrase in unwanted)
    }
    if _GNU_NAMED.search(folded) and not found.intersection((*_GNU, *_QUOTES_GNU)):
        found.add("GPL")
    return found


def parse_spdx(expression: str) -> tuple[str, ...]:
    """Return the identifiers in an SPDX expression, or in what people write instead, sorted; others as "unknown".

    "MIT OR Apache-2.0" gives both: the stricter reading, since a user may not be free to choose.
    """
    terms = re.split(r"\s+(?:OR|AND|WITH)\s+|[/|;&]|\s+\+\s+", expression.strip(), flags=re.IGNORECASE)
    names = [re.sub(r"-(?:only|or-later)$|\+$", "", term.strip(" ()\t\n").lower()) for term in terms]
    return tuple(sorted({_ALIASES.get(name) or _CANONICAL.get(name, UNKNOWN) for name in names if name}))


def licences_of_values(values: Iterable[object]) -> tuple[str, ...]:
    """Return the identifiers in values of a record, strings or lists of strings; ("unknown",) if there is none."""
    found: set[str] = set()
    for value in values:
        for expression in value if isinstance(value, list | tuple) else [value]:
            found.update(parse_spdx(expression) if isinstance(expression, str) else ())
    return tuple(sorted(found)) or (UNKNOWN,)


def _metadata(name: str, text: str) -> tuple[str, ...]:
    """Return the licences that the metadata of a package names, sorted; () if it names none."""
    found: set[str] = set()
    for classifier in _CLASSIFIER.findall(text) if name.startswith(("setup.", "pyproject")) else ():
        title = classifier.rpartition(" :: ")[2].strip()
        found.update(() if title in _FAMILIES else (_CLASSIFIED.get(title, UNKNOWN),))
    if name.endswith((".cfg", ".py", ".gemspec")):
        values: Iterable[object] = (quoted or bare for quoted, bare in _ASSIGNED.findall(text))
    elif name == "pom.xml":
        values = _POM_LICENCE.findall(text)
    else:
        values = _fields(name, text)
    for value in values:
        found.update(_licences_of_field(value))
    return tuple(sorted(found))


def _licences_of_field(value: object) -> tuple[str, ...]:
    if isinstance(value, dict):  # {text = "MIT"}, {file = "LICENSE"}, {"type": "MIT"}
        value = value.get("text") or value.get("type")
    if not isinstance(value, str) or not value.strip() or value.upper().startswith("SEE LICENSE"):
        return ()
    return parse_spdx(value) if len(value) < 100 else licences_of_text(value) or (UNKNOWN,)


def _fields(name: str, text: str) -> list[object]:
    """Return the values of the licence fields of JSON or TOML."""
    try:
        data: object = json.loads(text) if name.endswith(".json") else tomllib.loads(text)
    except (ValueError, RecursionError):
        return []
    if not isinstance(data, dict):
        return []
    tables = {
        "pyproject.toml": [("project",), ("tool", "poetry")],
        "Cargo.toml": [("package",), ("workspace", "package")],
    }
    values: list[object] = []
    for path in tables.get(name, [()]):
        table: object = data
        for part in path:
            table = table.get(part) if isinstance(table, dict) else None
        for field in ("license", "licence", "licenses") if isinstance(table, dict) else ():
            value = cast(dict[str, object], table).get(field)
            values.extend(value if isinstance(value, list) else [value])
    return values
