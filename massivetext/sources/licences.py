"""Licence texts and package metadata -> SPDX identifiers, by the phrases that tell licences apart."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

UNKNOWN = "unknown"

# Names under which a repository's licence lies at its top level.
_LICENCE_FILE = re.compile(
    r"(?:[\w+-]+[-_.])?(?:un)?licen[cs]es?(?:[-_.][\w.+ -]*)?|copying(?:[-_.][\w.+ -]*)?", re.IGNORECASE
)
_NO_LICENCE_SUFFIX = (".py", ".js", ".ts", ".go", ".rs", ".java", ".c", ".h", ".cpp", ".rb", ".php", ".cs", ".sh")
_METADATA_FILES = frozenset({"package.json", "pyproject.toml", "Cargo.toml"})

# All phrases of a licence must be there, and none of those after the first tuple. Phrases are compared with runs of
# anything but letters, digits and dots as one blank. The GNU family quotes one another, so their full titles decide.
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
# A file this short that no phrase fits is a stub beside the licence proper ("YEAR: 2023, COPYRIGHT HOLDER: ...").
_STUB_CHARACTERS = 400

# What people write into package metadata for an SPDX identifier, lower case.
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


def is_licence_file(name: str) -> bool:
    """Whether a file of this base name at the top level of a repository may tell its licence."""
    if name in _METADATA_FILES:
        return True
    return _LICENCE_FILE.fullmatch(name) is not None and not name.lower().endswith(_NO_LICENCE_SUFFIX)


def of_repository(files: Mapping[str, str]) -> tuple[str, ...]:
    """Every licence of a repository, sorted; ("unknown",) where none is told.

    All files count: the licence texts, and the fields of package metadata. A repository is free to use only if all of
    its licences are, so a licence text that no phrase fits counts as "unknown"; stubs that only point elsewhere do not,
    if another file tells the licence.

    Args:
        files: base names and texts of the files for which :func:`is_licence_file` holds.
    """
    found: set[str] = set()
    unreadable = False
    for name, text in files.items():
        licences = _metadata(name, text) if name in _METADATA_FILES else of_text(text)
        found.update(licences)
        unreadable |= not licences and name not in _METADATA_FILES and len(text.strip()) > _STUB_CHARACTERS
    if unreadable or not found:
        found.add(UNKNOWN)
    return tuple(sorted(found))


def of_text(text: str) -> tuple[str, ...]:
    """The licences whose text, title or SPDX tag stands in a text, sorted; () where there is none."""
    folded = f" {_NOT_TEXT.sub(' ', text.lower())} "
    found = {
        licence
        for licence, (wanted, unwanted) in _PHRASES.items()
        if all(phrase in folded for phrase in wanted) and not any(phrase in folded for phrase in unwanted)
    }
    for expression in _SPDX_TAG.findall(text):
        found.update(of_expression(expression))
    if _GNU_NAMED.search(folded) and not found.intersection((*_GNU, *_QUOTES_GNU)):
        found.add("GPL")
    return tuple(sorted(found))


def of_expression(expression: str) -> tuple[str, ...]:
    """The identifiers in an SPDX expression or in what people write instead, sorted; unknown ones as "unknown".

    "MIT OR Apache-2.0" gives both: the stricter reading, since who wants to use it may not be free to choose.
    """
    parts = re.split(r"\s+(?:OR|AND|WITH)\s+|[/|;&]|\s+\+\s+", expression.strip(), flags=re.IGNORECASE)
    names = [re.sub(r"-(?:only|or-later)$|\+$", "", part.strip(" ()\t\n").lower()) for part in parts]
    return tuple(sorted({_ALIASES.get(name) or _CANONICAL.get(name, UNKNOWN) for name in names if name}))


def of_values(values: Iterable[object]) -> tuple[str, ...]:
    """The identifiers in values of a record, strings or lists of strings; ("unknown",) where there is none."""
    found: set[str] = set()
    for value in values:
        for item in value if isinstance(value, list | tuple) else [value]:
            found.update(of_expression(item) if isinstance(item, str) else ())
    return tuple(sorted(found)) or (UNKNOWN,)


def _metadata(name: str, text: str) -> tuple[str, ...]:
    try:
        data: Any = json.loads(text) if name.endswith(".json") else tomllib.loads(text)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(data, dict):
        return ()
    table = data.get({"pyproject.toml": "project", "Cargo.toml": "package"}.get(name, ""), data)
    value = table.get("license") if isinstance(table, dict) else None
    if isinstance(value, dict):  # {text = "MIT"}, {file = "LICENSE"}, {"type": "MIT"}
        value = value.get("text") or value.get("type")
    if not isinstance(value, str) or value.upper().startswith("SEE LICENSE"):
        return ()
    return of_expression(value) if len(value) < 100 else of_text(value)
