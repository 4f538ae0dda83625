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


def _segments(line: str, paragraph: str, copies: str, characters: str) -> list[Measurement]:
    return [
        measurement
        for name, which in (("line", line), ("paragraph", paragraph))
        for measurement in (
            Measurement(f"duplicate_{name}_frac", "share", f"Share of {which} {copies}."),
            Measurement(
                f"duplicate_{name}_char_frac", "share", f"Characters of {which} {copies}, divided by {characters}."
            ),
        )
    ]


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

_DATATROVE = Reading(
    "datatrove 0.10.1, `src/datatrove/pipeline/filters/gopher_quality_filter.py` and `gopher_repetition_filter.py`; "
    "its words are tokens of spaCy's blank English pipeline, and ours follow the same rules without emoticons and "
    "rare spellings",
    (
        Measurement("word_count", "count", "Tokens with a character that is no punctuation."),
        Measurement("mean_word_length", "characters", "Mean characters of those tokens."),
        Measurement("hash_to_word_ratio", "ratio", "Hash signs divided by all tokens, punctuation among them."),
        Measurement("ellipsis_to_word_ratio", "ratio", "`...` and `…` divided by all tokens."),
        Measurement(
            "bullet_line_frac",
            "share",
            "Share of lines, blank ones among them, that begin with `•` or `-` after white space; a line also ends at "
            "a carriage return, a form feed and Unicode's line ends.",
        ),
        Measurement("ellipsis_line_frac", "share", "Share of those lines that end in `...` or `…` before white space."),
        Measurement("alphabetic_word_frac", "share", "Share of all tokens that have a letter."),
        Measurement("stop_word_count", "count", "How many of the paper's eight are among the tokens; case counts."),
        *_segments(
            "lines (parted by one line feed or more)",
            "paragraphs (parted by two line feeds or more)",
            "that stood in the text before, as they stand",
            "all characters of the text",
        ),
        *_top(
            "ratio",
            "Characters of the first of the most frequent runs of {n} tokens, spaces between them included, times its "
            "copies, divided by all characters of the text; one copy is enough, and overlapping copies count twice.",
        ),
        *_duplicate(
            "Characters of the runs of {n} tokens that stood in the text before, spelled without spaces, divided by "
            "all characters; after one the search goes on behind it, so what overlaps it is neither counted nor kept "
            "in mind."
        ),
    ),
)

_DCLM = Reading(
    "DCLM, `baselines/mappers/filters/content_filters.py` and `baselines/mappers/core_utils.py`",
    (
        Measurement(
            "word_count",
            "count",
            "Words between ASCII white space whose first character is a letter or digit: a word after an opening quote "
            "does not count.",
        ),
        Measurement(
            "symbol_to_word_ratio",
            "ratio",
            "`#`, `...`, `. . .` and `…` together, divided by words between white space.",
        ),
        Measurement(
            "bullet_line_frac", "share", "Share of non-blank lines that begin, stripped, with `●`, `•`, `*` or `-`."
        ),
        Measurement(
            "ellipsis_line_frac", "share", "Share of non-blank lines that end, stripped, in `...`, `. . .` or `…`."
        ),
        Measurement("stop_word_count", "count", "Words that are one of the paper's eight in any case, by copies."),
        *_segments(
            "non-blank lines, stripped,",
            "paragraphs (parted by two line feeds, stripped, blank ones left out)",
            "that occur more than once, every copy counted",
            "the characters of all of them",
        ),
        *_top(
            "ratio",
            "Characters of the longest of the most frequent runs of {n} words, times its copies, divided by the "
            "characters of all words; 0 where none occurs twice. Words are parted by Unicode's word boundaries and "
            "begin with a letter or digit.",
        ),
        *_duplicate(
            "Share of the characters of those words that lie within a run of {n} which occurs more than once, each "
            "counted once."
        ),
    ),
)

_NEMO = Reading(
    "NeMo Curator, `nemo_curator/filters/heuristic_filter.py` and `nemo_curator/utils/constants.py`, commit e2239184",
    (
        Measurement(
            "symbol_to_word_ratio",
            "share",
            "Share of words that are an ellipsis (`...`, `[...]`, `…`, `(...)`, `[…]`, `-»`) or have more runs of `#`"
            " than half their characters: `#` alone does, `##` does not.",
        ),
        Measurement(
            "bullet_line_frac",
            "share",
            "Share of non-blank lines that begin, stripped, with `•`, `‣`, `⁃`, `⁌`, `⁍`, `∙`, `○`, `●`, `◘`, `◦`, "
            "`⦾` or `⦿`; hyphens and asterisks are none.",
        ),
        Measurement(
            "ellipsis_line_frac",
            "share",
            "Share of non-blank lines that end in one of those ellipses, `read more` or `read more..`, in any case.",
        ),
        Measurement("stop_word_count", "count", "Words that are one of the paper's eight, by copies; case counts."),
        *_segments(
            "non-blank lines",
            "paragraphs (parted by two line feeds, empty ones among them)",
            "that stood in the text before, as they stand",
            "the characters of all of them",
        ),
        *_top(
            "share",
            "Share of the characters of the text within the most frequent run of {n} words, of equally frequent ones "
            "the first, wherever it stands spelled with single spaces, within longer words too; one copy is enough.",
        ),
        *_duplicate(
            "Characters of the runs of {n} words that stood in the text before, each counted once, and one for every "
            "space within them, divided by all characters of the text."
        ),
    ),
)

_REDPAJAMA2 = Reading(
    "RedPajama-V2, `app/src/core/quality_signals` and `app/src/core/document.py`, commit 855a8e02; not rounded",
    (
        Measurement("word_count", "count", "Words between white space without ASCII punctuation."),
        Measurement("mean_word_length", "characters", "Mean characters of those words, accents apart (NFD)."),
        Measurement(
            "symbol_to_word_ratio",
            "ratio",
            "`#`, `...` and `…` together, divided by runs of letters, digits and `_` plus runs of other marks.",
        ),
        Measurement(
            "bullet_line_frac",
            "share",
            "Share of lines, blank ones among them, that begin after white space with `•`, `‣`, `▶`, `◀`, `◦`, `■`, "
            "`□`, `▪`, `▫` or `–`; hyphens and asterisks are none.",
        ),
        Measurement(
            "ellipsis_line_frac",
            "share",
            "Share of lines, blank ones among them, that end in `...` or `…` before white space.",
        ),
        Measurement(
            "alphabetic_word_frac", "share", "Share of those runs that have a letter from a to z, in any case."
        ),
        *_top(
            "ratio",
            "Characters of the first of the most frequent runs of {n} words (lower-case, without ASCII punctuation), "
            "times its copies, divided by the characters of all of them; 0 where none occurs twice, and overlapping "
            "copies count twice.",
        ),
        *_duplicate(
            "Share of the characters of those words that lie within a run of {n} which occurs more than once, each "
            "counted once."
        ),
    ),
)

READINGS: Mapping[str, Reading] = {
    "datatrove": _DATATROVE,
    "dclm": _DCLM,
    "dolma": _DOLMA,
    "nemo": _NEMO,
    "redpajama2": _REDPAJAMA2,
}
