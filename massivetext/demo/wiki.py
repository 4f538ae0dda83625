"""The Wikipedia source: a MediaWiki dump with articles, redirects, and pages of other namespaces."""

import bz2
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from massivetext.demo import planted_leaks, prose, vocabulary
from massivetext.demo.bench import DemoItem
from massivetext.demo.chance import Chance
from massivetext.demo.prose import Article, Block, Writer
from massivetext.demo.truth import Built, Draft, PlantedLocation

FILE = "articles.xml.bz2"
LEAKS = {"leak_embedded": 5}
_ARTICLES, _REDIRECTS, _TALK, _TEMPLATES = 250, 20, 15, 5
_NAMESPACES = ((-1, "Special"), (0, ""), (1, "Talk"), (2, "User"), (4, "Project"), (10, "Template"), (14, "Category"))
_HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://www.mediawiki.org/xml/export-0.10/ http://www.mediawiki.org/xml/export-0.10.xsd" \
version="0.10" xml:lang="en">
  <siteinfo>
    <sitename>Demopedia</sitename>
    <dbname>demowiki</dbname>
    <base>https://en.demopedia.example/wiki/Main_Page</base>
    <generator>massivetext demo</generator>
    <case>first-letter</case>
    <namespaces>
{namespaces}
    </namespaces>
  </siteinfo>
"""


class WikiPage(NamedTuple):
    """A page of the dump: namespace, title, wikitext, title of the page that it redirects to, and its planted case."""

    namespace: int
    title: str
    text: str
    target: str | None = None
    draft: Draft | None = None


def build(seed: int, items: Sequence[DemoItem]) -> Built:
    """Return the file of the source.

    Args:
        seed: seed of the corpus.
        items: test items to plant, as many as :data:`LEAKS` counts in all.
    """
    pages = list(_pages(seed, items))
    planted = []
    out = [
        _HEAD.format(namespaces="\n".join(f'      <namespace key="{key}">{n}</namespace>' for key, n in _NAMESPACES))
    ]
    for number, page in enumerate(pages):
        out.append(_xml(page, 100 + number))
        if page.draft is not None:
            planted.append(
                (page.draft, PlantedLocation(source="wikipedia", origin=FILE, key=str(100 + number), title=page.title))
            )
    out.append("</mediawiki>\n")
    planted.sort(key=lambda pair: (pair[0].kind, int(pair[1].key or 0)))
    return Built({FILE: bz2.compress("".join(out).encode(), 9)}, planted, _ARTICLES)


def wikitext(article: Article, chance: Chance, others: Sequence[str]) -> str:
    """Return an article in wikitext, with links to some of the titles in ``others``."""
    writer = Writer(chance, article.topic)
    linked = [_Linker(chance, others, writer).mark(block) for block in article.blocks]
    first, rest = linked[0], linked[1:]
    parts = [
        "{{Short description|" + writer.sentence("abstracts") + "}}",
        _infobox(article, writer),
        f"'''{article.title}''' is a subject of [[{article.topic}]]. {first}",
    ]
    for number, text in enumerate(rest):
        if number and number % 3 == 0 and len(text) > 300:  # not between a passage and its question
            parts.append(f"== {writer.sentence('headings')} ==")
        parts.append(text)
    if chance.share(0.3):
        parts.insert(-1, _table(writer))
    parts.append("== See also ==\n" + "\n".join(f"* [[{title}]]" for title in chance.some(others, 3)))
    parts.append("== References ==\n{{Reflist|30em}}")
    parts.append(f"== External links ==\n* [https://www.{article.topic}.example {writer.sentence('abstracts')}]")
    parts.append(
        f"{{{{Authority control}}}}\n\n[[Category:{article.topic.title()}]]\n[[Category:{writer.speaker.place()}]]"
    )
    return "\n\n".join(parts) + "\n"


def _pages(seed: int, items: Sequence[DemoItem]) -> Iterator[WikiPage]:
    made = list(_articles(seed, items))
    titles = [article.title for article, _ in made]
    for number, (article, draft) in enumerate(made):
        text = wikitext(article, Chance(seed, "wikitext", number), titles)
        yield WikiPage(0, article.title, text, draft=draft)
        if number < _REDIRECTS:
            skipped = Draft("wiki_redirect", "skipped")
            text = f"#REDIRECT [[{article.title}]]\n\n{{{{R from alternative name}}}}"
            yield WikiPage(0, f"{article.title} (old name)", text, article.title, skipped)
        elif number < _REDIRECTS + _TALK:
            talk = Writer(Chance(seed, "talk", number), article.topic).paragraph(3)
            text = f"== A remark ==\n{talk} [[User:Someone|Someone]] 12:00, 3 June 2023 (UTC)\n"
            yield WikiPage(1, f"Talk:{article.title}", text, draft=Draft("wiki_talk", "skipped"))
        elif number < _REDIRECTS + _TALK + _TEMPLATES:
            text = "<includeonly>{{{1|}}}</includeonly><noinclude>A template for the demo.</noinclude>"
            yield WikiPage(10, f"Template:Demo {number}", text, draft=Draft("wiki_template", "skipped"))


def _articles(seed: int, items: Sequence[DemoItem]) -> Iterator[tuple[Article, Draft | None]]:
    topics = tuple(name for name in vocabulary.topics() if name != "village")
    taken: set[str] = set()
    for number in range(_ARTICLES):
        chance = Chance(seed, "wikipedia", number)
        draft = None
        if number < len(items):
            article, draft = planted_leaks.leak(chance, "leak_embedded", items[number])
        else:
            article = prose.article(chance, chance.pick(topics), 200 + min(chance.below(700), chance.below(700)))
        title = _title(Writer(chance, article.topic), taken)
        yield article._replace(title=title), draft


def _title(writer: Writer, taken: set[str]) -> str:
    """Return a title that is not in ``taken``, such as "Lunar lens" or "Harlow lens", and add it there."""
    words = writer.speaker.topic
    while True:
        head = writer.speaker.place() if writer.chance.share(0.5) else writer.chance.pick(words.adjectives).capitalize()
        title = f"{head} {writer.chance.pick(words.things)}"
        if title not in taken:
            taken.add(title)
            return title


class _Linker:
    """Adds links and references to the blocks of an article; the visible words do not change."""

    def __init__(self, chance: Chance, others: Sequence[str], writer: Writer) -> None:
        self._chance, self._others, self._writer = chance, others, writer

    def mark(self, block: Block) -> str:
        """Return a block in wikitext."""
        if block.kind == "heading":
            return f"== {block.text} =="
        return "\n".join([self._links(block.text), *(f"* {self._links(item)}" for item in block.items)])

    def _links(self, text: str) -> str:
        return " ".join(self._link(word) for word in text.split(" "))

    def _link(self, word: str) -> str:
        draw = self._chance.below(1_000)
        if draw < 30 and word.isalpha() and len(word) > 5:
            return f"[[{self._chance.pick(self._others)}|{word}]]"
        if draw < 45 and word.isalpha() and len(word) > 5:
            return f"''{word}''" if draw < 40 else f"'''{word}'''"
        if word.endswith(".") and draw < 250:
            return word + self._reference()
        return word

    def _reference(self) -> str:
        title, year = self._writer.sentence("titles"), self._chance.between(1950, 2023)
        cite = (
            f"{{{{cite web |title={title} |url=https://source-{year}.example/ |date={year} |access-date=1 June 2023}}}}"
        )
        return f'<ref name="r{self._chance.below(10_000)}">{cite}</ref>'


def _infobox(article: Article, writer: Writer) -> str:
    speaker = writer.speaker
    return (
        f"{{{{Infobox {article.topic}\n| name = {article.title}\n| image = Example.jpg\n"
        f"| caption = {writer.sentence('abstracts')}\n| location = [[{speaker.place()}]]\n"
        f"| founder = {speaker.person()}\n| year = {1500 + speaker.chance.below(500)}\n}}}}"
    )


def _table(writer: Writer) -> str:
    rows = "\n".join(
        f"|-\n| {writer.speaker.place()} || {writer.chance.below(9_000)} || {writer.phrase('items')}" for _ in range(5)
    )
    return f'{{| class="wikitable sortable"\n! Place !! Number !! Remark\n{rows}\n|}}'


def _xml(page: WikiPage, number: int) -> str:
    redirect = f'    <redirect title="{escape(page.target, {chr(34): "&quot;"})}" />\n' if page.target else ""
    return (
        f"  <page>\n    <title>{escape(page.title)}</title>\n    <ns>{page.namespace}</ns>\n    <id>{number}</id>\n"
        f"{redirect}    <revision>\n      <id>{10_000 + number}</id>\n"
        f"      <timestamp>2023-06-01T12:00:00Z</timestamp>\n"
        f"      <contributor>\n        <username>Demo</username>\n        <id>1</id>\n      </contributor>\n"
        f"      <model>wikitext</model>\n      <format>text/x-wiki</format>\n"
        f'      <text bytes="{len(page.text.encode())}" xml:space="preserve">{escape(page.text)}</text>\n'
        f"    </revision>\n  </page>\n"
    )
