"""Plain text, with its layout, of a tree of main text as trafilatura marks it up."""

import re
from collections.abc import Iterator

from lxml.etree import _Element

_BLOCKS = frozenset({"p", "head", "list", "item", "quote", "table", "row", "cell", "div", "body", "main"})
_BREAK = "\x00"  # replaces a line break while white space is folded
_ROMAN = tuple(
    ("", one, one * 2, one * 3, one + five, five, five + one, five + one * 2, five + one * 3, one + ten)
    for one, five, ten in ("ivx", "xlc", "cdm", "m  ")
)
_WHOLE = re.compile("-?[0-9]{1,8}")


def render_text(body: _Element) -> str:
    """Return the text of a tree, "" for an empty one.

    Blank lines separate paragraphs and headings. Each list item is on its own line with a bullet or number; nested
    lists are indented by the width of the mark of their item. Code keeps its lines and indentation. A table has one
    line per row, with " | " between non-empty cells. Line breaks within a paragraph stay.
    """
    return "\n\n".join(_blocks(body))


def _blocks(element: _Element) -> list[str]:
    """Return the blocks of text within an element, each stripped."""
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
        return any("\n" in piece for piece in _inline(element, line_break="\n"))
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
    """Yield the pieces of text within an element, without its own tail."""
    if element.tag == "lb":
        yield line_break
    elif isinstance(element.tag, str):  # the tag of a comment is a function
        yield element.text or ""
        for child in element:
            yield " " if child.tag in _BLOCKS else ""
            yield from _inline(child, line_break)
            yield " " if child.tag in _BLOCKS else ""
            yield child.tail or ""


def _folded(run: list[str]) -> list[str]:
    """Return the text of pieces, its white space but for the breaks folded; nothing if there is no other character."""
    text = "\n".join(" ".join(line.split()) for line in "".join(run).split(_BREAK)).strip("\n")
    return [text] if text else []


def _list(element: _Element) -> list[str]:
    lines: list[str] = []
    ordered = element.get("rend") == "ol"
    number = _ordinal(element, 1) - 1
    for child in element:
        content = "\n".join(_blocks(child) if child.tag in _BLOCKS else _folded(list(_inline(child))))
        if content:
            number = _ordinal(child, number + 1)
            style = child.get("style") or element.get("style", "")
            mark, indent = _mark(child, number if ordered and style != "none" else None, style)
            lines.append(mark + content.replace("\n", "\n" + indent))
        lines += _folded([child.tail or ""])
    return ["\n".join(lines)] if lines else []


def _ordinal(element: _Element, otherwise: int) -> int:
    """Return the number that a list or an item is given by its attribute ``n``; another one if it has none."""
    given = element.get("n", "")
    return int(given) if _WHOLE.fullmatch(given) else otherwise


def _mark(item: _Element, number: int | None, style: str) -> tuple[str, str]:
    """Return the mark before the first line of an item, and the indentation of its other lines."""
    role = item.get("rend", "")
    if role.startswith("dt"):
        return "", ""
    mark = "  " if role.startswith("dd") else "- " if number is None else f"{_numeral(number, style)}. "
    return mark, " " * len(mark)


def _numeral(number: int, style: str) -> str:
    """Return a number in a style of lists: "a", "A", "i" or "I"; in digits where the style has no sign for it."""
    if style.lower() == "a" and number > 0:
        letters = ""
        while number:
            number, place = divmod(number - 1, 26)
            letters = chr(ord(style) + place) + letters
        return letters
    if style.lower() == "i" and 0 < number < 4000:
        roman = "".join(signs[number // 10**place % 10] for place, signs in reversed(list(enumerate(_ROMAN))))
        return roman.upper() if style == "I" else roman
    return str(number)


def _table(element: _Element) -> list[str]:
    blocks: list[str] = []
    lines: list[str] = []
    for row in element.iter("row"):
        cells = [content for cell in row.iter("cell") if (content := _folded(list(_inline(cell))))]
        if len(cells) > 1:
            lines.append(" | ".join(cell[0].replace("\n", " ") for cell in cells))
            continue
        # A row of one cell is used for layout, and can contain a whole article.
        content = _blocks(row)
        if content:
            blocks += ["\n".join(lines)] if lines else []
            blocks += content
            lines = []
    return blocks + (["\n".join(lines)] if lines else [])
