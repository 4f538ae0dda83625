"""All signals that need no model, measured in one compiled loop over the texts of a batch."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.signals import (
    characters,
    comment_styles,
    comments,
    definitions,
    encoded,
    hash_table,
    line_counts,
    repetition,
    safety,
    scan,
    words,
)
from massivetext.signals.compiled import compiled, digest_of, kept
from massivetext.signals.safety import Phrases
from massivetext.signals.scan import I64, U8, U32
from massivetext.signals.words import StopWords

_ROOM_BYTES = 1 << 20  # texts above it have their words counted first, others get room for as many as they could have
(COMMENTS, ENCODED, LONGEST_ENCODED, GENERATED) = range(4)
CODE_COUNTS = 4


class Measured(NamedTuple):
    """Counts of each text, int64[texts, ...], and what is not whole, float64[texts, ...].

    Attributes:
        characters: columns as in :mod:`massivetext.signals.scan`.
        words: columns as in :mod:`massivetext.signals.words`.
        values: likewise.
        lines: columns as in :mod:`massivetext.signals.line_counts`.
        repeated: characters by n; see :func:`massivetext.signals.repetition.repetition`.
        phrases: distinct unsafe phrases of each text.
        weights: of all their copies.
        code: what source code is told by, in the columns COMMENTS, ENCODED, LONGEST_ENCODED and GENERATED.
    """

    characters: I64
    words: I64
    values: npt.NDArray[np.float64]
    lines: I64
    repeated: I64
    phrases: I64
    weights: npt.NDArray[np.float64]
    code: I64


class Tables(NamedTuple):
    """What texts are held against: bits and lower-case forms of characters, words, phrases, marks of comments."""

    bits: U8
    lower: U32
    stops: StopWords
    phrases: Phrases
    comments: U8


def measure(data: U8, offsets: I64, languages: I64, styles: I64, tables: Tables) -> Measured:
    """Measures texts.

    Args:
        data: their UTF-8.
        offsets: int64[texts + 1], where each begins, and the last ends.
        languages: int64[texts], number of the list of stop words that each is held against.
        styles: int64[texts], number of the comment style of each, -1 where it is unknown.
        tables: what else they are held against.
    """
    texts = len(offsets) - 1
    measured = Measured(
        characters=np.zeros((texts, scan.COUNTS), np.int64),
        words=np.zeros((texts, words.COUNTS), np.int64),
        values=np.zeros((texts, words.VALUES), np.float64),
        lines=np.zeros((texts, line_counts.COUNTS), np.int64),
        repeated=np.zeros((texts, repetition.LONGEST + 1), np.int64),
        phrases=np.zeros(texts, np.int64),
        weights=np.zeros(texts, np.float64),
        code=np.zeros((texts, CODE_COUNTS), np.int64),
    )
    _loop()(data, offsets, languages, styles, tables, measured)
    return measured


@functools.cache
def tables(stop_lists: tuple[tuple[str, ...], ...]) -> Tables:
    """The tables for some lists of stop words. Raises UserError where the phrase list is missing."""
    return Tables(
        characters.table(), characters.lower(), words.stop_words(stop_lists), safety.built_in(), comments.table()
    )


@functools.cache
def _loop() -> Callable[[U8, I64, I64, I64, Tables, Measured], None]:
    """The loop, compiled or as kept from the last time.

    numba keeps what it compiled beside this file, or in the user's cache folder, and compiles anew when this file
    changes. It does not see when a function of another file changes: the digest of all of them is a part of the key.
    """
    digest = _digest()

    @kept
    def measure_all(data: U8, offsets: I64, languages: I64, styles: I64, tables: Tables, measured: Measured) -> None:
        _ = digest
        most = _most_words(data, offsets, tables.bits)
        found = np.empty(most, scan.WORD)
        table, room = hash_table.room(most), repetition.room(most)
        seen = np.zeros(len(tables.phrases.weights), np.int64)
        for text in range(len(offsets) - 1):
            start, stop = offsets[text], offsets[text + 1]
            counts, values = measured.words[text], measured.values[text]
            count = scan.scan(data, start, stop, tables.bits, tables.lower, found, measured.characters[text])
            words.count_words(found, count, languages[text], tables.stops, counts, values)
            words.count_forms(found, count, table, room, counts, values)
            line_counts.count_lines(found, count, tables.bits, table, room, measured.lines[text])
            repetition.repetition(found, count, table, room, measured.repeated[text])
            distinct, weight = safety.find_phrases(found, count, tables.phrases, seen, text + 1)
            measured.phrases[text], measured.weights[text] = distinct, weight
            code = measured.code[text]
            code[ENCODED], code[LONGEST_ENCODED] = encoded.find_encoded(data, start, stop)
            code[GENERATED] = encoded.count_generated(data, start, stop)
            if styles[text] >= 0:
                code[COMMENTS] = comments.count_comments(data, start, stop, tables.comments[styles[text]])

    return measure_all


def _digest() -> int:
    """Of all that is compiled."""
    modules = (
        *(characters, comment_styles, comments, definitions, encoded, hash_table),
        *(line_counts, repetition, safety, scan, words),
    )
    return digest_of(*modules)


@compiled
def _most_words(data: U8, offsets: I64, bits: U8) -> int:
    """Room that the text with the most words needs."""
    most = 1
    for text in range(len(offsets) - 1):
        start, stop = offsets[text], offsets[text + 1]
        needed = (stop - start + 1) // 2  # a byte a word, and one between two
        if needed > most:
            most = needed if stop - start <= _ROOM_BYTES else max(most, scan.count_words(data, start, stop, bits))
    return most
