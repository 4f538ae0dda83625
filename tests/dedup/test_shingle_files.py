"""Shingle sets of documents as bytes, and what two of them share."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.shingle_files import (
    I64,
    ShingleSets,
    count_shared,
    join_shingle_sets,
    merge_shingle_sets,
    pack_shingle_sets,
    select_shingle_sets,
)
from massivetext.schema import U64

SETS = st.dictionaries(st.integers(0, 2**64 - 1), st.sets(st.integers(0, 30), max_size=12), max_size=8)


def shingle_sets(sets: Mapping[int, set[int]]) -> ShingleSets:
    refs: U64 = np.array(sorted(sets), np.uint64)
    bounds: I64 = np.cumsum([0, *(len(sets[ref]) for ref in refs.tolist())])
    return ShingleSets(refs, bounds, np.array([v for ref in refs.tolist() for v in sorted(sets[ref])], np.uint64))


def plain(sets: ShingleSets) -> dict[int, set[int]]:
    return {int(ref): set(sets.of(position).tolist()) for position, ref in enumerate(sets.refs)}


@given(SETS, st.integers(0, 8))
def test_parts_are_joined_and_read_back(sets: dict[int, set[int]], first: int) -> None:
    refs = sorted(sets)
    parts = [shingle_sets({ref: sets[ref] for ref in some}) for some in (refs[:first], refs[first:])]

    assert plain(join_shingle_sets(parts)) == sets
    assert plain(merge_shingle_sets([b"", *map(pack_shingle_sets, parts), b""])) == sets


@given(SETS, st.data())
def test_documents_are_selected_by_their_positions(sets: dict[int, set[int]], data: st.DataObject) -> None:
    refs = data.draw(st.lists(st.sampled_from(sorted(sets)), unique=True)) if sets else []
    every = shingle_sets(sets)
    positions = every.positions(np.array(refs, np.uint64))

    assert plain(select_shingle_sets(every, positions)) == {ref: sets[ref] for ref in refs}


@given(SETS.filter(bool), st.data())
def test_common_shingles_are_counted(sets: dict[int, set[int]], data: st.DataObject) -> None:
    values = list(dict(sorted(sets.items())).values())
    pairs = data.draw(st.lists(st.tuples(*2 * [st.integers(0, len(values) - 1)]), max_size=10))
    first, second = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))

    assert count_shared(shingle_sets(sets), first, second).tolist() == [len(values[a] & values[b]) for a, b in pairs]


def test_a_missing_document_is_an_error() -> None:
    for sets in ({}, {5: {1}}):
        with pytest.raises(KeyError, match="missing"):
            shingle_sets(sets).positions(np.array([7], np.uint64))
