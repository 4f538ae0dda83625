"""Share of the text of a page that is in links: high for menus, indexes and tag clouds."""

from lxml import etree
from lxml.html import HtmlElement

_UNSEEN = frozenset({"script", "style", "noscript", "template"})


def link_text_frac(tree: HtmlElement) -> float:
    """Return the share of the characters in the body of a page that are within links, 0 to 1; 0.0 without text.

    White space, scripts and styles do not count. A link is an ``a`` element with an ``href``. jusText (Pomikálek 2011)
    and boilerpipe (Kohlschütter et al. 2010) limit this share per block; here it is measured for the page.
    """
    body = tree.find("body")
    linked = characters = 0
    links = unseen = 0  # number of open elements

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
