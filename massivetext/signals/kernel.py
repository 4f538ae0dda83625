"""The compiled loop over a batch of texts: one scan per text, then the counter of every signal group."""

import functools
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from massivetext.compiled import CompiledFunction, bind, compiled, compiled_and_cached, inlined
from massivetext.signals.characters import character_table, lower
from massivetext.signals.hash_table import grouping_table
from massivetext.signals.ngram_buffers import ngram_buffers
from massivetext.signals.scan import F64, I64, U8, U32, WORD, CharacterCount, count_word_records, scan
from massivetext.signals.scanned_text import ScannedText
from massivetext.signals.signal_group import Columns, KernelCounts, SignalGroup

# Longer texts get an exact word count first; shorter ones a buffer for the most words they could have.
_EXACT_COUNT_BYTES = 1 << 20

Tables = tuple[object, ...]
CountAll = Callable[[ScannedText, F64, Tables], None]


class _Counter(NamedTuple):
    """What the loop has to know of a group: its compiled counter, its columns, and whether it has tables."""

    counter: Callable[..., None]
    columns: type[IntEnum]
    has_tables: bool


def measure_texts(data: U8, offsets: I64, languages: I64, styles: I64, groups: Sequence[SignalGroup]) -> KernelCounts:
    """Run the scan and the counters of some groups over a batch of texts; the signals are computed from the counts.

    Args:
        data: UTF-8 of the texts.
        offsets: int64[texts + 1], where each text begins, and where the last one ends.
        languages: int64[texts], number of the list of stop words for each text.
        styles: int64[texts], number of the comment style of each text, -1 if unknown.
        groups: the signal groups; those without a counter are skipped.
    """
    counted = [(group, group.columns) for group in groups if group.columns is not None]
    first_columns: dict[type[IntEnum], int] = {CharacterCount: 0}
    width = len(CharacterCount)
    for _, columns in counted:
        first_columns[columns] = width
        width += len(columns)
    matrix = np.zeros((len(offsets) - 1, width), np.float64)
    tables = tuple(group.tables() for group, _ in counted if group.tables is not None)
    _loop(_counters(groups))(data, offsets, languages, styles, character_table(), lower(), tables, matrix)
    return KernelCounts(matrix, first_columns, np.diff(offsets))


def is_compiled(groups: Sequence[SignalGroup]) -> bool:
    """Return whether the loop for some groups is compiled already; nothing is compiled or loaded to find out."""
    return _loop(_counters(groups)).is_cached()


def _counters(groups: Sequence[SignalGroup]) -> tuple[_Counter, ...]:
    return tuple(
        _Counter(group.count, group.columns, group.tables is not None)
        for group in groups
        if group.columns is not None and group.count is not None
    )


def kernel_signals(counts: KernelCounts, groups: Sequence[SignalGroup]) -> Columns:
    """Return the column of every signal of the groups that are computed from counts, by name."""
    found: Columns = {}
    for group in groups:
        if group.formulas is None:
            continue
        columns = group.formulas(counts)
        declared = {signal.name for signal in group.signals}
        if columns.keys() != declared:
            wrong = ", ".join(sorted(columns.keys() ^ declared))
            raise ValueError(
                f"signal group of {', '.join(sorted(declared))}: declared or computed, but not both: {wrong}"
            )
        found |= columns
    return found


@functools.cache
def _loop(counters: tuple[_Counter, ...]) -> CompiledFunction[[U8, I64, I64, I64, U8, U32, Tables, F64], None]:
    """Return the loop for some counters; it is compiled, or loaded from disk, at the first call.

    The counters are chained from the last to the first: each link calls one counter with its columns, then the rest.
    """
    count_all: CountAll = _count_nothing
    column = len(CharacterCount) + sum(len(each.columns) for each in counters)
    table = sum(each.has_tables for each in counters)
    for each in reversed(counters):
        end, column = column, column - len(each.columns)
        names: dict[str, object] = {"_count": each.counter, "_BEGIN": column, "_END": end, "_count_rest": count_all}
        if each.has_tables:
            table -= 1
            count_all = bind(_count_with_tables, _TABLE=table, **names)
        else:
            count_all = bind(_count_group, **names)
    return compiled_and_cached(_measure_all, _count_all=count_all)


@inlined
def _count_nothing(text: ScannedText, counts: F64, tables: Tables) -> None:
    """End the chain of counters."""


# Placeholders: `bind` replaces them in a copy of the functions below, for every group. So the calls are direct, and no
# column number is looked up while the loop runs.
_count: Callable[..., None] = _count_nothing
_count_rest: CountAll = _count_nothing
_count_all: CountAll = _count_nothing
_BEGIN = _END = _TABLE = 0


def _measure_all(
    data: U8, offsets: I64, languages: I64, styles: I64, bits: U8, lower_case: U32, tables: Tables, matrix: F64
) -> None:
    most = _most_words(data, offsets, bits)
    words = np.empty(most, WORD)
    table, buffers = grouping_table(most), ngram_buffers(most)
    for row in range(len(offsets) - 1):
        start, stop, counts = offsets[row], offsets[row + 1], matrix[row]
        found = scan(data, start, stop, bits, lower_case, words, counts)
        text = ScannedText(data, start, stop, words, found, languages[row], styles[row], bits, table, buffers)
        _count_all(text, counts, tables)


def _count_group(text: ScannedText, counts: F64, tables: Tables) -> None:
    _count(text, counts[_BEGIN:_END])
    _count_rest(text, counts, tables)


def _count_with_tables(text: ScannedText, counts: F64, tables: Tables) -> None:
    _count(text, counts[_BEGIN:_END], tables[_TABLE])
    _count_rest(text, counts, tables)


@compiled
def _most_words(data: U8, offsets: I64, bits: U8) -> int:
    """Return the size of a buffer that is large enough for the words of every text."""
    most = 1
    for row in range(len(offsets) - 1):
        start, stop = offsets[row], offsets[row + 1]
        needed = (stop - start + 1) // 2  # at most: words of one byte, with one byte between two
        if needed > most:
            exact = stop - start > _EXACT_COUNT_BYTES
            most = max(most, count_word_records(data, start, stop, bits)) if exact else needed
    return most
