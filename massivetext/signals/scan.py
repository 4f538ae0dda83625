"""One pass over the UTF-8 of a text, compiled: its characters counted by kind, and its words, each as a record.

Words are runs between white space, as of ``str.split``. Equality of words is told by 64-bit hashes: of a million
different words two are taken for equal with a chance of one in thirty million.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from massivetext import hashing
from massivetext.signals.characters import ALNUM, ALPHA, DIGIT, LOWER, MARK, SPACE, STOP, UPPER
from massivetext.signals.compiled import compiled, inlined, plain
from massivetext.signals.definitions import JAVASCRIPT, LOREM_IPSUM, MINI_CHARACTERS, POLICIES

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
I64 = npt.NDArray[np.int64]
Words = npt.NDArray[np.void]

_FIELDS = [
    ("hash", "<u8"),  # of the word as it stands
    ("form", "<u8"),  # of its form (see forms.py); 0: nothing is left of it
    ("gap", "<u8"),  # of the white space before it
    ("before", "<i4"),  # characters of the text before it
    ("length", "<i4"),  # its characters
    ("first", "<i4"),  # its first character
    ("last", "<i4"),  # its last character
    ("breaks", "<i2"),  # line feeds in the white space before it; 2: or more
    ("seen", "<i2"),  # what is in it: the bits below
]
WORD = np.dtype((np.record, _FIELDS))  # a record: plain Python reads its fields as the compiled code does
_PLAIN = ALNUM | ALPHA | LOWER  # below 128: a lower-case letter that is not rare outside phrases
LETTER, UPPER_CASE, LOWER_CASE, SENTENCE_END, ELLIPSIS_END, SCRIPT, POLICY, LOREM, MINI = (1 << bit for bit in range(9))

# What is counted of characters: the columns of `counts`.
(
    CHARACTERS,
    ALPHANUMERIC,
    LETTERS,
    UPPERS,
    DIGITS,
    LINE_FEEDS,
    HASHES,
    ELLIPSES,
    BRACES,
    LONGEST_LINE,
) = range(10)
COUNTS = 10


def _bytes(text: str) -> U8:
    return np.frombuffer(text.encode("ascii"), np.uint8)


_JAVASCRIPT, _LOREM = _bytes(JAVASCRIPT), _bytes(LOREM_IPSUM)
_TERMS, _PRIVACY, _COOKIE_POLICY = map(_bytes, POLICIES[:3])
_COOKIES, _USES, _USE_OF, _USE = map(_bytes, ("cookies", "uses ", "use of ", "use "))

_SEED, _CHARACTER, _STEP = hashing.GOLDEN, hashing.CHARACTER, hashing.STEP
_HALF = np.uint64(32)
_ZERO = np.uint64(0)


@inlined
def join(sequence: np.uint64, part: np.uint64) -> np.uint64:
    """The hash of a sequence one part longer."""
    mixed = (sequence * _CHARACTER ^ part) * _STEP  # one multiplied, the other not: their order counts
    return mixed ^ (mixed >> _HALF)


@inlined
def finished(spelling: np.uint64) -> np.uint64:
    """The hash of a word from that of its characters; never 0."""
    mixed = (spelling ^ _SEED) * _STEP
    return (mixed ^ (mixed >> _HALF)) | np.uint64(1)


@compiled
def decode(data: U8, at: int, stop: int) -> tuple[int, int]:
    """(code point, bytes) of the character that begins at a byte; a byte that begins none stands for itself."""
    first = int(data[at])
    if first >= 0xF0 and at + 3 < stop:
        code = (first & 7) << 18 | int(data[at + 1] & 63) << 12
        return code | int(data[at + 2] & 63) << 6 | int(data[at + 3] & 63), 4
    if first >= 0xE0 and at + 2 < stop:
        return (first & 15) << 12 | int(data[at + 1] & 63) << 6 | int(data[at + 2] & 63), 3
    if first >= 0xC0 and at + 1 < stop:
        return (first & 31) << 6 | int(data[at + 1] & 63), 2
    return first, 1


@compiled
def stands(data: U8, start: int, stop: int, at: int, wanted: U8) -> bool:
    """Whether these lower-case bytes stand at a place, in any case."""
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
    """The phrase around a letter that is rare outside them, as a bit."""
    letter = int(data[at]) | 32
    if letter == 106:  # j
        return SCRIPT if stands(data, start, stop, at, _JAVASCRIPT) else 0
    if letter == 112:  # p
        return LOREM if stands(data, start, stop, at - 7, _LOREM) else 0
    if letter == 102:  # f
        return POLICY if stands(data, start, stop, at - 7, _TERMS) else 0
    if letter == 118:  # v
        return POLICY if stands(data, start, stop, at - 3, _PRIVACY) else 0
    first = at - 3  # of "cookie", whose k this may be
    if stands(data, start, stop, first, _COOKIE_POLICY):
        return POLICY
    used = (
        stands(data, start, stop, first - 4, _USE)
        or stands(data, start, stop, first - 5, _USES)
        or stands(data, start, stop, first - 7, _USE_OF)
    )
    return POLICY if used and stands(data, start, stop, first, _COOKIES) else 0


@compiled
def count_words(data: U8, start: int, stop: int, table: U8) -> int:
    """Words of a text: what :func:`scan` needs room for."""
    words, at = 0, start
    within = False
    while at < stop:
        code, size = int(data[at]), 1
        if code >= 128:
            code, size = decode(data, at, stop)
        space = (table[code] & SPACE) != 0
        words += within and space
        within = not space
        at += size
    return words + within


@compiled
def scan(  # noqa: C901  one pass: its parts would hand twenty variables to each other
    data: U8, start: int, stop: int, table: U8, lower: U32, words: Words, counts: I64
) -> int:
    """Reads the text in bytes ``start`` to ``stop`` and returns its number of words.

    Args:
        data: bytes of many texts.
        start: first byte of the text.
        stop: byte after its last one.
        table: see :func:`massivetext.signals.characters.table`.
        lower: see :func:`massivetext.signals.characters.lower`.
        words: what is filled, :data:`WORD` records; see :func:`count_words`.
        counts: what is filled, int64[COUNTS].
    """
    characters = alphanumeric = letters = uppers = digits = line_feeds = hashes = ellipses = braces = 0
    dots = 0  # of the run of full stops here, three of them being an ellipsis
    line = longest = 0  # characters of the line here, and of the longest before it
    word = 0
    within = started = False  # a word; a letter or digit of it
    written = reach = 0  # characters since the first letter or digit of a word, and those up to the last one
    spelling = spelled_form = form = gap = _SEED
    seen = breaks = last = 0
    at = start
    while at < stop:
        code, size = int(data[at]), 1
        if code >= 128:
            code, size = decode(data, at, stop)
        bits = table[code]
        if bits & SPACE:
            if within:
                _close(words[word], spelling, form, reach, characters, last, seen)
                if _dotted(data, start, at):
                    words[word].seen |= ELLIPSIS_END
                within = False
                word += 1
                gap, breaks = _SEED, 0
            dots = 0
            line += 1
            gap = (gap ^ np.uint64(code)) * _CHARACTER
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
                spelling = spelled_form = _SEED
                seen = 0
            if started and bits == _PLAIN and code < 128:
                # Two in three characters are such, of which little has to be known one by one.
                first = at
                while at < stop and data[at] < 128 and table[data[at]] == _PLAIN:
                    letter = np.uint64(data[at])
                    spelling = (spelling ^ letter) * _CHARACTER
                    spelled_form = (spelled_form ^ letter) * _CHARACTER
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
            spelling = (spelling ^ np.uint64(code)) * _CHARACTER
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
                spelled_form = (spelled_form ^ small) * _CHARACTER
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
    counts[CHARACTERS], counts[ALPHANUMERIC], counts[LETTERS] = characters, alphanumeric, letters
    counts[UPPERS], counts[DIGITS], counts[LINE_FEEDS] = uppers, digits, line_feeds
    counts[HASHES], counts[ELLIPSES], counts[BRACES] = hashes, ellipses, braces
    counts[LONGEST_LINE] = max(longest, line)
    return word


@inlined
def _close(word: Any, spelling: np.uint64, form: np.uint64, reach: int, characters: int, last: int, seen: int) -> None:
    word.hash = finished(spelling)
    word.form = finished(form) if reach else np.uint64(0)
    word.length = characters - word.before
    word.last = last
    word.seen = seen | MINI if 0 < reach <= MINI_CHARACTERS else seen


@inlined
def _dotted(data: U8, start: int, stop: int) -> bool:
    """Whether the bytes before ``stop`` are an ellipsis."""
    if stop - 3 < start:
        return False
    last = int(data[stop - 1])
    before, first = int(data[stop - 2]), int(data[stop - 3])
    return (first == 46 and before == 46 and last == 46) or (first == 0xE2 and before == 0x80 and last == 0xA6)


def hash_of(word: str) -> np.uint64:
    """The hash of a word as :func:`scan` makes it: of a form, if the word is one."""
    with np.errstate(over="ignore"):  # arithmetic is modulo 2**64
        spelling = _SEED
        for character in word:
            spelling = (spelling ^ np.uint64(ord(character))) * _CHARACTER
        return np.uint64(plain(finished)(spelling))
