"""The kept blocks of a page as a tree that :mod:`massivetext.extract.render` writes as text."""

import html
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

from massivetext.extract.tag_scanner import ScannedPage
from massivetext.extract.tags import HEADING, NAMES, TAG_COUNT, tag_number, tag_tables

_DEEPEST = 16  # marks within marks; the renderer is recursive, and nobody reads deeper lists
_LONG_CELL = 400  # characters; a table with a longer cell, or one of several blocks, is there for layout
_MARKS = {
    "ul": "list", "ol": "list", "menu": "list", "dl": "list", "li": "item", "dt": "item", "dd": "item",
    "table": "table", "tr": "row", "td": "cell", "th": "cell", "blockquote": "quote", "pre": "code",
}  # fmt: skip
_RENDS = {"ol": "ol", "dt": "dt", "dd": "dd"}
_PARENTS = {"item": "list", "row": "table", "cell": "row"}
_MARK_OF = tuple(_MARKS.get(name, "") for name in NAMES)
_REND_OF = tuple(_RENDS.get(name, "") for name in NAMES)
_IS_HEADING = tuple(bool(kind & HEADING) for kind in tag_tables().kinds.tolist())
_CELLS = frozenset({tag_number("td"), tag_number("th")})
_TABLE = tag_number("table")
assert len(_MARK_OF) == TAG_COUNT


class _Outline(NamedTuple):
    """Tags, parents and nearest marked elements of the elements of a page, as lists."""

    tags: list[int]
    parents: list[int]
    structures: list[int]

    def marked(self, element: int) -> list[int]:
        """Return the marked elements around an element, itself among them, from the outside; the inner _DEEPEST."""
        found: list[int] = []
        element = self.structures[element]
        while element and len(found) < _DEEPEST:
            found.append(element)
            element = self.structures[self.parents[element]]
        return found[::-1]


def kept_tree(scanned: ScannedPage, page: bytes, kept: Sequence[int]) -> Element:
    """Return the tree of the text of some blocks.

    Args:
        scanned: the page.
        page: its bytes.
        kept: numbers of the blocks, ascending.
    """
    elements = scanned.elements
    outline = _Outline(elements["tag"].tolist(), elements["parent"].tolist(), elements["structure"].tolist())
    blocks = scanned.blocks[list(kept)]
    places = blocks["element"].tolist()
    paths = [outline.marked(place) for place in places]
    texts = [_pieces(scanned, page, first, last) for first, last in zip(blocks["first"], blocks["last"], strict=True)]
    layout = _layout_tables(outline, paths, texts)
    body = Element("body")
    open_marks: list[tuple[int, Element]] = [(0, body)]
    for path, pieces in zip(paths, texts, strict=True):
        parent = _open_path(outline, path, layout, open_marks)
        _add_block(parent, outline.tags[path[-1]] if path else 0, pieces)
    return body


def plain_text(scanned: ScannedPage, page: bytes, block: int) -> str:
    """Return the text of a block without marks."""
    return "\n".join(_pieces(scanned, page, scanned.blocks["first"][block], scanned.blocks["last"][block]))


def _pieces(scanned: ScannedPage, page: bytes, first: int, last: int) -> list[str]:
    """Return the texts of a block between its line breaks."""
    lines: list[str] = []
    run: list[bytes] = []
    pieces = scanned.pieces[first:last]
    for start, end in zip(pieces["start"].tolist(), pieces["end"].tolist(), strict=True):
        if end:
            run.append(page[start:end])
        else:
            lines.append(unescaped_bytes(b"".join(run)))
            run = []
    return [*lines, unescaped_bytes(b"".join(run))]


def unescaped_bytes(data: bytes) -> str:
    """Return the characters of a piece of a page, with its character references replaced."""
    text = data.decode("utf-8", "replace")
    return html.unescape(text) if "&" in text else text


def _layout_tables(outline: _Outline, paths: Sequence[Sequence[int]], texts: Sequence[Sequence[str]]) -> set[int]:
    """Return the tables that place text on a page: with long cells, cells of several blocks, or tables in cells."""
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
    layout |= {tables[cell] for cell, count in blocks.items() if count > 3 or characters[cell] > _LONG_CELL}
    return layout


def _open_path(
    outline: _Outline, path: Sequence[int], layout: set[int], open_marks: list[tuple[int, Element]]
) -> Element:
    """Return the element that a block belongs into; close and open the marks between it and the block before."""
    wanted: list[int] = []
    in_layout = False
    for element in path:
        tag = outline.tags[element]
        if tag == _TABLE:
            in_layout = element in layout
        if _MARK_OF[tag] and not (in_layout and _MARK_OF[tag] in ("table", "row", "cell")):
            wanted.append(element)
    depth = 0
    while depth < len(wanted) and depth + 1 < len(open_marks) and open_marks[depth + 1][0] == wanted[depth]:
        depth += 1
    del open_marks[depth + 1 :]
    for element in wanted[depth:]:
        open_marks.append((element, _open(open_marks[-1][1], outline.tags[element])))
    return open_marks[-1][1]


def _open(parent: Element, tag: int) -> Element:
    mark = _MARK_OF[tag]
    needed = _PARENTS.get(mark)
    if needed and parent.tag != needed:  # an item without a list, a cell without a row: text
        return SubElement(parent, "div")
    attributes = {"rend": _REND_OF[tag]} if _REND_OF[tag] else {}
    return SubElement(parent, mark, attributes)


def _add_block(parent: Element, tag: int, lines: Sequence[str]) -> None:
    if parent.tag == "code":
        parent.text = (parent.text or "") + "\n".join(lines)
        return
    block = SubElement(parent, "head" if _IS_HEADING[tag] else "p")
    block.text = lines[0]
    for line in lines[1:]:
        SubElement(block, "lb").tail = line
