"""HTML in which every text is escaped unless it is markup by type."""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec


class Html(str):
    """Markup: goes into a page as it is. Any other string is text and is escaped."""

    __slots__ = ()


Child = str | int | float | None
Attribute = str | int | bool | None

# Elements that are lines of their own in the source of the page.
_BLOCKS = frozenset(("section", "nav", "header", "footer", "figure", "table", "tr", "ul", "ol", "li", "details"))
_VOID = frozenset(("br", "meta"))
_CODE = re.compile("`([^`]+)`")


def escape(child: Child) -> Html:
    """Markup as it is, text escaped, whole numbers with separators of thousands; nothing for None."""
    if isinstance(child, Html):
        return child
    if child is None:
        return Html()
    return Html(html.escape(f"{child:,}" if isinstance(child, int | float) else child))


def element(tag: str, *children: Child, **attributes: Attribute) -> Html:
    """An element. ``class_`` becomes ``class``, ``aria_label`` ``aria-label``; None and False leave one out."""
    shown = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Html(f"<{tag}{shown}>")
    end = "\n" if tag in _BLOCKS else ""
    return Html(f"<{tag}{shown}>{join(children)}</{tag}>{end}")


def _attribute(name: str, value: Attribute) -> str:
    name = name.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'


def join(children: Iterable[Child]) -> Html:
    """Children one after the other."""
    return Html("".join(map(escape, children)))


def coded(text: str) -> Html:
    """A text in which what stands between backticks is code."""
    pieces = _CODE.split(text)
    return join(element("code", piece) if at % 2 else piece for at, piece in enumerate(pieces))


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[Child]], *, foot: Sequence[Child] = ()) -> Html:
    """A table that scrolls sideways where it is too wide; the first cell of a row is its heading, numbers lean right.

    A column leans right where its cell in the first row is a number or :class:`Number`.
    """
    listed = [list(row) for row in rows]
    if not listed:
        return Html()
    right = [isinstance(cell, int | float | Number) for cell in listed[0]]
    head = element("tr", *(_cell("th", cell, lean, scope="col") for cell, lean in zip(header, right, strict=True)))
    parts = [element("caption", caption), element("thead", head), element("tbody", *(_row(r, right) for r in listed))]
    if foot:
        parts.append(element("tfoot", _row(foot, right)))
    return element(
        "div", element("table", *parts), class_="scroll", tabindex=0, role="region", aria_label=f"Table: {caption}"
    )


class Number(Html):
    """A cell that holds a number which has been written out already."""

    __slots__ = ()


def _row(cells: Sequence[Child], right: Sequence[bool]) -> Html:
    first, *others = cells
    rest = (_cell("td", cell, lean) for cell, lean in zip(others, right[1:], strict=True))
    return element("tr", element("th", first, scope="row"), *rest)


def _cell(tag: str, cell: Child, lean: bool, **attributes: Attribute) -> Html:
    return element(tag, cell, class_="number" if lean else None, **attributes)


def script_json(identifier: str, value: Mapping[str, Any]) -> Html:
    """JSON within a script element, so written that nothing in it can end the element."""
    text = msgspec.json.encode(value, order="deterministic").decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Html(f'<script type="application/json" id="{html.escape(identifier)}">{text}</script>\n')
