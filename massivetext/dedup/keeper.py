"""The choice of the copy that is kept."""

import hashlib
from collections.abc import Sequence

import numpy as np

from massivetext.schema import U64


def keeper_rank(document_ids: Sequence[str], seed: int) -> U64:
    """Return a pseudo-random number for each document; of several copies the one with the smallest number is kept.

    Rae et al. 2021, A.1.1: "randomly remove one of them". Here the choice is a keyed hash of the document id, so every
    worker and every rerun choose the same copy, and another seed chooses anew. Ties (probability 2**-64 per pair) go to
    the smaller document reference.

    Args:
        document_ids: ids that are stable across runs.
        seed: seed of the recipe, 0 to 2**64 - 1.

    Returns:
        One uint64 per document, in order; empty for no documents.

    Raises:
        ValueError: the seed is out of range.
    """
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"keeper_rank: want a seed of 0 to 2**64 - 1, got {seed}")
    hash_key = seed.to_bytes(8, "little")
    digests = b"".join(hashlib.blake2b(i.encode(), digest_size=8, key=hash_key).digest() for i in document_ids)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)
