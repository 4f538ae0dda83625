"""Candidate pairs: documents that share an LSH bucket."""

import numpy as np
import numpy.typing as npt

from massivetext.schema import U64

Pairs = npt.NDArray[np.uint64]  # document references, shape (k, 2)


def bucket_pairs(bucket_hashes: U64, document_refs: U64, max_bucket: int) -> tuple[Pairs, int]:
    """Return the pairs of documents that share a bucket.

    A bucket of at most ``max_bucket`` documents gives all its pairs. In a larger one each document is paired only with
    the first and with its predecessor, by document reference. The number of pairs then stays linear and a chain of
    copies stays connected, but pairs may be missing, so the number of such buckets is returned too.

    Args:
        bucket_hashes: bucket of each row, from :func:`massivetext.dedup.minhash.bucket_hashes`; one row per document
            and band, in any order.
        document_refs: document of each row.
        max_bucket: at least 1.

    Returns:
        (pairs, oversized): uint64[k, 2], distinct and sorted, the smaller reference first; and the number of oversized
        buckets.

    Raises:
        ValueError: the arrays differ in length, or ``max_bucket`` is less than 1.
    """
    if bucket_hashes.shape != document_refs.shape or bucket_hashes.ndim != 1:
        raise ValueError(
            f"bucket_pairs: want one document reference per bucket hash, got {document_refs.shape} and "
            f"{bucket_hashes.shape}"
        )
    if max_bucket < 1:
        raise ValueError(f"bucket_pairs: want max_bucket of at least 1, got {max_bucket}")
    _, members, starts, sizes = _buckets(bucket_hashes, document_refs)
    large = sizes > max_bucket
    found = [_linear_pairs(members, starts[large], sizes[large]), _small_pairs(members, starts[~large], sizes[~large])]
    return distinct_pairs(np.concatenate(found)), int(np.count_nonzero(large))


def split_crowds(bucket_hashes: U64, document_refs: U64, max_bucket: int) -> tuple[Pairs, U64, U64]:
    """Return all pairs of documents that share a bucket of at most ``max_bucket``, and the rows of larger buckets.

    Args:
        bucket_hashes: bucket of each row, as for :func:`bucket_pairs`.
        document_refs: document of each row.
        max_bucket: at least 1.

    Returns:
        (pairs, bucket hashes, document references): uint64[k, 2], distinct and sorted, the smaller reference first; and
        the distinct rows of larger buckets, sorted.
    """
    buckets, members, starts, sizes = _buckets(bucket_hashes, document_refs)
    large = sizes > max_bucket
    crowded = np.repeat(large, sizes)
    pairs = distinct_pairs(_small_pairs(members, starts[~large], sizes[~large]))
    return pairs, buckets[crowded], members[crowded]


def distinct_pairs(pairs: Pairs) -> Pairs:
    """Return the distinct pairs, sorted."""
    if not len(pairs):
        return pairs
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    new = np.ones(len(pairs), dtype=bool)
    new[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    return pairs[new]


def _buckets(bucket_hashes: U64, document_refs: U64) -> tuple[U64, U64, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return (bucket and member of each distinct row, ordered by both; start of each bucket; size of each bucket).

    Rows that are alone in their bucket, which are most, are left out.
    """
    order = np.argsort(bucket_hashes)
    hashes = bucket_hashes[order]
    repeated = hashes[1:] == hashes[:-1]
    shared = np.append(repeated, False) | np.append(False, repeated) if len(hashes) else np.zeros(0, np.bool_)
    hashes, members = hashes[shared], document_refs[order[shared]]
    order = np.lexsort((members, hashes))
    hashes, members = hashes[order], members[order]
    new = np.ones(len(hashes), dtype=bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (members[1:] != members[:-1])
    hashes, members = hashes[new], members[new]
    first = np.ones(len(hashes), dtype=bool)
    first[1:] = hashes[1:] != hashes[:-1]
    starts = np.flatnonzero(first).astype(np.int64)
    return hashes, members, starts, np.diff(starts, append=len(hashes)).astype(np.int64)


def _small_pairs(members: U64, starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> Pairs:
    """Return all pairs of each bucket, bucket by bucket of a size."""
    found = [np.zeros((0, 2), np.uint64)]
    for size in np.unique(sizes):
        if size > 1:
            first, second = np.triu_indices(int(size), 1)
            origin = starts[sizes == size][:, None]
            found.append(_columns(members[origin + first], members[origin + second]))
    return np.concatenate(found)


def _linear_pairs(members: U64, starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> Pairs:
    """Return, for each bucket, its first member with every other one, and every member with the next one."""
    others = sizes - 1
    before = np.cumsum(others) - others
    within = np.arange(int(others.sum()), dtype=np.int64) - np.repeat(before, others) + 1
    heads = np.repeat(starts, others)
    star = _columns(members[heads], members[heads + within])
    chain = _columns(members[heads + within - 1], members[heads + within])
    return np.concatenate([star, chain])


def _columns(first: U64, second: U64) -> Pairs:
    return np.stack([first.ravel(), second.ravel()], axis=1)
