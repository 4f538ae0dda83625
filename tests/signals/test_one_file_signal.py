"""A new compiled signal is one module (``vowel_signals.py``) and one entry in a registry."""

import dataclasses
from enum import IntEnum

import numpy as np
import pyarrow as pa
import pytest
import vowel_signals

from massivetext import signals
from massivetext.signals import repetition, signals_page, words
from massivetext.signals.registry import BUILT_IN, SignalRegistry
from massivetext.signals.signal_group import KernelCounts

WITH_VOWELS = SignalRegistry((*BUILT_IN.groups, vowel_signals.GROUP))
# Fewer groups are compiled faster: what the new group uses, and what that uses.
SMALL = SignalRegistry((vowel_signals.GROUP, words.GROUP, repetition.GROUP))
TEXTS = ["", "an apple fell", "Ein Ei.\n\nxyz", "sky", "over and out"]


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return signals.measure(TEXTS, registry=SMALL)


def test_its_columns_are_right(table: pa.Table) -> None:
    # "an apple" of 3 words; "Ein Ei." of 3; none of 1; all of 3.
    assert table["vowel_word_frac"].to_pylist() == pytest.approx([0, 2 / 3, 2 / 3, 0, 1])
    assert table["longest_vowel_word_length"].to_pylist() == [0, 5, 3, 0, 4]


def test_the_other_signals_stay_as_they_are(table: pa.Table) -> None:
    others = table.column_names[2:]

    assert others == [signal.name for group in SMALL.groups[1:] for signal in group.signals]
    assert table.select(others) == signals.measure(TEXTS).select(others)


def test_its_columns_are_in_the_schema_at_the_place_of_its_group(table: pa.Table) -> None:
    fields = [
        pa.field("vowel_word_frac", pa.float64(), nullable=False),
        pa.field("longest_vowel_word_length", pa.int64(), nullable=False),
    ]

    assert table.schema == SMALL.schema()
    assert list(SMALL.schema())[:2] == fields
    assert list(WITH_VOWELS.schema()) == [*BUILT_IN.schema(), *fields]


def test_it_is_documented() -> None:
    page = signals_page.markdown(WITH_VOWELS)

    assert "## Vowels\n\nSource: ours: a test.\n\n" in page
    assert (
        "| `vowel_word_frac` | share | 0 to 1 | `0.0` | Share of words whose first character is a vowel of ASCII. |"
    ) in page


def test_a_name_may_occur_once_only() -> None:
    with pytest.raises(ValueError, match="vowel_word_frac: want every signal in one group, got it in two"):
        SignalRegistry((vowel_signals.GROUP, *BUILT_IN.groups, vowel_signals.GROUP))


def test_a_formula_of_a_missing_group_names_it() -> None:
    counts = KernelCounts(np.zeros((1, 1)), {}, np.zeros(1, np.int64))

    with pytest.raises(KeyError, match="VowelCount: no group of the registry counts it; add the group"):
        counts[vowel_signals.VowelCount.LONGEST]


def test_a_counter_wants_columns_numbered_from_0() -> None:
    class Numbered(IntEnum):
        FIRST = 1

    with pytest.raises(ValueError, match="vowel_word_frac: want a counter and its columns, got one of them"):
        dataclasses.replace(vowel_signals.GROUP, columns=None)
    with pytest.raises(ValueError, match="Numbered: want columns numbered 0 to 0, in order"):
        dataclasses.replace(vowel_signals.GROUP, columns=Numbered)


def test_a_formula_that_forgets_a_signal_is_named() -> None:
    forgetful = dataclasses.replace(
        vowel_signals.GROUP, formulas=lambda counts: {"vowel_word_frac": np.zeros(len(counts.sizes))}
    )
    with pytest.raises(ValueError, match="declared or computed, but not both: longest_vowel_word_length"):
        signals.measure(["a"], registry=SignalRegistry((forgetful, words.GROUP, repetition.GROUP)))
