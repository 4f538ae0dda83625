"""Compiled reading of the names and attributes of tags."""

import numpy as np

from massivetext.compiled import compiled, inlined
from massivetext.extract.hint_words import (
    CLASS_MARKS,
    HIDDEN_HINT,
    HIDDEN_MARK,
    LOWER_MARK,
    LOWER_ROMAN_MARK,
    OPEN_MARK,
    SHADOW_MARK,
    STYLE_MARKS,
    SYMBOLS,
    TEX_MARK,
    UPPER_MARK,
    UPPER_ROMAN_MARK,
    HintTrie,
    symbol_of,
)
from massivetext.extract.page_scan import NO_ORDINAL, State, Whole
from massivetext.extract.tags import I64, U8, name_key

_CLASS, _ID, _ROLE, _STYLE, _HREF, _HIDDEN, _PROPERTY, _ARIA, _ALT, _TYPE = (
    name_key(name)
    for name in (
        "class", "id", "role", "style", "href", "hidden", "itemprop", "aria-hidden", "alt", "type",
    )
)  # fmt: skip
_START, _VALUE, _ROWSPAN, _COLSPAN, _OPEN, _SHADOW = (
    name_key(name) for name in ("start", "value", "rowspan", "colspan", "open", "shadowrootmode")
)
_HIDDEN_BIT = np.int64(1) << HIDDEN_HINT
_LESS, _GREATER, _SLASH, _EQUALS, _QUOTE, _APOSTROPHE = 60, 62, 47, 61, 34, 39
_TEX = np.frombuffer(b"math/tex", np.uint8)
_HINTED_BYTES = 400  # of a value that are looked at
_BOUNDARY = SYMBOLS - 1
_NO_QUOTE, _NO_APOSTROPHE, _ALT_AT, _ALT_END, _ORDINAL, _ROWS, _COLUMNS = (
    int(State[name]) for name in ("NO_QUOTE", "NO_APOSTROPHE", "ALT", "ALT_END", "ORDINAL", "ROWS", "COLUMNS")
)
_NUMBERS = ((_START, _ORDINAL), (_VALUE, _ORDINAL), (_ROWSPAN, _ROWS), (_COLSPAN, _COLUMNS))


@inlined
def is_letter(byte: Whole) -> bool | np.bool_:
    """Return whether a byte is a letter of ASCII."""
    return 97 <= (byte | 32) <= 122


@inlined
def is_space(byte: Whole) -> bool | np.bool_:
    """Return whether a byte is white space."""
    return byte == 32 or 9 <= byte <= 13


@compiled
def find_byte(data: U8, position: int, byte: int) -> int:
    """Return where a byte is next; the length of the page if it does not come."""
    while position < len(data) and data[position] != byte:
        position += 1
    return position


@compiled
def read_name(data: U8, position: int) -> tuple[Whole, int]:
    """Return the first eight bytes of a name in lower case as a number, and the position behind the name."""
    key, shift = np.int64(0), 0
    while position < len(data):
        byte = np.int64(data[position])
        if is_space(byte) or byte in (_SLASH, _GREATER, _EQUALS, _LESS):
            break
        if shift < 64:
            low = byte & 127
            key |= (low | 32 if 65 <= low <= 90 else low) << shift
            shift += 8
        position += 1
    return key, position


@compiled
def read_attributes(data: U8, trie: HintTrie, state: I64, position: int) -> tuple[Whole, Whole, bool, int]:
    """Return the hints and marks of the attributes, whether there is a target of a link, the position behind the tag.

    Where the alternative text is, the ordinal number and how many rows and columns a cell spans is left in the state.
    """
    hints, marks, linked = np.int64(0), np.int64(0), False
    state[_ALT_AT] = state[_ALT_END] = 0
    state[_ORDINAL] = state[_ROWS] = state[_COLUMNS] = NO_ORDINAL
    while position < len(data):
        byte = data[position]
        if byte == _GREATER:
            return hints, marks, linked, position + 1
        if byte == _LESS:  # the tag was never closed
            return hints, marks, linked, position
        if is_space(byte) or byte in (_SLASH, _EQUALS):
            position += 1
            continue
        name, position = read_name(data, position)
        start, end, position = _read_value(data, state, position)
        linked |= name == _HREF
        found, shown = _read_hints(data, trie, name, start, end)
        hints |= found
        marks |= shown
        if name == _ALT:
            state[_ALT_AT], state[_ALT_END] = start, end
        for other, place in _NUMBERS:
            if name == other:
                state[place] = _read_number(data, start, end)
    return hints, marks, linked, position


@compiled
def _read_hints(data: U8, trie: HintTrie, name: Whole, start: int, end: int) -> tuple[Whole, Whole]:
    """Return the hints and marks of one attribute."""
    if name in (_CLASS, _ID, _ROLE, _STYLE, _PROPERTY):
        hints, marks = find_hints(data, trie, start, end)
        return hints, marks & ~(CLASS_MARKS if name == _STYLE else STYLE_MARKS)
    if name == _HIDDEN:  # a browser shows "until-found" when somebody searches
        return _HIDDEN_BIT, np.int64(0 if end - start == 11 else HIDDEN_MARK)
    if name == _ARIA and end > start and data[start] | 32 == 116:  # "true"
        return _HIDDEN_BIT, np.int64(0)
    if name in (_OPEN, _SHADOW):
        return np.int64(0), np.int64(OPEN_MARK if name == _OPEN else SHADOW_MARK)
    return np.int64(0), _type_marks(data, start, end) if name == _TYPE else np.int64(0)


@compiled
def _type_marks(data: U8, start: int, end: int) -> Whole:
    """Return the marks of the attribute ``type``: of a script, or of a list that is numbered with letters."""
    if end - start == 1:
        for sign, mark in ((97, LOWER_MARK), (65, UPPER_MARK), (105, LOWER_ROMAN_MARK), (73, UPPER_ROMAN_MARK)):
            if data[start] == sign:
                return np.int64(mark)
    return np.int64(TEX_MARK if _is_tex(data, start, end) else 0)


@compiled
def _is_tex(data: U8, start: int, end: int) -> bool:
    if end - start < len(_TEX):
        return False
    for step in range(len(_TEX)):  # noqa: SIM110 - numba compiles no generators
        if data[start + step] != _TEX[step]:
            return False
    return True


@compiled
def _read_number(data: U8, start: int, end: int) -> Whole:
    """Return a whole number of at most eight digits; NO_ORDINAL for anything else."""
    negative = end > start and data[start] == 45
    first = start + 1 if negative else start
    if not 0 < end - first <= 8:
        return np.int64(NO_ORDINAL)
    number = np.int64(0)
    for place in range(first, end):
        if not 48 <= data[place] <= 57:
            return np.int64(NO_ORDINAL)
        number = number * 10 + data[place] - 48
    return -number if negative else number


@compiled
def _read_value(data: U8, state: I64, position: int) -> tuple[int, int, int]:
    """Return where the value of an attribute begins and ends, and the position behind it; an empty value if none."""
    place = position
    while place < len(data) and is_space(data[place]):
        place += 1
    if place >= len(data) or data[place] != _EQUALS:
        return position, position, place
    place += 1
    while place < len(data) and is_space(data[place]):
        place += 1
    if place < len(data) and (data[place] == _QUOTE or data[place] == _APOSTROPHE):
        missing = _NO_QUOTE if data[place] == _QUOTE else _NO_APOSTROPHE
        if not state[missing]:
            end = find_byte(data, place + 1, data[place])
            if end < len(data):
                return place + 1, end, end + 1
            state[missing] = 1
    start = place
    while place < len(data) and not is_space(data[place]) and data[place] != _GREATER:
        place += 1
    return start, place, place


@compiled
def find_hints(data: U8, trie: HintTrie, start: int, end: int) -> tuple[Whole, Whole]:
    """Return the bits of the hint words, and of the marks, in the first bytes of a value or text."""
    steps, hint_bits, mark_bits = trie
    hints, marks = np.int64(0), np.int64(0)
    end = min(end, start + _HINTED_BYTES)
    for begin in range(start - 1, end):
        node, place = np.int64(0), begin
        while place <= end:
            symbol = symbol_of(np.int64(data[place])) if start <= place < end else np.int64(_BOUNDARY)
            node = np.int64(steps[node, symbol])
            if node == 0:
                break
            hints |= hint_bits[node]
            marks |= mark_bits[node]
            place += 1
    return hints, marks
