"""A tree of main text, as trafilatura marks it up -> plain text that keeps its shape."""

import re
from collections.abc import Iterator

from lxml.etree import _Element

_BLOCKS = frozenset({"p", "head", "list", "item", "quote", "table", "row", "cell", "div", "body", "main"})
_BREAK = "\x00"  # stands for a line break while white space is being folded
_FOLD = re.compile(r"[^\S\x00]+")
_AROUND_BREAK = re.compile(r" ?\x00 ?")


def render(body: _Element) -> str:
    """The text of a tree: "" for an empty one.

    Paragraphs and headings stand apart by a blank line; list items have a line each with a bullet or number, nested
    lists are indented by the width of their item's mark; code keeps its lines and indentation; a table has a line a
    row with " | " between cells that are not empty; line breaks within a paragraph stay.
    """
    return "\n\n".join(_blocks(body))


def _blocks(element: _Element) -> list[str]:
    """The blocks within an element, each without blank space around it."""
    blocks: list[str] = []
    run = [element.text or ""]
    for child in element:
        if _is_block(child):
            blocks += _folded(run)
            blocks += _block(child)
            run = []
        else:
            run += _inline(child)
        run.append(child.tail or "")
    return blocks + _folded(run)


def _is_block(element: _Element) -> bool:
    if element.tag == "code":
        return any("\n" in part for part in _inline(element, line_break="\n"))
    return element.tag in _BLOCKS


def _block(element: _Element) -> list[str]:
    if element.tag == "code":
        code = "".join(_inline(element, line_break="\n")).strip("\n").rstrip()
        return [code] if code.strip() else []
    if element.tag == "list":
        return _list(element)
    if element.tag == "table":
        return _table(element)
    return _blocks(element)


def _inline(element: _Element, line_break: str = _BREAK) -> Iterator[str]:
    """The pieces of text within an element, its own tail left out."""
    if element.tag == "lb":
        yield line_break
    elif isinstance(element.tag, str):  # comments have a function for a tag
        yield element.text or ""
        for child in element:
            yield " " if child.tag in _BLOCKS else ""
            yield from _inline(child, line_break)
            yield " " if child.tag in _BLOCKS else ""
            yield child.tail or ""


def _folded(run: list[str]) -> list[str]:
    text = _AROUND_BREAK.sub("\n", _FOLD.sub(" ", "".join(run))).strip()
    return [text] if text else []


def _list(element: _Element) -> list[str]:
    lines: list[str] = []
    ordered = element.get("rend") == "ol"
    number = 0
    for child in element:
        content = "\n".join(_blocks(child) if child.tag in _BLOCKS else _folded(list(_inline(child))))
        if content:
            number += 1
            mark, indent = _mark(child, number if ordered else None)
            lines.append(mark + content.replace("\n", "\n" + indent))
        lines += _folded([child.tail or ""])
    return ["\n".join(lines)] if lines else []


def _mark(item: _Element, number: int | None) -> tuple[str, str]:
    """What stands before an item, and before its further lines."""
    role = item.get("rend", "")
    if role.startswith("dt"):
        return "", ""
    mark = "  " if role.startswith("dd") else "- " if number is None else f"{number}. "
    return mark, " " * len(mark)


def _table(element: _Element) -> list[str]:
    blocks: list[str] = []
    lines: list[str] = []
    for row in element.iter("row"):
        cells = [content for cell in row.iter("cell") if (content := _folded(list(_inline(cell))))]
        if len(cells) > 1:
            lines.append(" | ".join(cell[0].replace("\n", " ") for cell in cells))
            continue
        # A row of one cell is there for the layout, and may hold a whole article.
        content = _blocks(row)
        if content:
            blocks += ["\n".join(lines)] if lines else []
            blocks += content
            lines = []
    return blocks + (["\n".join(lines)] if lines else [])
