"""Candidate pairs as bytes."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.candidates import Pairs
from massivetext.dedup.pair_files import by_shards, cut, cut_bytes, packed, part_of, read_part, union, unpacked
from massivetext.schema import pack_document_refs

ADDRESSES = st.tuples(st.integers(0, 255), st.integers(0, 3), st.integers(0, 5))


def address(source: int, shard: int, row: int) -> int:
    return int(pack_document_refs(source, shard, np.array([row]))[0])


def array(*pairs: tuple[int, int]) -> Pairs:
    return np.array(pairs, np.uint64).reshape(-1, 2)


PAIRS = st.lists(st.tuples(ADDRESSES, ADDRESSES), max_size=40).map(
    lambda pairs: array(*{(min(a, b), max(a, b)) for one, two in pairs for a, b in [(address(*one), address(*two))]})
)


def parts_of(data: bytes, parts: int) -> list[Pairs]:
    return [read_part(io.BytesIO(data), part, parts) for part in range(parts)]


@given(PAIRS, st.integers(1, 9))
def test_the_parts_of_a_cut_are_all_the_pairs(pairs: Pairs, parts: int) -> None:
    data = cut(pairs, parts)

    assert len(data) == cut_bytes(len(pairs), parts)
    for number, part in enumerate(parts_of(data, parts)):
        assert (part_of(part, parts) == number).all()
    assert sorted(map(tuple, union(parts_of(data, parts)).tolist())) == sorted(map(tuple, pairs.tolist()))


@given(PAIRS, st.integers(1, 9), st.randoms(use_true_random=False))
def test_the_order_of_pairs_does_not_matter(pairs: Pairs, parts: int, random: "np.random.Generator") -> None:
    rows = pairs.tolist()
    random.shuffle(rows)
    other = array(*(tuple(row) for row in rows))

    assert cut(other, parts) == cut(pairs, parts)
    assert packed(other) == packed(pairs)
    assert union([other, pairs]).tolist() == union([pairs]).tolist()


@given(PAIRS)
def test_groups_share_their_shards_and_lie_together_when_packed(pairs: Pairs) -> None:
    groups = by_shards(pairs)
    shards = [{(a >> 32, b >> 32) for a, b in group.tolist()} for group in groups]

    assert all(len(each) == 1 for each in shards)
    assert len(set.union(set(), *shards)) == len(groups)
    assert unpacked(packed(pairs)).tolist() == [pair for group in groups for pair in group.tolist()]


def test_pairs_of_two_shards_stay_in_one_part() -> None:
    pairs = array(*((address(1, 0, row), address(2, 3, row + 1)) for row in range(200)))

    assert len(set(part_of(pairs, 64).tolist())) == 1


def test_pairs_of_many_shards_are_spread() -> None:
    # 1,000 pairs of shards over 10 parts: 100 each on average, with a standard deviation of 9.5.
    pairs = array(*((address(0, shard, 0), address(0, shard + 1, 0)) for shard in range(1000)))

    assert np.bincount(part_of(pairs, 10), minlength=10).min() > 60


def test_nothing_is_read_but_the_part() -> None:
    pairs = array(*((address(0, shard, 0), address(0, shard + 1, 0)) for shard in range(100)))
    data = bytearray(cut(pairs, 4))
    wanted = read_part(io.BytesIO(bytes(data)), 0, 4)
    low = 5 * 8 + 16 * len(wanted)
    data[low:] = b"\xff" * (len(data) - low)

    assert read_part(io.BytesIO(bytes(data)), 0, 4).tolist() == wanted.tolist()


@pytest.mark.parametrize("parts", [1, 3])
def test_no_pairs(parts: int) -> None:
    assert cut(array(), parts) == bytes(8 * (parts + 1))
    assert [len(part) for part in parts_of(cut(array(), parts), parts)] == [0] * parts
    assert packed(array()) == b""
    assert by_shards(array()) == []
    assert union([]).shape == (0, 2)
