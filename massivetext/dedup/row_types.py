"""Rows of documents on their way through a shuffle: what each kind holds, and how a batch is dealt out by key."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from massivetext.schema import U64

HASHED = np.dtype([("hash", "<u8", (2,)), ("rank", "<u8"), ("address", "<u8")])  # a document's text hash: 32 bytes
REMOVED = np.dtype([("address", "<u8"), ("keeper", "<u8")])  # a document that repeats another: 16 bytes
KEYED = np.dtype([("key", "<u8"), ("address", "<u8")])  # a document in a bucket of one band: 16 bytes


def partitioned(batch: npt.NDArray[np.void], keys: U64, partitions: int) -> Iterator[tuple[bytes, bytes]]:
    """(partition, rows) of a structured array, by key modulo the number of partitions; empty ones left out."""
    numbers = (keys % np.uint64(partitions)).astype(np.int64)
    order = np.argsort(numbers, kind="stable")
    bounds = np.searchsorted(numbers[order], np.arange(partitions + 1))
    for partition in np.flatnonzero(np.diff(bounds)):
        yield b"%d" % partition, batch[order[bounds[partition] : bounds[partition + 1]]].tobytes()
