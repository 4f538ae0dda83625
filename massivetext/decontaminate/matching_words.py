r"""Words as test-set matching compares them: one compiled pass over UTF-8 bytes.

A word is a run of letters and digits in lower case, without accents, so pages that write an item in capitals, with
other quotes, line ends, bold marks or without punctuation have the same words:

* every other character ends a word; apostrophes, soft hyphens, zero-width characters and combining marks are left out
  ("don't", "don\u2019t" and "dont" are one word);
* characters of scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) are words of their own;
* groups of three digits are joined ("1,000", "1.000", "1\u202f000" and "1000"), and a fraction of zeros is left out
  ("5.00");
* "zero" to "twenty", "thirty" to "ninety" are their digits;
* letters of Cyrillic and Greek that look like Latin ones are those;
* escapes of JSON are what they stand for (``\u0430``, and ``\n``, ``\r``, ``\t`` where no lower-case letter
  follows: that would also be ``\neq`` or ``\times`` of LaTeX);
* a word that a hyphen divides at the end of a line is one word, if its rest begins in lower case.
"""

import functools
import unicodedata

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, compiled_and_cached

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
I64 = npt.NDArray[np.int64]

_CODE_POINTS = 0x40000  # higher ones (marks, private use) end words
_BREAK, _LEFT_OUT = 0, 1  # no word holds these control characters, so the table uses their numbers
_ALONE = np.uint32(1 << 31)  # bit of characters that are words of their own
_LEFT_OUT_CHARACTERS = "'\u2018\u2019\u02bc\u00ad\u200b\u200c\u200d\u2060\ufeff`\u00b4\uff07"
# The pairs of Unicode's confusables.txt among lower-case letters that look the same in usual fonts.
_LOOK_ALIKES = {ord(mine): ord(latin) for mine, latin in zip("аеорсухіјѕһԁο", "aeopcyxijshdo", strict=True)}
_WITHOUT_SPACES = (  # first and last code points
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x2E80, 0x2FDF),
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
# fmt: off
_NUMBERS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}
# fmt: on

_SEED, _FACTOR, _FINAL = np.uint64(0x9E3779B97F4A7C15), np.uint64(0x9FB21C651E98DF25), np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_NUMBER_BITS = 10
_NUMBER_SHIFT = np.uint32(32 - _NUMBER_BITS)
_ZERO, _NINE, _COMMA, _POINT = 0x30, 0x39, 0x2C, 0x2E
_GROUP = 3  # digits
_BACKSLASH, _HYPHEN, _SOFT_HYPHEN, _REAL_HYPHEN = 0x5C, 0x2D, 0xAD, 0x2010
_LINE_FEED, _RETURN, _SPACE, _TAB = 0x0A, 0x0D, 0x20, 0x09
_U, _N, _R, _T = 0x75, 0x6E, 0x72, 0x74  # of escapes
_A_LOWER, _Z_LOWER, _F_LOWER = 0x61, 0x7A, 0x66
_HEX = 4  # digits of an escape
_INDENT = 40  # bytes before the rest of a divided word


@functools.cache
def matching_characters() -> U32:
    """Return what each code point is in a word, uint32[0x40000]: 0 ends a word, 1 is left out, else the character."""
    table = np.zeros(_CODE_POINTS, np.uint32)
    for code in range(_CODE_POINTS):
        table[code] = _folded(chr(code))
    for character in _LEFT_OUT_CHARACTERS:
        table[ord(character)] = _LEFT_OUT
    for first, last in _WITHOUT_SPACES:
        inside = table[first : last + 1]
        inside[inside > _LEFT_OUT] |= _ALONE
    return table


def _folded(character: str) -> int:
    category = unicodedata.category(character)
    if category in ("Mn", "Me"):
        return _LEFT_OUT
    if category[0] not in "LNM":
        return _BREAK
    # The first character of the compatible decomposition: the letter without its accents.
    lower = unicodedata.normalize("NFKD", character)[0].lower()[0]
    return _LOOK_ALIKES.get(ord(lower), ord(lower)) if lower.isalnum() or category[0] == "M" else _BREAK


@functools.cache
def number_words() -> U32:
    """Return a table of number words: rows of (hash of the word, hash of its digits), uint32[1024, 2]."""
    table = np.zeros((1 << _NUMBER_BITS, 2), np.uint32)
    for name, number in _NUMBERS.items():
        word, digits = (_plain_hash(text) for text in (name, str(number)))
        table[word >> int(_NUMBER_SHIFT)] = word, digits
    return table


def _plain_hash(word: str) -> int:
    state = int(_SEED)
    for character in word:
        state = (state ^ ord(character)) * int(_FACTOR) % (1 << 64)
        state ^= state >> 32
    return state * int(_FINAL) % (1 << 64) >> 32


@compiled
def split_matching_words(  # noqa: C901  one pass: functions for its steps would pass ten variables to each other
    data: U8, start: int, stop: int, characters: U32, numbers: U32, words: U32, firsts: U32, lasts: U32
) -> int:
    """Write the words of a text and return how many there are.

    Args:
        data: UTF-8.
        start: first byte of the text.
        stop: byte after its last.
        characters: :func:`matching_characters`.
        numbers: :func:`number_words`.
        words: their hashes, at least half as many as there are bytes, and one.
        firsts: their first bytes, counted from ``start``.
        lasts: the bytes after them.
    """
    count, at, first, last = 0, start, start, start
    state, length, digits, grouped = _SEED, 0, 0, False  # of the word so far; digits: -1 if it has a letter
    while at <= stop:
        size, code = 1, np.uint32(_BREAK)
        if at < stop:
            byte = point = np.uint32(data[at])
            if byte < 0x80:
                code = characters[byte]
                if code == _BREAK and byte == _BACKSLASH:
                    size, point = _escape(data, at, stop)
                    code = characters[point]
            else:
                if byte >= 0xF0 and at + 3 < stop:
                    point = (byte & np.uint32(7)) << np.uint32(18) | np.uint32(data[at + 1] & 63) << np.uint32(12)
                    point |= np.uint32(data[at + 2] & 63) << np.uint32(6) | np.uint32(data[at + 3] & 63)
                    size = 4
                elif byte >= 0xE0 and at + 2 < stop:
                    point = (byte & np.uint32(15)) << np.uint32(12) | np.uint32(data[at + 1] & 63) << np.uint32(6)
                    point |= np.uint32(data[at + 2] & 63)
                    size = 3
                elif byte >= 0xC0 and at + 1 < stop:
                    point = (byte & np.uint32(31)) << np.uint32(6) | np.uint32(data[at + 1] & 63)
                    size = 2
                if point < _CODE_POINTS:
                    code = characters[point]
        if code <= _LEFT_OUT and length and digits < 0 and at < stop and point in (_HYPHEN, _SOFT_HYPHEN, _REAL_HYPHEN):
            rest = _rest_of_word(data, at + size, stop)
            if rest:
                at = rest
                continue
        if code == _LEFT_OUT and at < stop:
            if digits <= 0 or not _three_digits(data, at + size, stop):
                at += size
                continue
            if digits > _GROUP and not grouped:
                at += size
                continue
        if code <= _LEFT_OUT or code >= _ALONE:
            if digits > 0 and at < stop and code < _ALONE:
                separator = (
                    code == _LEFT_OUT
                    or byte in (_COMMA, _POINT)
                    or (size == 2 and point == 0xA0)
                    or (size == 3 and point in (0x2009, 0x202F))
                )
                if separator and (digits <= _GROUP or grouped) and _three_digits(data, at + size, stop):
                    grouped = True
                    at += size
                    continue
                if byte == _POINT:
                    zeros = at + 1
                    while zeros < stop and data[zeros] == _ZERO:
                        zeros += 1
                    ends = zeros >= stop or not (_ZERO <= data[zeros] <= _NINE)
                    if zeros > at + 1 and ends:
                        at = zeros
                        size = 0
            if length:
                word = np.uint32(state * _FINAL >> _HALF)
                row = word >> _NUMBER_SHIFT
                if numbers[row, 0] == word:
                    word = numbers[row, 1]
                words[count], firsts[count], lasts[count] = word, first - start, last - start
                count += 1
                state, length = _SEED, 0
            digits, grouped = 0, False
            if code >= _ALONE:
                state = (_SEED ^ np.uint64(code & ~_ALONE)) * _FACTOR
                state ^= state >> _HALF
                words[count] = np.uint32(state * _FINAL >> _HALF)
                firsts[count], lasts[count] = at - start, at + size - start
                count += 1
                state = _SEED
            at += size if size else 0
            if at >= stop:
                break
            continue
        if not length:
            first = at
        state = (state ^ np.uint64(code)) * _FACTOR
        state ^= state >> _HALF
        length += 1
        digits = digits + 1 if digits >= 0 and _ZERO <= code <= _NINE else -1
        at += size
        last = at
    return count


@compiled
def _escape(data: U8, at: int, stop: int) -> tuple[int, np.uint32]:
    """Return the bytes of the escape that a backslash begins, and its character; (1, backslash): it is none.

    JSON within JSON has several backslashes.
    """
    end = at + 1
    while end < stop and data[end] == _BACKSLASH:
        end += 1
    if end >= stop:
        return 1, np.uint32(_BACKSLASH)
    letter = data[end]
    if letter == _U and end + _HEX < stop:
        point = 0
        for index in range(end + 1, end + 1 + _HEX):
            digit = int(data[index])
            if _ZERO <= digit <= _NINE:
                value = digit - _ZERO
            elif _A_LOWER <= (digit | _SPACE) <= _F_LOWER:
                value = (digit | _SPACE) - _A_LOWER + 10
            else:
                return 1, np.uint32(_BACKSLASH)
            point = point * 16 + value
        return end + 1 + _HEX - at, np.uint32(point)
    if letter in (_N, _R, _T) and not (end + 1 < stop and _A_LOWER <= data[end + 1] <= _Z_LOWER):
        return end + 1 - at, np.uint32(_SPACE)
    return 1, np.uint32(_BACKSLASH)


@compiled
def _rest_of_word(data: U8, at: int, stop: int) -> int:
    """Return where the word goes on in the next line, in lower case or with a letter that is not ASCII; 0: it ends."""
    while at < stop and (data[at] == _SPACE or data[at] == _RETURN):
        at += 1
    if at >= stop or data[at] != _LINE_FEED:
        return 0
    first = at = at + 1
    while at < stop and at - first < _INDENT and (data[at] == _SPACE or data[at] == _TAB):
        at += 1
    if at < stop and (_A_LOWER <= data[at] <= _Z_LOWER or data[at] >= 0xC3):
        return at
    return 0


@compiled
def _three_digits(data: U8, at: int, stop: int) -> bool:
    """Return whether exactly three digits begin at a byte."""
    if at + _GROUP > stop:
        return False
    for index in range(at, at + _GROUP):
        if data[index] < _ZERO or data[index] > _NINE:
            return False
    return at + _GROUP == stop or data[at + _GROUP] < _ZERO or data[at + _GROUP] > _NINE


@compiled_and_cached
def _split(data: U8, characters: U32, numbers: U32, words: U32, firsts: U32, lasts: U32) -> int:
    return split_matching_words(data, 0, len(data), characters, numbers, words, firsts, lasts)


def matching_words(data: U8) -> tuple[U32, U32, U32]:
    """Return the words of a text in UTF-8: their hashes, their first bytes and the bytes after them."""
    room = word_room(len(data))
    words, firsts, lasts = (np.empty(room, np.uint32) for _ in range(3))
    count = _split(data, matching_characters(), number_words(), words, firsts, lasts)
    return words[:count], firsts[:count], lasts[:count]


def letters_of(text: str) -> tuple[U32, I64]:
    """Return the letters and digits of a text as words have them, without anything between, and where each stands.

    They are equal for "f(x) = 2^3 - 1" and "fx 231": texts whose punctuation was taken out have other words.
    """
    characters = matching_characters()
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    folded = np.where(codes < _CODE_POINTS, characters[np.minimum(codes, _CODE_POINTS - 1)], _BREAK)
    places = np.flatnonzero(folded > _LEFT_OUT)
    return folded[places] & ~_ALONE, places


def word_room(size: int) -> int:
    """Return the largest number of words of a text of so many bytes."""
    return size // 2 + 2
