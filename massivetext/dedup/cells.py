"""The cells in which buckets of all bands are formed, and the parts in which their pairs are brought together."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from massivetext.dedup.row_types import KEYED

CHUNK_PAIRS = 8192  # candidate pairs that one worker measures

_CELL_BYTES = 16 * 2**20  # of the rows of a cell, which one worker sorts
_PART_DOCUMENTS = 2**18  # whose candidate pairs one worker brings together
_MOST_PARTS = 1024  # each part is read out of every cell


class Cells(NamedTuple):
    """How buckets are dealt out, and their pairs.

    Attributes:
        documents: that have a signature, or had when counted.
        bands: of a signature.
        partitions: cells of each band.
        parts: of the candidate pairs.
    """

    documents: int
    bands: int
    partitions: int
    parts: int

    @classmethod
    def of(
        cls,
        documents: int,
        bands: int,
        *,
        partition_bytes: int | None = None,
        pair_partition_documents: int | None = None,
    ) -> "Cells":
        """The cells for so many documents."""
        partitions = -(-documents * KEYED.itemsize // (partition_bytes or _CELL_BYTES))
        parts = min(-(-documents // (pair_partition_documents or _PART_DOCUMENTS)), _MOST_PARTS)
        return cls(documents, bands, max(1, partitions), max(1, parts))

    @property
    def total(self) -> int:
        """Cells of all bands; cell ``c`` belongs to band ``c // partitions``."""
        return self.bands * self.partitions

    def waves(self, todo: Sequence[int], most_bytes: int) -> Iterator[list[int]]:
        """The cells in runs whose rows have about ``most_bytes``, at least one cell each."""
        cell_bytes = -(-max(1, self.documents) * KEYED.itemsize // self.partitions)
        size = max(1, most_bytes // cell_bytes)
        for first in range(0, len(todo), size):
            yield list(todo[first : first + size])
