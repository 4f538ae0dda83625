"""Signals of explicit content, found by a list of phrases: our replacement of SafeSearch, which is not public.

A phrase matches where its words follow one another; case, white space between words and punctuation at their edges do
not count. Of overlapping phrases the one that begins first counts, and of those that begin together the longest.
"""

import functools
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np

from massivetext.compiled import compiled, uncompiled
from massivetext.errors import UserError
from massivetext.signals.definitions import UNSAFE_PHRASES
from massivetext.signals.forms import form
from massivetext.signals.hash_table import I32, KeyNumbers, build_key_numbers, find_key_number, group_keys
from massivetext.signals.scan import F64, WordRecords
from massivetext.signals.scanned_text import ScannedText
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import Columns, KernelCounts, SignalGroup, ratios
from massivetext.signals.word_hash import extend_hash, word_hash
from massivetext.signals.words import WordCount

_phrases = functools.partial(
    describe,
    family="safety",
    source="ours: SafeSearch, which Rae et al. 2021, A.1.1 uses, is not public; a weighted phrase list stands in",
)


class PhraseCount(IntEnum):
    """Columns of :func:`count_phrases`: number of different phrases, and the weight of all their occurrences."""

    DISTINCT = 0
    WEIGHT = 1


class PhraseTree(NamedTuple):
    """Weighted phrases as a tree of words; node 0 is the root.

    Attributes:
        words: number of each word, by the hash of its form.
        edges: number of each edge, by a hash of its parent node and word number.
        children: int32[edges], the node to which each edge leads.
        phrases: int32[nodes], the phrase that ends at each node, or -1.
        weights: float64[phrases], weight of each phrase.
    """

    words: KeyNumbers
    edges: KeyNumbers
    children: I32
    phrases: I32
    weights: F64


def read_phrases(path: Path) -> dict[tuple[str, ...], float]:
    """Read a list of phrases and return their weights. A line is a weight, a tab and a phrase; or a ``#`` comment.

    Raises:
        UserError: the file is missing, a line has another form, a weight is not above 0 and at most 100, or a phrase
            occurs twice; names file and line.
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


def _parse(line: str, where: str) -> tuple[tuple[str, ...], float]:
    head, _, tail = line.partition("\t")
    phrase = tuple(filter(None, map(form, tail.split())))
    try:
        weight = float(head)
    except ValueError:
        weight = 0.0
    if not (phrase and 0.0 < weight <= 100.0):
        raise UserError(f"{where}: want a weight above 0 and at most 100, a tab and a phrase, got {line!r}")
    return phrase, weight


def build_phrase_tree(weighted: Mapping[tuple[str, ...], float]) -> PhraseTree:
    """Return the tree of some phrases, each a tuple of words in normal form."""
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
    return PhraseTree(
        words=build_key_numbers(np.array([word_hash(word) for word in words], np.uint64)),
        edges=build_key_numbers(np.array([_edge_of(*edge) for edge in children], np.uint64)),
        children=np.array(list(children.values()), np.int32),
        phrases=np.array(ends, np.int32),
        weights=np.array(list(weighted.values()), np.float64),
    )


@functools.cache
def built_in_phrases() -> PhraseTree:
    """Return the phrases of the shipped list. Raises UserError if it is missing or damaged."""
    return build_phrase_tree(read_phrases(UNSAFE_PHRASES))


@compiled
def _edge(node: int, word: int) -> np.uint64:
    return extend_hash(extend_hash(np.uint64(1), np.uint64(node)), np.uint64(word))


def _edge_of(node: int, word: int) -> np.uint64:
    with np.errstate(over="ignore"):  # arithmetic is modulo 2**64
        first = uncompiled(extend_hash)(np.uint64(1), np.uint64(node))
        return np.uint64(uncompiled(extend_hash)(first, np.uint64(word)))


@compiled
def count_phrases(text: ScannedText, counts: F64, phrases: PhraseTree) -> None:
    """Fill float64[PhraseCount] for a text."""
    words, count, buffers = text.words, text.word_count, text.buffers
    found, weight = 0, 0.0
    at = 0
    while at < count:
        after = at + 1
        if find_key_number(phrases.words, words[at].form) >= 0:  # most words are in no phrase
            phrase, after = _longest(words, count, phrases, at)
            if phrase >= 0:
                weight += phrases.weights[phrase]
                buffers.ngram_hashes[found] = extend_hash(np.uint64(1), np.uint64(phrase))
                found += 1
        at = after
    distinct = group_keys(text.table, buffers.ngram_hashes, found, buffers.groups, buffers.copies)
    counts[PhraseCount.DISTINCT], counts[PhraseCount.WEIGHT] = distinct, weight


@compiled
def _longest(words: WordRecords, count: int, phrases: PhraseTree, at: int) -> tuple[int, int]:
    """Return the longest phrase that begins at a word, or -1; and the index of the word after it."""
    node, found, after = 0, -1, at + 1
    for here in range(at, count):
        number = find_key_number(phrases.words, words[here].form)
        edge = find_key_number(phrases.edges, _edge(node, number)) if number >= 0 else -1
        if edge < 0:
            break
        node = phrases.children[edge]
        if phrases.phrases[node] >= 0:
            found, after = phrases.phrases[node], here + 1
    return found, after


def _formulas(counts: KernelCounts) -> Columns:
    return {
        "unsafe_phrase_count": counts[PhraseCount.DISTINCT],
        "unsafe_phrase_weight": 1000.0 * ratios(counts[PhraseCount.WEIGHT], counts[WordCount.WORDS]),
    }


GROUP = SignalGroup(
    signals=(
        _phrases("unsafe_phrase_count", "count", "Distinct phrases of `filters/lists/unsafe_phrases.txt` that occur."),
        _phrases(
            "unsafe_phrase_weight",
            "weight per 1,000 words",
            "Sum of the weights of all copies of those phrases (of overlapping ones the first, and the longest), per "
            "1,000 words.",
        ),
    ),
    columns=PhraseCount,
    count=count_phrases,
    tables=built_in_phrases,
    formulas=_formulas,
)
