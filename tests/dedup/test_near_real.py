"""Near-duplicate search as a whole against brute force, on real documents."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from massivetext.dedup.candidates import bucket_pairs
from massivetext.dedup.minhash import MinHash, bucket_hashes
from massivetext.dedup.similarity import similarity
from massivetext.schema import U64
from massivetext.shingles import shingle_hashes

PAIRS = Path(__file__).resolve().parents[2] / "../shared/data/neardup/pairs.jsonl.gz"
THRESHOLD = 0.8


def similar_by_brute_force(sets: list[U64]) -> Iterator[tuple[int, int]]:
    """Every pair of documents whose exact Jaccard similarity exceeds the threshold, by counting common shingles."""
    flat = np.concatenate(sets)
    owner = np.repeat(np.arange(len(sets)), [len(s) for s in sets])
    order = np.lexsort((owner, flat))
    flat, owner = flat[order], owner[order]
    sizes = np.array([len(s) for s in sets])
    for number, shingles in enumerate(sets):
        begin, end = np.searchsorted(flat, shingles, "left"), np.searchsorted(flat, shingles, "right")
        crowd = end - begin
        positions = np.arange(int(crowd.sum())) + np.repeat(begin - (np.cumsum(crowd) - crowd), crowd)
        shared = np.bincount(owner[positions], minlength=len(sets))
        jaccard = shared / np.maximum(sizes + len(shingles) - shared, 1)
        yield from ((number, int(other)) for other in np.flatnonzero(jaccard > THRESHOLD) if other > number)


def test_candidates_and_verification_find_what_brute_force_finds() -> None:
    if not PAIRS.is_file():
        pytest.skip("the labelled pairs are not here")
    texts: dict[str, None] = {}
    with gzip.open(PAIRS, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            texts[row["a"]["text"]] = texts[row["b"]["text"]] = None
    sets = [shingle_hashes(text) for text in texts]
    expected = set(similar_by_brute_force(sets))

    hashes = bucket_hashes(MinHash(256, 0).signatures(sets), 32, 8)
    documents = np.repeat(np.arange(len(sets), dtype=np.uint64), 32)
    pairs, oversized = bucket_pairs(hashes.ravel(), documents, 64)
    found = {(a, b) for a, b in pairs.tolist() if similarity(sets[a], sets[b]).jaccard > THRESHOLD}

    assert len(expected) > 100
    assert oversized == 0
    assert found <= expected
    assert len(found) >= 0.99 * len(expected)
