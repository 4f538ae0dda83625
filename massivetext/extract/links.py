"""How much of a page's text is in links: the sign of menus, indexes and tag clouds."""

from lxml import etree
from lxml.html import HtmlElement

_UNSEEN = frozenset({"script", "style", "noscript", "template"})


def link_text_frac(tree: HtmlElement) -> float:
    """Share of the characters in the body of a page that are within links, 0 to 1; 0.0 for a page without text.

    White space is left out, and so is what a reader does not see of scripts and styles. A link is an ``a`` with an
    ``href``. jusText (Pomikálek 2011) and boilerpipe (Kohlschütter et al. 2010) bound this of a block.
    """
    body = tree.find("body")
    linked = characters = 0
    links = unseen = 0  # that are open here

    def count(text: str | None) -> None:
        nonlocal linked, characters
        if text and not unseen:
            size = sum(map(len, text.split()))
            characters += size
            linked += size if links else 0

    root = tree if body is None else body
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event == "start":
            links += _is_link(element)
            unseen += element.tag in _UNSEEN
            count(element.text)
            continue
        if event == "end":
            links -= _is_link(element)
            unseen -= element.tag in _UNSEEN
        if element is not root:
            count(element.tail)
    return linked / characters if characters else 0.0


def _is_link(element: etree._Element) -> bool:
    return element.tag == "a" and "href" in element.attrib
