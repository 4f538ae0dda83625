"""Candidate pairs as bytes."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.candidates import Pairs
from massivetext.dedup.pair_files import (
    merge_pairs,
    pack_by_partition,
    pack_pairs,
    packed_size,
    pair_partition_of,
    read_pair_partition,
)
from massivetext.schema import pack_document_refs

ADDRESSES = st.tuples(st.integers(0, 255), st.integers(0, 3), st.integers(0, 5))


def address(source: int, shard: int, row: int) -> int:
    return int(pack_document_refs(source, shard, np.array([row]))[0])


def array(*pairs: tuple[int, int]) -> Pairs:
    return np.array(pairs, np.uint64).reshape(-1, 2)


PAIRS = st.lists(st.tuples(ADDRESSES, ADDRESSES), max_size=40).map(
    lambda pairs: array(*{(min(a, b), max(a, b)) for one, two in pairs for a, b in [(address(*one), address(*two))]})
)


def partitions_of(data: bytes, partitions: int) -> list[Pairs]:
    return [read_pair_partition(io.BytesIO(data), partition, partitions) for partition in range(partitions)]


@given(PAIRS, st.integers(1, 9))
def test_the_pair_partitions_hold_all_the_pairs(pairs: Pairs, partitions: int) -> None:
    data = pack_by_partition(pairs, partitions)

    assert len(data) == packed_size(len(pairs), partitions)
    for number, partition in enumerate(partitions_of(data, partitions)):
        assert (pair_partition_of(partition, partitions) == number).all()
    merged = merge_pairs(partitions_of(data, partitions))
    assert sorted(map(tuple, merged.tolist())) == sorted(map(tuple, pairs.tolist()))


@given(PAIRS, st.integers(1, 9), st.randoms(use_true_random=False))
def test_the_order_of_pairs_does_not_matter(pairs: Pairs, partitions: int, random: "np.random.Generator") -> None:
    rows = pairs.tolist()
    random.shuffle(rows)
    other = array(*(tuple(row) for row in rows))

    assert pack_by_partition(other, partitions) == pack_by_partition(pairs, partitions)
    assert pack_pairs(other) == pack_pairs(pairs)
    assert merge_pairs([other, pairs]).tolist() == merge_pairs([pairs]).tolist()


def test_pairs_of_a_document_stay_in_one_partition() -> None:
    pairs = array(*((address(1, 0, 7), address(2, row, row + 1)) for row in range(200)))

    assert len(set(pair_partition_of(pairs, 64).tolist())) == 1


def test_pairs_of_many_documents_are_spread() -> None:
    # The pairs of 1,000 documents over 10 partitions: 100 each on average, with a standard deviation of 9.5.
    pairs = array(*((address(0, 0, row), address(0, 1, 0)) for row in range(1000)))

    assert np.bincount(pair_partition_of(pairs, 10), minlength=10).min() > 60


def test_nothing_is_read_but_the_partition() -> None:
    pairs = array(*((address(0, shard, 0), address(0, shard + 1, 0)) for shard in range(100)))
    data = bytearray(pack_by_partition(pairs, 4))
    wanted = read_pair_partition(io.BytesIO(bytes(data)), 0, 4)
    low = 5 * 8 + 16 * len(wanted)
    data[low:] = b"\xff" * (len(data) - low)

    assert read_pair_partition(io.BytesIO(bytes(data)), 0, 4).tolist() == wanted.tolist()


@pytest.mark.parametrize("partitions", [1, 3])
def test_no_pairs(partitions: int) -> None:
    assert pack_by_partition(array(), partitions) == bytes(8 * (partitions + 1))
    found = partitions_of(pack_by_partition(array(), partitions), partitions)
    assert [len(partition) for partition in found] == [0] * partitions
    assert pack_pairs(array()) == b""
    assert merge_pairs([]).shape == (0, 2)
