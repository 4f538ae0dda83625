import datetime
import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.keeper import earliest_first, is_unreadable, keeper_rank, latest_first


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


@pytest.mark.parametrize(
    ("date", "same"),
    [
        ("2024", "2024-01-01"),
        ("2024-05", "2024-05-01T00:00:00Z"),
        ("20240501", "2024-05-01"),
        ("20240501123000", "2024-05-01T12:30:00Z"),
        ("2024-05-01 12:30:00 UTC", "2024-05-01T12:30:00+00:00"),
        ("2024-05-01t12:30:00z", "2024-05-01T12:30:00Z"),
        ("Wed, 01 May 2024 14:30:00 +0200", "2024-05-01T12:30:00Z"),
        ("01 May 2024 12:30:00 GMT", "2024-05-01T12:30:00Z"),
        ("Wed May  1 12:30:00 2024", "2024-05-01T12:30:00Z"),
        # 54 years of 365 days, 13 leap days, and 121 days of 2024, in seconds: (54 * 365 + 13 + 121) * 86,400.
        ("1714521600", "2024-05-01"),
        ("1714521600.25", "2024-05-01T00:00:00.25Z"),
        (1714521600000, "2024-05-01"),
        ("1714521600000001", "2024-05-01T00:00:00.000001Z"),
        (datetime.date(2024, 5, 1), "2024-05-01"),
        (datetime.datetime(2024, 5, 1, 12, 30), "2024-05-01T12:30:00Z"),  # noqa: DTZ001 - a zone is added
    ],
)
def test_a_date_is_read_in_each_notation(date: object, same: str) -> None:
    ranks = latest_first([date, same, "2024-05-01T12:30:01Z"])

    assert ranks[0] == ranks[1]
    assert ranks[2] < ranks[0] or same < "2024-05-01"
    assert not is_unreadable(ranks).any()
    assert np.diff(earliest_first([date, same])).tolist() == [0]


@pytest.mark.parametrize(
    "date", ["", "soon", "Mayor", "2024-13", "0000", "1", "1e9", "１７１４５２１６００", None, 1.5, [], b"2024"]
)
def test_what_is_no_date_comes_last(date: object) -> None:
    for ranks in (latest_first([date, "0001-01-01"]), earliest_first([date, "9999-12-31"])):
        assert is_unreadable(ranks).tolist() == [True, False]
        assert ranks[0] > ranks[1]


@given(st.text() | st.from_regex(r"\A[A-Z][a-z]{2}, \d{1,3} (Jan|Dec) \d{1,5} [0-9:+ ]{0,12}\Z"))
def test_any_text_is_a_date_or_none(text: str) -> None:
    assert latest_first([text]).shape == earliest_first([text]).shape == (1,)
