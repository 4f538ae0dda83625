"""Candidate pairs of canaries, and the form in which they are kept."""

import numpy as np
import pytest

from massivetext.dedup.canary_candidates import pack_canary_candidates, unpack_canary_candidates
from massivetext.dedup.row_types import BUCKET_ROW
from massivetext.recipe import NearOptions
from massivetext.schema import FIRST_CANARY_SHARD, is_canary, pack_document_refs

CANARY = int(pack_document_refs(0, FIRST_CANARY_SHARD, np.array([0]))[0])


def rows(*pairs: tuple[int, int]) -> np.ndarray:
    found = np.zeros(len(pairs), BUCKET_ROW)
    for at, pair in enumerate(pairs):
        found[at] = pair
    return found


def candidates(found: np.ndarray, **near: object) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    options = NearOptions(max_bucket=2, **near)  # type: ignore[arg-type]
    pairs, crowds = unpack_canary_candidates(pack_canary_candidates(found, is_canary(found["document_ref"]), options))
    return [tuple(pair) for pair in pairs.tolist()], [tuple(row) for row in crowds.tolist()]


def test_a_canary_is_paired_with_what_shares_its_bucket() -> None:
    found = rows((1, 5), (1, CANARY), (1, 6), (2, 7), (2, 8), (3, CANARY + 1), (3, CANARY))

    assert candidates(found) == ([(5, CANARY), (6, CANARY), (CANARY, CANARY + 1)], [])


def test_a_bucket_is_oversized_by_its_documents_alone() -> None:
    # Two documents are no crowd, however many canaries there are; these are too many for pairs of their own.
    found = rows((1, 5), (1, 6), *((1, CANARY + at) for at in range(3)))
    assert candidates(found) == ([(ref, CANARY + at) for ref in (5, 6) for at in range(3)], [])

    crowd = rows((1, 5), (1, 6), (1, 7), (1, CANARY))
    assert candidates(crowd) == ([], [(1, CANARY)])
    assert candidates(crowd, clusters="transitive") == ([(5, CANARY)], [])


@pytest.mark.parametrize("found", [rows(), rows((1, 5), (1, 6))])
def test_without_canaries_there_are_none(found: np.ndarray) -> None:
    assert candidates(found) == ([], [])
