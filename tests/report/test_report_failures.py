"""Documents that fail several rules, and documents removed per group."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.report import failures
from massivetext.report.tallies import GroupTally, add_matrices
from massivetext.rules import Rule

_FAILED = st.lists(st.integers(0, 2**64 - 1), max_size=20).map(lambda bits: np.array(bits, np.uint64))


def chunked(values: Sequence[str | None]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, pa.string())])


# Four documents: one fails rules 0 and 1, one all three, one rule 2, one nothing.
def test_overlaps_count_pairs_of_rules_and_each_alone_on_the_diagonal() -> None:
    failed = np.array([0b011, 0b111, 0b100, 0], np.uint64)

    assert failures.count_joint_failures(3, failed) == ((2, 2, 1), (2, 2, 1), (1, 1, 2))
    assert failures.count_joint_failures(2, failed[:0]) == ((0, 0), (0, 0))
    assert failures.count_joint_failures(0, np.zeros(3, np.uint64)) == ()


@settings(deadline=None)
@given(_FAILED, _FAILED)
def test_overlaps_are_those_of_a_plain_loop_and_add_up(some: failures.U64, others: failures.U64) -> None:
    both = np.concatenate([some, others])
    plain = tuple(
        tuple(sum(int(bits) >> i & int(bits) >> j & 1 for bits in both) for j in (0, 5, 63)) for i in (0, 5, 63)
    )
    found = failures.count_joint_failures(64, both)

    assert tuple(tuple(found[i][j] for j in (0, 5, 63)) for i in (0, 5, 63)) == plain
    assert found == add_matrices(failures.count_joint_failures(64, some), failures.count_joint_failures(64, others))


@settings(deadline=None)
@given(_FAILED, st.integers(0, 63))
def test_the_diagonal_agrees_with_the_tallies(failed: failures.U64, reported: int) -> None:
    rules = [Rule(name=f"r{i}", signal="x", min=i, source="s", report_only=i == reported) for i in range(64)]
    ones = np.ones(len(failed), np.int64)
    tallies = failures.rule_tallies(rules, failed, ones, 6 * ones)
    matrix = failures.count_joint_failures(64, failed)

    assert [tallies[rule.label].failed for rule in rules] == [matrix[i][i] for i in range(64)]
    assert all(each.failed_bytes == 6 * each.failed_words == 6 * each.failed for each in tallies.values())
    assert all(each.unique_bytes == 6 * each.unique for each in tallies.values())


def test_groups_have_their_documents_and_removals() -> None:
    table = failures.tally_by_group(
        chunked(["b", "a", None, "b"]),
        np.array([False, True, False, True]),
        np.array([5, 6, 7, 8]),
        np.array([50, 60, 70, 80]),
    )

    assert failures.group_tallies(table) == {"a": GroupTally(1, 1), "b": GroupTally(2, 1, 5, 50)}
    assert table["part"].to_pylist() == ["a", "b"]
