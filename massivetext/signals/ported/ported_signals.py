"""Names, units and meanings of the ported signals of each tool.

This module is data only, so that the registry can list the signals without the code that measures them. Names begin
with the name of the tool. If a tool measures the same as we do, its rule set uses our signal, and nothing is listed
here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from massivetext.signals.definitions import DUPLICATE_SIZES, TOP_SIZES


@dataclass(frozen=True, slots=True)
class PortedSignal:
    """One ported signal.

    Attributes:
        name: its name without the name of the tool.
        unit: unit of the value; a share is from 0 to 1, a ratio has no upper limit.
        meaning: what is measured, in one sentence.
    """

    name: str
    unit: Literal["count", "characters", "share", "ratio"]
    meaning: str


@dataclass(frozen=True, slots=True)
class PortedFamily:
    """The ported signals of one tool.

    Attributes:
        source: repository, file and version.
        signals: the signals that differ from ours.
    """

    source: str
    signals: tuple[PortedSignal, ...]


def _top(unit: Literal["share", "ratio"], meaning: str) -> list[PortedSignal]:
    return [PortedSignal(f"top_{n}_gram_char_frac", unit, meaning.format(n=n)) for n in TOP_SIZES]


def _duplicate(meaning: str) -> list[PortedSignal]:
    return [PortedSignal(f"duplicate_{n}_gram_char_frac", "share", meaning.format(n=n)) for n in DUPLICATE_SIZES]


def _segments(line: str, paragraph: str, copies: str, characters: str) -> list[PortedSignal]:
    return [
        signal
        for name, which in (("line", line), ("paragraph", paragraph))
        for signal in (
            PortedSignal(f"duplicate_{name}_frac", "share", f"Share of {which} {copies}."),
            PortedSignal(
                f"duplicate_{name}_char_frac", "share", f"Characters of {which} {copies}, divided by {characters}."
            ),
        )
    ]


_DOLMA = PortedFamily(
    "Dolma 1.2.1, `python/dolma/taggers/gopher.py`, tagger `gopher_v1`",
    (
        PortedSignal("symbol_to_word_ratio", "share", "Share of words with a `#` or a `…` in them."),
        PortedSignal(
            "stop_word_count",
            "count",
            "Words that are one of the paper's eight, each copy counted; case and punctuation count.",
        ),
        PortedSignal(
            "bullet_line_frac",
            "share",
            "Share of lines, blank ones among them, that begin with `*` or `-`; white space before it is not skipped.",
        ),
        PortedSignal(
            "ellipsis_line_frac", "share", "Share of lines, blank ones among them, whose last character is `…`."
        ),
        PortedSignal(
            "duplicate_line_frac",
            "share",
            "Share of lines that occur more than once, every copy counted; blank lines are lines.",
        ),
        PortedSignal(
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

_DATATROVE = PortedFamily(
    "datatrove 0.10.1, `src/datatrove/pipeline/filters/gopher_quality_filter.py` and `gopher_repetition_filter.py`; "
    "its words are tokens of spaCy's blank English pipeline, and ours follow the same rules without emoticons and "
    "rare spellings",
    (
        PortedSignal("word_count", "count", "Tokens with a character that is no punctuation."),
        PortedSignal("mean_word_length", "characters", "Mean characters of those tokens."),
        PortedSignal("hash_to_word_ratio", "ratio", "Hash signs divided by all tokens, punctuation among them."),
        PortedSignal("ellipsis_to_word_ratio", "ratio", "`...` and `…` divided by all tokens."),
        PortedSignal(
            "bullet_line_frac",
            "share",
            "Share of lines, blank ones among them, that begin with `•` or `-` after white space; a line also ends at "
            "a carriage return, a form feed and Unicode's line ends.",
        ),
        PortedSignal(
            "ellipsis_line_frac", "share", "Share of those lines that end in `...` or `…` before white space."
        ),
        PortedSignal("alphabetic_word_frac", "share", "Share of all tokens that have a letter."),
        PortedSignal("stop_word_count", "count", "How many of the paper's eight are among the tokens; case counts."),
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

_DCLM = PortedFamily(
    "DCLM, `baselines/mappers/filters/content_filters.py` and `baselines/mappers/core_utils.py`",
    (
        PortedSignal(
            "word_count",
            "count",
            "Words between ASCII white space whose first character is a letter or digit: a word after an opening quote "
            "does not count.",
        ),
        PortedSignal(
            "symbol_to_word_ratio",
            "ratio",
            "`#`, `...`, `. . .` and `…` together, divided by words between white space.",
        ),
        PortedSignal(
            "bullet_line_frac", "share", "Share of non-blank lines that begin, stripped, with `●`, `•`, `*` or `-`."
        ),
        PortedSignal(
            "ellipsis_line_frac", "share", "Share of non-blank lines that end, stripped, in `...`, `. . .` or `…`."
        ),
        PortedSignal("stop_word_count", "count", "Words that are one of the paper's eight in any case, by copies."),
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

_NEMO = PortedFamily(
    "NeMo Curator, `nemo_curator/filters/heuristic_filter.py` and `nemo_curator/utils/constants.py`, commit e2239184",
    (
        PortedSignal(
            "symbol_to_word_ratio",
            "share",
            "Share of words that are an ellipsis (`...`, `[...]`, `…`, `(...)`, `[…]`, `-»`) or have more runs of `#`"
            " than half their characters: `#` alone does, `##` does not.",
        ),
        PortedSignal(
            "bullet_line_frac",
            "share",
            "Share of non-blank lines that begin, stripped, with `•`, `‣`, `⁃`, `⁌`, `⁍`, `∙`, `○`, `●`, `◘`, `◦`, "
            "`⦾` or `⦿`; hyphens and asterisks are none.",
        ),
        PortedSignal(
            "ellipsis_line_frac",
            "share",
            "Share of non-blank lines that end in one of those ellipses, `read more` or `read more..`, in any case.",
        ),
        PortedSignal("stop_word_count", "count", "Words that are one of the paper's eight, by copies; case counts."),
        *_segments(
            "non-blank lines",
            "paragraphs (parted by two line feeds, empty ones among them)",
            "that stood in the text before, as they stand",
            "the characters of all of them",
        ),
        *_top(
            "share",
            "Share of the characters of the text within the most frequent run of {n} words, of equally frequent ones "
            "the first, wherever it occurs spelled with single spaces, within longer words too; one copy is enough.",
        ),
        *_duplicate(
            "Characters of the runs of {n} words that stood in the text before, each counted once, and one for every "
            "space within them, divided by all characters of the text."
        ),
    ),
)

_REDPAJAMA2 = PortedFamily(
    "RedPajama-V2, `app/src/core/quality_signals` and `app/src/core/document.py`, commit 855a8e02; not rounded",
    (
        PortedSignal("word_count", "count", "Words between white space without ASCII punctuation."),
        PortedSignal("mean_word_length", "characters", "Mean characters of those words, accents apart (NFD)."),
        PortedSignal(
            "symbol_to_word_ratio",
            "ratio",
            "`#`, `...` and `…` together, divided by runs of letters, digits and `_` plus runs of other marks.",
        ),
        PortedSignal(
            "bullet_line_frac",
            "share",
            "Share of lines, blank ones among them, that begin after white space with `•`, `‣`, `▶`, `◀`, `◦`, `■`, "
            "`□`, `▪`, `▫` or `–`; hyphens and asterisks are none.",
        ),
        PortedSignal(
            "ellipsis_line_frac",
            "share",
            "Share of lines, blank ones among them, that end in `...` or `…` before white space.",
        ),
        PortedSignal(
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

PORTED_FAMILIES: Mapping[str, PortedFamily] = {
    "datatrove": _DATATROVE,
    "dclm": _DCLM,
    "dolma": _DOLMA,
    "nemo": _NEMO,
    "redpajama2": _REDPAJAMA2,
}
