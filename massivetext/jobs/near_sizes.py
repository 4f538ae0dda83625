"""How the work of near-deduplication is divided. No size changes which documents are kept."""

from dataclasses import dataclass

from massivetext.dedup.lsh_partitions import CHUNK_PAIRS
from massivetext.dedup.pair_windows import WINDOW_PAIRS


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDedupSizes:
    """Sizes that bound the memory of the workers and the length of their work items.

    Attributes:
        lsh_partition_bytes: bytes of rows per LSH partition; None: as :mod:`massivetext.dedup` divides them.
        pair_partition_documents: documents per pair partition; None: as :mod:`massivetext.dedup` divides them.
        wave_bytes: bytes of rows that cross a shuffle of the embedded runner at a time; it needs six times as much
            memory.
        chunk_pairs: candidate pairs per chunk, which one worker measures.
        block_bytes: bytes of text with shingles in memory at a time; the shingles need about twice as much.
        window_pairs: near-duplicate pairs that the driver holds at a time.
        cluster_rows: rows per row group of the clusters; a shard reads only the row groups of its own documents.
    """

    lsh_partition_bytes: int | None = None
    pair_partition_documents: int | None = None
    wave_bytes: int = 128 * 2**20
    chunk_pairs: int = CHUNK_PAIRS
    block_bytes: int = 32 * 2**20
    window_pairs: int = WINDOW_PAIRS
    cluster_rows: int = 64 * 1024


DEFAULT_SIZES = NearDedupSizes()
