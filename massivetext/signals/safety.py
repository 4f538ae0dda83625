"""Explicit content, told by a list of phrases: our stand-in for the SafeSearch filter, which is not public.

A phrase is found where its words stand one after the other, whatever their case, the white space between them and the
punctuation at their edges. Of phrases that overlap, the one that begins first counts, and of those the longest.
"""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.errors import UserError
from massivetext.signals.compiled import compiled, plain
from massivetext.signals.definitions import UNSAFE_PHRASES
from massivetext.signals.forms import form
from massivetext.signals.hash_table import I32, Lookup, lookup_of, number_of
from massivetext.signals.scan import I64, Words, hash_of, join

F64 = npt.NDArray[np.float64]


class Phrases(NamedTuple):
    """Weighted phrases as a tree of words, whose root is node 0.

    Attributes:
        words: from the hash of a word's form to its number.
        edges: from a node and a word's number, joined, to the edge between the node and its child.
        children: int32, the node that each edge leads to.
        phrases: int32, the phrase that ends at each node, or -1.
        weights: float64, of each phrase.
    """

    words: Lookup
    edges: Lookup
    children: I32
    phrases: I32
    weights: F64


def read_phrases(path: Path) -> dict[tuple[str, ...], float]:
    """The weight of each phrase of a list with a weight, a tab and a phrase a line; ``#`` begins a comment line.

    Raises:
        UserError: a line is of another form, a weight is not above 0, or a phrase comes twice; names file and line.
    """
    weighted: dict[tuple[str, ...], float] = {}
    try:
        content = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UserError(f"phrase list: want a file {path}, found none; restore it from the release") from error
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            phrase, weight = _parse(line, f"{path}, line {number}")
            if phrase in weighted:
                raise UserError(f"{path}, line {number}: want each phrase once, got {' '.join(phrase)!r} again")
            weighted[phrase] = weight
    return weighted


def _parse(line: str, place: str) -> tuple[tuple[str, ...], float]:
    head, _, tail = line.partition("\t")
    phrase = tuple(filter(None, map(form, tail.split())))
    try:
        weight = float(head)
    except ValueError:
        weight = 0.0
    if not (phrase and 0.0 < weight <= 100.0):
        raise UserError(f"{place}: want a weight above 0 and at most 100, a tab and a phrase, got {line!r}")
    return phrase, weight


def plant(weighted: Mapping[tuple[str, ...], float]) -> Phrases:
    """The tree of some phrases, each a tuple of words in normal form."""
    words = sorted({word for phrase in weighted for word in phrase})
    numbers = {word: number for number, word in enumerate(words)}
    children: dict[tuple[int, int], int] = {}
    ends = [-1]
    for index, phrase in enumerate(weighted):
        node = 0
        for word in phrase:
            edge = node, numbers[word]
            if edge not in children:
                children[edge] = len(ends)
                ends.append(-1)
            node = children[edge]
        ends[node] = index
    return Phrases(
        words=lookup_of(np.array([hash_of(word) for word in words], np.uint64)),
        edges=lookup_of(np.array([_edge_of(*edge) for edge in children], np.uint64)),
        children=np.array(list(children.values()), np.int32),
        phrases=np.array(ends, np.int32),
        weights=np.array(list(weighted.values()), np.float64),
    )


@functools.cache
def built_in() -> Phrases:
    """The phrases of the shipped list. Raises UserError where it is missing or damaged."""
    return plant(read_phrases(UNSAFE_PHRASES))


@compiled
def _edge(node: int, word: int) -> np.uint64:
    return join(join(np.uint64(1), np.uint64(node)), np.uint64(word))


def _edge_of(node: int, word: int) -> np.uint64:
    with np.errstate(over="ignore"):  # arithmetic is modulo 2**64
        first = plain(join)(np.uint64(1), np.uint64(node))
        return np.uint64(plain(join)(first, np.uint64(word)))


@compiled
def find_phrases(words: Words, count: int, phrases: Phrases, seen: I64, text: int) -> tuple[int, float]:
    """Distinct phrases of a text, and the weight of all their copies.

    Args:
        words: records of :data:`massivetext.signals.scan.WORD`.
        count: how many.
        phrases: what to find.
        seen: int64[phrases], the text in which each was seen last.
        text: number of this one, above 0 and another for every text.
    """
    distinct, weight = 0, 0.0
    at = 0
    while at < count:
        after = at + 1
        if number_of(phrases.words, words[at].form) >= 0:  # most words are in no phrase
            found, after = _longest(words, count, phrases, at)
            if found >= 0:
                weight += phrases.weights[found]
                distinct += seen[found] != text
                seen[found] = text
        at = after
    return distinct, weight


@compiled
def _longest(words: Words, count: int, phrases: Phrases, at: int) -> tuple[int, int]:
    """The longest phrase that begins at a word, or -1; and the word after it."""
    node, found, after = 0, -1, at + 1
    for here in range(at, count):
        number = number_of(phrases.words, words[here].form)
        edge = number_of(phrases.edges, _edge(node, number)) if number >= 0 else -1
        if edge < 0:
            break
        node = phrases.children[edge]
        if phrases.phrases[node] >= 0:
            found, after = phrases.phrases[node], here + 1
    return found, after
