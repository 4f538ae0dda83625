"""Exact copies: documents whose texts are equal, found by their 128-bit hashes."""

import numpy as np
import numpy.typing as npt

from massivetext.schema import U64


def exact_duplicates(hashes: npt.NDArray[np.uint8] | U64, ranks: U64, addresses: U64) -> tuple[U64, U64]:
    """The documents that go because an equal one is kept, and the one that is kept for each.

    Of documents with equal hashes the one with the smallest (rank, address) is kept, whatever the order of the rows.

    Args:
        hashes: text hashes: (n, 16) bytes, or (n, 2) uint64.
        ranks: :func:`massivetext.dedup.keeper.keeper_rank` of each document.
        addresses: address of each document, all different.

    Returns:
        (losers, keepers): addresses, row by row, losers ascending. Both empty when every hash occurs once.

    Raises:
        ValueError: the arrays do not fit together.
    """
    columns = _columns(hashes)
    if not len(columns) == len(ranks) == len(addresses):
        raise ValueError(
            f"exact_duplicates: want as many hashes as ranks and addresses, "
            f"got {len(columns)}, {len(ranks)} and {len(addresses)}"
        )
    if not len(columns):
        return addresses.copy(), addresses.copy()
    order = np.lexsort((addresses, ranks, columns[:, 1], columns[:, 0]))
    columns, sorted_addresses = columns[order], addresses[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (columns[1:] != columns[:-1]).any(axis=1)
    keepers = sorted_addresses[first][np.cumsum(first) - 1][~first]
    losers = sorted_addresses[~first]
    by_address = np.argsort(losers)
    return losers[by_address], keepers[by_address]


def _columns(hashes: npt.NDArray[np.uint8] | U64) -> U64:
    shape, kind = hashes.shape, hashes.dtype
    if kind == np.uint8 and shape[1:] == (16,):
        return np.ascontiguousarray(hashes).view(np.uint64)
    if kind == np.uint64 and shape[1:] == (2,):
        return hashes.astype(np.uint64, copy=False)
    raise ValueError(f"exact_duplicates: want hashes as (n, 16) uint8 or (n, 2) uint64, got {shape} {kind}")
