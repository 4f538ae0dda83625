"""Signals of the shape of source code: kinds of characters and lengths of lines; the scan counts what they need."""

import functools

from massivetext.signals.references import STARCODER
from massivetext.signals.scan import CharacterCount
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import Columns, KernelCounts, SignalGroup, ratios

_code = functools.partial(
    describe,
    family="code",
    source="Chen et al. 2021 (Codex), section 3.1; BigCode preprocessing of The Stack (StarCoder), basic filter",
)


def _formulas(counts: KernelCounts) -> Columns:
    characters, feeds = counts[CharacterCount.CHARACTERS], counts[CharacterCount.LINE_FEEDS]
    return {
        "alphanumeric_frac": ratios(counts[CharacterCount.ALPHANUMERIC], characters),
        "longest_line_length": counts[CharacterCount.LONGEST_LINE],
        "mean_line_length": ratios(characters - feeds, feeds + 1),
        "alphabetic_frac": ratios(counts[CharacterCount.LETTERS], characters),
    }


GROUP = SignalGroup(
    signals=(
        _code("alphanumeric_frac", "share", "Share of all characters that are letters or digits."),
        _code("longest_line_length", "characters", "Characters of the longest line, indentation included.", whole=True),
        _code("mean_line_length", "characters", "Mean characters of a line, blank lines and indentation included."),
        describe(
            "alphabetic_frac", "share", "Share of all characters that are letters.", family="code", source=STARCODER
        ),
    ),
    formulas=_formulas,
)
