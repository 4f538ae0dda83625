"""The kept blocks of a page as a tree that :mod:`massivetext.extract.render` writes as text."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

from massivetext.extract.inline_text import EMPTY, INDENT, block_lines
from massivetext.extract.page_scan import NO_ORDINAL, Style
from massivetext.extract.render import render_text
from massivetext.extract.table_rows import CELLS, fill_rows
from massivetext.extract.tag_scanner import ScannedPage
from massivetext.extract.tags import IS_HEADING, NAMES, TAG_COUNT, tag_number

_DEEPEST = 10  # marks within marks; the renderer is recursive, and nobody reads deeper lists
_HOPELESS = 64
MAX_KEPT = 40_000  # blocks of a page that are written
_LONG_CELL = 400  # characters; a table with a longer cell, or one of several blocks, is there for layout
_MARKS = {
    "ul": "list", "ol": "list", "menu": "list", "dl": "list", "li": "item", "dt": "item", "dd": "item",
    "table": "table", "tr": "row", "td": "cell", "th": "cell", "blockquote": "quote", "pre": "code",
}  # fmt: skip
_RENDS = {"ol": "ol", "dt": "dt", "dd": "dd"}
_PARENTS = {"item": "list", "row": "table", "cell": "row"}
_MARK_OF = tuple(_MARKS.get(name, "") for name in NAMES)
_REND_OF = tuple(_RENDS.get(name, "") for name in NAMES)
_PRE = tag_number("pre")
_TABLE = tag_number("table")
_STYLE_NAMES = {
    int(Style.LOWER): "a", int(Style.UPPER): "A", int(Style.LOWER_ROMAN): "i", int(Style.UPPER_ROMAN): "I",
    int(Style.NO_NUMBER): "none",
}  # fmt: skip
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
        for _ in range(_HOPELESS):
            if not element:
                break
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
    texts = block_lines(scanned, page, blocks)
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
    fill_rows(scanned, rows)
    return body


def kept_text(scanned: ScannedPage, page: bytes, kept: Sequence[int]) -> str:
    """Return the text of some blocks; see :func:`kept_tree`. Empty cells of a table leave their place free."""
    text = render_text(kept_tree(scanned, page, kept))
    return text.replace(INDENT, " ").replace(f"| {EMPTY}", "|").replace(f"{EMPTY} |", "|").replace(EMPTY, "")


def _tables_of_code(outline: _Outline, elements: Sequence[int]) -> None:
    """Make ``pre`` of the tables whose cells are lines of code, as GitHub and others show files, in place."""
    for element in elements:
        cell = outline.structures[element]
        if outline.styles[cell] == Style.CODE and outline.tags[cell] in CELLS:
            row = outline.structures[outline.parents[cell]]
            table = outline.structures[outline.parents[row]] if row else 0
            if outline.tags[table] == _TABLE:
                outline.tags[table] = _PRE


def _numbers_lines(outline: _Outline, path: Sequence[int], lines: Sequence[str]) -> bool:
    """Return whether a block is the column of line numbers beside code: ascending numbers, one a line, in a cell."""
    if len(path) < 2 or outline.tags[path[-1]] != _PRE or not any(outline.tags[element] in CELLS for element in path):
        return False
    words = "\n".join(lines).split()
    if not words or not all(word.isascii() and word.isdigit() and len(word) < 8 for word in words):
        return False
    return [int(word) for word in words] == list(range(int(words[0]), int(words[0]) + len(words)))


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
            elif tag in CELLS and table:
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
    block = SubElement(parent, "head" if IS_HEADING[tag] else "p")
    block.text = lines[0]
    for line in lines[1:]:
        SubElement(block, "lb").tail = line
