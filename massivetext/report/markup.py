"""HTML elements. Every string is escaped unless its type says that it is markup."""

import html
import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec


class Html(str):
    """Markup, which is written as it is. Every other string is text and is escaped."""

    __slots__ = ()


Child = str | int | float | None
Attribute = str | int | bool | None

# Elements that are followed by a line break in the source of the page.
_BLOCKS = frozenset(("section", "nav", "header", "footer", "figure", "table", "tr", "ul", "ol", "li", "details"))
_VOID = frozenset(("br", "meta"))
_CODE = re.compile("`([^`]+)`")


def escape(child: Child) -> Html:
    """Return markup as it is, text escaped, numbers with thousands separators, and nothing for None."""
    if isinstance(child, Html):
        return child
    if child is None:
        return Html()
    return Html(html.escape(f"{child:,}" if isinstance(child, int | float) else child))


def element(tag: str, *children: Child, **attributes: Attribute) -> Html:
    """Return an element. ``class_`` becomes ``class``, ``aria_label`` ``aria-label``; None and False are left out."""
    shown = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Html(f"<{tag}{shown}>")
    end = "\n" if tag in _BLOCKS else ""
    return Html(f"<{tag}{shown}>{join_html(children)}</{tag}>{end}")


def _attribute(name: str, value: Attribute) -> str:
    name = name.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'


def join_html(children: Iterable[Child]) -> Html:
    """Return the children, concatenated."""
    return Html("".join(map(escape, children)))


def format_code(text: str) -> Html:
    """Return a text as HTML in which text between backticks is a code element."""
    pieces = _CODE.split(text)
    return join_html(element("code", piece) if at % 2 else piece for at, piece in enumerate(pieces))


def html_table(
    caption: str, header: Sequence[str], rows: Iterable[Sequence[Child]], *, foot: Sequence[Child] = ()
) -> Html:
    """Return a table that scrolls sideways if it is too wide; empty without rows. A row begins with its heading.

    A column is aligned right if its cell in the first row is a number or a :class:`Number`.
    """
    listed = [list(row) for row in rows]
    if not listed:
        return Html()
    right = [isinstance(cell, int | float | Number) for cell in listed[0]]
    head = element(
        "tr", *(_cell("th", cell, to_right, scope="col") for cell, to_right in zip(header, right, strict=True))
    )
    children = [
        element("caption", caption),
        element("thead", head),
        element("tbody", *(_row(r, right) for r in listed)),
    ]
    if foot:
        children.append(element("tfoot", _row(foot, right)))
    return element(
        "div",
        element("table", *children),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=f"Table: {caption}",
    )


class Number(Html):
    """A cell with a number that is already formatted."""

    __slots__ = ()


def _row(cells: Sequence[Child], right: Sequence[bool]) -> Html:
    first, *others = cells
    rest = (_cell("td", cell, to_right) for cell, to_right in zip(others, right[1:], strict=True))
    return element("tr", element("th", first, scope="row"), *rest)


def _cell(tag: str, cell: Child, to_right: bool, **attributes: Attribute) -> Html:
    return element(tag, cell, class_="number" if to_right else None, **attributes)


def script_json(identifier: str, value: Mapping[str, object]) -> Html:
    """Return JSON in a script element, with every character escaped that could end the element."""
    text = msgspec.json.encode(value, order="deterministic").decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Html(f'<script type="application/json" id="{html.escape(identifier)}">{text}</script>\n')
