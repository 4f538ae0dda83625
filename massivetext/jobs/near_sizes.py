"""How the work of near-deduplication is divided. No size changes which documents are kept."""

from dataclasses import dataclass

from massivetext.dedup.pair_windows import WINDOW_PAIRS


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDedupSizes:
    """Sizes that bound the memory of the workers and the length of their work items.

    Attributes:
        lsh_partition_bytes: bytes of rows per LSH partition; None: as :mod:`massivetext.dedup` divides them.
        pair_partition_documents: documents per pair partition; None: as :mod:`massivetext.dedup` divides them.
        wave_bytes: bytes of rows that cross a shuffle of the embedded runner at a time; it needs six times as much
            memory.
        group_bytes: bytes of text per group of shards, whose shingles one worker makes; a shard is never divided.
        spill_bytes: bytes of shingles that such a worker holds before it writes them to a file.
        block_bytes: bytes of shingles that a worker compares at a time, on average.
        driver_pairs: pairs of a round that the driver measures itself, at most; more of them are worth a job.
        driver_edges: near-duplicate pairs and rows of oversized buckets from which on no process chooses the documents
            to keep for all of them (:mod:`massivetext.jobs.near_choice_rounds`).
        window_pairs: near-duplicate pairs that the driver holds at a time.
        cluster_rows: rows per row group of the clusters; a shard reads only the row groups of its own documents.
    """

    lsh_partition_bytes: int | None = None
    pair_partition_documents: int | None = None
    wave_bytes: int = 128 * 2**20
    group_bytes: int = 64 * 2**20
    spill_bytes: int = 64 * 2**20
    block_bytes: int = 512 * 2**20
    driver_pairs: int = 1024
    driver_edges: int = 2**26
    window_pairs: int = WINDOW_PAIRS
    cluster_rows: int = 64 * 1024


DEFAULT_SIZES = NearDedupSizes()
