import hashlib

import numpy as np
import pytest

from massivetext.dedup.keeper import keeper_rank


def test_rank_depends_on_id_and_seed_only() -> None:
    once, turned = keeper_rank(["a", "b", "c"], 7), keeper_rank(["c", "b", "a"], 7)

    assert once.dtype == np.uint64
    assert once.tolist() == turned.tolist()[::-1]
    assert once.tolist() != keeper_rank(["a", "b", "c"], 8).tolist()


def test_rank_is_the_same_for_ever() -> None:
    # Pinned to blake2b keyed with the seed's eight bytes: another rank would keep other copies, so another corpus.
    digest = hashlib.blake2b(b"ab" * 16, digest_size=8, key=bytes(8)).digest()

    assert keeper_rank(["ab" * 16], 0).tolist() == [int.from_bytes(digest, "little")]


def test_no_documents_have_no_ranks() -> None:
    assert keeper_rank([], 0).shape == (0,)


def test_ranks_are_evenly_spread() -> None:
    # Of 10,000 each of 10 equal ranges gets 1,000, give or take 5 standard deviations of 30.
    ranks = keeper_rank([f"{i:032x}" for i in range(10_000)], 3)
    counts = np.bincount((ranks // np.uint64(2**64 // 10 + 1)).astype(np.int64), minlength=10)

    assert np.abs(counts - 1000).max() < 150


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match="want a seed of 0 to"):
        keeper_rank(["a"], seed)
