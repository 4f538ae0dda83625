"""One compiled pass over the UTF-8 of a text: counts its characters by kind and makes a record of every word.

Words are runs between white space, as in ``str.split``. Two words are equal if their 64-bit hashes are: among a million
different words, the chance that any two are confused is one in thirty million.
"""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, inlined
from massivetext.signals.characters import ALNUM, ALPHA, DIGIT, LOWER, MARK, SPACE, STOP, UPPER
from massivetext.signals.definitions import JAVASCRIPT, LOREM_IPSUM, MINI_CHARACTERS, POLICY_PHRASES
from massivetext.signals.word_hash import CHARACTER, SEED, finish_hash
from massivetext.utf8 import decode_character

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
WordRecords = npt.NDArray[np.void]

_FIELDS = [
    ("hash", "<u8"),  # hash of the word
    ("form", "<u8"),  # hash of its normal form (see forms.py); 0: the form is empty
    ("gap", "<u8"),  # hash of the white space before it
    ("before", "<i4"),  # number of characters of the text before it
    ("length", "<i4"),  # number of its characters
    ("first", "<i4"),  # code point of its first character
    ("last", "<i4"),  # code point of its last character
    ("breaks", "<i2"),  # line feeds in the white space before it; 2 for two or more
    ("seen", "<i2"),  # its properties: the bits below
]
WORD = np.dtype((np.record, _FIELDS))  # np.record: uncompiled code can read the fields as attributes too
_PLAIN = ALNUM | ALPHA | LOWER  # bits of an ASCII lower-case letter at which no phrase is looked for
LETTER, UPPER_CASE, LOWER_CASE, SENTENCE_END, ELLIPSIS_END, SCRIPT, POLICY, LOREM, MINI = (1 << bit for bit in range(9))


class CharacterCount(IntEnum):
    """Columns of the counts that :func:`scan` fills."""

    CHARACTERS = 0
    ALPHANUMERIC = 1
    LETTERS = 2
    UPPERS = 3
    DIGITS = 4
    LINE_FEEDS = 5
    HASHES = 6
    ELLIPSES = 7
    BRACES = 8
    LONGEST_LINE = 9


def _bytes(text: str) -> U8:
    return np.frombuffer(text.encode("ascii"), np.uint8)


_JAVASCRIPT, _LOREM = _bytes(JAVASCRIPT), _bytes(LOREM_IPSUM)
_TERMS, _PRIVACY, _COOKIE_POLICY = map(_bytes, POLICY_PHRASES[:3])
_COOKIES, _USES, _USE_OF, _USE = map(_bytes, ("cookies", "uses ", "use of ", "use "))


@compiled
def matches_at(data: U8, start: int, stop: int, at: int, wanted: U8) -> bool:
    """Return whether the text has these lower-case ASCII bytes at this index, in any case."""
    if at < start or at + len(wanted) > stop:
        return False
    for index in range(len(wanted)):
        byte = int(data[at + index])
        if 65 <= byte <= 90:
            byte += 32
        if byte != wanted[index]:
            return False
    return True


@compiled
def _mark(data: U8, start: int, stop: int, at: int) -> int:
    """Return the bit of the phrase around this letter, or 0: a phrase is found by a letter that is rare elsewhere."""
    letter = int(data[at]) | 32
    if letter == 106:  # j
        return SCRIPT if matches_at(data, start, stop, at, _JAVASCRIPT) else 0
    if letter == 112:  # p
        return LOREM if matches_at(data, start, stop, at - 7, _LOREM) else 0
    if letter == 102:  # f
        return POLICY if matches_at(data, start, stop, at - 7, _TERMS) else 0
    if letter == 118:  # v
        return POLICY if matches_at(data, start, stop, at - 3, _PRIVACY) else 0
    first = at - 3  # where "cookie" begins if this is its k
    if matches_at(data, start, stop, first, _COOKIE_POLICY):
        return POLICY
    used = (
        matches_at(data, start, stop, first - 4, _USE)
        or matches_at(data, start, stop, first - 5, _USES)
        or matches_at(data, start, stop, first - 7, _USE_OF)
    )
    return POLICY if used and matches_at(data, start, stop, first, _COOKIES) else 0


@compiled
def count_word_records(data: U8, start: int, stop: int, table: U8) -> int:
    """Return the number of words of a text: the number of records that :func:`scan` needs."""
    words, at = 0, start
    within = False
    while at < stop:
        code, size = int(data[at]), 1
        if code >= 128:
            code, size = decode_character(data, at, stop)
        space = (table[code] & SPACE) != 0
        words += within and space
        within = not space
        at += size
    return words + within


@compiled
def scan(  # noqa: C901  one pass: functions for its steps would pass twenty variables to each other
    data: U8, start: int, stop: int, table: U8, lower: U32, words: WordRecords, counts: F64
) -> int:
    """Read the text in bytes ``start`` to ``stop`` and return its number of words.

    Args:
        data: bytes of many texts.
        start: index of the first byte of the text.
        stop: index after its last byte.
        table: property bits of every character; see :func:`massivetext.signals.characters.character_table`.
        lower: lower-case forms; see :func:`massivetext.signals.characters.lower`.
        words: :data:`WORD` records, filled; needs room for :func:`count_word_records` of them.
        counts: float64[CharacterCount], filled.
    """
    characters = alphanumeric = letters = uppers = digits = line_feeds = hashes = ellipses = braces = 0
    dots = 0  # length of the current run of full stops, modulo 3: three are an ellipsis
    line = longest = 0  # characters of the current line, and of the longest line before it
    word = 0
    within = started = False  # inside a word; after its first letter or digit
    written = reach = 0  # characters since the first letter or digit of the word: so far, and up to the last such one
    spelling = spelled_form = form = gap = SEED
    seen = breaks = last = 0
    at = start
    while at < stop:
        code, size = int(data[at]), 1
        if code >= 128:
            code, size = decode_character(data, at, stop)
        bits = table[code]
        if bits & SPACE:
            if within:
                _close(words[word], spelling, form, reach, characters, last, seen)
                if _dotted(data, start, at):
                    words[word].seen |= ELLIPSIS_END
                within = False
                word += 1
                gap, breaks = SEED, 0
            dots = 0
            line += 1
            gap = (gap ^ np.uint64(code)) * CHARACTER
            if code == 10:
                line_feeds += 1
                breaks += 1
                longest = max(longest, line - 1)
                line = 0
        else:
            if not within:
                words[word].gap, words[word].breaks = gap, min(breaks, 2)
                words[word].before, words[word].first = characters, code
                within, started = True, False
                written = reach = 0
                spelling = spelled_form = SEED
                seen = 0
            if started and bits == _PLAIN and code < 128:
                # Two of three characters are plain letters, so they get a short loop of their own.
                first = at
                while at < stop and data[at] < 128 and table[data[at]] == _PLAIN:
                    letter = np.uint64(data[at])
                    spelling = (spelling ^ letter) * CHARACTER
                    spelled_form = (spelled_form ^ letter) * CHARACTER
                    at += 1
                run = at - first
                characters, line, written = characters + run, line + run, written + run
                alphanumeric, letters = alphanumeric + run, letters + run
                form, reach = spelled_form, written
                seen = (seen & ~SENTENCE_END) | LETTER | LOWER_CASE
                dots = 0
                last = int(data[at - 1])
                continue
            line += 1
            spelling = (spelling ^ np.uint64(code)) * CHARACTER
            if bits & ALNUM:
                started = True
                alphanumeric += 1
                digits += (bits & DIGIT) != 0
                seen &= ~SENTENCE_END
                if bits & ALPHA:
                    letters += 1
                    seen |= LETTER
            if started:
                small = np.uint64(lower[code]) if code < len(lower) else np.uint64(code)
                spelled_form = (spelled_form ^ small) * CHARACTER
                written += 1
                if bits & ALNUM:
                    form, reach = spelled_form, written
                elif bits & STOP:
                    seen |= SENTENCE_END
            if bits & UPPER:
                uppers += (bits & ALPHA) != 0
                seen |= UPPER_CASE
            elif bits & LOWER:
                seen |= LOWER_CASE
            if bits & MARK:
                seen |= _mark(data, start, stop, at)
            if code == 46:
                dots += 1
                if dots == 3:
                    ellipses += 1
                    dots = 0
            else:
                dots = 0
                ellipses += code == 0x2026
                hashes += code == 35
                braces += code == 123 or code == 125
            last = code
        characters += 1
        at += size
    if within:
        _close(words[word], spelling, form, reach, characters, last, seen)
        if _dotted(data, start, stop):
            words[word].seen |= ELLIPSIS_END
        word += 1
    counts[CharacterCount.CHARACTERS] = characters
    counts[CharacterCount.ALPHANUMERIC] = alphanumeric
    counts[CharacterCount.LETTERS] = letters
    counts[CharacterCount.UPPERS] = uppers
    counts[CharacterCount.DIGITS] = digits
    counts[CharacterCount.LINE_FEEDS] = line_feeds
    counts[CharacterCount.HASHES] = hashes
    counts[CharacterCount.ELLIPSES] = ellipses
    counts[CharacterCount.BRACES] = braces
    counts[CharacterCount.LONGEST_LINE] = max(longest, line)
    return word


@inlined
def _close(
    word: np.recarray, spelling: np.uint64, form: np.uint64, reach: int, characters: int, last: int, seen: int
) -> None:
    """Complete the record of a word after its last character."""
    word.hash = finish_hash(spelling)
    word.form = finish_hash(form) if reach else np.uint64(0)
    word.length = characters - word.before
    word.last = last
    word.seen = seen | MINI if 0 < reach <= MINI_CHARACTERS else seen


@inlined
def _dotted(data: U8, start: int, stop: int) -> bool:
    """Return whether the bytes before ``stop`` are an ellipsis."""
    if stop - 3 < start:
        return False
    last = int(data[stop - 1])
    before, first = int(data[stop - 2]), int(data[stop - 3])
    return (first == 46 and before == 46 and last == 46) or (first == 0xE2 and before == 0x80 and last == 0xA6)
