"""The books source: plain text files, half of them inside a notice of the demo library."""

from collections.abc import Sequence
from typing import NamedTuple

from massivetext.demo import overlap, pages, planted_leaks, vocabulary
from massivetext.demo.bench import DemoItem
from massivetext.demo.chance import Chance
from massivetext.demo.planted_rejects import LANGUAGE, foreign
from massivetext.demo.prose import Writer
from massivetext.demo.truth import Built, Draft, PlantedLocation

LEAKS = {"leak_embedded": 2}
_BOOKS = 18
_COLUMNS = 72
_WORDS = (16_000, 22_000)  # least and most words per book: about 100 to 130 KB
_SHORT_WORDS = 6_000  # words of a book that occurs twice
_NOTICE = """The Demo Library: {title}

This book was made up by a program so that there is something to read. It
costs nothing, and you may do with it whatever you like. It has never been
part of Project Gutenberg; only the lines with three stars follow theirs.

Title: {title}

Author: {author}

Language: English

*** START OF THE PROJECT GUTENBERG EBOOK {upper} ***



"""
_END_NOTICE = """


*** END OF THE PROJECT GUTENBERG EBOOK {upper} ***

More books of the Demo Library are made whenever somebody asks for them.
Every number in this notice may be changed without notice.
"""


class DemoBook(NamedTuple):
    """An invented book: title, author, and chapters as (heading, paragraphs)."""

    title: str
    author: str
    chapters: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def text(self) -> str:
        """The whole text with title, author and chapter headings, without the notice of the library."""
        parts = [self.title.upper(), f"by {self.author}"]
        for heading, paragraphs in self.chapters:
            parts += ["", heading, *map(wrap, paragraphs)]
        return "\n\n".join(parts) + "\n"


def build(seed: int, items: Sequence[DemoItem]) -> Built:
    """Return the files of the source.

    Args:
        seed: seed of the corpus.
        items: test items to plant, as many as :data:`LEAKS` counts in all.
    """
    texts: dict[str, bytes] = {}
    planted: list[tuple[Draft, PlantedLocation]] = []

    def add(book: DemoBook, *, notice: bool, draft: Draft | None = None, text: str | None = None) -> None:
        name = f"{len(texts):02}-{pages.slug(book.title)[:40]}.txt"
        content = book.text if text is None else text
        texts[name] = (with_notice(book, content) if notice else content).encode()
        if draft is not None:
            planted.append((draft, PlantedLocation(source="books", origin=name, title=book.title)))

    for number in range(_BOOKS):
        made, draft = invent_book(Chance(seed, "books", number), _WORDS), None
        if number < len(items):
            made, draft = _leak(made, items[number])
        add(made, notice=number % 2 == 0, draft=draft)
    for group, target in (("same", 1.0), ("revised", 0.9), ("rewritten", 0.6)):
        for notice, (made, draft) in zip((True, False), _pair(seed, group, target), strict=True):
            add(made, notice=notice, draft=draft)
    for lang, kind in (("de", "german"), ("fr", "french")):
        add(_foreign(Chance(seed, "books", lang), lang), notice=False, draft=Draft(kind, "rules", LANGUAGE))
    return Built(texts, planted, len(texts))


def invent_book(chance: Chance, words: tuple[int, int]) -> DemoBook:
    """Return a book on village life and two other topics, at least as long as a number between the ``words``."""
    names = [name for name in vocabulary.topics() if name != "village"]
    writer = Writer(chance, "village", *chance.some(names, 2))
    person = writer.speaker.new_person()
    title = writer.sentence("titles")
    wanted, written = chance.between(*words), 0
    chapters: list[tuple[str, tuple[str, ...]]] = []
    while written < wanted:
        paragraphs = _chapter(writer)
        written += sum(len(paragraph.split()) for paragraph in paragraphs)
        chapters.append((f"CHAPTER {len(chapters) + 1}. {writer.sentence('headings')}", tuple(paragraphs)))
    return DemoBook(title, f"{person.first} {person.last}", tuple(chapters))


def with_notice(book: DemoBook, text: str) -> str:
    """Return a text between the notices of the demo library, which a reader has to remove."""
    names = {"title": book.title, "author": book.author, "upper": book.title.upper()}
    return _NOTICE.format(**names) + text + _END_NOTICE.format(**names)


def wrap(paragraph: str) -> str:
    """Return a paragraph in lines of at most 72 characters; a longer word gets its own line."""
    lines, line = [], ""
    for word in paragraph.split():
        if line and len(line) + 1 + len(word) > _COLUMNS:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])


def _chapter(writer: Writer) -> list[str]:
    paragraphs = []
    count = writer.chance.between(14, 26)
    for number in range(count):
        writer.change_topic()
        length = writer.chance.between(2, 7)
        paragraphs.append(writer.paragraph(length, first=number == 0, last=number == count - 1))
    return paragraphs


def _leak(made: DemoBook, item: DemoItem) -> tuple[DemoBook, Draft]:
    (heading, paragraphs), *rest = made.chapters
    chapter = (heading, (*paragraphs[:3], item.passage, item.question, *paragraphs[3:]))
    leaky = made._replace(chapters=(chapter, *rest))
    return leaky, planted_leaks.case("leak_embedded", item, leaky.text)


def _pair(seed: int, group: str, target: float) -> list[tuple[DemoBook, Draft]]:
    chance = Chance(seed, "books", group)
    first = invent_book(chance, (_SHORT_WORDS, _SHORT_WORDS))
    changed = tuple((heading, _changed(chance, paragraphs, target)) for heading, paragraphs in first.chapters)
    second = first._replace(chapters=changed)
    similarity = overlap.jaccard(first.text, second.text)
    draft = Draft(f"book_{group}", "copies", group=f"books/{group}", duplicate="either", similarity=1.0)
    if target < 1.0:
        draft = draft._replace(duplicate="near")
    if similarity <= 0.8:
        draft = draft._replace(outcome="kept", duplicate=None)
    return [(first, draft), (second, draft._replace(similarity=similarity))]


def _changed(chance: Chance, paragraphs: tuple[str, ...], target: float) -> tuple[str, ...]:
    return paragraphs if target == 1.0 else tuple(overlap.near_copy(chance, paragraphs, target))


def _foreign(chance: Chance, lang: str) -> DemoBook:
    made = [foreign(lang)(chance, "history") for _ in range(40)]
    chapters = tuple((article.title, tuple(block.text for block in article.blocks)) for article in made)
    return DemoBook(made[0].title, made[0].author, chapters)
