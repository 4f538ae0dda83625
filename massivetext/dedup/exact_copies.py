"""Exact copies: documents with equal texts, found by 128-bit hashes of the texts."""

import numpy as np
import numpy.typing as npt

from massivetext.schema import U64


def exact_duplicates(hashes: npt.NDArray[np.uint8] | U64, ranks: U64, document_refs: U64) -> tuple[U64, U64]:
    """Return the documents to drop because an equal one is kept, and the keeper of each.

    The keeper of documents with equal hashes has the smallest (rank, document reference), whatever the order of the
    rows.

    Args:
        hashes: text hashes: (n, 16) bytes, or (n, 2) uint64.
        ranks: :func:`massivetext.dedup.keeper.keeper_rank` of each document; or several columns of ranks, (n, columns),
            of which the first that differs decides.
        document_refs: reference of each document, all different.

    Returns:
        (dropped, keepers): document references, row by row, in ascending order of the dropped. Both are empty if every
        hash occurs once.

    Raises:
        ValueError: the arrays have different lengths, or the hashes another shape or type.
    """
    columns = _columns(hashes)
    if not len(columns) == len(ranks) == len(document_refs):
        raise ValueError(
            f"exact_duplicates: want as many hashes as ranks and document references, "
            f"got {len(columns)}, {len(ranks)} and {len(document_refs)}"
        )
    if not len(columns):
        return document_refs.copy(), document_refs.copy()
    by_rank = tuple(reversed(ranks.reshape(len(ranks), -1).T))
    order = np.lexsort((document_refs, *by_rank, columns[:, 1], columns[:, 0]))
    columns, sorted_refs = columns[order], document_refs[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (columns[1:] != columns[:-1]).any(axis=1)
    keepers = sorted_refs[first][np.cumsum(first) - 1][~first]
    dropped = sorted_refs[~first]
    by_reference = np.argsort(dropped)
    return dropped[by_reference], keepers[by_reference]


def _columns(hashes: npt.NDArray[np.uint8] | U64) -> U64:
    shape, kind = hashes.shape, hashes.dtype
    if kind == np.uint8 and shape[1:] == (16,):
        return np.ascontiguousarray(hashes).view(np.uint64)
    if kind == np.uint64 and shape[1:] == (2,):
        return hashes.astype(np.uint64, copy=False)
    raise ValueError(f"exact_duplicates: want hashes as (n, 16) uint8 or (n, 2) uint64, got {shape} {kind}")
