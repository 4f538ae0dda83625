"""The kept blocks of a page as a tree that :mod:`massivetext.extract.render` writes as text."""

import functools
import html
import re
from collections import Counter
from collections.abc import Sequence
from html import escape
from itertools import accumulate, chain
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

import numpy as np
import numpy.typing as npt

from massivetext.extract.formulas import formula_text
from massivetext.extract.page_scan import CLOSING_QUOTE, NO_ORDINAL, OPENING_QUOTE, SPAN, Records, Style
from massivetext.extract.render import render_text
from massivetext.extract.tag_scanner import ScannedPage
from massivetext.extract.tags import HEADING, NAMES, TAG_COUNT, tag_number, tag_tables

_DEEPEST = 10  # marks within marks; the renderer is recursive, and nobody reads deeper lists
_HOPELESS = 64
MAX_KEPT = 40_000  # blocks of a page that are written
MAX_CELLS = 1_000  # of a row; empty cells of a longer row are left out
MAX_SPANNED = 20_000  # empty cells of a page that stand for the other rows and columns of larger cells
_HIDDEN_WORDS = 300  # bytes; of a longer text that is hidden within a line a link mostly shows the rest
_LONG_CELL = 400  # characters; a table with a longer cell, or one of several blocks, is there for layout
_MATH = tag_number("math")
_QUOTES = {OPENING_QUOTE: "“".encode(), CLOSING_QUOTE: "”".encode()}
_NUMBER = re.compile(rb"\s*(?:[+-]|\xe2\x88\x92)?\d")
# A number, a closing bracket, or a symbol or unit of at most three letters.
_MAY_BE_RAISED = re.compile(rb"[\d)\]]\Z|(?:\A|[^A-Za-z])[A-Za-z]{1,3}\Z")
# Between two inline elements that follow each other at once: what a browser mostly shows apart, by its style sheet.
_BETWEEN_SPANS = re.compile(
    rb"(?:</(?:a|label|small|span|time)\s*>)+(?:<(?:a|label|small|span|time)\b[^<>]*>)+", re.IGNORECASE
)
_LETTER = re.compile(rb"\s*(?:[A-Za-z])\s*")
_SYMBOL = re.compile(rb"(?:\A|[^A-Za-z])[A-Za-z]\Z|[)\]]\Z")
_EXPRESSION = re.compile(rb"\s*[A-Za-z0-9]{1,3}\s*(?:[-+*/]|\xe2\x88\x92)\s*[A-Za-z0-9]{1,3}\s*")
_INDEX = re.compile(rb"\s*[A-Za-z]{2,5}\s*")
_ABBREVIATED = re.compile(rb"(?:\A|[^A-Za-z])(?:[nN][o\xba]s?|M[ers])\Z")  # in French
_BEGUN = re.compile(rb"<[A-Za-z][^<>]*>\s*\Z")
_STOPS, _PRICES = frozenset("!?,:)"), frozenset("0123456789$€£¥")
# What a link from a heading or definition to itself shows; browsers show it under the pointer alone.
_PILCROW = re.compile(rb"\s*(?:\xc2\xb6|&para;|&#182;|&#[xX][bB]6;)\s*")
_PERMALINK = re.compile(rb"\s*(?:#|\xc2\xa7|&sect;|\xf0\x9f\x94\x97)\s*")
_MARKS = {
    "ul": "list", "ol": "list", "menu": "list", "dl": "list", "li": "item", "dt": "item", "dd": "item",
    "table": "table", "tr": "row", "td": "cell", "th": "cell", "blockquote": "quote", "pre": "code",
}  # fmt: skip
_RENDS = {"ol": "ol", "dt": "dt", "dd": "dd"}
_PARENTS = {"item": "list", "row": "table", "cell": "row"}
_MARK_OF = tuple(_MARKS.get(name, "") for name in NAMES)
_REND_OF = tuple(_RENDS.get(name, "") for name in NAMES)
_IS_HEADING = tuple(bool(kind & HEADING) for kind in tag_tables().kinds.tolist())
_DT = tag_number("dt")
_CELLS = frozenset({tag_number("td"), tag_number("th")})
_PRE = tag_number("pre")
# Signs that stand for what the renderer would fold or leave out; no page can contain them.
_INDENT, _EMPTY = "\x01", "\x02"
_FOREIGN_SIGNS = _INDENT + _EMPTY + "\xad"  # the last one is a soft hyphen
_FOREIGN = str.maketrans("", "", _FOREIGN_SIGNS)
_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)")  # as html.unescape has it
_INDENTED = re.compile(r"\s*?\xa0\s+")
_TABLE = tag_number("table")
_STYLE_NAMES = {
    int(Style.LOWER): "a", int(Style.UPPER): "A", int(Style.LOWER_ROMAN): "i", int(Style.UPPER_ROMAN): "I",
    int(Style.NO_NUMBER): "none",
}  # fmt: skip
_TH, _TR = tag_number("th"), tag_number("tr")
_CODE_BITS = np.int64(1 << tag_number("pre") % 64 | 1 << tag_number("code") % 64)
assert len(_MARK_OF) == TAG_COUNT


class _Outline(NamedTuple):
    """Tags, parents and nearest marked elements of the elements of a page, as lists."""

    tags: list[int]
    parents: list[int]
    structures: list[int]
    ordinals: list[int]
    styles: list[int]

    def marked(self, element: int) -> list[int]:
        """Return the marked elements around an element, itself among them, from the outside; the inner _DEEPEST.

        Within more than _HOPELESS of them, as in pages whose lists never end, text has no marks. Nothing within
        code is marked: lines of code may be items of a list.
        """
        found: list[int] = []
        element = self.structures[element]
        while element and len(found) < _HOPELESS:
            found.append(element)
            if self.styles[element] == Style.CODE_LINES:
                found = []
            elif self.tags[element] == _PRE:
                found = [element]
            element = self.structures[self.parents[element]]
        return [] if element else found[_DEEPEST - 1 :: -1] if len(found) > _DEEPEST else found[::-1]


def kept_tree(scanned: ScannedPage, page: bytes, kept: Sequence[int]) -> Element:
    """Return the tree of the text of some blocks.

    Args:
        scanned: the page.
        page: its bytes.
        kept: numbers of the blocks, ascending; those beyond MAX_KEPT are left out.
    """
    elements = scanned.elements
    outline = _Outline(*(elements[name].tolist() for name in ("tag", "parent", "structure", "ordinal", "style")))
    blocks = scanned.blocks[list(kept[:MAX_KEPT])]
    _tables_of_code(outline, blocks["element"].tolist())
    paths = [outline.marked(place) for place in blocks["element"].tolist()]
    lines_of_code = (elements["style"][blocks["element"]] == Style.CODE_LINES).tolist()
    texts = _texts(scanned, page, blocks)
    layout = _layout_tables(outline, paths, texts)
    body = Element("body")
    open_marks: list[tuple[int, Element]] = [(0, body)]
    rows: dict[int, Element] = {}
    for path, pieces, is_code in zip(paths, texts, lines_of_code, strict=True):
        if not _numbers_lines(outline, path, pieces):
            parent = _open_path(outline, path, layout, open_marks, rows)
            if is_code:
                _add_block(_code_before(parent), 0, [line.strip("\r\n") for line in pieces])
            else:
                _add_block(parent, outline.tags[path[-1]] if path else 0, pieces)
    _fill_rows(scanned, rows)
    return body


def kept_text(scanned: ScannedPage, page: bytes, kept: Sequence[int]) -> str:
    """Return the text of some blocks; see :func:`kept_tree`. Empty cells of a table leave their place free."""
    text = render_text(kept_tree(scanned, page, kept))
    return text.replace(_INDENT, " ").replace(f"| {_EMPTY}", "|").replace(f"{_EMPTY} |", "|").replace(_EMPTY, "")


def _tables_of_code(outline: _Outline, elements: Sequence[int]) -> None:
    """Make ``pre`` of the tables whose cells are lines of code, as GitHub and others show files, in place."""
    for element in elements:
        cell = outline.structures[element]
        if outline.styles[cell] == Style.CODE and outline.tags[cell] in _CELLS:
            row = outline.structures[outline.parents[cell]]
            table = outline.structures[outline.parents[row]] if row else 0
            if outline.tags[table] == _TABLE:
                outline.tags[table] = _PRE


def _numbers_lines(outline: _Outline, path: Sequence[int], lines: Sequence[str]) -> bool:
    """Return whether a block is the column of line numbers beside code: ascending numbers, one a line, in a cell."""
    if len(path) < 2 or outline.tags[path[-1]] != _PRE or not any(outline.tags[element] in _CELLS for element in path):
        return False
    words = "\n".join(lines).split()
    if not words or not all(word.isascii() and word.isdigit() and len(word) < 8 for word in words):
        return False
    return [int(word) for word in words] == list(range(int(words[0]), int(words[0]) + len(words)))


def _fill_rows(scanned: ScannedPage, rows: dict[int, Element]) -> None:
    """Add the empty cells to the rows of the tables that have a row of several cells.

    Args:
        scanned: the page.
        rows: numbers of elements -> the rows that stand for them; their cells know which element they stand for.
    """
    tables = {row.get("table") for row in rows.values() if len(row) > 1}
    wanted = {number for number, row in rows.items() if row.get("table") in tables}
    if not wanted:
        return
    elements = scanned.elements
    cells = np.flatnonzero(np.isin(elements["tag"], list(_CELLS)) & (elements["skipped"] == 0))
    rows_of = elements["parent"][cells]
    whole = {int(number) for number in tables if number}
    siblings: dict[int, list[int]] = {}
    in_tables = np.isin(elements["structure"][elements["parent"][rows_of]], list(whole)) & (
        elements["tag"][rows_of] == _TR
    )
    for cell, parent in zip(cells[in_tables].tolist(), rows_of[in_tables].tolist(), strict=True):
        siblings.setdefault(parent, []).append(cell)
    grid = _Grid(elements["ordinal"], elements["tag"])
    for number, all_cells in siblings.items():
        table = int(elements["structure"][elements["parent"][number]])
        places = grid.place(table, all_cells)
        row = rows.get(number)
        if row is None:
            continue
        filled = {cell.get("element"): cell for cell in row}
        if len(filled) < len(places) and len(all_cells) <= MAX_CELLS:
            row[:] = [filled.get(str(cell), _empty_cell()) for cell in places]


class _Grid:
    """Where the cells of tables are, among those that reach down from the rows above; rows come in order."""

    def __init__(self, ordinals: npt.NDArray[np.int32], tags: npt.NDArray[np.uint8]) -> None:
        self._ordinals, self._tags = ordinals, tags
        self._reaching: dict[int, dict[int, int]] = {}  # by table and column: the rows that are still covered
        self._added = 0

    def place(self, table: int, cells: Sequence[int]) -> list[int]:
        """Return the cells of the next row of a table; 0 for a place that a cell of a row above, or a heading, covers.

        Columns that a cell of data spans are not told apart: many tables span them for their looks.
        """
        above, below = self._reaching.get(table, {}), dict[int, int]()
        places: list[int] = []
        column = 0
        for cell in cells:
            column = self._pass(above, below, column, places)
            rows, columns = divmod(int(self._ordinals[cell]), SPAN)
            places.append(cell)
            if self._tags[cell] == _TH and len(cells) > 1:
                places += self._empty(columns - 1)
            if rows > 1 and self._added < MAX_SPANNED:
                self._added += columns
                below |= dict.fromkeys(range(column, column + columns), rows - 1)
            column += columns
        self._pass(above, below, column, places)
        self._reaching[table] = below
        return places

    def _pass(self, above: dict[int, int], below: dict[int, int], column: int, places: list[int]) -> int:
        """Pass the columns that are covered from above, and return the next free one."""
        while column in above:
            if above[column] > 1 and self._added < MAX_SPANNED:
                below[column] = above[column] - 1
            places += self._empty(1)
            column += 1
        return column

    def _empty(self, count: int) -> list[int]:
        count = max(0, min(count, MAX_SPANNED - self._added))
        self._added += count
        return [0] * count


def _empty_cell() -> Element:
    cell = Element("cell")
    cell.text = _EMPTY
    return cell


def plain_text(scanned: ScannedPage, page: bytes, block: int) -> str:
    """Return the text of a block without marks."""
    return "\n".join(_texts(scanned, page, scanned.blocks[block : block + 1])[0])


def _texts(scanned: ScannedPage, page: bytes, blocks: Records) -> list[list[str]]:
    """Return the lines of each of some blocks."""
    firsts, lasts = blocks["first"].tolist(), blocks["last"].tolist()
    pieces = scanned.pieces[np.fromiter(chain.from_iterable(map(range, firsts, lasts)), np.int64)]
    elements = pieces["element"]
    tags, raised, links, paths = (scanned.elements[name][elements] for name in ("tag", "raised", "link", "path"))
    exact = (paths & _CODE_BITS != 0) | (raised != 0)
    lengths = blocks["last"] - blocks["first"]
    hidden = _hidden_within(scanned, pieces, np.repeat(blocks["element"], lengths), tags)
    pieces["end"][hidden] = pieces["start"][hidden]
    columns = (pieces["start"], pieces["end"], tags, raised, links, exact)
    places = list(zip(*(column.tolist() for column in columns), strict=True))
    ends = list(accumulate(last - first for first, last in zip(firsts, lasts, strict=True)))
    bounds = zip([0, *ends], ends, scanned.elements["tag"][blocks["element"]].tolist(), strict=False)
    return [_lines(page, places[begin:end], block) for begin, end, block in bounds]


def _hidden_within(
    scanned: ScannedPage, pieces: Records, around: npt.NDArray[np.int32], tags: npt.NDArray[np.uint8]
) -> npt.NDArray[np.bool_]:
    """Return which pieces are a few words that are hidden within a block; not the formulas, whose picture is shown.

    Nor are the hidden parts of one inline element, of which a script shows one: "Command" and "Ctrl" in a manual.

    Args:
        scanned: the page.
        pieces: the pieces.
        around: element of the block of each piece.
        tags: tag of each piece.
    """
    hidden = scanned.elements["hidden"]
    own = hidden[pieces["element"]]
    found: npt.NDArray[np.bool_] = (own != hidden[around]) & (pieces["end"] > 0) & (tags != _MATH)
    if not found.any():
        return found
    parents = scanned.elements["parent"]
    sizes = np.bincount(own, weights=np.where(found, pieces["end"] - pieces["start"], 0))
    outermost = np.flatnonzero((hidden == np.arange(len(hidden))) & (hidden > 0))
    within, times = np.unique(parents[outermost], return_counts=True)
    choices = np.isin(parents[own], within[times > 1]) & (parents[own] != around)
    few: npt.NDArray[np.bool_] = found & (sizes[own] < _HIDDEN_WORDS) & ~choices
    return few


def _lines(page: bytes, places: Sequence[tuple[int, int, int, int, int, bool]], block: int) -> list[str]:
    """Return the texts of a block between its line breaks, without the sign of a link to the block itself.

    Args:
        page: the bytes of the page.
        places: (start, end, tag, raised, link, whether it is code or raised) of its pieces.
        block: tag of the block.
    """
    is_named = _IS_HEADING[block] or block == _DT  # pages link to such blocks
    before = 0  # where the piece before ends, if the next one may have to be set apart from it
    lines: list[str] = []
    run: list[bytes] = []
    raised_before = 0
    for start, end, tag, raised, link, exact in places:
        if end == 0:
            lines.append(unescaped_bytes(b"".join(run)))
            run = []
        elif end < 0:
            run.append(_QUOTES[end])
        elif tag == _MATH:
            run.append(escape(formula_text(page[start:end].decode("utf-8", "replace"))).encode())
        else:
            text = page[start:end]
            if link and (_PILCROW.fullmatch(text) or (is_named and _PERMALINK.fullmatch(text))):
                continue
            if raised and raised != raised_before and run:
                mark = raised_mark(b"".join(run[-4:])[-8:], text, raised)
                text = b"%s(%s)" % (mark, text.strip()) if mark.strip() and _EXPRESSION.fullmatch(text) else mark + text
            elif before and not exact and are_apart(page[before:start], run[-1], text):
                text = b" " + text
            raised_before = raised
            before = 0 if exact else end
            run.append(text)
            continue
        raised_before = before = 0
    lines.append(unescaped_bytes(b"".join(run)))
    return [_INDENTED.sub(_keep_indent, line, count=1) for line in lines] if len(lines) > 1 else lines


def _keep_indent(white: re.Match[str]) -> str:
    """Return the signs for the indentation of a line, as in verse; what is not at its beginning stays."""
    return white[0] if white.start() else _INDENT * len(white[0].lstrip(" \t\r\n"))


def raised_mark(before: bytes, text: bytes, raised: int) -> bytes:
    """Return what parts a superscript (1) or subscript (2) from the text before it where both would read as one.

    Digits become an exponent or an index; behind a full stop or a word they are the mark of a footnote, and set apart.
    So do letters and short expressions behind a symbol; a few letters above the line make no abbreviation an exponent.
    """
    mark = b"^" if raised == 1 else b"_"
    if raised == 1 and _ABBREVIATED.search(before + text.strip()):
        return b""
    if _NUMBER.match(text):
        if _MAY_BE_RAISED.search(before):
            return mark
        return b" " if before[-1:].strip() else b""
    if _EXPRESSION.fullmatch(text) and _MAY_BE_RAISED.search(before):
        return mark
    is_symbol = _LETTER.fullmatch(text) or (raised == 2 and _INDEX.fullmatch(text))
    return mark if is_symbol and _SYMBOL.search(before) else b""


def are_apart(between: bytes, left: bytes, right: bytes) -> bool:
    """Return whether the texts of two elements, one behind the other, are parted by a style sheet alone.

    That is when they would read as one word which ends like one and goes on like another: ``itemsPrice``. At 299 of 307
    such places in real pages the main text that was made by hand has two words. Numbers are parted where elements other
    than bold and italic ones end and begin, single digits not, as they may be those of a counter: of 66 kinds of such
    places two were within one number.

    Args:
        between: what stands between the texts in the page.
        left: the text before.
        right: the text behind.
    """
    if not between.startswith(b"</") or not _BEGUN.search(between):
        return False
    last, first = left[-4:].decode(errors="ignore")[-1:], right[:8].decode(errors="ignore")
    if last.isdigit() and first[:1].isdigit():
        return len(left) + len(right) > 2 and _BETWEEN_SPANS.fullmatch(between) is not None
    if last.islower():
        return first[:1].isupper() or first[:1] in _PRICES
    if last.isdigit() or last == ".":
        return first[:1].isupper() and first[1:2].islower()
    return last in _STOPS and first[:1].isalpha()


def unescaped_bytes(data: bytes) -> str:
    """Return the characters of a piece of a page, with its character references replaced."""
    text = data.decode("utf-8", "replace")
    if "&" in text:
        text = _REFERENCE.sub(_referred, text)
    return text.translate(_FOREIGN) if any(sign in text for sign in _FOREIGN_SIGNS) else text


def _referred(reference: re.Match[str]) -> str:
    return _unescaped(reference[0])


_unescaped = functools.lru_cache(4096)(html.unescape)  # pages use few of them, and often


def _layout_tables(outline: _Outline, paths: Sequence[Sequence[int]], texts: Sequence[Sequence[str]]) -> set[int]:
    """Return the tables that place text on a page: with long cells, several blocks, code or tables in cells."""
    blocks, characters = Counter[int](), Counter[int]()
    tables: dict[int, int] = {}
    layout: set[int] = set()
    for path, text in zip(paths, texts, strict=True):
        table = 0
        for element in path:
            tag = outline.tags[element]
            if tag == _TABLE:
                layout |= {table} - {0}
                table = element
            elif tag in _CELLS and table:
                tables[element] = table
                blocks[element] += 1
                characters[element] += sum(map(len, text))
            elif tag == _PRE and table and any("\n" in line for line in text):
                layout.add(table)
    layout |= {tables[cell] for cell, count in blocks.items() if count > 3 or characters[cell] > _LONG_CELL}
    return layout


def _without_layout(outline: _Outline, path: Sequence[int], layout: set[int]) -> list[int]:
    """Return the marked elements of a path, without the parts of tables that are there for layout."""
    wanted: list[int] = []
    in_layout = False
    for element in path:
        tag = outline.tags[element]
        if tag == _TABLE:
            in_layout = element in layout
        if _MARK_OF[tag] and not (in_layout and _MARK_OF[tag] in ("table", "row", "cell")):
            wanted.append(element)
    return wanted


def _open_path(
    outline: _Outline,
    path: Sequence[int],
    layout: set[int],
    open_marks: list[tuple[int, Element]],
    rows: dict[int, Element],
) -> Element:
    """Return the element that a block belongs into; close and open the marks between it and the block before."""
    wanted = _without_layout(outline, path, layout)
    depth = 0
    while depth < len(wanted) and depth + 1 < len(open_marks) and open_marks[depth + 1][0] == wanted[depth]:
        depth += 1
    del open_marks[depth + 1 :]
    for element in wanted[depth:]:
        opened = _open(open_marks[-1][1], outline.tags[element], outline.ordinals[element], outline.styles[element])
        if opened.tag == "cell":
            opened.set("element", str(element))
        elif opened.tag == "row":
            opened.set("table", str(open_marks[-1][0]))
            rows[element] = opened
        open_marks.append((element, opened))
    parent = open_marks[-1][1]
    if parent.tag == "table":  # a caption, or text that a browser shows before the table
        parent = SubElement(parent, "row")
    return SubElement(parent, "cell") if parent.tag == "row" else parent


def _open(parent: Element, tag: int, ordinal: int, style: int) -> Element:
    mark = _MARK_OF[tag]
    needed = _PARENTS.get(mark)
    if needed and parent.tag != needed:  # an item without a list, a cell without a row: text
        return SubElement(parent, "div")
    if mark == "list" and parent.tag == "list" and len(parent):
        parent = parent[-1]
    attributes = {"rend": _REND_OF[tag]} if _REND_OF[tag] else {}
    if ordinal != NO_ORDINAL and mark in ("list", "item"):
        attributes["n"] = str(ordinal)
    if style in _STYLE_NAMES and mark in ("list", "item"):
        attributes["style"] = _STYLE_NAMES[style]
    return SubElement(parent, mark, attributes)


def _code_before(parent: Element) -> Element:
    """Return the code that is last in an element, or a new one: each of its blocks is a line."""
    return parent[-1] if len(parent) and parent[-1].tag == "code" else SubElement(parent, "code")


def _add_block(parent: Element, tag: int, lines: Sequence[str]) -> None:
    if parent.tag == "code":
        before = f"{parent.text}\n" if parent.text else ""
        parent.text = before + "\n".join(lines).replace("\xa0", " ")
        return
    block = SubElement(parent, "head" if _IS_HEADING[tag] else "p")
    block.text = lines[0]
    for line in lines[1:]:
        SubElement(block, "lb").tail = line
