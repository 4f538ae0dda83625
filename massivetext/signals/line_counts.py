"""Signals of lines and paragraphs: bullets, ellipses and other line ends, short lines, phrases of C4, duplicates.

A line is the text between line feeds, a paragraph the text between blank lines, both stripped of white space. Blank
lines and paragraphs do not count. Both are found from the records of the words, so the text is not read again.
"""

import functools
from collections.abc import Iterable
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled
from massivetext.signals import definitions
from massivetext.signals.characters import STOP
from massivetext.signals.definitions import BULLETS_ALONE, BULLETS_ANYWHERE, END_QUOTES, SHORT_CHARACTERS
from massivetext.signals.hash_table import GroupingTable, group_keys
from massivetext.signals.ngram_buffers import NgramBuffers
from massivetext.signals.references import GOPHER_QUALITY, GOPHER_REPETITION, REPORTED
from massivetext.signals.scan import ELLIPSIS_END, F64, LOREM, POLICY, SCRIPT, U8, WordRecords
from massivetext.signals.scanned_text import ScannedText
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import Columns, KernelCounts, SignalGroup, ratios
from massivetext.signals.word_hash import SEED, extend_hash
from massivetext.signals.words import WordCount

_quality = functools.partial(describe, family="lines", source=GOPHER_QUALITY)
_duplicates = functools.partial(describe, family="repetition", source=GOPHER_REPETITION)
_t5 = functools.partial(
    describe, family="lines", source="ours, after C4 (Raffel et al. 2020, 2.2) as TensorFlow Datasets reads it"
)
_fineweb = functools.partial(describe, family="lines", source="ours, after FineWeb (Penedo et al. 2024, 3.6)")


class LineCount(IntEnum):
    """Columns of :func:`count_lines`. Later ones are those that are equal to one before them in the text."""

    LINES = 0
    BULLETS = 1
    ELLIPSIS_ENDS = 2
    TERMINAL_ENDS = 3
    SHORT = 4
    SCRIPTS = 5
    POLICIES = 6
    LOREMS = 7
    LINE_CHARACTERS = 8
    LATER_LINES = 9
    LATER_LINE_CHARACTERS = 10
    PARAGRAPHS = 11
    PARAGRAPH_CHARACTERS = 12
    LATER_PARAGRAPHS = 13
    LATER_PARAGRAPH_CHARACTERS = 14


def _codes(characters: frozenset[str]) -> npt.NDArray[np.uint32]:
    return np.array(sorted(map(ord, characters)), np.uint32)


_ANYWHERE, _ALONE, _QUOTES = _codes(BULLETS_ANYWHERE), _codes(BULLETS_ALONE), _codes(END_QUOTES)


@compiled
def count_lines(text: ScannedText, counts: F64) -> None:
    """Fill float64[LineCount] for a text."""
    words, count, buffers = text.words, text.word_count, text.buffers
    lines, first = 0, 0
    for after in range(1, count + 1):
        if after == count or words[after].breaks:
            _count_line(words, first, after, text.characters, counts)
            buffers.ngram_hashes[lines] = _hash(words, first, after)
            buffers.covered[lines] = _length(words, first, after)
            lines += 1
            first = after
    characters, later, later_characters = _count_repeated(lines, text.table, buffers)
    counts[LineCount.LINES] = lines
    counts[LineCount.LINE_CHARACTERS] = characters
    counts[LineCount.LATER_LINES], counts[LineCount.LATER_LINE_CHARACTERS] = later, later_characters
    # The buffer of line hashes is used again: paragraph i never overwrites a line hash that has not been read yet.
    paragraphs, line, first, begin = 0, 0, 0, 0
    hashed = SEED
    for after in range(1, count + 1):
        if after == count or words[after].breaks:
            before = extend_hash(hashed, words[begin].gap) if begin > first else SEED
            hashed = extend_hash(before, buffers.ngram_hashes[line])
            line, begin = line + 1, after
            if after == count or words[after].breaks > 1:
                buffers.ngram_hashes[paragraphs] = hashed
                buffers.covered[paragraphs] = _length(words, first, after)
                paragraphs += 1
                first = after
    characters, later, later_characters = _count_repeated(paragraphs, text.table, buffers)
    counts[LineCount.PARAGRAPHS] = paragraphs
    counts[LineCount.PARAGRAPH_CHARACTERS] = characters
    counts[LineCount.LATER_PARAGRAPHS], counts[LineCount.LATER_PARAGRAPH_CHARACTERS] = later, later_characters


@compiled
def _count_line(words: WordRecords, first: int, after: int, characters: U8, counts: F64) -> None:
    """Add the line of words ``first`` to ``after`` to the counts."""
    start, end = words[first], words[after - 1]
    counts[LineCount.BULLETS] += _among(start.first, _ANYWHERE) or (start.length == 1 and _among(start.first, _ALONE))
    counts[LineCount.ELLIPSIS_ENDS] += (end.seen & ELLIPSIS_END) != 0
    counts[LineCount.TERMINAL_ENDS] += (characters[end.last] & STOP) != 0 or _among(end.last, _QUOTES)
    counts[LineCount.SHORT] += _length(words, first, after) <= SHORT_CHARACTERS
    seen = 0
    for index in range(first, after):
        seen |= words[index].seen
        counts[LineCount.LOREMS] += (words[index].seen & LOREM) != 0
    counts[LineCount.SCRIPTS] += (seen & SCRIPT) != 0
    counts[LineCount.POLICIES] += (seen & POLICY) != 0


@compiled
def _among(code: int, codes: npt.NDArray[np.uint32]) -> bool:
    found = False  # a plain loop: numba compiles no generator here
    for one in codes:
        found |= one == code
    return found


@compiled
def _length(words: WordRecords, first: int, after: int) -> int:
    """Return the number of characters from the first word to the last, white space between them included."""
    return int(words[after - 1].before + words[after - 1].length - words[first].before)


@compiled
def _hash(words: WordRecords, first: int, after: int) -> np.uint64:
    hashed = extend_hash(SEED, words[first].hash)
    for index in range(first + 1, after):
        hashed = extend_hash(extend_hash(hashed, words[index].gap), words[index].hash)
    return hashed


@compiled
def _count_repeated(count: int, table: GroupingTable, buffers: NgramBuffers) -> tuple[int, int, int]:
    """Return (characters of all segments, number of later ones, characters of the later ones).

    A segment is a line or paragraph: its hash in ``ngram_hashes`` and its length in ``covered``.
    """
    distinct = group_keys(table, buffers.ngram_hashes, count, buffers.groups, buffers.copies)
    characters = later = later_characters = 0
    following = 0  # number that the next new segment gets
    for index in range(count):
        characters += buffers.covered[index]
        if buffers.groups[index] == following:
            following += 1
        else:
            later += 1
            later_characters += buffers.covered[index]
    assert following == distinct
    return characters, later, later_characters


def _formulas(counts: KernelCounts) -> Columns:
    total, paragraphs = counts[LineCount.LINES], counts[LineCount.PARAGRAPHS]
    return {
        "line_count": total,
        "paragraph_count": paragraphs,
        "mean_line_words": ratios(counts[WordCount.WORDS], total),
        "bullet_line_frac": ratios(counts[LineCount.BULLETS], total),
        "ellipsis_line_frac": ratios(counts[LineCount.ELLIPSIS_ENDS], total),
        "terminal_line_frac": ratios(counts[LineCount.TERMINAL_ENDS], total),
        "short_line_frac": ratios(counts[LineCount.SHORT], total),
        "javascript_line_count": counts[LineCount.SCRIPTS],
        "policy_line_count": counts[LineCount.POLICIES],
        "lorem_ipsum_count": counts[LineCount.LOREMS],
        "duplicate_line_frac": ratios(counts[LineCount.LATER_LINES], total),
        "duplicate_line_char_frac": ratios(counts[LineCount.LATER_LINE_CHARACTERS], counts[LineCount.LINE_CHARACTERS]),
        "duplicate_paragraph_frac": ratios(counts[LineCount.LATER_PARAGRAPHS], paragraphs),
        "duplicate_paragraph_char_frac": ratios(
            counts[LineCount.LATER_PARAGRAPH_CHARACTERS], counts[LineCount.PARAGRAPH_CHARACTERS]
        ),
    }


def _quoted(words: Iterable[str], separator: str = " ") -> str:
    return separator.join(f"`{word}`" for word in words)


GROUP = SignalGroup(
    signals=(
        _quality("line_count", "count", "Lines that are not blank."),
        _quality(
            "bullet_line_frac",
            "share",
            "Share of non-blank lines that begin, after white space, with a bullet: "
            f"{_quoted(sorted(BULLETS_ANYWHERE))}, or {_quoted(sorted(BULLETS_ALONE))} before white space or at the "
            "end of the line.",
        ),
        _quality(
            "ellipsis_line_frac", "share", "Share of non-blank lines that end, before white space, in `...` or `…`."
        ),
        describe(
            "paragraph_count",
            "count",
            "Paragraphs: text between blank lines.",
            family="size",
            source=REPORTED,
        ),
        _fineweb("mean_line_words", "ratio", "Mean words of a non-blank line."),
        _fineweb(
            "terminal_line_frac",
            "share",
            "Share of non-blank lines whose last character ends a sentence in any script (`.`, `!`, `?`, `…` ...) "
            f"or is an end quotation mark: {_quoted(sorted(END_QUOTES))}.",
        ),
        _fineweb("short_line_frac", "share", f"Share of non-blank lines of at most {SHORT_CHARACTERS} characters."),
        _t5("javascript_line_count", "count", f"Lines with `{definitions.JAVASCRIPT}` in them, in any case."),
        _t5(
            "policy_line_count",
            "count",
            f"Lines with one of these in them, in any case: {_quoted(definitions.POLICY_PHRASES, ', ')}.",
        ),
        _t5("lorem_ipsum_count", "count", f"Copies of `{definitions.LOREM_IPSUM}`, in any case."),
        _duplicates(
            "duplicate_line_frac",
            "share",
            "Share of non-blank lines, stripped, that stood in the text before: (N - distinct) / N.",
        ),
        _duplicates(
            "duplicate_line_char_frac",
            "share",
            "Characters of lines that stood in the text before, divided by the characters of all lines.",
        ),
        _duplicates(
            "duplicate_paragraph_frac",
            "share",
            "Share of paragraphs (parted by blank lines, stripped) that stood in the text before: (N - distinct) / N.",
        ),
        _duplicates(
            "duplicate_paragraph_char_frac",
            "share",
            "Characters of paragraphs that stood in the text before, divided by the characters of all paragraphs.",
        ),
    ),
    columns=LineCount,
    count=count_lines,
    formulas=_formulas,
)
