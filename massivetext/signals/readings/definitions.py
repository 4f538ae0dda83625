"""The additional signals of each tool whose reading of the Gopher rules differs from ours: names, units, meanings.

Data alone, so that the registry can list them without what measures them. A reading's signals bear its name; where a
tool measures what we measure, its rule set uses our signal and nothing is listed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from massivetext.signals.definitions import DUPLICATE_SIZES, TOP_SIZES


@dataclass(frozen=True, slots=True)
class Measurement:
    """A signal of a reading.

    Attributes:
        name: without the name of the reading.
        unit: a share is from 0 to 1; a ratio has no upper end.
        meaning: one sentence.
    """

    name: str
    unit: Literal["count", "characters", "share", "ratio"]
    meaning: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How a tool reads the Gopher rules.

    Attributes:
        source: repository, file and version.
        measurements: what is measured for it besides our signals.
    """

    source: str
    measurements: tuple[Measurement, ...]


def _top(unit: Literal["share", "ratio"], meaning: str) -> list[Measurement]:
    return [Measurement(f"top_{n}_gram_char_frac", unit, meaning.format(n=n)) for n in TOP_SIZES]


def _duplicate(meaning: str) -> list[Measurement]:
    return [Measurement(f"duplicate_{n}_gram_char_frac", "share", meaning.format(n=n)) for n in DUPLICATE_SIZES]


_DOLMA = Reading(
    "Dolma 1.2.1, `python/dolma/taggers/gopher.py`, tagger `gopher_v1`",
    (
        Measurement("symbol_to_word_ratio", "share", "Share of words with a `#` or a `…` in them."),
        Measurement(
            "stop_word_count",
            "count",
            "Words that are one of the paper's eight, each copy counted; case and punctuation count.",
        ),
        Measurement(
            "bullet_line_frac",
            "share",
            "Share of lines, blank ones among them, that begin with `*` or `-`; white space before it is not skipped.",
        ),
        Measurement(
            "ellipsis_line_frac", "share", "Share of lines, blank ones among them, whose last character is `…`."
        ),
        Measurement(
            "duplicate_line_frac",
            "share",
            "Share of lines that occur more than once, every copy counted; blank lines are lines.",
        ),
        Measurement(
            "duplicate_line_char_frac",
            "ratio",
            "Characters of all copies of those lines, white space included, divided by the characters of the words; "
            "can exceed 1.",
        ),
        *_top(
            "ratio",
            "Characters of the first of the most frequent runs of {n} words, times its copies, divided by the "
            "characters of the words; one copy is enough, and overlapping copies count twice, so it can exceed 1.",
        ),
        *_duplicate(
            "Characters within all runs of {n} words, each run in full, and the share of them that is in runs which "
            "occur more than once."
        ),
    ),
)

READINGS: Mapping[str, Reading] = {"dolma": _DOLMA}
