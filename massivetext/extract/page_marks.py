"""Marks in the bytes of a page that show what it is: an article, a product, a thread, a list, documentation, a shop."""

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled_and_cached
from massivetext.extract.tags import I64, U8

# Byte strings in lower case, one or more a mark.
PAGE_MARKS = tuple(
    tuple(word.encode() for word in words.split())
    for words in (
        '"newsarticle" "article" "blogposting" content="article"',
        '"product" schema.org/product content="product',
        "discussionforumposting qapage phpbb vbulletin xenforo discourse",
        '"itemlist" "collectionpage" woocommerce shopify',
        "sphinx docusaurus readthedocs mkdocs javadoc gitbook",
        "add-to-cart addtocart add_to_cart",
    )
)
MARKED_BYTES = 100_000  # at the beginning of a page, in which marks are looked for


class _MarkWords(NamedTuple):
    """The words, sorted by their first two bytes.

    Attributes:
        first: int16[65536], number of the first word that begins with two bytes; -1: none does.
        letters: uint8[words, longest], the words, filled up with zeros.
        lengths: int64[words].
        marks: int64[words], the mark that a word stands for.
    """

    first: npt.NDArray[np.int16]
    letters: U8
    lengths: I64
    marks: I64


@functools.cache
def _words() -> _MarkWords:
    every = sorted((word, mark) for mark, words in enumerate(PAGE_MARKS) for word in words)
    letters = np.zeros((len(every), max(len(word) for word, _ in every)), np.uint8)
    first = np.full(1 << 16, -1, np.int16)
    for number, (word, _) in reversed(list(enumerate(every))):
        letters[number, : len(word)] = list(word)
        first[word[0] << 8 | word[1]] = number
    lengths = np.array([len(word) for word, _ in every])
    return _MarkWords(first, letters, lengths, np.array([mark for _, mark in every]))


def find_page_marks(data: U8) -> list[bool]:
    """Return for each of the PAGE_MARKS whether one of its words, in any case, is in the first bytes of a page."""
    found = np.zeros(len(PAGE_MARKS), np.bool_)
    _find(data[:MARKED_BYTES], _words(), found)
    marks: list[bool] = found.tolist()
    return marks


@compiled_and_cached
def _find(data: U8, words: _MarkWords, found: npt.NDArray[np.bool_]) -> None:
    lower = np.arange(256)
    lower[65:91] += 32
    for place in range(len(data) - 1):
        first, second = lower[data[place]], lower[data[place + 1]]
        word = words.first[first << 8 | second]
        while 0 <= word < len(words.lengths) and words.letters[word, 0] == first and words.letters[word, 1] == second:
            length = words.lengths[word]
            at = 2
            while at < length and place + at < len(data) and lower[data[place + at]] == words.letters[word, at]:
                at += 1
            if at == length:
                found[words.marks[word]] = True
            word += 1
