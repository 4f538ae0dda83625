"""The text of a page as one fast compiled pass over its tags gives it: to judge what need not be extracted.

There is no tree and no model: text between tags that divide blocks makes a run, and runs of some length that are not
mostly links are what the main text is in, if there is one.
"""

from html import unescape
from typing import NamedTuple

import numpy as np

from massivetext.compiled import compiled, compiled_and_cached
from massivetext.extract.page_scan import Whole
from massivetext.extract.tag_attributes import find_byte, is_letter, read_name
from massivetext.extract.tag_scanner import ends_comment, find_tag
from massivetext.extract.tags import BLOCK, I64, RAW, U8, TagTables, tag_number, tag_tables

_RUN_BYTES = 80  # of text outside links that make a run of prose
_LITTLE_BYTES = 400  # of prose; where there is less, all text is taken
_LESS, _GREATER, _SLASH, _DASH, _EXCLAMATION, _QUESTION, _AMPERSAND, _BLANK = 60, 62, 47, 45, 33, 63, 38, 32
_A, _BR, _TITLE = tag_number("a"), tag_number("br"), tag_number("title")
_SIZE, _START, _OUTSIDE, _WORDS, _IN_WORD, _IN_LINK, _NO_COMMENT, _NO_TITLE = range(8)  # places of the state


class FastText(NamedTuple):
    """The text of a page without its tags.

    Attributes:
        prose: the runs that may be main text, one a line; all text where there are hardly any.
        most_words: number of words, at the most, that an extractor can find.
    """

    prose: str
    most_words: int


def fast_text(page: bytes) -> FastText:
    """Return the text of a page in time that is linear in its bytes.

    Args:
        page: UTF-8 of the page.
    """
    data, tags = np.frombuffer(page, np.uint8), tag_tables(scripted=False)
    out, state = np.empty(len(data) + 2, np.uint8), np.zeros(8, np.int64)
    _strip(data, tags, out, state, _RUN_BYTES)
    words = int(state[_WORDS])
    if state[_SIZE] < _LITTLE_BYTES:
        state[:] = 0
        _strip(data, tags, out, state, 0)
    prose = out[: state[_SIZE]].tobytes().decode("utf-8", "replace")
    return FastText(unescape(prose) if "&" in prose else prose, words)


@compiled_and_cached
def _strip(data: U8, tags: TagTables, out: U8, state: I64, least: int) -> None:
    position, size = 0, len(data)
    while position < size:
        end = find_byte(data, position, _LESS)
        _add_text(data, out, state, position, end)
        if end + 1 >= size:
            break
        after = data[end + 1]
        if is_letter(after):
            position = _open(data, tags, out, state, end + 1, least)
        elif after == _SLASH:
            position = _close(data, tags, out, state, end + 2, least)
        elif after in (_EXCLAMATION, _QUESTION):
            position = _skip_comment(data, state, end)
        else:
            _add_text(data, out, state, end, end + 1)
            position = end + 1
    _end_run(out, state, least)


@compiled
def _close(data: U8, tags: TagTables, out: U8, state: I64, position: int, least: int) -> int:
    """Return the position behind an end tag."""
    key, behind = read_name(data, position)
    number = find_tag(key, tags)
    if tags.kinds[number] & BLOCK:
        _end_run(out, state, least)
    elif number == _A:
        state[_IN_LINK] = 0
    elif number == _BR:
        _end_word(out, state)
    return find_byte(data, behind, _GREATER) + 1


@compiled
def _add_text(data: U8, out: U8, state: I64, start: int, end: int) -> None:
    """Write text with single blanks. A reference may be white space, so words may end there."""
    place, words, written, in_word = state[_SIZE], 0, 0, state[_IN_WORD] != 0
    for index in range(start, end):
        byte = data[index]
        if byte <= _BLANK:
            if in_word:
                out[place] = _BLANK
                place += 1
            in_word = False
            continue
        words += not in_word or byte == _AMPERSAND
        in_word = True
        out[place] = byte
        place += 1
        written += 1
    state[_SIZE], state[_IN_WORD] = place, in_word
    state[_WORDS] += words
    if not state[_IN_LINK]:
        state[_OUTSIDE] += written


@compiled
def _end_word(out: U8, state: I64) -> None:
    """Write the blank that a line break stands for."""
    if state[_IN_WORD]:
        out[state[_SIZE]] = _BLANK
        state[_SIZE] += 1
        state[_IN_WORD] = 0
    else:
        state[_WORDS] += 1  # the second break in a row begins a paragraph, maybe with a bullet


@compiled
def _end_run(out: U8, state: I64, least: int) -> None:
    """End a run; it is taken back if it is short, or if most of it is in links."""
    length = state[_SIZE] - state[_START]
    if state[_OUTSIDE] < least or (least and state[_OUTSIDE] * 2 < length):
        state[_SIZE] = state[_START]
    elif length:
        out[state[_SIZE]] = 10
        state[_SIZE] += 1
    state[_WORDS] += state[_OUTSIDE] > 0 or length > 0  # a bullet, a number or the sign between cells
    state[_START] = state[_SIZE]
    state[_OUTSIDE] = state[_IN_WORD] = 0


@compiled
def _open(data: U8, tags: TagTables, out: U8, state: I64, position: int, least: int) -> int:
    """Return the position behind an opening tag, or behind the element if its content is no HTML."""
    key, behind = read_name(data, position)
    number = find_tag(key, tags)
    kind = tags.kinds[number]
    behind = find_byte(data, behind, _GREATER) + 1
    if kind & BLOCK:
        _end_run(out, state, least)
    if number == _A:
        state[_IN_LINK] = 1
    elif number == _BR:
        _end_word(out, state)
    if not kind & RAW or (number == _TITLE and state[_NO_TITLE]):
        return behind
    return _behind_raw(data, state, behind, key, number)


@compiled
def _behind_raw(data: U8, state: I64, behind: int, key: Whole, number: Whole) -> int:
    """Return the position behind an element whose content is no HTML; a title that never ends is read as others are."""
    for place in range(behind, len(data) - 2):
        if data[place] == _LESS and data[place + 1] == _SLASH:
            other, end = read_name(data, place + 2)
            if other == key:
                return find_byte(data, end, _GREATER) + 1
    if number != _TITLE:
        return len(data)
    state[_NO_TITLE] = 1
    return behind


@compiled
def _skip_comment(data: U8, state: I64, start: int) -> int:
    if start + 3 < len(data) and data[start + 2] == _DASH and data[start + 3] == _DASH and not state[_NO_COMMENT]:
        for place in range(start + 4, len(data)):
            if data[place] == _GREATER and ends_comment(data, start, place):
                return place + 1
        state[_NO_COMMENT] = 1
    return find_byte(data, start, _GREATER) + 1
