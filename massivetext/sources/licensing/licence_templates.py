"""Compare a whole licence text with the templates of licences, word by word.

The templates are those of Google's licensecheck, by SPDX identifier, as the package `licenseclassifier` has them:
literal words, optional parts, alternatives, and gaps for holder names and list marks. Its own matcher is not used: it
tolerates any words in a gap, spelling mistakes, and text around a licence. Here a gap holds a name or nothing, and a
text is a licence only if titles, copyright lines and whole licences are all that it contains.
"""

import functools
import gzip
import importlib.resources
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec
import regex


def _word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PARTS = re.compile(
    r"//\*\*.*?\*\*//|\(\(|\)\)|\|\||\?\?|__\d+__|(?:(?!//\*\*|\(\(|\)\)|\|\||\?\?|__\d+__).)+", re.DOTALL
)
_WORD = re.compile(r"[^\W_]+")
# Spellings of one word, after the text has been folded into lower-case words with a blank after each.
# The templates count on "this" being "the".
_SPELLINGS = {"licence": "license", "licences": "licenses", "this": "the", "these": "the", "those": "the"}
_PAIRS = frozenset({"sub license", "sub licence", "non infringement"})
_SCHEMES = frozenset({"http", "https"})
_COMMENT_MARK = re.compile(r"^[ \t]*(?:/?\*+|//+|#+|--+|;+|%+|>+|<!--|rem\b|dnl\b)?[ \t]*", re.IGNORECASE)

# A line of these words alone is a title; numbers are those of the licences that the table of phrases knows.
_TITLE_WORDS = _word_set(
    """the a an mit expat x11 isc bsd apache zlib unlicense license licenses licensing copyright notice terms
    new revised no attribution
    simplified freebsd style clause 2 3 0 version software open source"""
)
# "Foo is released under the MIT license, reproduced below."
_INTRODUCTION = re.compile(
    r"(?P<subject>[\w .-]{1,40}?)\s+(?:is|are)\s+(?:licensed|distributed|released|available)\s+(?:under|with)\s+"
    r"(?:the\s+)?(?:terms\s+of\s+)?(?:the\s+)?(?P<title>[\w \"-]{2,30}?\s+licen[cs]e)"
    r"(?:,?\s*(?:reproduced|as|shown)\s+(?:below|follows))?\s*[.:]?",
    re.IGNORECASE,
)
_RIGHTS = re.compile(r"all rights reserved\.?", re.IGNORECASE)
_COPYRIGHT_LINE = re.compile(
    r"(?:portions\s+)?(?:copyright\b(?=\W*(?:\(c\)|©|\d{4}|[<\[{]|(?-i:[A-Z])))|\(c\)|©)[\s:,]*"
    r"(?:(?:\(c\)|©|copyright)[\s:,]*)*",
    re.IGNORECASE,
)
_YEARS = re.compile(r"(?:\d{4}|present|now|[-–,\s])+", re.IGNORECASE)
_ADDRESS = re.compile(r"[<(\[]?\s*(?:https?://\S+|[\w.+-]+\s?(?:@|-at-|\(at\)|\[at\])\s?[\w.-]+)\s*[>)\]]?")
_SEE_AUTHORS = re.compile(
    r"\(?\bsee (?:the )?(?:file )?(?-i:[A-Z]{4,})[\w.]*(?: file)?(?: for (?:more )?(?:information|details))?\)?",
    re.IGNORECASE,
)
_ABBREVIATED = re.compile(r"\b(?:inc|ltd|llc|co|corp|gmbh|jr|sr|dr|et al|\w)\.(?=\s|,|$)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.;:!?](?=\s+\S)")
_MOST_NAME_WORDS = 14
# Words that a name may have in lower case; and words that no holder name has, because conditions are made of them.
_PLAIN_WORDS = _word_set(
    """the a of and or by its their his her de la van von der et al others contributor contributors author authors owner
    owners team developers community copyright holder holders above listed name names nor neither this software source
    file program work library package project organization company regents university individual specific any all inc
    llc ltd"""
)
_LEGAL_WORDS = _word_set(
    """not no never may must shall will should can cannot only use used using user users commercial noncommercial
    commercially prohibited forbidden permitted permission without except unless provided requires require required fee
    charge sell sale selling sold modify modified distribute distributed redistribute license licensed grant granted
    agree agrees if when where is are be was you your we they it that which training train model models ai evil good
    military war ethical restricted restriction condition conditions clause additional after before non purpose purposes
    academic educational personal private internal evaluation nonprofit"""
)
_RESTRAINT = re.compile(r"commer|kommerz|gewerb|comerc|nutzung|verbot|prohib|interdi|коммерч|商用|商业", re.IGNORECASE)
_NAMES = frozenset({"Will", "Grant", "May"})  # names of people, in spite of what they mean
_MAY_BE = re.compile(r"\s+may\s+(?:not\s+)?be$", re.IGNORECASE)  # of "the name of ... may not be used to endorse"
_LIST_MARK = re.compile(r"(?:\d{1,2}|[a-z]|i{1,3}|iv|o)", re.IGNORECASE)

# Duties that some template has as an optional part, though SPDX takes a licence with them for another one.
_DUTIES = (
    "immediately at the beginning of the file ",
    "disclaimer in the position and unchanged ",
    "all the attributions in every file ",
)

# The end of the Apache licence, which the templates lack: how to apply it.
_APPENDIX = """
    APPENDIX: How to apply the Apache License to your work. To apply the Apache License to your work, attach
    the following
    boilerplate notice, with the fields enclosed by brackets "[]" replaced with your own identifying information. (Don't
    include the brackets!) The text should be enclosed in the appropriate comment syntax for the file format. We also
    recommend that a file or class name and description of purpose be included on the same "printed page" as
    the copyright
    notice for easier identification within third-party archives.
"""
_MORE_TEMPLATES = {"Apache-2.0": (_APPENDIX,)}


def matches_whole(text: str, names: Iterable[str]) -> tuple[str, ...] | None:
    """Return the licences that a text consists of, sorted; None if there is anything else in it, or nothing.

    Only the templates of ``names`` are tried. A disclaimer of warranty may break off at the end of a sentence, since
    what is missing there takes no right from anybody.
    """
    candidates = [(name, template) for name in sorted(set(names)) for template in _templates(name)]
    for keep_titles in (True, False):  # some titles are part of their template
        found = _read_whole(_Words(text, keep_titles), candidates)
        if found:
            return found
    return None


def _read_whole(words: "_Words", candidates: "list[tuple[str, regex.Pattern[str]]]") -> tuple[str, ...] | None:
    position, found = 0, set[str]()
    if any(duty in words.folded for duty in _DUTIES):
        return None
    while position < len(words.folded):
        ends = [(end, name) for name, template in candidates if (end := _match(template, words, position)) > position]
        if not ends:
            return None
        position, name = max(ends)
        found.add(name)
    return tuple(sorted(found)) or None


def take_whole(text: str, names: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """Return the licences that stand anywhere in a text with all their words, sorted, and the text without them."""
    found = set[str]()
    if any(duty in _Words(text, keep_titles=True).folded for duty in _DUTIES):
        return (), text
    for name in sorted(set(names)):
        for template in _templates(name):
            words = _Words(text, keep_titles=True)
            if span := _search(template, words):
                text = f"{words.before(span[0])}\n\n{words.after(span[1])}"
                found.add(name)
    return tuple(sorted(found)), text


def _search(template: "regex.Pattern[str]", words: "_Words") -> tuple[int, int] | None:
    """Return the first place where a template matches from a word on; None if there is none."""
    place = template.search(words.folded)
    if place is None or place.end() == place.start():
        return None
    end = _match(template, words, place.start())
    return (place.start(), end) if end > place.start() else None


def has_conditions(text: str) -> bool:
    """Return whether a text has words that conditions are made of."""
    return not _LEGAL_WORDS.isdisjoint(word.lower() for word in _WORD.findall(text))


class _Words:
    """The words of a text, folded for comparison and as they were written; copyright lines are left out.

    Attributes:
        folded: lower-case words, each with a blank after it.
        written: the text that the words were taken from.
    """

    def __init__(self, text: str, keep_titles: bool) -> None:
        lines = (_COMMENT_MARK.sub("", line).strip() for line in text.splitlines())
        self.written = "\n".join(
            line for line in lines if not (_is_notice(line) or (not keep_titles and _is_title(line)))
        )
        spans = [(word.group().lower(), word.start(), word.end()) for word in _WORD.finditer(self.written)]
        self.folded = ""
        self._starts: dict[int, int] = {}  # offset of a word in `folded` -> its beginning in `written`
        self._ends: dict[int, int] = {}  # offset after a word in `folded` -> its end in `written`
        pieces, offset = [], 0
        for word, start, end in _merged(spans):
            self._starts[offset] = start
            offset += len(word) + 1
            self._ends[offset] = end
            pieces.append(word)
        self.folded = "".join(f"{piece} " for piece in pieces)

    def between(self, start: int, end: int) -> str:
        """Return what was written between two offsets of ``folded``."""
        return self.written[self._starts[start] : self._ends[end]] if end > start else ""

    def before(self, offset: int) -> str:
        """Return what was written before an offset of ``folded``."""
        return self.written[: self._starts[offset]]

    def after(self, offset: int) -> str:
        """Return what was written from an offset of ``folded`` on."""
        return self.written[self._ends[offset] :]

    def ends_a_sentence(self) -> bool:
        """Return whether the text ends with a full stop."""
        return self.written.rstrip(" \n\t*/\"'`-=#").endswith(".")


def _merged(spans: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Return the words with one spelling for each."""
    merged: list[tuple[str, int, int]] = []
    for word, start, end in spans:
        if merged and f"{merged[-1][0]} {word}" in _PAIRS:
            merged[-1] = (merged[-1][0] + word.replace("licence", "license"), merged[-1][1], end)
        elif word not in _SCHEMES:
            merged.append((_SPELLINGS.get(word, word), start, end))
    return merged


def _is_title(line: str) -> bool:
    """Return whether a line has nothing but the name of a licence that is told apart by its text."""
    introduced = _INTRODUCTION.fullmatch(line)
    if introduced and _is_name(introduced["subject"]):
        line = introduced["title"]
    words = {word.lower() for word in _WORD.findall(line)}
    named = words & {"license", "licence", "licenses", "licences", "unlicense"} or words == {"copyright", "notice"}
    return bool(named) and words <= _TITLE_WORDS and len(line) <= 80 and not line.endswith((",", ";"))


def _is_notice(line: str) -> bool:
    """Return whether a line is blank, a rule, or a copyright notice: it grants and demands nothing."""
    if not _WORD.search(line) or _RIGHTS.fullmatch(line) or _ADDRESS.fullmatch(line):
        return True
    opening = _COPYRIGHT_LINE.match(line)
    return opening is not None and _is_name(_YEARS.sub(" ", _RIGHTS.sub("", line[opening.end() :]), count=1))


def _is_name(written: str) -> bool:
    """Return whether words can be the name of holders: short, one phrase, and without words that conditions need."""
    plain = _ABBREVIATED.sub(" ", _SEE_AUTHORS.sub(" ", _ADDRESS.sub(" ", written))).strip().rstrip(".")
    parts = [part for part in _WORD.findall(plain) if part not in _NAMES]
    if len(parts) > _MOST_NAME_WORDS or _SENTENCE_END.search(plain):
        return False
    lower = [part.lower() for part in parts]
    strange = [part for part in parts if part.islower() and part not in _PLAIN_WORDS]
    return not _LEGAL_WORDS.intersection(lower) and not _RESTRAINT.search(plain) and len(strange) <= 2


def _match(template: "regex.Pattern[str]", words: _Words, position: int) -> int:
    """Return where a template that begins at this offset ends; -1 if it does not match."""
    found = template.match(words.folded, position, partial=True)
    if found is None:
        return -1
    if found.partial:
        read = words.folded[position:]
        if " as is " not in read or not words.ends_a_sentence():
            return -1
    for group in range(1, template.groups + 1):
        start, end = found.span(group)
        written = words.between(start, end) if start >= 0 else ""
        if not (_LIST_MARK.fullmatch(written) or _is_name(_MAY_BE.sub("", written))):
            return -1
    return int(len(words.folded) if found.partial else found.end())


@functools.cache
def _sources() -> Mapping[str, list[str]]:
    data = importlib.resources.files("licenseclassifier").joinpath("_engine/licenses.json.gz").read_bytes()
    templates = defaultdict(list)
    for entry in msgspec.json.decode(gzip.decompress(data), type=list[dict[str, str]]):
        if entry.get("lre"):
            templates[entry["id"]].append(entry["lre"])
    return templates


@functools.cache
def _templates(name: str) -> "tuple[regex.Pattern[str], ...]":
    """Return the compiled templates of a licence; () if there are none."""
    return tuple(
        regex.compile(_pattern(source)) for source in (*_sources().get(name, ()), *_MORE_TEMPLATES.get(name, ()))
    )


def _pattern(source: str) -> str:
    """Return a template as a regular expression over folded words."""
    stack: list[list[str]] = [[]]
    for part in _PARTS.findall(source):
        if part.startswith("//**"):
            continue
        if part == "((":
            stack.append([])
        elif part == "||":
            stack[-1].append("|")
        elif part == "))":
            alternatives = "".join(stack.pop())
            stack[-1].append(f"(?:{alternatives})")
        elif part == "??":
            stack[-1][-1] += "?"
        elif part.startswith("__"):
            stack[-1].append(f"((?:\\S+ ){{0,{part.strip('_')}}}?)")
        else:
            spans = [(word.group().lower(), 0, 0) for word in _WORD.finditer(part)]
            stack[-1].append("".join(f"{re.escape(word)} " for word, _, _ in _merged(spans)))
    return "".join(stack[0])
