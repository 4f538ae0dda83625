"""Web sites and their pages: an article with menus, advertisements and comments around it."""

import html
import re
import string
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from massivetext.demo import vocabulary
from massivetext.demo.chance import Chance
from massivetext.demo.prose import Article, Block, Writer

DESIGNS = ("blog", "news", "forum", "docs", "shop")
_SITES_PER_DESIGN = 6
_COMMENTED_WORDS = 40  # of a text that has comments; below a shorter one they would be most of the page
_SITE_NAMES = {
    "blog": "{} notebook", "news": "{} Herald", "forum": "{} friends", "docs": "{} works", "shop": "{} stores",
}  # fmt: skip
_ADVERTS = (
    "Save 20 % on winter boots. Offer ends Sunday.",
    "Compare insurance in two minutes.",
    "Your roof, our promise: free quotes.",
    "Learn the ukulele online.",
    "Hotels by the sea from 49 a night.",
)
_REMARKS = ("Great post, thanks!", "First!", "Could you say more?", "I do not agree.", "See you there.", "Well said.")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class Site(NamedTuple):
    """A web site: its design, its name and its domain (under ``.example``, which never resolves)."""

    design: str
    name: str
    domain: str


class DemoPage(NamedTuple):
    """A page as a web server sends it."""

    url: str
    title: str
    content: bytes
    charset: str = "utf-8"


def sites(seed: int, design: str) -> tuple[Site, ...]:
    """Return the six sites of one design."""
    writer = Writer(Chance(seed, "sites", design), "village")
    names = [_SITE_NAMES[design].format(writer.speaker.place()) for _ in range(_SITES_PER_DESIGN)]
    return tuple(Site(design, name, f"www.{slug(name)}-{n}.example") for n, name in enumerate(names))


def page(
    article: Article, site: Site, chance: Chance, number: int, *, lang: str = "en", charset: str = "utf-8"
) -> DemoPage:
    """Return an article as a page of a site; ``number`` makes its URL unique, ``chance`` decides the rest."""
    url = f"https://{site.domain}/{slug(article.topic)}/{slug(article.title) or 'page'}-{number}.html"
    day, month, year = chance.between(1, 28), chance.between(1, 12), chance.between(2009, 2023)
    first = article.blocks[0].text if article.blocks else article.title
    plain = {
        "title": article.title,
        "author": article.author,
        "site": site.name,
        "domain": site.domain,
        "url": url,
        "lang": lang,
        "charset": charset,
        "description": " ".join(first.split()[:14]),
        "number": str(chance.between(100, 9_999)),
        "date": f"{day} {_MONTHS[month - 1]} {year}",
        "isodate": f"{year}-{month:02}-{day:02}",
        "year": "2023",
        "tags": article.topic,
        "advert": chance.pick(_ADVERTS),
    }
    furniture = {
        "body": body(article.blocks),
        "comments": _comments(chance) if len(article.text.split()) >= _COMMENTED_WORDS else "",
        "related": _related(chance, article.topic),
    }
    values = {name: html.escape(value) for name, value in plain.items()} | furniture
    text = _design(site.design).substitute(values)
    return DemoPage(url, article.title, text.encode(charset, "xmlcharrefreplace"), charset)


def body(blocks: Sequence[Block]) -> str:
    """Return blocks as HTML, one element per line; a line break within a paragraph becomes ``<br>``."""
    return "\n".join(map(_element, blocks))


def slug(text: str) -> str:
    """Return a text in the form used in URLs: lower-case ASCII with hyphens, at most 60 characters."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:60].rstrip("-")


def _element(block: Block) -> str:
    text = html.escape(block.text, quote=False).replace("\n", "<br>\n")
    if block.kind == "heading":
        return f"<h2>{text}</h2>"
    lead = f"<p>{text}</p>" if text else ""
    if block.kind == "paragraph":
        return lead
    return (
        lead + "\n<ul>\n" + "\n".join(f"<li>{html.escape(item, quote=False)}</li>" for item in block.items) + "\n</ul>"
    )


def _comments(chance: Chance) -> str:
    writer = Writer(chance, "village")
    made = []
    for _ in range(chance.between(0, 4)):
        person = writer.speaker.new_person()
        remark = chance.pick(_REMARKS) if chance.share(0.6) else writer.sentence("questions")
        text = f"<cite>{person.first}</cite> <span>{html.escape(remark, quote=False)}</span>"
        made.append(f'<li class="comment">{text}</li>')
    return "\n".join(made)


def _related(chance: Chance, topic: str) -> str:
    writer = Writer(chance, topic)
    titles = [writer.sentence("titles") for _ in range(chance.between(3, 6))]
    return "\n".join(f'<li><a href="/{slug(title)}">{html.escape(title)}</a></li>' for title in titles)


@cache
def _design(name: str) -> string.Template:
    return string.Template(vocabulary.read_data_file(f"pages/{name}.html"))
