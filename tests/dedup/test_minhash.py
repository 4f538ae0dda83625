import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash as Reference
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.minhash import EMPTY_VALUE, MinHash, bucket_hashes, estimate_similarity, sign_ngrams
from massivetext.hashing import mix64
from massivetext.schema import U64
from massivetext.shingles import shingle_hashes


def random_hashes(seed: int, count: int) -> U64:
    """Distinct, evenly spread 64-bit values, as shingle hashes are."""
    return mix64(np.arange(count, dtype=np.uint64) + np.uint64(seed << 32))


def pair(seed: int, size: int, shared: int) -> tuple[U64, U64]:
    """Two sets of ``size`` with ``shared`` in common: Jaccard shared / (2 * size - shared)."""
    values = random_hashes(seed, 2 * size - shared)
    return np.sort(values[:size]), np.sort(values[size - shared :])


def plain_signature(shingles: list[int], permutations: int, seed: int) -> list[int]:
    """The definition in whole numbers."""
    mask = (1 << 64) - 1

    def splitmix(state: int) -> int:
        value = state & mask
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & mask
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & mask
        return value ^ (value >> 31)

    drawn = [splitmix(seed + step * 0x9E3779B97F4A7C15) for step in range(1, 2 * permutations + 1)]
    functions = [(a | 1, b) for a, b in zip(drawn[::2], drawn[1::2], strict=True)]
    return [min((((a * x + b) & mask) >> 32 for x in shingles), default=EMPTY_VALUE) for a, b in functions]


@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_signature_equals_its_plain_definition(count: int) -> None:
    shingles = random_hashes(1, count)

    assert MinHash(8, 2**64 - 5).signature(shingles).tolist() == plain_signature(shingles.tolist(), 8, 2**64 - 5)


def test_empty_set_has_the_largest_values() -> None:
    assert MinHash(4, 0).signature(random_hashes(0, 0)).tolist() == [0xFFFFFFFF] * 4


def test_signatures_are_those_of_each_set() -> None:
    family = MinHash(16, 3)
    sets = [random_hashes(1, 40), random_hashes(2, 0), random_hashes(3, 5)]

    assert np.array_equal(family.signatures(sets), np.stack([family.signature(s) for s in sets]))
    assert family.signatures([]).shape == (0, 16)


def test_signature_does_not_depend_on_order_or_repetitions() -> None:
    # More shingles than stay in the cache of a core at once.
    shingles = random_hashes(5, 9000)
    whole = MinHash(32, 1).signature(shingles)

    assert np.array_equal(MinHash(32, 1).signature(np.concatenate([shingles[::-1], shingles[:100]])), whole)
    assert whole.tolist() == plain_signature(shingles.tolist(), 32, 1)


@given(st.lists(st.text("ab 漢字ก. ΣA", max_size=40), max_size=5), st.integers(1, 4), st.booleans())
def test_texts_are_signed_in_one_pass_as_by_their_shingles(texts: list[str], n: int, lowercase: bool) -> None:
    family = MinHash(8, 3)
    sets = [shingle_hashes(text, n, lowercase=lowercase) for text in texts]
    array = pa.array(["not part of it", *texts], pa.string()).slice(1)

    for given_texts in (texts, array):
        signatures, signed = sign_ngrams(given_texts, family, n, lowercase=lowercase)

        assert np.array_equal(signatures, family.signatures(sets))
        assert signed.tolist() == [len(each) > 0 for each in sets]


def test_signature_of_a_union_is_the_smaller_of_both() -> None:
    a, b = pair(4, 100, 30)
    family = MinHash(64, 9)

    assert np.array_equal(family.signature(np.union1d(a, b)), np.minimum(family.signature(a), family.signature(b)))


def test_values_are_evenly_spread() -> None:
    # The smallest of 100 even values is 1/101 of the range on average, standard deviation about the same; over 1024
    # permutations the standard error is 1/101/32 = 0.00031; five of them.
    values = MinHash(1024, 2).signature(random_hashes(6, 100)) / 2**32

    assert abs(float(values.mean()) - 1 / 101) < 5 * 0.00031


@pytest.mark.parametrize("shared", [20, 100, 160, 178, 190])
def test_estimates_are_as_close_to_the_truth_as_datasketch(shared: int) -> None:
    permutations, trials = 256, 24
    truth = shared / (400 - shared)
    error = float(np.sqrt(truth * (1 - truth) / permutations))
    ours, theirs = [], []
    for trial in range(trials):
        a, b = pair(1000 + trial, 200, shared)
        family = MinHash(permutations, trial)
        ours.append(estimate_similarity(family.signature(a), family.signature(b)) - truth)
        left, right = (Reference(permutations, seed=trial + 1, hashfunc=lambda x: x) for _ in range(2))
        left.update_batch([int(x) & 0xFFFFFFFF for x in a])
        right.update_batch([int(x) & 0xFFFFFFFF for x in b])
        theirs.append(left.jaccard(right) - truth)

    # One estimate within 4 standard errors, their mean within 4 / sqrt(24); the spread is like datasketch's.
    assert max(map(abs, ours)) < 4 * error
    assert max(map(abs, theirs)) < 4 * error
    assert abs(float(np.mean(ours))) < 4 * error / trials**0.5
    assert float(np.std(ours)) < 1.5 * max(float(np.std(theirs)), error)


@pytest.mark.parametrize("similarity", [0.5, 0.6, 0.7, 0.8, 0.9])
def test_bands_find_pairs_as_often_as_the_formula_says(similarity: float) -> None:
    # size 90: J = shared / (180 - shared), so shared = 180 J / (1 + J): 60, 67.5, 74.1, 80, 85.3 before rounding.
    bands, rows, trials = 14, 8, 300
    shared = round(180 * similarity / (1 + similarity))
    truth = shared / (180 - shared)
    expected = 1 - (1 - truth**rows) ** bands
    found = 0
    for trial in range(trials):
        a, b = pair(7000 + trial, 90, shared)
        hashes = bucket_hashes(MinHash(bands * rows, trial).signatures([a, b]), bands, rows)
        found += bool((hashes[0] == hashes[1]).any())

    assert abs(found / trials - expected) < 4 * (expected * (1 - expected) / trials) ** 0.5 + 0.005


def test_keys_agree_exactly_where_a_band_agrees() -> None:
    # Two documents, 2 bands of 3: the first band agrees, the second differs in its last value.
    signatures = np.array([[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 7]], dtype=np.uint32)
    hashes = bucket_hashes(signatures, 2, 3)

    assert hashes.shape == (2, 2)
    assert hashes.dtype == np.uint64
    assert hashes[0, 0] == hashes[1, 0]
    assert hashes[0, 1] != hashes[1, 1]


def test_keys_of_different_bands_and_orders_differ() -> None:
    # All values equal in both bands; and a band with two values swapped.
    same = bucket_hashes(np.full((1, 4), 7, dtype=np.uint32), 2, 2)
    swapped = bucket_hashes(np.array([[1, 2], [2, 1]], dtype=np.uint32), 1, 2)

    assert same[0, 0] != same[0, 1]
    assert swapped[0, 0] != swapped[1, 0]


def test_keys_of_no_documents() -> None:
    assert bucket_hashes(np.empty((0, 6), dtype=np.uint32), 2, 3).shape == (0, 2)


def test_width_must_be_bands_times_rows() -> None:
    with pytest.raises(ValueError, match=r"want signatures of 2 x 3 values, got an array of \(1, 5\)"):
        bucket_hashes(np.zeros((1, 5), dtype=np.uint32), 2, 3)


def test_estimate_is_the_share_of_equal_values() -> None:
    # 3 of 4 agree.
    assert estimate_similarity(np.array([1, 2, 3, 4], dtype=np.uint32), np.array([1, 2, 3, 5], dtype=np.uint32)) == 0.75


def test_estimate_of_different_lengths_is_refused() -> None:
    with pytest.raises(ValueError, match="two signatures of one length"):
        estimate_similarity(np.zeros(4, dtype=np.uint32), np.zeros(5, dtype=np.uint32))


@pytest.mark.parametrize(("permutations", "seed"), [(0, 0), (1, -1), (1, 2**64)])
def test_values_out_of_range_are_refused(permutations: int, seed: int) -> None:
    with pytest.raises(ValueError, match="MinHash"):
        MinHash(permutations, seed)
