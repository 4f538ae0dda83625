"""The demo's test sets: passages with a question."""

from collections.abc import Sequence
from typing import NamedTuple

from massivetext.demo import vocabulary
from massivetext.demo.archive_files import gzip_member, json_line
from massivetext.demo.chance import Chance
from massivetext.demo.prose import Writer

ITEM_COUNT = 150
_MIN_WORDS, _MAX_WORDS = 66, 150


class DemoItem(NamedTuple):
    """One item of a test set; the question ends in a question mark."""

    id: str
    topic: str
    passage: str
    question: str

    @property
    def benchmark(self) -> str:
        """Name of its test set; there is one per topic."""
        return f"demo_{self.topic}"

    @property
    def text(self) -> str:
        """Text of the item in the file, which no document may contain."""
        return f"{self.passage}\n{self.question}"


def items(seed: int) -> tuple[DemoItem, ...]:
    """Return all items, of 60 to 160 words each, in the order of the file."""
    names = tuple(vocabulary.topics())
    return tuple(_item(seed, names[number % len(names)], number) for number in range(ITEM_COUNT))


def to_file(made: Sequence[DemoItem]) -> bytes:
    """Return the items as gzipped JSON lines."""
    lines = (json_line({"id": item.id, "benchmark": item.benchmark, "text": item.text}) for item in made)
    return gzip_member(b"".join(lines))


def _item(seed: int, topic: str, number: int) -> DemoItem:
    chance = Chance(seed, "bench", number)
    writer = Writer(chance, topic)
    wanted = chance.between(_MIN_WORDS, _MAX_WORDS - 50)
    sentences: list[str] = [writer.sentence("openers")]
    while sum(len(sentence.split()) for sentence in sentences) < wanted:
        sentences.append(writer.sentence(chance.pick(("topic", "topic", "body", "quotes"))))
    return DemoItem(f"demo/{topic}/{number}", topic, " ".join(sentences), writer.sentence("exam_questions"))
