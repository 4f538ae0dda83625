"""One compiled pass over the UTF-8 of a page: its elements, its pieces of text, and the blocks that they make up.

The pass follows the HTML standard where pages depend on it (elements without end tags, raw text, misnested tags) and
takes the shorter way where they do not. It never looks further back than ``_REACH`` open elements, so its time is
linear in the bytes of the page, however deep or damaged that is; there is no recursion and no limit of depth.
"""

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, compiled_and_cached, inlined
from massivetext.extract.hint_words import WordTrie, hint_trie, symbol_of
from massivetext.extract.tags import (
    BLOCK,
    FORMAT,
    HASH_SIZE,
    HEADING,
    I64,
    LAYER,
    RAW,
    SKIP,
    STRUCTURE,
    TAG_COUNT,
    U8,
    VOID,
    TagTables,
    hash_place,
    tag_number,
    tag_tables,
)

MAX_ELEMENTS = 300_000  # tags of further elements are skipped, their text stays
MAX_PIECES = 600_000  # further text is dropped
_REACH = 128

ELEMENT = np.dtype(
    (
        np.record,
        [
            ("own_hints", "<i8"),  # bits of hint_words.HINTS that the attributes of the element show
            ("hints", "<i8"),  # of the element and all around it
            ("path", "<i8"),  # bit of tag % 64 of the element and all around it
            ("shape", "<i8"),  # hash of the tags and hints of the element and its two parents
            ("parent", "<i4"),
            ("block", "<i4"),  # nearest element that is a block; the element itself if it is one
            ("structure", "<i4"),  # the same for elements that stay marked in the extracted text; 0: none
            ("link", "<i4"),  # nearest element that is a link; 0: none
            ("depth", "<i4"),
            ("first_piece", "<i4"),
            ("tag", "u1"),
            ("skipped", "u1"),  # 1: its text is not shown
        ],
    )
)
PIECE = np.dtype((np.record, [("start", "<i4"), ("end", "<i4"), ("element", "<i4")]))  # end 0: a line break
BLOCK_RANGE = np.dtype((np.record, [("first", "<i4"), ("last", "<i4"), ("element", "<i4"), ("images", "<i4")]))
Records = npt.NDArray[np.void]
Whole: TypeAlias = int | np.int64

# Places of the state of the scan.
_TOP, _ELEMENTS, _PIECES, _BLOCKS, _APART, _BREAKS, _IMAGES, _TITLE, _TITLE_END = range(9)
_NO_QUOTE, _NO_APOSTROPHE, _NO_COMMENT, _NO_TITLE = range(9, 13)  # 1: none ends behind this place, nobody looks again
_STATES = 13
_PRE, _A, _P, _BR, _IMG, _TITLE_TAG, _BODY, _HTML, _TABLE = (
    tag_number(name) for name in ("pre", "a", "p", "br", "img", "title", "body", "html", "table")
)
_NAME_CLASS, _NAME_ID, _NAME_ROLE, _NAME_STYLE, _NAME_HREF, _NAME_HIDDEN, _NAME_PROPERTY, _NAME_ARIA = (
    int.from_bytes(name.encode()[:8].ljust(8, b"\0"), "little")
    for name in ("class", "id", "role", "style", "href", "hidden", "itemprop", "aria-hidden")
)
_HIDDEN_BIT = 55
_LESS, _GREATER, _SLASH, _EQUALS, _QUOTE, _APOSTROPHE = 60, 62, 47, 61, 34, 39


class ScannedPage(NamedTuple):
    """What the scan finds in a page.

    Attributes:
        data: uint8[bytes], UTF-8 of the page.
        elements: ELEMENT[], in the order of their opening tags; the first stands for the page.
        pieces: PIECE[], runs of text and line breaks in order.
        blocks: BLOCK_RANGE[], pieces from ``first`` to ``last`` that no block element divides.
        title: positions in ``data`` where the content of the first ``title`` element begins and ends.
    """

    data: U8
    elements: Records
    pieces: Records
    blocks: Records
    title: tuple[int, int]


def scan_page(page: bytes, *, scripted: bool = True) -> ScannedPage:
    """Return the elements, pieces of text and blocks of a page, of any bytes.

    Args:
        page: UTF-8 of the page.
        scripted: whether ``noscript`` is left out, as a browser does that runs scripts.
    """
    data = np.frombuffer(page, np.uint8)
    tags = page.count(b"<")
    elements = np.empty(min(tags + 1, MAX_ELEMENTS), ELEMENT)
    pieces = np.empty(min(2 * tags + 2, MAX_PIECES), PIECE)
    blocks = np.empty(len(pieces), BLOCK_RANGE)
    state = np.zeros(_STATES, np.int64)
    steps, bits = hint_trie()
    _scan(data, tag_tables(scripted=scripted), steps, bits, elements, pieces, blocks, state)
    return ScannedPage(
        data,
        elements[: state[_ELEMENTS]],
        pieces[: state[_PIECES]],
        blocks[: state[_BLOCKS]],
        (int(state[_TITLE]), int(state[_TITLE_END])),
    )


@compiled_and_cached
def _scan(
    data: U8,
    tags: TagTables,
    steps: WordTrie,
    bits: I64,
    elements: Records,
    pieces: Records,
    blocks: Records,
    state: I64,
) -> None:
    stack = np.empty(len(elements) + 1, np.int32)
    opened = np.zeros(TAG_COUNT, np.int64)
    _begin(elements, stack, state)
    position = 0
    while position < len(data):
        start = _next_markup(data, position)
        if start > position:
            _add_text(data, position, start, elements, pieces, blocks, stack, state)
        if start >= len(data):
            break
        after = data[start + 1]
        if after == 33 or after == 63:  # "!", "?"
            position = _skip_declaration(data, start, state)
        elif after == _SLASH:
            position = _end_tag(data, start + 2, tags, elements, pieces, blocks, stack, opened, state)
        else:
            position = _start_tag(data, start + 1, tags, steps, bits, elements, pieces, blocks, stack, opened, state)


@compiled
def _begin(elements: Records, stack: npt.NDArray[np.int32], state: I64) -> None:
    root = elements[0]
    root.own_hints = root.hints = root.path = root.shape = 0
    root.parent = root.block = root.structure = root.link = root.depth = root.first_piece = 0
    root.tag = root.skipped = 0
    stack[0] = 0
    state[_ELEMENTS] = 1
    state[_APART] = 1


@inlined
def _is_letter(byte: Whole) -> bool | np.bool_:
    return 97 <= (byte | 32) <= 122


@inlined
def _is_space(byte: Whole) -> bool | np.bool_:
    return byte == 32 or 9 <= byte <= 13


@compiled
def _next_markup(data: U8, position: int) -> int:
    """Return where the next tag, comment or declaration begins; the length of the page if there is none."""
    for place in range(position, len(data) - 1):
        if data[place] == _LESS:
            after = data[place + 1]
            if _is_letter(after) or after == _SLASH or after == 33 or after == 63:
                return place
    return len(data)


@compiled
def _find(data: U8, position: int, byte: int) -> int:
    while position < len(data) and data[position] != byte:
        position += 1
    return position


@compiled
def _skip_declaration(data: U8, start: int, state: I64) -> int:
    """Return the position behind a comment, doctype or processing instruction that begins at a position."""
    if start + 3 < len(data) and data[start + 2] == 45 and data[start + 3] == 45 and not state[_NO_COMMENT]:
        for place in range(start + 4, len(data)):
            if data[place] == _GREATER and data[place - 1] == 45 and data[place - 2] == 45:
                return place + 1
        state[_NO_COMMENT] = 1
    return _find(data, start, _GREATER) + 1


@compiled
def _read_name(data: U8, position: int) -> tuple[Whole, int]:
    """Return the first eight bytes of a name in lower case as a number, and the position behind the name."""
    key, shift = np.int64(0), 0
    while position < len(data):
        byte = np.int64(data[position])
        if _is_space(byte) or byte in (_SLASH, _GREATER, _EQUALS, _LESS):
            break
        if shift < 64:
            low = byte & 127
            key |= (low | 32 if 65 <= low <= 90 else low) << shift
            shift += 8
        position += 1
    return key, position


@compiled
def _find_tag(key: Whole, tags: TagTables) -> Whole:
    place = hash_place(key)
    while tags.keys[place] != 0:
        if tags.keys[place] == key:
            return np.int64(tags.numbers[place])
        place = (place + 1) % HASH_SIZE
    return 0


@compiled
def _add_text(
    data: U8,
    start: int,
    end: int,
    elements: Records,
    pieces: Records,
    blocks: Records,
    stack: npt.NDArray[np.int32],
    state: I64,
) -> None:
    index = stack[state[_TOP]]
    if elements[index].skipped or state[_PIECES] >= len(pieces):
        return
    blank = True
    for place in range(start, end):
        if not _is_space(data[place]):
            blank = False
            break
    if blank and state[_APART]:
        return
    if state[_APART]:
        block = blocks[state[_BLOCKS]]
        block.first = state[_PIECES]
        block.element = elements[index].block
        block.images = state[_IMAGES]
        state[_BLOCKS] += 1
        state[_APART] = state[_IMAGES] = 0
    if not blank:
        state[_BREAKS] = 0
    _add_piece(start, end, index, pieces, blocks, state)


@compiled
def _add_piece(start: int, end: int, element: int, pieces: Records, blocks: Records, state: I64) -> None:
    piece = pieces[state[_PIECES]]
    piece.start = start
    piece.end = end
    piece.element = element
    state[_PIECES] += 1
    blocks[state[_BLOCKS] - 1].last = state[_PIECES]


@compiled
def _line_break(elements: Records, pieces: Records, blocks: Records, stack: npt.NDArray[np.int32], state: I64) -> None:
    """Add a line break to the current block; the second in a row ends the block, except within ``pre``."""
    if state[_APART] or state[_PIECES] >= len(pieces):
        return
    state[_BREAKS] += 1
    if state[_BREAKS] >= 2 and not _in_pre(elements, stack, state):
        state[_APART] = 1
    else:
        _add_piece(0, 0, stack[state[_TOP]], pieces, blocks, state)


@inlined
def _in_pre(elements: Records, stack: npt.NDArray[np.int32], state: I64) -> Whole:
    return elements[stack[state[_TOP]]].path >> _PRE & 1  # type: ignore[no-any-return]


@compiled
def _divide(elements: Records, pieces: Records, blocks: Records, stack: npt.NDArray[np.int32], state: I64) -> None:
    """End the current block; within ``pre``, which is one block, begin a new line."""
    if not _in_pre(elements, stack, state):
        state[_APART] = 1
    elif not state[_BREAKS]:
        _line_break(elements, pieces, blocks, stack, state)


@compiled
def _end_tag(
    data: U8,
    position: int,
    tags: TagTables,
    elements: Records,
    pieces: Records,
    blocks: Records,
    stack: npt.NDArray[np.int32],
    opened: I64,
    state: I64,
) -> int:
    key, behind = _read_name(data, position)
    number = _find_tag(key, tags)
    behind = _find(data, behind, _GREATER) + 1
    if number == _BR:
        _line_break(elements, pieces, blocks, stack, state)
    if number == 0 and state[_TOP] and elements[stack[state[_TOP]]].tag == 0:
        _pop_to(state[_TOP] - 1, elements, stack, opened, state)
    if number in (0, _BODY, _HTML):
        return behind
    kind = tags.kinds[number]
    if kind & BLOCK:
        _divide(elements, pieces, blocks, stack, state)
    if opened[number]:
        _close(number, kind, tags, elements, stack, opened, state)
        if number == _PRE:
            state[_APART] = 1
    return behind


@compiled
def _close(
    number: Whole,
    kind: int,
    tags: TagTables,
    elements: Records,
    stack: npt.NDArray[np.int32],
    opened: I64,
    state: I64,
) -> None:
    """Close the nearest open element of a tag, with all that is open within it, unless a barrier lies between."""
    top = state[_TOP]
    for place in range(top, max(0, top - _REACH), -1):
        other = elements[stack[place]].tag
        if other == number:
            _pop_to(place - 1, elements, stack, opened, state)
            return
        if _bars(number, kind, other, tags.kinds[other]):
            return


@inlined
def _bars(number: Whole, kind: int, other: int, other_kind: int) -> bool:
    """Return whether an end tag does not reach beyond an open element."""
    if kind & FORMAT:
        return other_kind & BLOCK != 0
    if kind & LAYER or (kind & STRUCTURE and _is_row(number)):
        return other == _TABLE
    return other_kind & LAYER != 0


@inlined
def _is_row(number: Whole) -> bool | np.bool_:
    return _TABLE <= number <= _TABLE + 7


@compiled
def _pop_to(place: int, elements: Records, stack: npt.NDArray[np.int32], opened: I64, state: I64) -> None:
    while state[_TOP] > place:
        opened[elements[stack[state[_TOP]]].tag] -= 1
        state[_TOP] -= 1


@compiled
def _close_paragraph(
    kind: int, tags: TagTables, elements: Records, stack: npt.NDArray[np.int32], opened: I64, state: I64
) -> None:
    """Close an open paragraph, as any block does; a heading closes another heading."""
    top = state[_TOP]
    nearest = elements[stack[top]].block
    tag = elements[nearest].tag
    if tag == _P or (kind & HEADING and tags.kinds[tag] & HEADING):
        for place in range(top, max(0, top - _REACH), -1):
            if stack[place] == nearest:
                _pop_to(place - 1, elements, stack, opened, state)
                break


@compiled
def _close_implied(
    number: Whole, tags: TagTables, elements: Records, stack: npt.NDArray[np.int32], opened: I64, state: I64
) -> None:
    """Close what an opening tag closes: an item by the next one, a cell by the next cell, and so on."""
    top = state[_TOP]
    reached = -1
    for place in range(top, max(0, top - _REACH), -1):
        effect = tags.closes[number, elements[stack[place]].tag]
        if effect == 2:
            break
        if effect == 1:
            reached = place
    if reached > 0:
        _pop_to(reached - 1, elements, stack, opened, state)


@compiled
def _start_tag(
    data: U8,
    position: int,
    tags: TagTables,
    steps: WordTrie,
    bits: I64,
    elements: Records,
    pieces: Records,
    blocks: Records,
    stack: npt.NDArray[np.int32],
    opened: I64,
    state: I64,
) -> int:
    key, behind = _read_name(data, position)
    number = _find_tag(key, tags)
    kind = tags.kinds[number]
    hints, linked, behind = _read_attributes(data, behind, steps, bits, state)
    if kind & BLOCK:
        _divide(elements, pieces, blocks, stack, state)
        _close_paragraph(kind, tags, elements, stack, opened, state)
        _close_implied(number, tags, elements, stack, opened, state)
    if number == _BR:
        _line_break(elements, pieces, blocks, stack, state)
    elif number == _IMG:
        state[_IMAGES] += 1
    if kind & VOID:
        return behind
    if kind & RAW:
        return _skip_raw(data, position, behind, number, state)
    if number == 0 and (data[behind - 2] == _SLASH or elements[stack[state[_TOP]]].skipped):
        return behind  # the shapes of a drawing, mostly
    if state[_ELEMENTS] < len(elements):
        _push(number, kind, hints, linked and number == _A, elements, stack, opened, state)
    return behind


@compiled
def _push(
    number: Whole,
    kind: int,
    hints: Whole,
    linked: bool,
    elements: Records,
    stack: npt.NDArray[np.int32],
    opened: I64,
    state: I64,
) -> None:
    index = state[_ELEMENTS]
    parent_index = stack[state[_TOP]]
    parent, element = elements[parent_index], elements[index]
    element.own_hints = hints
    element.hints = hints | parent.hints
    element.path = parent.path | np.int64(1) << (number % 64)
    # Eight bits of the tag and the hints of each of three elements, mixed into one number.
    mixed = (np.int64(number) * 0x9E3779B1 ^ hints * 0x5BD1E995) & 0xFFFFF
    element.shape = ((parent.shape << 20) | mixed) & 0xFFFFFFFFFFFFFFF
    element.parent = parent_index
    element.block = index if kind & BLOCK else parent.block
    element.structure = index if kind & STRUCTURE else parent.structure
    element.link = index if linked else parent.link
    element.depth = parent.depth + 1
    element.first_piece = state[_PIECES]
    element.tag = number
    element.skipped = 1 if kind & SKIP else parent.skipped
    state[_ELEMENTS] += 1
    state[_TOP] += 1
    stack[state[_TOP]] = index
    opened[number] += 1


@compiled
def _skip_raw(data: U8, name: int, position: int, number: Whole, state: I64) -> int:
    """Return where the end tag of an element with raw text begins; the title is noted."""
    if number == _TITLE_TAG and state[_NO_TITLE]:
        return position
    length = 0
    while name + length < len(data) and _is_letter(data[name + length]):
        length += 1
    for place in range(position, len(data) - length - 1):
        if data[place] == _LESS and data[place + 1] == _SLASH and _same(data, place + 2, name, length):
            if number == _TITLE_TAG and not state[_TITLE_END]:
                state[_TITLE] = position
                state[_TITLE_END] = place
            return place
    if number != _TITLE_TAG:
        return len(data)
    state[_NO_TITLE] = 1
    return position


@compiled
def _same(data: U8, first: int, second: int, length: int) -> bool:
    for step in range(length):  # noqa: SIM110 - numba compiles no generators
        if data[first + step] | 32 != data[second + step] | 32:
            return False
    return True


@compiled
def _read_attributes(data: U8, position: int, steps: WordTrie, bits: I64, state: I64) -> tuple[Whole, bool, int]:
    """Return the hints of the attributes, whether there is a target of a link, and the position behind the tag."""
    hints, linked = np.int64(0), False
    while position < len(data):
        byte = data[position]
        if byte == _GREATER:
            return hints, linked, position + 1
        if byte == _LESS:  # the tag was never closed
            return hints, linked, position
        if _is_space(byte) or byte in (_SLASH, _EQUALS):
            position += 1
            continue
        name, position = _read_name(data, position)
        start, end, position = _read_value(data, position, state)
        if name == _NAME_HREF:
            linked = True
        elif name == _NAME_HIDDEN or (name == _NAME_ARIA and end > start and data[start] | 32 == 116):  # "true"
            hints |= np.int64(1) << _HIDDEN_BIT
        elif _has_hints(name):
            hints |= _hints(data, start, end, steps, bits)
    return hints, linked, position


@inlined
def _has_hints(name: Whole) -> bool:
    return name in (_NAME_CLASS, _NAME_ID, _NAME_ROLE, _NAME_STYLE, _NAME_PROPERTY)


@compiled
def _read_value(data: U8, position: int, state: I64) -> tuple[int, int, int]:
    """Return where the value of an attribute begins and ends, and the position behind it; an empty value if none."""
    place = position
    while place < len(data) and _is_space(data[place]):
        place += 1
    if place >= len(data) or data[place] != _EQUALS:
        return position, position, place
    place += 1
    while place < len(data) and _is_space(data[place]):
        place += 1
    if place < len(data) and (data[place] == _QUOTE or data[place] == _APOSTROPHE):
        missing = _NO_QUOTE if data[place] == _QUOTE else _NO_APOSTROPHE
        if not state[missing]:
            end = _find(data, place + 1, data[place])
            if end < len(data):
                return place + 1, end, end + 1
            state[missing] = 1
    start = place
    while place < len(data) and not _is_space(data[place]) and data[place] != _GREATER:
        place += 1
    return start, place, place


@compiled
def _hints(data: U8, start: int, end: int, steps: WordTrie, bits: I64) -> Whole:
    """Return the bits of the hint words in a value; its first 400 bytes count."""
    found = np.int64(0)
    end = min(end, start + 400)
    for begin in range(start - 1, end):
        node, place = np.int64(0), begin
        while place <= end:
            symbol = symbol_of(np.int64(data[place])) if start <= place < end else np.int64(27)
            node = np.int64(steps[node, symbol])
            if node == 0:
                break
            found |= bits[node]
            place += 1
    return found
