"""All similar pairs of some shingle sets, without comparing all with all.

Two sets with a Jaccard similarity above a threshold share a shingle among the rarest few of each: *prefix filtering*
(Chaudhuri et al. 2006, Bayardo et al. 2007). So only documents that share such a shingle are compared. What many of the
documents have in common, such as a template, is not rare among them, so it brings no two of them together.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, compiled_and_cached
from massivetext.dedup.shingle_files import count_common
from massivetext.schema import U64

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LONGEST_LIST = 256  # documents with the same rare shingle that a later one is compared with


class Joined(NamedTuple):
    """The similar pairs of some sets.

    Attributes:
        pairs: int64[k, 2], positions of the sets, the smaller one first; by the second, then the first.
        uncompared: bool[sets]: whether a set was not compared with all that share a rare shingle with it.
    """

    pairs: I64
    uncompared: Bools


def similar_pairs(shingles: U64, bounds: I64, threshold: float, *, longest_list: int = LONGEST_LIST) -> Joined:
    """Return the pairs of sets with a Jaccard similarity above a threshold.

    Args:
        shingles: the shingles of all sets, each set sorted and distinct.
        bounds: int64[sets + 1]; the shingles of set ``i`` are those from ``bounds[i]`` to ``bounds[i + 1]``.
        threshold: 0 to 1.
        longest_list: a set is compared with the first so many earlier ones that share a rare shingle with it, at least;
            what is left out is told.
    """
    sizes = np.diff(bounds)
    owners = np.repeat(np.arange(len(sizes)), sizes)
    _, numbers, counts = np.unique(shingles, return_inverse=True, return_counts=True)
    numbers = numbers.reshape(-1).astype(np.int64)
    rarest_first = np.lexsort((numbers, counts[numbers], owners))
    # A similar pair shares more than threshold * size shingles of each, so one of the first size - threshold * size.
    lengths = np.minimum(sizes, sizes - np.floor(threshold * sizes).astype(np.int64) + 1)
    in_prefix = np.arange(len(owners)) - np.repeat(bounds[:-1] - bounds[0], sizes) < np.repeat(lengths, sizes)
    prefixes, prefix_owners = numbers[rarest_first][in_prefix], owners[in_prefix]
    by_shingle = np.argsort(prefixes, kind="stable")  # within a shingle by owner
    starts = np.searchsorted(prefixes[by_shingle], np.arange(len(counts) + 1)).astype(np.int64)
    prefix_bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    uncompared = np.zeros(len(sizes), np.bool_)
    lists = (prefixes, prefix_bounds, prefix_owners[by_shingle].astype(np.int64), starts)
    pairs = _join(shingles, bounds.astype(np.int64), lists, threshold, longest_list, uncompared)
    return Joined(pairs, uncompared)


@compiled_and_cached
def _join(
    shingles: U64,
    bounds: I64,
    lists: tuple[I64, I64, I64, I64],
    threshold: float,
    longest_list: int,
    uncompared: Bools,
) -> I64:
    seen, sharing = np.full(len(bounds) - 1, -1, np.int64), np.empty(len(bounds) - 1, np.int64)
    found, count = np.empty((1024, 2), np.int64), 0
    for later in range(len(bounds) - 1):
        size = bounds[later + 1] - bounds[later]
        candidates = _sharing(later, lists, longest_list, seen, sharing, uncompared)
        sharing[:candidates].sort()
        for earlier in sharing[:candidates]:
            other = bounds[earlier + 1] - bounds[earlier]
            if min(size, other) <= threshold * max(size, other):
                continue
            shared = count_common(shingles, bounds[earlier], bounds[earlier + 1], bounds[later], bounds[later + 1])
            if shared / (size + other - shared) > threshold:
                if count == len(found):
                    larger = np.empty((2 * count, 2), np.int64)
                    larger[:count] = found
                    found = larger
                found[count, 0], found[count, 1] = earlier, later
                count += 1
    return found[:count].copy()


@compiled
def _sharing(
    later: int, lists: tuple[I64, I64, I64, I64], longest_list: int, seen: I64, sharing: I64, uncompared: Bools
) -> int:
    """Write the earlier sets that share a rare shingle with a set, each once, and return their number."""
    prefixes, prefix_bounds, members, starts = lists
    count = 0
    for at in range(prefix_bounds[later], prefix_bounds[later + 1]):
        start = starts[prefixes[at]]
        for place in range(start, starts[prefixes[at] + 1]):
            earlier = members[place]
            if earlier >= later:
                break
            if place - start >= longest_list:
                uncompared[later] = True
                break
            if seen[earlier] != later:
                seen[earlier] = later
                sharing[count] = earlier
                count += 1
    return count
