"""The steps on near-duplicates that a run and the public transforms share."""

import numpy as np

from massivetext.dedup.minhash import MinHash
from massivetext.dedup.near_duplicates import bucket_rows, is_near_duplicate, near_shingles, sign_texts
from massivetext.recipe import NearOptions
from massivetext.shingles import shingle_hashes

OPTIONS = NearOptions(ngram=2, bands=4, rows=3, lowercase=True)
ROW = np.dtype([("bucket", "<u8"), ("document", "<u8", (2,))])


def test_a_text_is_signed_by_its_shingles_under_the_options() -> None:
    signatures, signed = sign_texts(["A b, c"], OPTIONS, 7)
    expected = MinHash(permutations=12, seed=7).signature(shingle_hashes("a b c", 2))

    assert signed.tolist() == [True]
    assert signatures.tolist() == [expected.tolist()]
    assert near_shingles("A b, c", OPTIONS).tolist() == shingle_hashes("a b c", 2).tolist()


def test_texts_without_words_have_no_signature() -> None:
    _, signed = sign_texts(["", " ... ", "a", "-"], OPTIONS, 7)

    assert signed.tolist() == [False, False, True, False]


def test_near_duplicates_exceed_the_threshold() -> None:
    options = NearOptions(threshold=0.5)

    assert [is_near_duplicate(jaccard, options) for jaccard in (0.49, 0.5, 0.51)] == [False, False, True]
    assert is_near_duplicate(np.array([0.49, 0.5, 0.51]), options).tolist() == [False, False, True]


def test_rows_of_a_bucket_go_to_one_partition() -> None:
    buckets = np.array([5, 8, 5, 9], np.uint64)  # modulo 4: 1, 0, 1, 1
    documents = np.array([[1, 2], [3, 4], [5, 6], [7, 8]], np.uint64)
    found = {name: np.frombuffer(rows, ROW).tolist() for name, rows in bucket_rows(ROW, buckets, documents, 4)}

    assert {name: [(bucket, list(document)) for bucket, document in rows] for name, rows in found.items()} == {
        b"0": [(8, [3, 4])],
        b"1": [(5, [1, 2]), (5, [5, 6]), (9, [7, 8])],
    }


def test_no_rows_have_no_partition() -> None:
    assert list(bucket_rows(ROW, np.zeros(0, np.uint64), np.zeros((0, 2), np.uint64), 4)) == []
