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
from typing import NamedTuple

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

# Characters that stand for words: letters without case, more than any template has words.
_FIRST_CODE = 0x4E00
_OTHER_WORD = chr(_FIRST_CODE - 1)

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


def _read_whole(words: "_Words", candidates: "list[tuple[str, _Template]]") -> tuple[str, ...] | None:
    if words.have_duties():
        return None
    position, found = 0, set[str]()
    coded = [(name, template, template.code(words.folded)) for name, template in candidates]
    while position < len(words.folded):
        ends = [
            (end, name)
            for name, template, codes in coded
            if (end := _match(template.pattern, codes, words, position)) > position
        ]
        if not ends:
            return None
        position, name = max(ends)
        found.add(name)
    return tuple(sorted(found)) or None


def take_whole(text: str, names: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """Return the licences that stand anywhere in a text with all their words, sorted, and the text without them."""
    wanted = sorted(set(names))
    if not wanted:
        return (), text
    found = set[str]()
    words = _Words(text, keep_titles=True)
    if words.have_duties():
        return (), text
    for name in wanted:
        for template in _templates(name):
            if span := _search(template, words):
                text = f"{words.before(span[0])}\n\n{words.after(span[1])}"
                words = _Words(text, keep_titles=True)
                found.add(name)
    return tuple(sorted(found)), text


def _search(template: "_Template", words: "_Words") -> tuple[int, int] | None:
    """Return the first place where a template matches; None if there is none."""
    codes = template.code(words.folded)
    place = template.pattern.search(codes)
    if place is None or place.end() == place.start():
        return None
    end = _match(template.pattern, codes, words, place.start())
    return (place.start(), end) if end > place.start() else None


def has_conditions(text: str) -> bool:
    """Return whether a text has words that conditions are made of."""
    return not _LEGAL_WORDS.isdisjoint(word.lower() for word in _WORD.findall(text))


class _Words:
    """The words of a text, folded for comparison and as they were written; copyright lines are left out.

    Attributes:
        folded: the words in lower case.
        written: the text that the words were taken from.
    """

    def __init__(self, text: str, keep_titles: bool) -> None:
        lines = (_COMMENT_MARK.sub("", line).strip() for line in text.splitlines())
        self.written = "\n".join(
            line for line in lines if not (_is_notice(line) or (not keep_titles and _is_title(line)))
        )
        spans = _merged([(word.group().lower(), word.start(), word.end()) for word in _WORD.finditer(self.written)])
        self.folded = [word for word, _, _ in spans]
        self._starts = [start for _, start, _ in spans]  # in `written`
        self._ends = [end for _, _, end in spans]

    def between(self, start: int, end: int) -> str:
        """Return what was written from one word to before another."""
        return self.written[self._starts[start] : self._ends[end - 1]] if end > start else ""

    def before(self, word: int) -> str:
        """Return what was written before a word."""
        return self.written[: self._starts[word]]

    def after(self, word: int) -> str:
        """Return what was written behind the words before this one."""
        return self.written[self._ends[word - 1] :]

    def line(self, start: int = 0) -> str:
        """Return the folded words from one on, each with a blank behind it."""
        return "".join(f"{word} " for word in self.folded[start:])

    def have_duties(self) -> bool:
        """Return whether the words demand what makes another licence of the ones that templates know."""
        line = self.line()
        return any(duty in line for duty in _DUTIES)

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


def _match(pattern: "regex.Pattern[str]", codes: str, words: _Words, position: int) -> int:
    """Return where a template that begins at this word ends; -1 if it does not match.

    Args:
        pattern: that of the template.
        codes: the words in the code of the template.
        words: the words.
        position: ordinal of the word.
    """
    found = pattern.match(codes, position, partial=True)
    if found is None:
        return -1
    if found.partial and (" as is " not in words.line(position) or not words.ends_a_sentence()):
        return -1
    for group in range(1, pattern.groups + 1):
        start, end = found.span(group)
        written = words.between(start, end) if start >= 0 else ""
        if not (_LIST_MARK.fullmatch(written) or _is_name(_MAY_BE.sub("", written))):
            return -1
    return len(words.folded) if found.partial else found.end()


class _Entry(msgspec.Struct):
    """A licence of the package: its identifier, and its template if it has one."""

    id: str
    lre: str = ""


@functools.cache
def _sources() -> Mapping[str, list[str]]:
    data = importlib.resources.files("licenseclassifier").joinpath("_engine/licenses.json.gz").read_bytes()
    templates = defaultdict(list)
    for entry in msgspec.json.decode(gzip.decompress(data), type=list[_Entry]):
        if entry.lre:
            templates[entry.id].append(entry.lre)
    return templates


class _Template(NamedTuple):
    """A template as a regular expression over words, each of which is one character, so that it compiles fast.

    Attributes:
        pattern: the regular expression.
        codes: the characters that stand for the words of the template.
    """

    pattern: "regex.Pattern[str]"
    codes: Mapping[str, str]

    def code(self, words: Iterable[str]) -> str:
        """Return a character for each word; one for all words that the template does not have."""
        codes = self.codes
        return "".join([codes.get(word, _OTHER_WORD) for word in words])


@functools.cache
def _templates(name: str) -> tuple[_Template, ...]:
    """Return the compiled templates of a licence; () if there are none."""
    return tuple(_compile(source) for source in (*_sources().get(name, ()), *_MORE_TEMPLATES.get(name, ())))


def _compile(source: str) -> _Template:
    codes: dict[str, str] = {}
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
            stack[-1].append(f"((?:.(?<=.)){{0,{part.strip('_')}}}?)")
        else:
            spans = [(word.group().lower(), 0, 0) for word in _WORD.finditer(part)]
            stack[-1].append(
                "".join(codes.setdefault(word, chr(_FIRST_CODE + len(codes))) for word, _, _ in _merged(spans))
            )
    return _Template(regex.compile("".join(stack[0])), codes)
