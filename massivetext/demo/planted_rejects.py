"""Articles that a rule must drop, with one builder per kind, and harmless articles that look similar."""

from collections.abc import Callable
from typing import NamedTuple

from massivetext.demo import prose, vocabulary
from massivetext.demo.chance import Chance
from massivetext.demo.prose import Article, Block, Writer
from massivetext.demo.truth import Draft

# These contain phrases of filters/lists/unsafe_phrases.txt.
_UNSAFE = (
    "Watch free xxx porn videos and hardcore porn on every device.",
    "Our free sex cams are open all night, next to the best porn videos of the week.",
    "No sign-up is needed for free xxx videos, live sex cams or hardcore porn movies.",
    "New hd porn videos every hour, with a live sex chat beside them.",
    "Members get free porn videos, amateur porn videos and a live sex show each weekend.",
)
_COOKIES = (
    "We and our {} partners use cookies and similar techniques on your device.",
    "You can change your mind at any time in the settings, under number {}.",
)
_PREFIXES = ["poly", "hydro", "electro", "thermo", "photo", "micro", "hyper", "trans", "inter", "counter"]
_MIDDLES = ["methyl", "carbon", "chrono", "magneto", "spectro", "crystallo", "dynamo", "physio", "psycho", "neuro"]
_ENDINGS = ["isation", "ometrically", "ographical", "ologically", "itisation", "aceousness", "atically", "ifications"]

Builder = Callable[[Chance, str], Article]


class PlantedReject(NamedTuple):
    """A kind of article that fails at least one of ``rules``; the crawl has ``pages`` of them."""

    build: Builder
    rules: tuple[str, ...]
    pages: int
    lang: str = "en"

    def draft(self, kind: str) -> Draft:
        """Return the case of one such article."""
        return Draft(kind, "rules", rules=self.rules)


def link_list(chance: Chance, topic: str) -> Article:
    """Return an article of a few links: about 15 words."""
    writer = Writer(chance, topic)
    links = tuple(writer.speaker.place() + " " + chance.pick(("map", "news", "photos")) for _ in range(7))
    return _article(writer, [Block("list", "", links)])


def cookie_notice(chance: Chance, topic: str) -> Article:
    """Return an article that is only a cookie notice."""
    writer = Writer(chance, topic)
    return _paragraphs(writer, [sentence.format(chance.between(20, 900)) for sentence in _COOKIES])


def hash_tags(chance: Chance, topic: str) -> Article:
    """Return an article with a hash tag as every fourth word."""
    writer = Writer(chance, topic)
    return _paragraphs(writer, [_every(4, writer.paragraph(4), "#{}") for _ in range(4)])


def ellipses(chance: Chance, topic: str) -> Article:
    """Return an article with an ellipsis after every fifth word, but not at the ends of lines."""
    writer = Writer(chance, topic)
    return _paragraphs(writer, [_every(5, writer.paragraph(4), "{}...") + " End." for _ in range(4)])


def ellipsis_lines(chance: Chance, topic: str) -> Article:
    """Return an article of paragraphs that all end in an ellipsis."""
    writer = Writer(chance, topic)
    teasers = [" ".join(writer.paragraph(3).split()[: chance.between(18, 28)]).rstrip(".,;:?!") for _ in range(9)]
    return _paragraphs(writer, [f"{teaser} ..." for teaser in teasers])


def bullets(chance: Chance, topic: str) -> Article:
    """Return an article that is one long list."""
    writer = Writer(chance, topic)
    entries = [f"{writer.sentence('items')} with {writer.phrase('items')}" for _ in range(26)]
    return _paragraphs(writer, [f"• {entry}" for entry in entries])


def numbers(chance: Chance, topic: str) -> Article:
    """Return an article of numbers, such as the readings of an instrument."""
    writer = Writer(chance, topic)
    rows = [" ".join(f"{chance.between(100, 9_999)}.{chance.below(10)}" for _ in range(14)) for _ in range(12)]
    return _paragraphs(writer, [writer.sentence("body"), *rows])


def long_words(chance: Chance, topic: str) -> Article:
    """Return an article with too long words on average."""
    writer = Writer(chance, topic)

    def word() -> str:
        return chance.pick(_PREFIXES) + chance.pick(_MIDDLES) + chance.pick(_ENDINGS)

    lines = [f"The {word()} of {word()} {word()} and {word()} {word()} {word()} {word()}." for _ in range(12)]
    return _paragraphs(writer, [" ".join(lines[at : at + 3]) for at in range(0, 12, 3)])


def keywords(chance: Chance, topic: str) -> Article:
    """Return an article of search terms in rows, without the common words that sentences need."""
    writer = Writer(chance, topic)
    table = vocabulary.topics()[topic]
    rows = [
        ", ".join(f"{chance.pick(('buy', 'cheap', 'best'))} {chance.pick(table.adjectives)} {chance.pick(table.things)}"
                  for _ in range(9))
        for _ in range(5)
    ]  # fmt: skip
    title = ", ".join(rows[0].split(", ")[:2]).capitalize()
    return _paragraphs(writer, rows)._replace(title=title)


def repeated_lines(chance: Chance, topic: str) -> Article:
    """Return an article of six lines, repeated four times."""
    writer = Writer(chance, topic)
    lines = [writer.sentence("body") for _ in range(6)]
    return _paragraphs(writer, [line for _ in range(4) for line in lines])


def repeated_paragraphs(chance: Chance, topic: str) -> Article:
    """Return an article of seven paragraphs: two of its three different ones occur three times each."""
    writer = Writer(chance, topic)
    first, second, third = (writer.paragraph(4) for _ in range(3))
    return _paragraphs(writer, [first, second, third, first, second, first, second])


def repeated_ngrams(chance: Chance, topic: str) -> Article:
    """Return an article that has the same half-sentence in every sentence."""
    writer = Writer(chance, topic)
    phrase = f"for {writer.phrase('items')}, {writer.phrase('items')} and {writer.phrase('items')}"
    sentences = [f"{writer.sentence('topic').rstrip('.?')} {phrase}." for _ in range(16)]
    return _paragraphs(writer, [" ".join(sentences[at : at + 4]) for at in range(0, 16, 4)])


def repeated_words(chance: Chance, topic: str) -> Article:
    """Return an article that repeats the same two words."""
    writer = Writer(chance, topic)
    pair = f"{chance.pick(writer.speaker.topic.adjectives)} {chance.pick(writer.speaker.topic.things)}"
    return _paragraphs(writer, [f"{writer.sentence('body')} And {' '.join([pair] * 12)}." for _ in range(4)])


def unsafe(chance: Chance, topic: str) -> Article:
    """Return an ordinary article with advertisements of explicit material in its paragraphs."""
    made = prose.essay(chance, topic, 220)
    paragraphs = []
    for block, advert in zip(made.blocks, chance.some(_UNSAFE, len(_UNSAFE)) * 3, strict=False):
        paragraphs.append(f"{block.text} {advert}")
    return made.with_paragraphs(paragraphs)


def health(chance: Chance, topic: str) -> Article:
    """Return an article on medicine or sex education, which must be kept; ``topic`` is "medicine"."""
    return prose.plain_article(chance, vocabulary.health_sentences(), topic, 12, english=True)


def foreign(lang: str) -> Builder:
    """Return a builder of articles in another language: "de", "fr", "es" or "ru"."""

    def build(chance: Chance, topic: str) -> Article:
        return prose.plain_article(chance, vocabulary.languages()[lang], topic, chance.between(8, 12))

    return build


LINES = tuple(f"gopher/duplicate_{unit}_{what}" for unit in ("line", "paragraph") for what in ("frac", "char_frac"))
_NGRAMS = tuple(f"gopher/duplicate_{n}_gram_char_frac" for n in range(5, 11))
_TOP = tuple(f"gopher/top_{n}_gram_char_frac" for n in range(2, 5))
LANGUAGE = ("language/language",)

REJECTS: dict[str, PlantedReject] = {
    "link_list": PlantedReject(link_list, ("gopher/word_count",), 10),
    "cookie_notice": PlantedReject(cookie_notice, ("gopher/word_count",), 10),
    "hash_tags": PlantedReject(hash_tags, ("gopher/hash_to_word_ratio",), 8),
    "ellipses": PlantedReject(ellipses, ("gopher/ellipsis_to_word_ratio",), 8),
    "ellipsis_lines": PlantedReject(ellipsis_lines, ("gopher/ellipsis_line_frac",), 8),
    "bullets": PlantedReject(bullets, ("gopher/bullet_line_frac",), 8),
    "numbers": PlantedReject(numbers, ("gopher/alphabetic_word_frac",), 8),
    "long_words": PlantedReject(long_words, ("gopher/mean_word_length",), 6),
    "keywords": PlantedReject(keywords, ("gopher/stop_word_count",), 6),
    "repeated_lines": PlantedReject(repeated_lines, LINES, 8),
    "repeated_paragraphs": PlantedReject(repeated_paragraphs, LINES, 8),
    "repeated_ngrams": PlantedReject(repeated_ngrams, _NGRAMS, 8),
    "repeated_words": PlantedReject(repeated_words, _NGRAMS + _TOP, 6),
    "german": PlantedReject(foreign("de"), LANGUAGE, 8, "de"),
    "french": PlantedReject(foreign("fr"), LANGUAGE, 8, "fr"),
    "spanish": PlantedReject(foreign("es"), LANGUAGE, 8, "es"),
    "russian": PlantedReject(foreign("ru"), LANGUAGE, 8, "ru"),
    "unsafe": PlantedReject(unsafe, ("safesearch/explicit",), 12),
}


def _article(writer: Writer, blocks: list[Block]) -> Article:
    person = writer.speaker.new_person()
    title, topic = writer.sentence("titles"), writer.speaker.topic.name
    return Article(title, topic, f"{person.first} {person.last}", tuple(blocks))


def _paragraphs(writer: Writer, paragraphs: list[str]) -> Article:
    return _article(writer, []).with_paragraphs(paragraphs)


def _every(nth: int, text: str, form: str) -> str:
    words = text.split()
    return " ".join(form.format(word) if at % nth == nth - 1 else word for at, word in enumerate(words))
