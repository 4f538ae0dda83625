"""Find what the comment at the beginning of a source file, or a README, says of its licence."""

import functools
import re
from collections.abc import Iterator

from massivetext.sources.licensing import licence_templates, licences
from massivetext.sources.licensing.licences import UNKNOWN, Judged

_HEADER_CHARACTERS = 8000  # beginning of a source file in which its licence is looked for
_HEADER_LINES = 200
_LINES_BEFORE = 3  # of code, such as a shebang, a package clause or an import, above the comment
# A text without these, in lower case, says nothing of licences.
_HINTS = (
    "licen",
    "spdx",
    "permission",
    "redistribut",
    "confidential",
    "proprietary",
    "commercial",
    "gpl",
    "all rights",
)

_LINE_COMMENT = re.compile(r"//|#|--|;|%|'|\*|!|rem\b|dnl\b|\.\.\s|\"(?!\"\")", re.IGNORECASE)
_BLOCKS = {
    "/*": "*/", "<!--": "-->", '"""': '"""', "'''": "'''", "(*": "*)", "{-": "-}", "--[[": "]]", "=begin": "=end",
    "<#": "#>", "%{": "%}", "#|": "|#", 'r"""': '"""',
}  # fmt: skip
_MARKS = re.compile(
    r"^[ \t]*(?:/\*+!?|\*+(?!/)|//+!?|#+|--+|;+|%+|<!--+|'+|\"+|\(\*|\{-|!+)[ \t]*|[ \t]*(?:\*+/|-->)\s*$"
)

_GAP = r"(?:\W+\w+){0,8}?\W+"
_COMMERCIAL = r"(?:non[- ]?)?commercial(?:ly)?"
_PRIVATE = r"(?:personal|private|academic|educational?|research|evaluation|internal business|non-?profit)"
_NO = r"\b(?:not|never|no|prohibit\w*|forbid\w*)\b"
_MODELS = r"(?:to train|train|training|machine learning|language models?)\b"
_COPY = r"\b(?:use|copy|copied|copying|reproduced?|distributed?|redistribut\w+|modif\w+|sell|sold)\b"
_RESTRAINTS = re.compile(
    "|".join(
        [
            r"\bnon[- ]?commercial",
            r"commons clause",
            rf"\b(?:{_NO}|without|except)\b{_GAP}{_COMMERCIAL}\b(?! or)",
            rf"\b{_COMMERCIAL}\b{_GAP}(?:prohibited|forbidden|not|requires?|only|must|needs?)\b",
            rf"\b{_PRIVATE}(?:[ ,/]{{1,3}}(?:and|or|{_PRIVATE})){{0,6}} (?:use|purposes?) only\b",
            rf"\bonly\b(?:\W+\w+){{0,5}}?\W+{_PRIVATE}\b(?:\W+\w+){{0,2}}?\W+(?:use|purposes?)\b",
            r"\bgood,? (?:and )?not (?:for )?evil\b",
            r"\btrade secrets?\b",
            r"\bconfidential(?: and|,| information| property)",
            r"\bproprietary (?:and|source|information)",
            r"\bunauthori[sz]ed (?:copying|use|reproduction|distribution|redistribution)",
            r"\bdo not (?:copy|distribute|redistribute|share)\b",
            rf"{_COPY}(?:\W+\w+){{0,12}}?\W+without\W+(?:\w+\W+){{0,6}}?(?:permission|consent|authori[sz]ation)\b",
            rf"{_NO}{_GAP}{_MODELS}",
            rf"\b{_MODELS}{_GAP}(?:prohibited|forbidden|not (?:permitted|allowed))\b",
            rf"{_NO}{_GAP}(?:military|surveillance|weapons?|nuclear|human rights)\b",
        ]
    ),
    re.IGNORECASE,
)
# A sentence that limits the use of what it is about, anywhere in a README or a NOTICE.
_LIMITED_USE = re.compile(
    rf"\b(?:free|free of charge|available|licen[cs]ed|released|provided|distributed|used?)\b(?:\W+\w+){{0,5}}?\W+for"
    rf"\W+(?:non[- ]?commercial|{_PRIVATE})(?:(?:,| and| or|/)+ ?(?:non-?commercial|{_PRIVATE})){{0,4}}"
    rf" (?:use|purposes?) only\b",
    re.IGNORECASE,
)
# What models may not be trained on, in a sentence about the file; few of these name a licence. Comments on code for
# training say what is not trained, so the sentence must be about the text itself.
_TO_TRAIN = (
    r"(?:to train|for training|(?:for|of|in|by) (?:\w+ ){0,4}?(?:ai|artificial intelligence|machine learning|llms?)"
    r"|(?:for|of|in) (?:\w+ ){0,3}?language models?)\b"
)
_WORK = r"\b(?:file|code|software|work|program|sources?|library|repository|project|content)\b"
_NO_TRAINING = re.compile(
    "|".join(
        [
            rf"(?:^|[.;!] )(?:this \w+ is )?not (?:to be|be|allowed to be) used [^.]{{0,40}}?{_TO_TRAIN}",
            rf"{_WORK}[^.]{{0,60}}?\b(?:may|must|shall|can) ?not\b[^.]{{0,60}}?{_TO_TRAIN}",
            rf"\byou (?:may|must|shall|can) ?not use (?:it|this|the)\b[^.]{{0,40}}?{_TO_TRAIN}",
            r"\bno (?:ai|llm|machine[- ]learning) training\b",
            rf"\bdo not use (?:it|this)\b[^.]{{0,40}}?{_TO_TRAIN}",
            r"\bdo not train (?:\w+ ){0,4}?(?:on|with) (?:this|it)\b",
        ]
    ),
    re.IGNORECASE,
)
_TRAINING_HINTS = ("train", " ai", "machine", "language model", "llm")
# Terms of use, in a sentence about the file.
_TERMS = re.compile(
    r"\b(?:software|file|code|program|work|library|licen[cs]e\w*)\b[^.]{0,80}?"
    r"\b(?:(?:may|must|shall) (?:not|only) be"
    r"|is (?:prohibited|forbidden|restricted|limited|not (?:permitted|allowed)))\b",
    re.IGNORECASE,
)
# "under the X license"; names that only refer to another file are no name.
_UNDER = re.compile(
    r"\b(?:(?:licen[cs]ed|released|distributed|published|available|provided|free|use)\b[^.;]{0,40}?\bunder"
    r"|(?:covered|governed) by)"
    r" (?P<name>[\w.,+/ -]{2,60}?)[ -]licen[cs]es?\b",
    re.IGNORECASE,
)
_EMPTY = re.compile(r"\b(?:the|an?|terms|conditions|of|both|either)\b ?", re.IGNORECASE)
_REFERS = re.compile(
    r"\b(?:same|following|above|this|that|its|their|own|project'?s?|style|compatible|root|open source)\b|^bsd$", re.I
)
_FIELDS = re.compile(
    r"^\W*(?:__licen[cs]e__\s*=|@licen[cs]e:?\s)\s*[\"']?([^\"'\n]{2,60})", re.IGNORECASE | re.MULTILINE
)
_OTHER_LICENCES = re.compile(
    r"\b(?:(?P<gpl>[al]?gpl(?:[ -]?v?\d[\d.]*)?)|mozilla public|mpl[ -]?v?\d|eclipse public|epl[ -]?v?\d|cddl"
    r"|common development and distribution|creative commons|cc[ -]by\b[\w.-]*|server side public|sspl"
    r"|business source licen[cs]e|busl|elastic licen[cs]e|polyform|hippocratic|microsoft (?:public|reciprocal)"
    r"|european union public|eupl|artistic licen[cs]e(?! 2)|apache (?:software )?licen[cs]e,? version 1)\b",
    re.IGNORECASE,
)
_CHOICE_OR_OWN = re.compile(
    r"\b(?:mit|bsd|apache|isc|cc0|unlicense|or|dual\w*|either|not|parts?|except)\b", re.IGNORECASE
)
_LONGEST_NAMING = 160  # characters of a paragraph that only names the licence
_UNDERLINE = re.compile(r"[=~^-]{3,}[ \t]*")
_README_CHARACTERS = 100_000


def judge_header(text: str) -> Judged:
    """Return what the beginning of a source file says of the licence of the file; no licences if it says nothing.

    A reference to the licence of the repository ("see the file LICENSE") says nothing.
    """
    head = text[:_HEADER_CHARACTERS]
    lower = head.lower()
    if not any(hint in lower for hint in (*_HINTS, *_TRAINING_HINTS)):
        return Judged(())
    comment = first_comment(head)
    tagged = text[:2000] + "\n" + comment if "spdx-license" in lower else ""
    tags = licences.licences_of_tags(tagged)
    said = _judge_comment(comment) if comment else Judged(())
    fields = {name for field in _FIELDS.findall(head) for name in licences.parse_spdx(field)} - {UNKNOWN}
    found = tuple(sorted({*tags, *said.licences, *fields}))
    choices = licences.open_choices(licences.choices_of_tags(tagged) if tags else (), {*said.licences, *fields})
    return Judged(found, said.reason or ("its SPDX tag names no known licence" if UNKNOWN in tags else ""), choices)


def judge_readme(text: str) -> Judged:
    """Return ("unknown",) if a README or NOTICE restricts the use; no licences otherwise.

    Sections about the licence are looked through for any restriction, the rest for a sentence that limits the use.
    """
    if restraint := find_restraint("\n".join(_licence_section(text[:_README_CHARACTERS]))):
        return Judged((UNKNOWN,), f'its section on the licence says "{restraint}"')
    if other := _other_licence("\n".join(_licence_section(text[:_README_CHARACTERS]))):
        return Judged((UNKNOWN,), f'its section on the licence says "{other}"')
    if limited := _LIMITED_USE.search(_one_line(text[:_README_CHARACTERS])):
        return Judged((UNKNOWN,), f'it says "{limited.group()[:80]}"')
    return Judged(())


def _other_licence(section: str) -> str | None:
    """Return the first paragraph of a section if it names licences and none of those that permit most; else None."""
    paragraph = _one_line(re.split(r"\n[ \t]*\n", section.lstrip("=~^- \t\n"), maxsplit=1)[0])
    if len(paragraph) > _LONGEST_NAMING or _CHOICE_OR_OWN.search(paragraph):
        return None
    return paragraph[:80] if _OTHER_LICENCES.search(paragraph) else None


def _licence_section(text: str) -> Iterator[str]:
    """Yield the lines below the headings of a Markdown or reStructuredText file that name a licence."""
    lines = text.split("\n")
    inside = False
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("#") or (line.strip() and _UNDERLINE.fullmatch(following)):
            inside = "licen" in line.lower()
        elif inside:
            yield line


def find_restraint(text: str) -> str | None:
    """Return the words by which a text restricts the use of something, shortened; None if there are none."""
    found = _RESTRAINTS.search(_one_line(text))
    return " ".join(found.group().split())[:80] if found else None


def first_comment(text: str) -> str:
    """Return the first comment of a source file without its marks, below a few lines of code at most; "" if none."""
    lines: list[str] = []
    end, code = "", 0
    for line in text.split("\n")[:_HEADER_LINES]:
        bare = line.strip()
        opening = next((mark for mark in _BLOCKS if bare.startswith(mark)), "") if not end else ""
        if end or opening:
            lines.append(line)
            rest = bare[len(opening) :]
            end = end or _BLOCKS[opening]
            end = "" if end in rest else end
        elif not bare or _LINE_COMMENT.match(bare):
            lines.append(line)
        elif any(_MARKS.sub("", kept).strip() for kept in lines if not kept.startswith("#!")):
            break
        else:
            code += 1
            if code > _LINES_BEFORE:
                break
    return "\n".join(_MARKS.sub("", line) for line in lines if not line.startswith("#!")).strip()


@functools.lru_cache(maxsize=1024)
def _judge_comment(comment: str) -> Judged:
    """Return what a comment says of licences. The same comment stands in many files."""
    untagged = licences.without_tags(comment)
    if training := _NO_TRAINING.search(_one_line(untagged)):
        return Judged((UNKNOWN,), f'its header says "{training.group()[:80].strip()}"')
    lower = untagged.lower()
    if not any(hint in lower for hint in _HINTS):
        return Judged(())
    resembled = licences.find_resembled(untagged)
    whole, rest = licence_templates.take_whole(untagged, resembled)
    found, reason = set(whole), ""
    found |= resembled
    if changed := resembled - set(whole) - licences.TITLED:
        found.add(UNKNOWN)
        reason = f"its words are not those of {' and '.join(sorted(changed))}"
    found |= _named(_one_line(rest))
    terms = _TERMS.search(_one_line(rest)) if found else None
    if restraint := find_restraint(rest) or (terms and terms.group()[-80:]):
        found.add(UNKNOWN)
        reason = f'its header says "{restraint}"'
    elif UNKNOWN in found and not reason:
        reason = "its header names a licence that is not known"
    return Judged(tuple(sorted(found)), reason)


def _named(line: str) -> set[str]:
    """Return the licences that a text without any licence's words names."""
    found: set[str] = set()
    for under in _UNDER.finditer(line):
        name = _EMPTY.sub("", under["name"]).strip()
        if name and not _REFERS.search(name):
            found.update(licences.parse_spdx(name))
    for other in _OTHER_LICENCES.finditer(line):
        found.update(licences.parse_spdx(other["gpl"]) if other["gpl"] else (UNKNOWN,))
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())
