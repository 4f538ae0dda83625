"""Explicit content, told by a list of phrases: our stand-in for the SafeSearch filter, which is not public.

A phrase is found where its words stand one after the other, whatever their case, the white space between them and the
punctuation at their edges. Of phrases that overlap, the one that begins first counts, and of those the longest.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from massivetext import assets
from massivetext.errors import UserError
from massivetext.signals.batch import F64, I64, Batch, Columns, normal_form, ratios

LIST = assets.folder("filters") / "lists" / "unsafe_phrases.txt"


def measure(batch: Batch) -> Columns:
    """Number of distinct unsafe phrases of each text, and weight of all their copies per 1,000 words."""
    return find(batch, _built_in(LIST))


@dataclass(frozen=True, slots=True)
class Phrases:
    """Weighted phrases as a tree of words.

    Attributes:
        weights: weight of each phrase.
        numbers: number of each word that occurs in a phrase, from 1.
        keys: edges of the tree, ascending: node * (words + 1) + word; node 0 is the root.
        children: the node that each edge leads to.
        phrase: phrase that ends at each node, or -1.
        longest: words of the longest phrase.
    """

    weights: F64
    numbers: Mapping[str, int]
    keys: I64
    children: I64
    phrase: I64
    longest: int


def read_phrases(path: Path) -> Phrases:
    """A list with a weight, a tab and a phrase a line; ``#`` begins a comment line.

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
    return plant(weighted)


def _parse(line: str, place: str) -> tuple[tuple[str, ...], float]:
    head, _, tail = line.partition("\t")
    phrase = tuple(filter(None, map(normal_form, tail.split())))
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
    numbers = {word: number for number, word in enumerate(words, start=1)}
    edges: dict[int, int] = {}
    ends = [-1]
    for index, phrase in enumerate(weighted):
        node = 0
        for word in phrase:
            key = node * (len(words) + 1) + numbers[word]
            if key not in edges:
                edges[key] = len(ends)
                ends.append(-1)
            node = edges[key]
        ends[node] = index
    keys = np.array(sorted(edges), np.int64)
    return Phrases(
        weights=np.array(list(weighted.values()), np.float64),
        numbers=numbers,
        keys=keys,
        children=np.array([edges[int(key)] for key in keys], np.int64),
        phrase=np.array(ends, np.int64),
        longest=max(map(len, weighted), default=0),
    )


def find(batch: Batch, phrases: Phrases) -> Columns:
    """Both signals of each text for a given list."""
    known = (phrases.numbers.get(form, 0) for form in batch.forms)
    table = np.fromiter(known, np.int64, len(batch.vocabulary))
    at, length, phrase = _matches(table[batch.words], batch, phrases)
    kept = _without_overlap(at, length)
    owner, phrase = batch.owners[at[kept]], phrase[kept]
    weight = np.bincount(owner, weights=phrases.weights[phrase], minlength=len(batch.texts))
    distinct = np.unique(owner << 32 | phrase) >> 32
    return {
        "unsafe_phrase_count": np.bincount(distinct, minlength=len(batch.texts)).astype(np.int64),
        "unsafe_phrase_weight": 1000.0 * ratios(weight, batch.counts),
    }


def _matches(tokens: I64, batch: Batch, phrases: Phrases) -> tuple[I64, I64, I64]:
    """Position, length and number of the longest phrase that begins at each word where one does."""
    at = np.flatnonzero(tokens)
    node = np.zeros(len(at), np.int64)
    longest, found = np.zeros(len(tokens), np.int64), np.zeros(len(tokens), np.int64)
    for depth in range(phrases.longest):
        within = at + depth < batch.starts[batch.owners[at] + 1]
        at, node = at[within], node[within]
        key = node * (len(phrases.numbers) + 1) + tokens[at + depth]
        edge = np.minimum(np.searchsorted(phrases.keys, key), len(phrases.keys) - 1)
        exists = phrases.keys[edge] == key
        at, node = at[exists], phrases.children[edge[exists]]
        complete = phrases.phrase[node] >= 0
        longest[at[complete]] = depth + 1
        found[at[complete]] = phrases.phrase[node[complete]]
    hits = np.flatnonzero(longest)
    return hits, longest[hits], found[hits]


def _without_overlap(at: I64, length: I64) -> I64:
    """Indices of the matches that begin at or after the end of the last one taken."""
    kept, free = [], 0
    for index, (start, stop) in enumerate(zip(at.tolist(), (at + length).tolist(), strict=True)):
        if start >= free:
            kept.append(index)
            free = stop
    return np.array(kept, np.int64)


@functools.cache
def _built_in(path: Path) -> Phrases:
    return read_phrases(path)
