"""Removal by representative: a document goes only if its measured similarity with a kept one exceeds the threshold.

A document is named by its *place*: its position among the documents in the order of their ranks, from 0.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, compiled_and_cached
from massivetext.dedup.clusters import connected_components
from massivetext.dedup.pair_windows import PairWindows, sort_pairs
from massivetext.schema import U64

I64 = npt.NDArray[np.int64]

MAX_ROUNDS = 32
JOINED_DOCUMENTS = 2**16  # kept documents of crowds that are searched together, with their shingles in memory
_GROWTH = 4  # of the number of kept documents per crowd that the others are compared with, from round to round

Crowds = tuple[U64, I64]  # rows of oversized buckets: bucket hash and place of the document; a bucket is never split
# (round, pairs of places) -> (number of pairs that were not known before; those of them above the threshold)
Measure = Callable[[int, I64], tuple[int, I64]]
# groups of ascending places -> (pairs within a group above the threshold; places that were not compared with all of
# their group that may be similar)
Join = Callable[[list[I64]], tuple[I64, I64]]


class Choice(NamedTuple):
    """Which documents are kept.

    Attributes:
        keepers: int64[documents]: place of the first kept document that each one resembles; its own place if it is
            kept.
        rounds: number of rounds in which pairs were measured.
        unmeasured: number of pairs that a further round would have measured; 0 but after :data:`MAX_ROUNDS` rounds.
        uncompared: number of kept documents of oversized buckets that were not compared with all others that may be
            similar, because there are too many.
    """

    keepers: I64
    rounds: int
    unmeasured: int
    uncompared: int = 0


def choose_representatives(
    documents: int,
    pairs: PairWindows,
    crowds: Callable[[], Iterable[Crowds]],
    measure: Measure,
    join: Join,
    max_bucket: int,
) -> Choice:
    """Choose the documents to keep, and measure the pairs that this takes.

    A round goes through the documents in the order of their ranks and removes each that resembles one kept before it.
    Then it asks for the pairs that may be missing (:func:`pairs_between_groups`, :func:`pairs_of_lost_keepers`,
    :func:`pairs_in_crowds`). When all of these are measured, the documents that are still kept in large crowds are
    searched for similar pairs (:func:`kept_in_large_crowds`), and new ones begin another round. The last one finds that
    all are measured. The result depends on the pairs, the crowds and the ranks alone, and documents without a common
    pair or crowd do not influence each other.

    Args:
        documents: number of places.
        pairs: the measured pairs above the threshold; pairs that are measured here are added.
        crowds: yields the rows of the oversized buckets, at every call the same.
        measure: measures the pairs that are not yet known, and returns their number and those above the threshold.
        join: finds the similar pairs within each of some groups of connected crowds.
        max_bucket: kept documents of a crowd that the others are compared with, at most; at least 1.
    """
    keepers, rounds, unmeasured, uncompared = np.arange(documents, dtype=np.int64), 0, 0, 0
    for number in range(1, MAX_ROUNDS + 1):
        before, keepers = keepers, first_kept(documents, pairs)
        unmeasured, above = measure(number, wanted_pairs(number, before, keepers, pairs, crowds(), max_bucket))
        if not unmeasured and representatives_in(number, max_bucket) == max_bucket:
            similar, left_out = join_crowds(crowds(), keepers, join, max_bucket)
            uncompared = len(left_out)
            unmeasured, above = measure(number, similar)
            if not unmeasured:
                return Choice(keepers, rounds, 0, uncompared)
        if unmeasured:
            rounds += 1
            pairs.add(above)
    return Choice(first_kept(documents, pairs), rounds, unmeasured, uncompared)


def representatives_in(number: int, max_bucket: int) -> int:
    """Return with how many kept documents of each crowd the others are compared in a round."""
    return min(max_bucket, int(_GROWTH ** (number - 1)))


def wanted_pairs(
    number: int, before: I64, keepers: I64, pairs: PairWindows, crowds: Iterable[Crowds], max_bucket: int
) -> I64:
    """Return the pairs that may be missing in a round, distinct and sorted.

    Args:
        number: number of the round, from 1.
        before: keepers of the round before.
        keepers: keepers of this round.
        pairs: the measured pairs above the threshold.
        crowds: rows of the oversized buckets.
        max_bucket: as for :func:`choose_representatives`.
    """
    wanted = [pairs_between_groups(pairs, keepers), pairs_of_lost_keepers(before, keepers)]
    wanted += [pairs_in_crowds(each, keepers, representatives_in(number, max_bucket)) for each in crowds]
    return sort_pairs(np.concatenate(wanted))


def first_kept(documents: int, pairs: PairWindows) -> I64:
    """Return the keeper of every document, :attr:`Choice.keepers`, given the pairs above the threshold."""
    keepers = np.arange(documents, dtype=np.int64)
    for window in pairs:
        _remove_similar(window, keepers)
    return keepers


@compiled_and_cached
def _remove_similar(pairs: I64, keepers: I64) -> None:
    # When the first pair of a document is reached, all documents before it are decided.
    for row in range(len(pairs)):
        earlier, later = pairs[row, 0], pairs[row, 1]
        if keepers[later] == later and keepers[earlier] == earlier:
            keepers[later] = earlier


def pairs_between_groups(pairs: PairWindows, keepers: I64) -> I64:
    """Return the pairs of different keepers whose documents are near-duplicates of each other; distinct and sorted.

    Such keepers may themselves be near-duplicates that no band has brought together.
    """
    found = np.zeros((0, 2), np.int64)
    for window in pairs:
        ends = keepers[window]
        between = np.sort(ends[ends[:, 0] != ends[:, 1]], axis=1)
        found = sort_pairs(np.concatenate([found, between]))
    return found


def pairs_of_lost_keepers(before: I64, keepers: I64) -> I64:
    """Return the pairs of documents with the keepers of those that were their keepers before; distinct and sorted.

    Without them the documents that a removed keeper stood for would come back one after the other, a round for each.
    """
    found = np.stack([keepers[before], np.arange(len(before), dtype=np.int64)], axis=1)
    return sort_pairs(found[(keepers[before] != before) & (found[:, 0] != keepers)])


def pairs_in_crowds(crowds: Crowds, keepers: I64, representatives: int) -> I64:
    """Return, for every oversized bucket, the pairs of its first kept documents with every later kept one.

    Args:
        crowds: rows of whole buckets, in any order.
        keepers: keeper of every document.
        representatives: number of first documents, at least 1.
    """
    buckets, places = crowds
    kept = keepers[places] == places
    buckets, places = buckets[kept], places[kept]
    order = np.lexsort((places, buckets))
    buckets, places = buckets[order], places[order]
    starts = np.flatnonzero(np.append(True, buckets[1:] != buckets[:-1])) if len(buckets) else np.zeros(0, np.int64)
    found = [np.zeros((0, 2), np.int64)]
    for members in np.split(places, starts[1:]) if len(places) else []:
        for first in range(min(representatives, len(members) - 1)):
            later = members[first + 1 :]
            found.append(np.stack([np.full(len(later), members[first]), later], axis=1))
    return sort_pairs(np.concatenate(found))


def join_crowds(crowds: Iterable[Crowds], keepers: I64, join: Join, max_bucket: int) -> tuple[I64, I64]:
    """Return what ``join`` finds among the kept documents of crowds of which more than ``max_bucket`` are kept.

    Crowds with common documents are searched together, their first :data:`JOINED_DOCUMENTS` kept documents by rank.

    Returns:
        (pairs, left out): distinct, sorted pairs of places; the places that were not compared with all that may be
        similar.
    """
    links = np.concatenate([np.zeros((0, 2), np.int64), *(_large_crowds(each, keepers, max_bucket) for each in crowds)])
    nodes, labels = connected_components(links.astype(np.uint64))
    places = nodes.astype(np.int64)
    order = np.lexsort((places, labels))
    groups = np.split(places[order], np.flatnonzero(np.diff(labels[order])) + 1) if len(places) else []
    found, left_out = [np.zeros((0, 2), np.int64)], [np.zeros(0, np.int64)]
    batch: list[I64] = []
    for number, group in enumerate(groups):
        batch.append(group[:JOINED_DOCUMENTS])
        left_out.append(group[JOINED_DOCUMENTS:])
        if number + 1 == len(groups) or sum(map(len, batch)) + len(groups[number + 1]) > JOINED_DOCUMENTS:
            pairs, uncompared = join(batch)
            found.append(pairs)
            left_out.append(uncompared)
            batch = []
    return sort_pairs(np.concatenate(found)), np.unique(np.concatenate(left_out))


def _large_crowds(crowds: Crowds, keepers: I64, max_bucket: int) -> I64:
    """Return (first, member) of each kept member of each bucket of which more than ``max_bucket`` are kept."""
    buckets, places = crowds
    kept = keepers[places] == places
    order = np.lexsort((places[kept], buckets[kept]))
    buckets, places = buckets[kept][order], places[kept][order]
    _, starts, sizes = np.unique(buckets, return_index=True, return_counts=True)
    large = np.repeat(sizes > max_bucket, sizes)
    return np.stack([places[np.repeat(starts, sizes)], places], axis=1)[large]


# -- components --------------------------------------------------------------------------------------------------------


def components(documents: int, pairs: PairWindows) -> I64:
    """Return the first place of the connected component of every document, int64[documents]."""
    parents = np.arange(documents, dtype=np.int64)
    for window in pairs:
        _join(window, parents)
    while not np.array_equal(grandparents := parents[parents], parents):
        parents = grandparents
    return parents


@compiled
def _root(parents: I64, place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place


@compiled_and_cached
def _join(pairs: I64, parents: I64) -> None:
    for row in range(len(pairs)):
        one, two = _root(parents, pairs[row, 0]), _root(parents, pairs[row, 1])
        if one != two:
            parents[max(one, two)] = min(one, two)


def diameter(pairs: I64) -> int:
    """Return the diameter of a connected graph, or a number that is little less: the longest of four searches.

    Each search begins at a document that is farthest from the beginning of the one before. This is exact for chains and
    trees, and at least half of the diameter for every graph.

    Args:
        pairs: int64[k, 2] of any places, not empty.
    """
    nodes, ends = np.unique(pairs, return_inverse=True)
    ends = ends.reshape(-1, 2)
    both = np.concatenate([ends, ends[:, ::-1]]).astype(np.int64)
    both = both[np.argsort(both[:, 0], kind="stable")]
    bounds = np.searchsorted(both[:, 0], np.arange(len(nodes) + 1)).astype(np.int64)
    longest, start = 0, 0
    for _ in range(4):
        start, length = _farthest(bounds, np.ascontiguousarray(both[:, 1]), start)
        longest = max(longest, length)
    return longest


@compiled_and_cached
def _farthest(bounds: I64, neighbours: I64, start: int) -> tuple[int, int]:
    """Return a node that is farthest from a node of a connected graph, and its distance."""
    distances = np.full(len(bounds) - 1, -1, np.int64)
    waiting = np.empty(len(bounds) - 1, np.int64)
    waiting[0], distances[start] = start, 0
    begin, end = 0, 1
    node = start
    while begin < end:
        node = waiting[begin]
        begin += 1
        for at in range(bounds[node], bounds[node + 1]):
            other = neighbours[at]
            if distances[other] < 0:
                distances[other] = distances[node] + 1
                waiting[end] = other
                end += 1
    return node, distances[node]
