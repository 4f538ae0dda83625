"""One compiled pass over the UTF-8 of a page: its elements, its pieces of text, and the blocks that they make up.

The pass follows the HTML standard where pages depend on it (elements without end tags, raw text, misnested tags) and
takes the shorter way where they do not. It never looks further back than ``_REACH`` open elements, so its time is
linear in the bytes of the page, however deep or damaged that is; there is no recursion and no limit of depth.
"""

from typing import NamedTuple

import numpy as np

from massivetext.compiled import compiled, compiled_and_cached, inlined
from massivetext.extract.hint_words import (
    CODE_CELL_MARK,
    CODE_LINES_MARK,
    DRAWN_MARK,
    FORMULA_MARK,
    HIDDEN_MARK,
    LINE_MARK,
    LOWER_MARK,
    LOWER_ROMAN_MARK,
    NO_NUMBER_MARK,
    NUMBERS_MARK,
    OPEN_MARK,
    SHADOW_MARK,
    TEX_MARK,
    UPPER_MARK,
    UPPER_ROMAN_MARK,
    HintTrie,
    hint_trie,
)
from massivetext.extract.page_scan import (
    BLOCK_RANGE,
    CLOSING_QUOTE,
    ELEMENT,
    OPENING_QUOTE,
    PIECE,
    SPAN,
    Records,
    Scan,
    Shown,
    State,
    Style,
    Whole,
)
from massivetext.extract.tag_attributes import find_byte, is_letter, is_space, read_attributes, read_name
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

MAX_TAGS = 600_000  # what follows is dropped; of 4,154 real pages the largest has 25,000
MAX_ELEMENTS = 150_000  # tags of further elements are skipped, their text stays
MAX_PIECES = 300_000  # further text is dropped
MAX_FORMULAS = 5_000  # the MathML of further ones is read as text
_REACH = 128
_TOP, _ELEMENTS, _PIECES, _BLOCKS, _APART, _BREAKS, _IMAGES, _TITLE, _TITLE_END = (
    int(State(place)) for place in range(9)
)
_NO_COMMENT, _NO_TITLE, _NO_MATH, _ALT, _ALT_END, _ORDINAL, _FORMULAS, _ROWS, _COLUMNS = (
    int(State(place)) for place in range(11, 20)
)
_YES, _NEVER, _DRAWN = (int(each) for each in Shown)
_PRE, _A, _P, _BR, _IMG, _TITLE_TAG, _BODY, _HTML, _TABLE, _TD, _TH, _SPAN, _Q, _SUP, _SUB, _MATH, _SCRIPT, _JAX = (
    tag_number(name)
    for name in (
        "pre", "a", "p", "br", "img", "title", "body", "html", "table", "td", "th", "span", "q", "sup", "sub", "math",
        "script", "mjx-container",
    )
)  # fmt: skip
_DIALOG, _TEMPLATE = tag_number("dialog"), tag_number("template")
_CODE_LINES = int(Style.CODE_LINES)
_STYLES = (
    (CODE_CELL_MARK, int(Style.CODE)),
    (CODE_LINES_MARK, _CODE_LINES),
    (LOWER_MARK, int(Style.LOWER)),
    (UPPER_MARK, int(Style.UPPER)),
    (LOWER_ROMAN_MARK, int(Style.LOWER_ROMAN)),
    (UPPER_ROMAN_MARK, int(Style.UPPER_ROMAN)),
    (NO_NUMBER_MARK, int(Style.NO_NUMBER)),
)
_LESS, _GREATER, _SLASH, _NEWLINE = 60, 62, 47, 10
_SPAN_END = np.frombuffer(b"</span>", np.uint8)


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
    data, tags, trie = np.frombuffer(page, np.uint8), tag_tables(scripted=scripted), hint_trie()
    scan = _begin(page.count(b"<"))
    _scan(data, tags, trie, scan)
    state = scan.state
    return ScannedPage(
        data,
        scan.elements[: state[_ELEMENTS]],
        scan.pieces[: state[_PIECES]],
        scan.blocks[: state[_BLOCKS]],
        (int(state[_TITLE]), int(state[_TITLE_END])),
    )


def _begin(tags: int) -> Scan:
    """Return an empty scan with room for a page of a number of tags."""
    elements = np.empty(min(tags + 1, MAX_ELEMENTS), ELEMENT)
    pieces = np.empty(min(2 * tags + 2, MAX_PIECES), PIECE)
    blocks = np.empty(len(pieces), BLOCK_RANGE)
    state = np.zeros(len(State), np.int64)
    state[_ELEMENTS] = state[_APART] = 1
    elements[0] = np.zeros((), ELEMENT)
    stack = np.zeros(len(elements) + 1, np.int32)
    return Scan(elements, pieces, blocks, stack, np.zeros(TAG_COUNT, np.int64), state)


@compiled_and_cached
def _scan(data: U8, tags: TagTables, trie: HintTrie, scan: Scan) -> None:
    position = count = 0
    while position < len(data) and count < MAX_TAGS:
        start = _next_markup(data, position)
        if start > position:
            _add_text(data, scan, position, start)
        if start >= len(data):
            break
        after = data[start + 1]
        count += 1
        if after == 33 or after == 63:  # "!", "?"
            position = _skip_declaration(data, scan.state, start)
        elif after == _SLASH:
            position = _end_tag(data, tags, scan, start + 2)
        else:
            position = _start_tag(data, tags, trie, scan, start + 1)


@compiled
def _next_markup(data: U8, position: int) -> int:
    """Return where the next tag, comment or declaration begins; the length of the page if there is none."""
    for place in range(position, len(data) - 1):
        if data[place] == _LESS:
            after = data[place + 1]
            if is_letter(after) or after == _SLASH or after == 33 or after == 63:
                return place
    return len(data)


@inlined
def ends_comment(data: U8, start: int, place: int) -> bool:
    """Return whether a ">" ends the comment that begins at ``start``: behind "--", or "--!" as in the standard."""
    last = place - 1 if data[place - 1] != 33 or place - 3 < start + 4 else place - 2
    return data[last] == 45 and data[last - 1] == 45  # type: ignore[no-any-return]


@compiled
def _skip_declaration(data: U8, state: I64, start: int) -> int:
    """Return the position behind a comment, doctype or processing instruction that begins at a position."""
    if start + 3 < len(data) and data[start + 2] == 45 and data[start + 3] == 45 and not state[_NO_COMMENT]:
        for place in range(start + 4, len(data)):
            if data[place] == _GREATER and ends_comment(data, start, place):
                return place + 1
        state[_NO_COMMENT] = 1
    return find_byte(data, start, _GREATER) + 1


@compiled
def find_tag(key: Whole, tags: TagTables) -> Whole:
    """Return the number of an element by the first eight bytes of its name; 0 for one that is not in the list."""
    place = hash_place(key)
    while tags.keys[place] != 0:
        if tags.keys[place] == key:
            return np.int64(tags.numbers[place])
        place = (place + 1) % HASH_SIZE
    return 0


@inlined
def _innermost(scan: Scan) -> Whole:
    return np.int64(scan.stack[scan.state[_TOP]])


@compiled
def _add_text(data: U8, scan: Scan, start: int, end: int) -> None:
    state = scan.state
    index = _innermost(scan)
    if scan.elements[index].skipped or state[_PIECES] >= len(scan.pieces):
        return
    blank = True
    for place in range(start, end):
        if not is_space(data[place]):
            blank = False
            break
    if blank and state[_APART]:
        return
    if not blank:
        state[_BREAKS] = 0
    _add_piece(scan, start, end, index)


@compiled
def _add_piece(scan: Scan, start: int, end: int, element: Whole) -> None:
    """Add a piece to the current block, or begin one with it."""
    state = scan.state
    if state[_APART]:
        block = scan.blocks[state[_BLOCKS]]
        block.first = state[_PIECES]
        block.element = scan.elements[element].block
        block.images = state[_IMAGES]
        state[_BLOCKS] += 1
        state[_APART] = state[_IMAGES] = 0
    piece = scan.pieces[state[_PIECES]]
    piece.start = start
    piece.end = end
    piece.element = element
    state[_PIECES] += 1
    scan.blocks[state[_BLOCKS] - 1].last = state[_PIECES]


@compiled
def _line_break(scan: Scan) -> None:
    """Add a line break to the current block; the second in a row ends the block, except within ``pre``."""
    state = scan.state
    if state[_APART] or state[_PIECES] >= len(scan.pieces):
        return
    state[_BREAKS] += 1
    if state[_BREAKS] >= 2 and not _in_pre(scan):
        state[_APART] = 1
    else:
        _add_piece(scan, 0, 0, _innermost(scan))


@inlined
def _in_pre(scan: Scan) -> Whole:
    return scan.opened[_PRE]  # type: ignore[no-any-return]


@compiled
def _divide(scan: Scan) -> None:
    """End the current block; within ``pre``, which is one block, begin a new line."""
    if not _in_pre(scan):
        scan.state[_APART] = 1
    elif not scan.state[_BREAKS]:
        _line_break(scan)


@compiled
def _end_tag(data: U8, tags: TagTables, scan: Scan, position: int) -> int:
    state, opened = scan.state, scan.opened
    key, behind = read_name(data, position)
    number = find_tag(key, tags)
    behind = find_byte(data, behind, _GREATER) + 1
    if number == _BR:
        _line_break(scan)
    if number == 0 and state[_TOP] and scan.elements[_innermost(scan)].tag == 0:
        _pop_to(scan, state[_TOP] - 1)
    if number in (0, _BODY, _HTML):
        return behind
    kind = tags.kinds[number]
    if kind & BLOCK:
        _divide(scan)
    if opened[number]:
        if number == _Q:
            _quotation_mark(scan, CLOSING_QUOTE)
        _close(tags.kinds, scan, number, kind)
        if number == _PRE:
            state[_APART] = 1
    return behind


@compiled
def _quotation_mark(scan: Scan, mark: int) -> None:
    element = _innermost(scan)
    if not scan.elements[element].skipped and scan.state[_PIECES] < len(scan.pieces):
        _add_piece(scan, 0, mark, element)


@compiled
def _close(kinds: U8, scan: Scan, number: Whole, kind: int) -> None:
    """Close the nearest open element of a tag, with all that is open within it, unless a barrier lies between."""
    top = scan.state[_TOP]
    for place in range(top, max(0, top - _REACH), -1):
        other = scan.elements[scan.stack[place]].tag
        if other == number:
            _pop_to(scan, place - 1)
            return
        if _bars(number, kind, other, kinds[other]):
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
def _pop_to(scan: Scan, place: int) -> None:
    state = scan.state
    while state[_TOP] > place:
        scan.opened[scan.elements[_innermost(scan)].tag] -= 1
        state[_TOP] -= 1


@compiled
def _close_paragraph(kinds: U8, scan: Scan, kind: int) -> None:
    """Close an open paragraph, as any block does; a heading closes another heading."""
    top = scan.state[_TOP]
    nearest = scan.elements[scan.stack[top]].block
    tag = scan.elements[nearest].tag
    if tag == _P or (kind & HEADING and kinds[tag] & HEADING):
        for place in range(top, max(0, top - _REACH), -1):
            if scan.stack[place] == nearest:
                _pop_to(scan, place - 1)
                break


@compiled
def _close_implied(closes: U8, scan: Scan, number: Whole) -> None:
    """Close what an opening tag closes: an item by the next one, a cell by the next cell, and so on."""
    if closes[number, 0] == 0:
        return
    top = scan.state[_TOP]
    reached = -1
    for place in range(top, max(0, top - _REACH), -1):
        effect = closes[number, scan.elements[scan.stack[place]].tag]
        if effect == 2:
            break
        if effect == 1:
            reached = place
    if reached > 0:
        _pop_to(scan, reached - 1)


@compiled
def _start_tag(data: U8, tags: TagTables, trie: HintTrie, scan: Scan, position: int) -> int:
    key, behind = read_name(data, position)
    number = find_tag(key, tags)
    kind = tags.kinds[number]
    hints, marks, linked, behind = read_attributes(data, trie, scan.state, behind)
    if kind & BLOCK:
        _divide(scan)
        _close_paragraph(tags.kinds, scan, kind)
        _close_implied(tags.closes, scan, number)
    if kind & VOID:
        _void_element(scan, number, marks)
        return behind
    if kind & RAW or number == _MATH:
        end = _raw_element(data, scan, position, behind, number, marks)
        if end >= 0:
            return end
        number, kind = np.int64(0), np.uint8(0)  # one that never ends
    if number == 0 and (data[behind - 2] == _SLASH or scan.elements[_innermost(scan)].skipped == _NEVER):
        return behind  # the shapes of a drawing, mostly
    _line_of_code(data, scan, position - 1, number, marks)
    if scan.state[_ELEMENTS] < len(scan.elements):
        _push(scan, number, kind, hints, marks, linked and number == _A)
    if number == _Q:
        _quotation_mark(scan, OPENING_QUOTE)
    return behind


@compiled
def _line_of_code(data: U8, scan: Scan, start: int, number: Whole, marks: Whole) -> None:
    """Begin a new line with a tag that is marked as a line of code, where nothing parts it from the line before.

    Style sheets show such lines one below the other: ``<span class="line">a</span><span class="line">b</span>``.
    """
    if number != _SPAN or not marks & LINE_MARK or not _in_pre(scan) or scan.state[_APART] or start < len(_SPAN_END):
        return
    for step in range(len(_SPAN_END)):
        if data[start - len(_SPAN_END) + step] != _SPAN_END[step]:
            return
    last = scan.pieces[scan.state[_PIECES] - 1]
    if last.end == 0 and scan.elements[last.element].tag == _SPAN:  # the line before ends with its own break
        return
    end = last.end
    if end <= 0 or data[end - 1] != _NEWLINE:
        _line_break(scan)


@compiled
def _void_element(scan: Scan, number: Whole, marks: Whole) -> None:
    state = scan.state
    if number == _BR:
        _line_break(scan)
    elif number == _IMG:
        state[_IMAGES] += 1
        if marks & FORMULA_MARK and state[_ALT_END] > state[_ALT]:
            _add_formula(scan, state[_ALT], state[_ALT_END], repeated=True)


@compiled
def _raw_element(data: U8, scan: Scan, name: int, behind: int, number: Whole, marks: Whole) -> int:
    """Return where the end tag of an element begins whose content is no HTML; -1 if it is read as others are."""
    state = scan.state
    if number == _MATH and (state[_NO_MATH] or state[_FORMULAS] >= MAX_FORMULAS):
        return -1
    end = _skip_raw(data, state, name, behind, number)
    if number == _MATH:
        if end >= len(data):
            state[_NO_MATH] = 1
            return -1
        _add_formula(scan, name - 1, end, repeated=False)
    elif number == _SCRIPT and marks & TEX_MARK:
        _add_formula(scan, behind, end, repeated=False)
    return end


@compiled
def _add_formula(scan: Scan, start: int, end: int, repeated: bool) -> None:
    """Add the bytes of a formula as a piece of its own; not where the source of a picture has just been added."""
    state, elements = scan.state, scan.elements
    around = elements[_innermost(scan)].skipped
    full = state[_PIECES] >= len(scan.pieces) or state[_ELEMENTS] >= len(elements) or state[_FORMULAS] >= MAX_FORMULAS
    last = elements[scan.pieces[state[_PIECES] - 1].element].tag if state[_PIECES] and not state[_APART] else 0
    if around == _NEVER or full or (repeated and (last == _MATH or around)):
        return
    _push(scan, np.int64(_MATH), 0, np.int64(0), np.int64(0), False)
    _add_piece(scan, start, end, _innermost(scan))
    _pop_to(scan, state[_TOP] - 1)
    state[_BREAKS] = 0
    state[_FORMULAS] += 1


@compiled
def _push(scan: Scan, number: Whole, kind: int, hints: Whole, marks: Whole, linked: bool) -> None:
    state = scan.state
    index = state[_ELEMENTS]
    parent_index = _innermost(scan)
    parent, element = scan.elements[parent_index], scan.elements[index]
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
    is_hidden = marks & HIDDEN_MARK or (number == _DIALOG and not marks & OPEN_MARK)
    element.hidden = parent.hidden if parent.hidden or not is_hidden else index
    element.depth = parent.depth + 1
    element.ordinal = _spans(state) if number in (_TD, _TH) else state[_ORDINAL]
    element.tag = number
    element.style = _CODE_LINES if parent.style == _CODE_LINES else _style(marks)
    element.skipped = _shown(scan, number, kind, marks) if parent.skipped == _YES or kind & SKIP else parent.skipped
    element.raised = 1 if number == _SUP else 2 if number == _SUB else 0 if kind & BLOCK else parent.raised
    state[_ELEMENTS] += 1
    state[_TOP] += 1
    scan.stack[state[_TOP]] = index
    scan.opened[number] += 1


@inlined
def _spans(state: I64) -> int:
    """Return the rows and columns of a cell; what browsers do not take for a number is one."""
    return int(min(max(state[_ROWS], 1), SPAN - 1) * SPAN + min(max(state[_COLUMNS], 1), SPAN - 1))


@compiled
def _style(marks: Whole) -> int:
    for mark, style in _STYLES:
        if marks & mark:
            return style
    return 0


@inlined
def _shown(scan: Scan, number: Whole, kind: int, marks: Whole) -> int:
    if number == _JAX or (marks & DRAWN_MARK and number == _SPAN):
        return _DRAWN
    if number == _TEMPLATE and marks & SHADOW_MARK:  # a part of the page
        return _YES
    if kind & SKIP or (marks & NUMBERS_MARK and (scan.opened[_PRE] or number in (_TD, _TH))):
        return _NEVER
    return _YES


@compiled
def _skip_raw(data: U8, state: I64, name: int, position: int, number: Whole) -> int:
    """Return where the end tag of an element with raw text begins; the title is noted."""
    if number == _TITLE_TAG and state[_NO_TITLE]:
        return position
    length = 0
    while name + length < len(data) and is_letter(data[name + length]):
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
