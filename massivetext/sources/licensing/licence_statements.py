"""What one file says of licences: which files may, what was found in them, and how it is judged."""

import html
import re
from typing import NamedTuple

from massivetext.sources.licensing import licences, package_metadata
from massivetext.sources.licensing.licences import UNKNOWN, Judged
from massivetext.sources.streams import charset
from massivetext.text import clean

LICENCE_BYTES = 1 << 18  # a longer licence file is not read to its end, so it counts as "unknown"
_MOST_SHOWN = 4

_LICENCE_FILE = re.compile(
    r"(?:[\w+-]+[-_. ])?(?:un)?licen[cs]es?(?:[-_. (][\w.+ ()-]*)?"
    r"|copying(?:[-_. \d][\w.+ ()-]*|v\d[\w.]*)?"
    r"|(?:[al]?gpl|mit|bsd|apache|mpl|cc0?|cc[-_]by[\w.-]*)(?:[-_ ]?v?\d[\w.-]*)?\.(?:txt|md|rst)"
    r"|copyright(?:\.(?:txt|md|rst))?"
    r"|(?:[\w+-]+[-_. ])?(?:commons[-_ ]?clause|eula|addendum|restrictions|(?:additional|special)[-_ ]terms"
    r"|terms(?:[-_ ]of[-_ ](?:use|service))?"
    r"|(?:acceptable[-_ ])?use[-_ ]polic(?:y|ies)|ethical[-_ ]source)(?:[-_. ][\w.+ -]*)?",
    re.IGNORECASE,
)
# Of code, data and pictures with such names.
_CODE = ".py .js .mjs .ts .tsx .jsx .go .rs .java .c .h .cc .cpp .hpp .rb .php .cs .sh .pl .lua .swift .kt .scala .vue"
_DATA = ".css .scss .json .yml .yaml .toml .xml .csv .tsv .png .svg .gif .jpg .jpeg .ico .webp .lock .cfg .ini .conf"
NO_LICENCE_SUFFIX = tuple(f"{_CODE} {_DATA} .tmpl .ejs .erb".split())
_HTML = re.compile(r"\s*(?:<!doctype html|<html|<p>|<pre>|<h\d)", re.IGNORECASE)
_BLOCK_TAG = re.compile(
    r"</?(?:p|br|div|pre|h\d|li|[uo]l|d[ltd]|tr|table|title|head|body|hr|blockquote)\b[^<>]*>", re.I
)
_TAG = re.compile(r"<[^<>]*>")


class Statement(NamedTuple):
    """What a file says of licences.

    Attributes:
        path: path of the file.
        licences: identifiers, sorted.
        reason: why "unknown" is among them; "" if it is not.
        choices: those of the licences of which a user chooses one; see :class:`licences.Judged`.
    """

    path: str
    licences: tuple[str, ...]
    reason: str = ""
    choices: tuple[tuple[str, ...], ...] = ()

    @property
    def single(self) -> set[str]:
        """The licences that are not left to a choice."""
        return set(self.licences).difference(*self.choices)

    def __str__(self) -> str:
        named = licences.write_spdx(self.single, self.choices)
        return f"{self.path}: {named}{f' ({self.reason})' if self.reason else ''}"


class Verdict(NamedTuple):
    """The licences of a file, or of a whole repository.

    Attributes:
        licences: identifiers, sorted; ("unknown",) if nothing is said. All must be accepted, also those of a choice.
        evidence: what says so: files with the licences that they name.
        expression: what the licences are together, as an SPDX expression; a choice that another statement makes is
            left out.
    """

    licences: tuple[str, ...]
    evidence: str
    expression: str = UNKNOWN

    def refused(self, accepted: tuple[str, ...]) -> str:
        """Return why the verdict is refused, in a sentence; "" if all of its licences are accepted."""
        others = [name for name in self.licences if name not in accepted]
        if not others:
            return ""
        return f"licence {', '.join(self.licences)}; not accepted: {', '.join(others)} ({self.evidence})"


def is_licence_file(name: str) -> bool:
    """Return whether a file of this base name may contain or name the licence of its folder."""
    if package_metadata.is_metadata_file(name):
        return True
    return not name.lower().endswith(NO_LICENCE_SUFFIX) and _LICENCE_FILE.fullmatch(name) is not None


def decode_licence(data: bytes) -> str:
    """Return the text of a licence file, which may be HTML, in whatever encoding."""
    text = charset.decode_text(data[:LICENCE_BYTES])
    return html.unescape(_TAG.sub("", _BLOCK_TAG.sub("\n", text))) if _HTML.match(text) else text


def verdict_of(said: list[Statement], root: str) -> Verdict:
    """Return the verdict that follows from statements: all of their licences together.

    Args:
        said: the statements; none of them gives "unknown".
        root: folder that contains all files of the repository, with a slash, or ""; it is not shown.
    """
    named = sorted({name for each in said for name in each.licences})
    if not named:
        return Verdict((UNKNOWN,), "no file names a licence")
    ordered = sorted(said, key=lambda each: (UNKNOWN not in each.licences, each.path.count("/"), each.path))
    shown = list(dict.fromkeys(str(each._replace(path=each.path.removeprefix(root))) for each in ordered))
    more = [f"and {len(shown) - _MOST_SHOWN} more"] if len(shown) > _MOST_SHOWN else []
    single = {name for each in said for name in each.single}
    choices = licences.open_choices((choice for each in said for choice in each.choices), single)
    evidence = clean("; ".join([*shown[:_MOST_SHOWN], *more]))
    return Verdict(tuple(named), evidence, licences.write_spdx(single, choices))


def statement_of_text(path: str, text: str, is_cut: bool) -> Statement | None:
    """Return what a licence text says; None for a stub that only refers to another file."""
    if is_cut:
        return Statement(path, (UNKNOWN,), f"it is longer than {LICENCE_BYTES:,} bytes")
    judged = licences.judge_text(text)
    if judged.licences:
        return Statement(path, *judged)
    return None if licences.is_stub(text) else Statement(path, (UNKNOWN,), "it resembles no known licence")


def statement_of_names(path: str, names: tuple[str, ...]) -> Statement | None:
    """Return what names of licences in metadata say; None if they say nothing."""
    found: set[str] = set()
    texts: set[str] = set()
    reason = ""
    for written in names:
        judged = _judge_name(written)
        found.update(judged.licences)
        texts.update(() if package_metadata.is_name(written) else judged.licences)
        reason = reason or judged.reason
    short = (written.rpartition(" :: ")[2] for written in names if package_metadata.is_name(written))
    choices = licences.open_choices(licences.choices_of_names(short), texts)
    return Statement(path, tuple(sorted(found)), reason, choices) if found else None


def _judge_name(written: str) -> Judged:
    if not package_metadata.is_name(written):
        judged = licences.judge_text(written)
        return judged if judged.licences else Judged((UNKNOWN,), "its text resembles no known licence")
    found = package_metadata.licences_of_name(written)
    return Judged(found, f'it says "{" ".join(written.split())}"' if UNKNOWN in found else "")
