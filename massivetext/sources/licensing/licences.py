"""Find the SPDX identifiers of licence texts and package metadata.

Phrases tell which licence a text resembles; it counts as that licence if the whole text agrees with its template.
"""

import functools
import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from massivetext.sources.licensing import licence_templates

UNKNOWN = "unknown"

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
# Licences of which a phrase above is the title: a text may name them without their words.
TITLED = frozenset(
    {"Apache-2.0", "CC0-1.0", "Artistic-2.0", "GPL", "MPL-2.0", "MPL-1.1", "EPL-2.0", "EPL-1.0", "BSL-1.0", "BUSL-1.1"}
    | {"SSPL-1.0", "RSAL-2.0"}
)
_GNU = ("GPL-1.0", "GPL-2.0", "GPL-3.0", "LGPL-2.0", "LGPL-2.1", "LGPL-3.0", "AGPL-3.0")
# Names of the GNU licences without their text: a notice, or the title as people write it.
_GNU_NAMED = re.compile(
    r"gnu (?:affero |lesser |library )?general public license|licensed under the (?:terms of the )?a?l?gpl"
)
_QUOTES_GNU = ("MPL-2.0", "MPL-1.1", "EPL-2.0", "EPL-1.0", "SSPL-1.0")
_OR = re.compile(r"\s+OR\s+|[/|]", re.IGNORECASE)
_AND = re.compile(r"\s+(?:AND|WITH)\s+|[;&,]|\s+\+\s+", re.IGNORECASE)
_SPDX_TAG = re.compile(r"SPDX-License-Identifier:\s*([^\s*/<>]+(?:\s+(?:OR|AND|WITH)\s+[^\s*/<>]+)*)")
_NOT_TEXT = re.compile(r"[^a-z0-9.]+")
# A shorter file without a known phrase is a stub beside the real licence ("YEAR: 2023, COPYRIGHT HOLDER: ...").
_STUB_CHARACTERS = 400

# What people write in package metadata instead of an SPDX identifier, without the words of _SAYS_NOTHING.
_ALIASES: Mapping[str, str] = {
    "apache": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache2": "Apache-2.0",
    "apache2.0": "Apache-2.0",
    "asl 2.0": "Apache-2.0",
    "al2": "Apache-2.0",
    "mit": "MIT",
    "expat": "MIT",
    "mit expat": "MIT",
    "expat mit": "MIT",
    "iscl": "ISC",
    "isc": "ISC",
    "isc iscl": "ISC",
    "bsd3": "BSD-3-Clause",
    "bsd 3": "BSD-3-Clause",
    "bsd 3clause": "BSD-3-Clause",
    "3 clause bsd": "BSD-3-Clause",
    "bsd 3 clause": "BSD-3-Clause",
    "bsd 3 clause new or revised": "BSD-3-Clause",
    "bsd 3 clause new": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "modified bsd": "BSD-3-Clause",
    "revised bsd": "BSD-3-Clause",
    "bsd2": "BSD-2-Clause",
    "bsd 2": "BSD-2-Clause",
    "2 clause bsd": "BSD-2-Clause",
    "bsd 2 clause": "BSD-2-Clause",
    "simplified bsd": "BSD-2-Clause",
    "bsd 2 clause simplified": "BSD-2-Clause",
    "freebsd": "BSD-2-Clause",
    "cc0": "CC0-1.0",
    "cc0 1.0": "CC0-1.0",
    "cc0 1.0 universal": "CC0-1.0",
    "cc0 1.0 universal cc0 1.0 public domain dedication": "CC0-1.0",
    "unlicense": "Unlicense",
    "unlicense unlicense": "Unlicense",
    "artistic 2.0": "Artistic-2.0",
    "artistic2": "Artistic-2.0",
    "zlib": "Zlib",
    "boost": "BSL-1.0",
    "mpl 2.0": "MPL-2.0",
    "mozilla public 2.0": "MPL-2.0",
}
_SAYS_NOTHING = re.compile(r"\b(?:the|software|licen[cs]e|licen[cs]ed|version|v(?=\d))\b ?|\bv(?=\d)")
_CANONICAL = {name.lower(): name for name in (*_PHRASES, *_ALIASES.values())} | {"bsl-1.1": "BUSL-1.1"}


class Judged(NamedTuple):
    """What a text says of licences.

    Attributes:
        licences: identifiers, sorted; "unknown" if the text is not only those licences; () if it says nothing.
        reason: why "unknown" is among them, in a few words; "" if it is not.
        choices: those of the licences of which a user chooses one, as "MIT OR Apache-2.0" says; each choice is sorted.
    """

    licences: tuple[str, ...]
    reason: str = ""
    choices: tuple[tuple[str, ...], ...] = ()


def licences_of_text(text: str) -> tuple[str, ...]:
    """Return the licences that a text contains by their text, title or SPDX tag, sorted; () if there is none.

    "unknown" is among them unless the whole text agrees with the templates of these licences: an added clause, of
    whatever kind, makes it another licence.
    """
    return judge_text(text).licences


@functools.lru_cache(maxsize=64)
def judge_text(text: str) -> Judged:
    """Return the licences of :func:`licences_of_text`, with the reason of "unknown"."""
    found = set(licences_of_tags(text))
    reason = "its SPDX tag names no known licence" if UNKNOWN in found else ""
    untagged = without_tags(text)
    resembled = find_resembled(untagged)
    if resembled:
        whole = licence_templates.matches_whole(untagged, resembled)
        found.update(whole or (*resembled, UNKNOWN))
        reason = reason if whole else f"its words are not those of {' and '.join(sorted(resembled))} alone"
    elif found and not is_stub(untagged):
        found.add(UNKNOWN)
        reason = "it says more than its SPDX tag"
    choices = () if resembled else choices_of_tags(text)
    return Judged(tuple(sorted(found)), reason, choices)


def licences_of_tags(text: str) -> tuple[str, ...]:
    """Return the licences that SPDX tags of a text name, sorted; () if it has none."""
    return tuple(sorted({name for expression in _SPDX_TAG.findall(text) for name in parse_spdx(expression)}))


def choices_of_tags(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the choices that SPDX tags of a text leave to a user; see :class:`Judged`."""
    return choices_of_names(_SPDX_TAG.findall(text))


def without_tags(text: str) -> str:
    """Return a text without its SPDX tags."""
    return _SPDX_TAG.sub("", text)


def is_stub(text: str) -> bool:
    """Return whether a text is short and has no word that conditions need."""
    return len(text.strip()) <= _STUB_CHARACTERS and not licence_templates.has_conditions(text)


def find_resembled(text: str) -> set[str]:
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
    if whole := _identifier(expression):
        return (whole,)
    terms = [term for part in _AND.split(expression.strip()) for term in _OR.split(part)]
    return tuple(sorted({_identifier(term) or UNKNOWN for term in terms if term.strip(" ()\t\n")}))


def choices_of_names(expressions: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the choices that expressions leave to a user, which all hold; see :class:`Judged`.

    An expression counts as a choice if it is nothing else: "MIT OR Apache-2.0", "MIT/Apache-2.0".
    """
    choices: set[tuple[str, ...]] = set()
    single: set[str] = set()
    for expression in expressions:
        named = parse_spdx(expression)
        if len(named) > 1 and not _AND.search(expression):
            choices.add(named)
        else:
            single.update(named)
    return open_choices(choices, single)


def open_choices(choices: Iterable[tuple[str, ...]], single: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Return the choices, sorted, without those that are made already because one of their licences holds anyway."""
    return tuple(sorted(choice for choice in set(choices) if set(choice).isdisjoint(single)))


def write_spdx(single: Iterable[str], choices: Iterable[tuple[str, ...]]) -> str:
    """Return the SPDX expression of licences that all hold and of choices between licences."""
    terms = [*sorted(single), *(" OR ".join(choice) for choice in choices)]
    return " AND ".join(f"({term})" if " OR " in term and len(terms) > 1 else term for term in terms)


def _identifier(written: str) -> str | None:
    """Return the identifier of one licence, as people write its name; None if it is no known name."""
    name = re.sub(r"-(?:only|or-later)$|\+$", "", written.strip(" ()*\t\n\"'").lower())
    folded = " ".join(_SAYS_NOTHING.sub(" ", " ".join(re.split(r"[^a-z0-9.]+", name))).split())
    words = folded.split()
    if len(words) % 2 == 0 and words[: len(words) // 2] == words[len(words) // 2 :]:  # "MIT License (MIT)"
        folded = " ".join(words[: len(words) // 2])
    return _CANONICAL.get(name) or _ALIASES.get(folded)


def choices_of_value(value: object) -> tuple[tuple[str, ...], ...]:
    """Return the choices that a string or a list of strings leaves to a user; see :class:`Judged`."""
    listed = value if isinstance(value, list | tuple) else [value]
    return choices_of_names(each for each in listed if isinstance(each, str))


def licences_of_values(values: Iterable[object]) -> tuple[str, ...]:
    """Return the identifiers in values of a record, strings or lists of strings; ("unknown",) if there is none."""
    found: set[str] = set()
    for value in values:
        for expression in value if isinstance(value, list | tuple) else [value]:
            found.update(parse_spdx(expression) if isinstance(expression, str) else ())
    return tuple(sorted(found)) or (UNKNOWN,)
