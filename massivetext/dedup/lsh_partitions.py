"""How the buckets of all LSH bands are divided among LSH partitions, and candidate pairs among pair partitions."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from massivetext.dedup.row_types import BUCKET_ROW

LSH_PARTITION_BYTES = 16 * 2**20  # rows of an LSH partition, which one worker sorts
# Documents, and bytes of text, per pair partition: one worker collects its pairs, and holds their shingles.
PAIR_PARTITION_DOCUMENTS, PAIR_PARTITION_BYTES = 2**18, 2**28
_MAX_PAIR_PARTITIONS = 1024  # every pair partition reads a section of every LSH partition's file


class LshPartitions(NamedTuple):
    """The division of buckets and candidate pairs. It follows from the documents and bands alone.

    Attributes:
        documents: number of signed documents when the division was fixed.
        bands: bands of a signature.
        partitions_per_band: LSH partitions of each band.
        pair_partitions: number of pair partitions.
    """

    documents: int
    bands: int
    partitions_per_band: int
    pair_partitions: int

    @classmethod
    def for_documents(
        cls,
        documents: int,
        bands: int,
        *,
        text_bytes: int = 0,
        partition_bytes: int | None = None,
        pair_partition_documents: int | None = None,
    ) -> "LshPartitions":
        """Return the division for a number of documents.

        Args:
            documents: signed documents.
            bands: bands of a signature.
            text_bytes: bytes of their texts.
            partition_bytes: rows of an LSH partition; None: :data:`LSH_PARTITION_BYTES`.
            pair_partition_documents: documents per pair partition; None: :data:`PAIR_PARTITION_DOCUMENTS`.
        """
        band_bytes = documents * BUCKET_ROW.itemsize
        partitions = -(-band_bytes // (partition_bytes or LSH_PARTITION_BYTES))
        pair_partitions = -(-documents // (pair_partition_documents or PAIR_PARTITION_DOCUMENTS))
        pair_partitions = max(pair_partitions, -(-text_bytes // PAIR_PARTITION_BYTES))
        return cls(documents, bands, max(1, partitions), max(1, min(pair_partitions, _MAX_PAIR_PARTITIONS)))

    @property
    def lsh_partition_count(self) -> int:
        """Number of LSH partitions of all bands; partition ``p`` belongs to band ``p // partitions_per_band``."""
        return self.bands * self.partitions_per_band

    def waves(self, todo: Sequence[int], most_bytes: int) -> Iterator[list[int]]:
        """Yield the LSH partitions in groups with about ``most_bytes`` of rows, at least one partition each."""
        partition_bytes = -(-max(1, self.documents) * BUCKET_ROW.itemsize // self.partitions_per_band)
        size = max(1, most_bytes // partition_bytes)
        for first in range(0, len(todo), size):
            yield list(todo[first : first + size])
