"""Articles: paragraphs with headings, lists and quotations on one topic."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from massivetext.demo import vocabulary
from massivetext.demo.chance import Chance
from massivetext.demo.grammar import Template
from massivetext.demo.speaker import Speaker
from massivetext.demo.vocabulary import Plain

# Kinds of sentences in a paragraph, with cumulative shares: of the topic, general, quotations, questions.
_KINDS = (("topic", 0.48), ("body", 0.86), ("quotes", 0.95), ("questions", 1.0))
_CONNECTIVE_SHARE = 0.15
_CURLY = str.maketrans({"'": "’"})


class Block(NamedTuple):
    """A heading, paragraph or list of an article; for a list, ``text`` introduces the ``items``."""

    kind: Literal["heading", "paragraph", "list"]
    text: str
    items: tuple[str, ...] = ()


class Article(NamedTuple):
    """A text with title and author, before it becomes a web page, a line of news or anything else."""

    title: str
    topic: str
    author: str
    blocks: tuple[Block, ...]

    @property
    def text(self) -> str:
        """Blocks as plain text with blank lines between them, without the title."""
        return "\n\n".join("\n".join((b.text, *(f"- {item}" for item in b.items))) for b in self.blocks)

    def with_paragraphs(self, paragraphs: Sequence[str]) -> "Article":
        """Return an article with the same title, topic and author and these paragraphs."""
        return self._replace(blocks=tuple(Block("paragraph", paragraph) for paragraph in paragraphs))


class Writer:
    """Writes the sentences of one text; a template is used again only after all of its kind have been used."""

    def __init__(self, chance: Chance, *topics: str) -> None:
        self.chance = chance
        self._speakers = [Speaker(chance, vocabulary.topics()[topic]) for topic in topics]
        self.speaker = self._speakers[0]
        self._pools: dict[str, list[Template]] = {}

    def change_topic(self) -> None:
        """Choose one of the topics for the next sentences."""
        self.speaker = self.chance.pick(self._speakers)

    def sentence(self, kind: str) -> str:
        """Return a sentence of this kind: "topic", or a key of the general sentences."""
        return self.speaker.invent_sentence(self._next(kind))

    def phrase(self, kind: str) -> str:
        """Return the same as :meth:`sentence`, but without a capital at the beginning."""
        return self.speaker.phrase(self._next(kind))

    def paragraph(self, sentences: int, *, first: bool = False, last: bool = False) -> str:
        """Return a paragraph of about ``sentences`` sentences; ``first`` or ``last`` in its text, as given."""
        out = [self.sentence("openers")] if first else []
        out += [self._body() for _ in range(max(1, sentences - first - last))]
        if last:
            out.append(self.sentence("closers"))
        return " ".join(out)

    def _body(self) -> str:
        draw = self.chance.below(1_000) / 1_000
        kind = next(kind for kind, limit in _KINDS if draw < limit)
        template = self._next(kind)
        if kind in ("topic", "body") and _can_follow(template) and self.chance.share(_CONNECTIVE_SHARE):
            sentence = self.speaker.phrase(template)
            return f"{self.sentence('connectives')} {sentence[0].lower()}{sentence[1:]}"
        return self.speaker.invent_sentence(template)

    def _next(self, kind: str) -> Template:
        pool_name = f"topic/{self.speaker.topic.name}" if kind == "topic" else kind
        pool = self._pools.get(pool_name)
        if not pool:
            source = self.speaker.topic.sentences if kind == "topic" else vocabulary.general().sentences[kind]
            pool = self._pools[pool_name] = self.chance.some(source, len(source))
        return pool.pop()


def article(chance: Chance, topic: str, words: int) -> Article:
    """Return an article of about this many words (not fewer, about 80 more at most)."""
    writer = Writer(chance, topic)
    blocks = tuple(_blocks(writer, words))
    title = writer.sentence("titles")
    person = writer.speaker.new_person()
    made = Article(title, topic, f"{person.first} {person.last}", blocks)
    return curly(made) if chance.share(0.3) else made


def essay(chance: Chance, topic: str, words: int) -> Article:
    """Return the paragraphs of an :func:`article`, without headings and lists."""
    made = article(chance, topic, words)
    return made.with_paragraphs([block.text for block in made.blocks if block.kind == "paragraph"])


def plain_article(chance: Chance, plain: Plain, topic: str, sentences: int, *, english: bool = False) -> Article:
    """Return an article of so many of the sentences of ``plain``; their slots take words of ``topic``."""
    speaker = Speaker(chance, vocabulary.topics()[topic])
    invent = speaker.invent_sentence if english else speaker.fill
    rest: list[Template] = []
    written = []
    for _ in range(sentences):
        rest = rest or chance.some(plain.sentences, len(plain.sentences))
        written.append(invent(rest.pop()))
    paragraphs = [" ".join(written[at : at + 4]) for at in range(0, len(written), 4)]
    title = invent(chance.pick(plain.titles))
    person = speaker.new_person()
    return Article(title, topic, f"{person.first} {person.last}", ()).with_paragraphs(paragraphs)


def curly(made: Article) -> Article:
    """Return the article with typographic quotation marks and apostrophes."""
    blocks = tuple(Block(b.kind, _curly(b.text), tuple(map(_curly, b.items))) for b in made.blocks)
    return made._replace(title=_curly(made.title), blocks=blocks)


def word_count(blocks: Sequence[Block]) -> int:
    """Return the number of words in all blocks."""
    return sum(len(block.text.split()) + sum(len(item.split()) for item in block.items) for block in blocks)


def _blocks(writer: Writer, words: int) -> Iterator[Block]:
    chance = writer.chance
    written = 0
    with_headings = words > 250 and chance.share(0.4)
    listed = not chance.share(0.35)
    while written < words:
        opening, closing = written == 0, words - written < 110
        block = Block("paragraph", writer.paragraph(chance.between(3, 6), first=opening, last=closing))
        if not opening and not closing and not listed and chance.share(0.4):
            block, listed = _list(writer), True
        elif not opening and not closing and with_headings and chance.share(0.35):
            yield Block("heading", writer.sentence("headings"))
        written += word_count([block])
        yield block


def _list(writer: Writer) -> Block:
    lead = writer.sentence("body").rstrip(".?") + ":"
    return Block("list", lead, tuple(writer.phrase("items") for _ in range(writer.chance.between(4, 8))))


def _can_follow(template: Template) -> bool:
    first = template[0]
    return isinstance(first, str) and first[0].isupper() and not first.startswith("Article")


def _curly(text: str) -> str:
    parts = text.split('"')
    opened = "".join(part + ("“" if number % 2 == 0 else "”") for number, part in enumerate(parts[:-1])) + parts[-1]
    return opened.translate(_CURLY)
