"""Test items planted in real pages, written in many ways: for benchmarks/decontaminate.py and for tests."""

import random
import re
from collections.abc import Callable, Sequence

from massivetext.decontaminate.evaluation_items import EvaluationItem

LENGTHS = ((5, 8), (13, 16), (25, 30), (60, 75), (180, 240))  # words
_LONG_PAGE, _GAP = 100_000, 600  # characters


def items_of_lengths(
    items: Sequence[EvaluationItem], count: int, chance: random.Random
) -> dict[tuple[int, int], list[EvaluationItem]]:
    """Return so many items of each range of :data:`LENGTHS`."""
    lengths = [len(item.text.split()) for item in items]
    return {
        (low, high): chance.sample(
            [item for item, length in zip(items, lengths, strict=True) if low <= length <= high], count
        )
        for low, high in LENGTHS
    }


def parts_of(item: EvaluationItem, *names: str) -> str:
    """Return the parts of an item with these names, in lines; all of it if it has none."""
    return "\n".join(item.text[part.start : part.end] for part in item.parts if part.name in names) or item.text


def _in_lines(text: str) -> str:
    words = text.split()
    return "\n".join(" ".join(words[at : at + 8]) for at in range(0, len(words), 8))


def _other_numbers(text: str) -> str:
    return re.sub(r"(?<![\d.,])\d+(?![.,]?\d)", lambda m: f"{int(m[0]):,}" if len(m[0]) > 3 else f"{m[0]}.00", text)


def _one_more_word(text: str, chance: random.Random) -> str:
    words = text.split()
    at = chance.randrange(1, max(2, len(words)))
    return " ".join([*words[:at], "really", *words[at:]])


def _bold(text: str) -> str:
    return " ".join(f"**{word}**" if at % 3 == 0 else word for at, word in enumerate(text.split(" ")))


def _smart_quotes(text: str) -> str:
    return re.sub(r'"([^"]*)"', "\u201c\\1\u201d", text).replace("'", "\u2019")


def _labelled(item: EvaluationItem) -> str:
    labelled = (f"{part.name.title()}: {item.text[part.start : part.end]}" for part in item.parts)
    return "\n".join(labelled) or item.text


WAYS: dict[str, Callable[[EvaluationItem, random.Random], str]] = {
    "verbatim": lambda item, _: item.text,
    "lines": lambda item, _: _in_lines(item.text),
    "upper_case": lambda item, _: item.text.upper(),
    "no_punctuation": lambda item, _: re.sub(r"[^\w\s]", "", item.text),
    "numbers": lambda item, _: _other_numbers(item.text),
    "smart_quotes": lambda item, _: _smart_quotes(item.text),
    "bold": lambda item, _: _bold(item.text),
    "labels": lambda item, _: _labelled(item),
    "in_100_kb": lambda item, _: item.text,
    "split": lambda item, _: item.text,
    "inserted_word": lambda item, chance: _one_more_word(item.text, chance),
    "question_only": lambda item, _: parts_of(item, "context", "question"),
    "answer_only": lambda item, _: parts_of(item, "answer"),
}


def planted_page(way: str, item: EvaluationItem, pages: Sequence[str], chance: random.Random) -> str:
    """Return a real page with an item in it, written in one of :data:`WAYS`."""
    page, text = chance.choice(pages), WAYS[way](item, chance)
    if way == "in_100_kb":
        page = "\n\n".join(chance.sample(pages, min(30, len(pages))))[:_LONG_PAGE]
    if way == "split":
        words, middle = text.split(), len(page) // 2
        half = len(words) // 2
        pieces = [page[:middle], " ".join(words[:half]), page[middle : middle + _GAP], " ".join(words[half:])]
        return "\n".join([*pieces, page[middle + _GAP :]])
    paragraphs = page.split("\n\n")
    at = chance.randrange(len(paragraphs) + 1)
    return "\n\n".join([*paragraphs[:at], text, *paragraphs[at:]])
