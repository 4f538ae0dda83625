"""Source files of several programming languages, built from the pieces in ``data/code``."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from massivetext.demo import morphology, vocabulary
from massivetext.demo.chance import Chance
from massivetext.demo.prose import Writer
from massivetext.demo.vocabulary import Topic

_PLACEHOLDER = re.compile(r"@([A-Za-z]+)@")
_SYNONYMS = {
    "item": ["entry", "item", "element", "value", "record", "row"],
    "list": ["values", "items", "entries", "records", "numbers", "rows"],
    "index": ["i", "index", "position", "at", "cursor", "k"],
    "result": ["result", "out", "found", "answer", "output", "made"],
}
# Words of data/topics.toml that have a meaning in one of the languages.
_RESERVED = frozenset(
    ["case", "match", "function", "interface", "map", "range", "loop", "signal", "table", "test", "variable"]
)


def topic_names(topic: Topic) -> list[str]:
    """Return nouns of a topic that are valid identifiers in every language."""
    return [noun for noun in topic.things if noun.isalpha() and noun not in _RESERVED]


class Language(NamedTuple):
    """Paths and comment mark of a language; ``test`` is "" for a language without separate test files."""

    name: str
    source: str
    test: str
    comment: str


LANGUAGES = (
    Language("python", "{package}/{module}.py", "tests/test_{module}.py", "#"),
    Language("c", "src/{module}.c", "tests/test_{module}.c", "//"),
    Language("javascript", "src/{module}.js", "test/{module}.test.js", "//"),
    Language("go", "{package}/{module}.go", "{package}/{module}_test.go", "//"),
    Language("rust", "src/{module}.rs", "", "//"),
    Language("shell", "bin/{module}.sh", "", "#"),
)


class Pieces(NamedTuple):
    """Texts for the files of a language: heads, and pairs of a function body and its test ("" for none)."""

    head: str
    test_head: str
    bodies: tuple[tuple[str, str], ...]


def module(
    chance: Chance, language: Language, package: str, name: str, *, notice: str, taken: set[str]
) -> dict[str, str]:
    """Return the texts of a module and its test file by path.

    Args:
        chance: makes all choices.
        language: language of the module.
        package: name of its package.
        name: its own name.
        notice: comment for the top of the file, or "".
        taken: words used in names of functions of the package; the words of this module are added.
    """
    pieces = _pieces(language.name)
    writer = Writer(chance, chance.pick(tuple(vocabulary.topics())))
    fixed = {"module": name, "package": package}
    bodies, tests = [], []
    for body, test in chance.some(pieces.bodies, chance.between(2, min(4, len(pieces.bodies)))):
        words = _words(writer, fixed, taken)
        taken.add(words["noun"])
        bodies.append(_fill(body, words))
        if test:
            tests.append(_fill(test, words))
    words = _words(writer, fixed, taken)
    head = _fill(pieces.head, words)
    if head.startswith("#!"):
        first, _, rest = head.partition("\n")
        head = f"{first}\n{notice}{rest}"
    else:
        head = notice + head
    files = {language.source.format(**fixed): _joined(head, bodies, _inner_tests(language, tests), language)}
    if language.test and tests:
        files[language.test.format(**fixed)] = _joined(_fill(pieces.test_head, words), tests, "", language)
    return files


def _joined(head: str, parts: list[str], tail: str, language: Language) -> str:
    gap = "\n\n\n" if language.name == "python" else "\n\n"
    return gap.join(part.strip("\n") for part in [head, *parts, tail] if part.strip()) + "\n"


def _inner_tests(language: Language, tests: list[str]) -> str:
    if language.name != "rust" or not tests:
        return ""
    inside = "\n\n".join(test.strip("\n") for test in tests)
    return f"#[cfg(test)]\nmod tests {{\n    use super::*;\n\n{inside}\n}}\n"


@cache
def _pieces(language: str) -> Pieces:
    head, *rest = vocabulary.read_data_file(f"code/{language}.txt").split("\n%% ")
    test_head = ""
    bodies: list[tuple[str, str]] = []
    for part in rest:
        label, _, text = part.partition("\n")
        if label == "test head":
            test_head = text
        elif label == "body":
            bodies.append((text, ""))
        else:
            bodies[-1] = (bodies[-1][0], text)
    return Pieces(head, test_head, tuple(bodies))


def _words(writer: Writer, fixed: Mapping[str, str], taken: set[str]) -> dict[str, str]:
    """Return the word for each placeholder of one piece."""
    chance, topic = writer.chance, writer.speaker.topic
    noun, word, other = chance.some([name for name in topic_names(topic) if name not in taken], 3)
    plural = morphology.plural(noun)
    adjective = chance.pick([word for word in topic.adjectives if word.isalpha()])
    number = chance.between(12, 400)
    words = {
        **fixed,
        "noun": noun, "nouns": plural if plural != noun else f"all_{noun}",
        "word": word, "other": other, "adj": adjective,
        "num": str(number), "small": str(chance.between(3, 9)), "eq": "=",
        "a": str(number), "b": str(number + chance.between(1, 60)), "c": str(number + chance.between(70, 400)),
        "comment": writer.phrase("abstracts").rstrip("."), "Comment": writer.sentence("body"),
        "Sentence": writer.sentence("abstracts"),
    }  # fmt: skip
    words |= {name: chance.pick(options) for name, options in _SYNONYMS.items()}
    return words


def _fill(text: str, words: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(_filler(words), text)


def _filler(words: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name in words:
            return words[name]
        if name.isupper():
            return words[name.lower()].upper()
        return "".join(part.capitalize() for part in words[name[0].lower() + name[1:]].split("_"))

    return fill
