"""Rows of documents that cross a shuffle: their types, and how a batch of them is split by partition."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from massivetext.schema import U64

# The text hash of a document: 32 bytes.
TEXT_HASH_ROW = np.dtype([("hash", "<u8", (2,)), ("rank", "<u8"), ("document_ref", "<u8")])
# A document that repeats another one: 16 bytes.
REMOVED_ROW = np.dtype([("document_ref", "<u8"), ("keeper", "<u8")])
# A document in a bucket of one band: 16 bytes.
BUCKET_ROW = np.dtype([("bucket", "<u8"), ("document_ref", "<u8")])


_SHORT = 2**16


def text_hash_row(rank_columns: int) -> np.dtype[np.void]:
    """Return the type of the row of a document's text hash, with a rank of several columns, most important first."""
    if rank_columns == 1:
        return TEXT_HASH_ROW
    return np.dtype([("hash", "<u8", (2,)), ("rank", "<u8", (rank_columns,)), ("document_ref", "<u8")])


def split_by_partition(batch: npt.NDArray[np.void], hashes: U64, partitions: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield (partition number, bytes of its rows) for every partition that gets a row.

    Args:
        batch: structured array of rows.
        hashes: hash of each row; its partition is this hash modulo ``partitions``.
        partitions: number of partitions.
    """
    # Numpy sorts numbers of 16 bits by radix, in linear time.
    numbers = (hashes % np.uint64(partitions)).astype(np.uint16 if partitions <= _SHORT else np.int64)
    order = np.argsort(numbers, kind="stable")
    bounds = np.searchsorted(numbers[order], np.arange(partitions + 1))
    for partition in np.flatnonzero(np.diff(bounds)):
        yield b"%d" % partition, batch[order[bounds[partition] : bounds[partition + 1]]].tobytes()
