"""Pairs of documents that share a bucket."""

import numpy as np
import numpy.typing as npt

from massivetext.schema import U64

Pairs = npt.NDArray[np.uint64]  # shape (k, 2)


def bucket_pairs(keys: U64, addresses: U64, max_bucket: int) -> tuple[Pairs, int]:
    """The pairs of documents that stand in one bucket.

    A bucket of up to ``max_bucket`` documents gives all its pairs. In a larger one each document is paired with the
    bucket's first and with its predecessor, by address, so the number of pairs stays linear and a chain of copies
    stays connected; their number is returned, since pairs may be missing.

    Args:
        keys: one row a (band, document): the bucket; from :func:`massivetext.dedup.minhash.band_keys`.
        addresses: the document of each row; the order of the rows does not matter.
        max_bucket: at least 1.

    Returns:
        (pairs, oversized): uint64[k, 2], the smaller address first, distinct and sorted; and the oversized buckets.

    Raises:
        ValueError: the arrays differ in length, or ``max_bucket`` is less than 1.
    """
    if keys.shape != addresses.shape or keys.ndim != 1:
        raise ValueError(f"bucket_pairs: want one address a key, got {addresses.shape} and {keys.shape}")
    if max_bucket < 1:
        raise ValueError(f"bucket_pairs: want max_bucket of at least 1, got {max_bucket}")
    members, starts, sizes = _buckets(keys, addresses)
    large = sizes > max_bucket
    found = [_linear_pairs(members, starts[large], sizes[large])]
    for size in np.unique(sizes[~large]):
        if size > 1:
            first, second = np.triu_indices(int(size), 1)
            origin = starts[sizes == size][:, None]
            found.append(_columns(members[origin + first], members[origin + second]))
    return distinct_pairs(np.concatenate(found)), int(np.count_nonzero(large))


def distinct_pairs(pairs: Pairs) -> Pairs:
    """The pairs sorted, each once."""
    if not len(pairs):
        return pairs
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    new = np.ones(len(pairs), dtype=bool)
    new[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    return pairs[new]


def _buckets(keys: U64, addresses: U64) -> tuple[U64, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(members by bucket and address, where each bucket starts, how many it has)."""
    order = np.lexsort((addresses, keys))
    keys, members = keys[order], addresses[order]
    new = np.ones(len(keys), dtype=bool)
    new[1:] = (keys[1:] != keys[:-1]) | (members[1:] != members[:-1])
    keys, members = keys[new], members[new]
    first = np.ones(len(keys), dtype=bool)
    first[1:] = keys[1:] != keys[:-1]
    starts = np.flatnonzero(first).astype(np.int64)
    return members, starts, np.diff(starts, append=len(keys)).astype(np.int64)


def _linear_pairs(members: U64, starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> Pairs:
    """Of each bucket: its first with every other, and every neighbour with the next."""
    others = sizes - 1
    before = np.cumsum(others) - others
    within = np.arange(int(others.sum()), dtype=np.int64) - np.repeat(before, others) + 1
    heads = np.repeat(starts, others)
    star = _columns(members[heads], members[heads + within])
    chain = _columns(members[heads + within - 1], members[heads + within])
    return np.concatenate([star, chain])


def _columns(first: U64, second: U64) -> Pairs:
    return np.stack([first.ravel(), second.ravel()], axis=1)
