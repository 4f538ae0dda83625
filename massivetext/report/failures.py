"""Counts of documents that fail rules: per rule, per pair of rules, and per group (language or host)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.report.tallies import GroupTally, Matrix, RuleTally
from massivetext.rules import Rule
from massivetext.runs.context import Mask

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]


def rule_tallies(rules: Sequence[Rule], failed: U64, words: I64, size: I64) -> dict[str, RuleTally]:
    """Return the counts of each rule, by its label.

    Args:
        rules: the rules; bit i of ``failed`` is rule i.
        failed: rules that each document fails, as bits; uint64[rows].
        words: number of words of each document.
        size: number of UTF-8 bytes of each document.
    """
    lethal = failed & _dropping(rules)
    first = lethal & (~lethal + np.uint64(1))  # only the lowest bit that is set
    tallies = {}
    for bit, rule in enumerate(rules):
        hit, unique = fails(failed, bit), fails_only(rules, failed, bit)
        tallies[rule.label] = RuleTally(
            failed=int(hit.sum()),
            first=int((first == np.uint64(1 << bit)).sum()),
            unique=int(unique.sum()),
            failed_words=int(words[hit].sum()),
            unique_words=int(words[unique].sum()),
            failed_bytes=int(size[hit].sum()),
            unique_bytes=int(size[unique].sum()),
        )
    return tallies


def count_joint_failures(count: int, failed: U64) -> Matrix:
    """Return the number of documents that fail both rule i and rule j (on the diagonal: rule i); [count, count]."""
    # Few distinct combinations of failed rules occur, so count the combinations instead of the documents.
    combinations, documents = np.unique(failed, return_counts=True)
    bits = (combinations[:, None] >> np.arange(count, dtype=np.uint64) & np.uint64(1)).astype(np.int64)
    return tuple(map(tuple, (bits.T @ (bits * documents[:, None])).tolist()))


def tally_by_group(names: pa.ChunkedArray, kept: Mask, words: I64, size: I64) -> pa.Table:
    """Return what the rules removed of each group of documents (a language or a host).

    Args:
        names: name of the group of each document; null: the document is in no group.
        kept: whether each document passed the rules.
        words: number of words of each document.
        size: number of UTF-8 bytes of each document.

    Returns:
        One row per group, in the order of names: its name in the column ``part``, and the fields of
        :class:`massivetext.report.tallies.GroupTally`.
    """
    table = pa.table(
        {
            "part": names,
            "documents": np.ones(len(kept), np.int64),
            "kept": kept.astype(np.int64),
            "removed_words": np.where(kept, 0, words),
            "removed_bytes": np.where(kept, 0, size),
        }
    )
    fields = GroupTally.__struct_fields__
    summed = table.filter(pc.is_valid(table["part"])).group_by("part").aggregate([(name, "sum") for name in fields])
    return (
        summed.select(["part", *(f"{name}_sum" for name in fields)]).rename_columns(["part", *fields]).sort_by("part")
    )


def group_tallies(table: pa.Table) -> dict[str, GroupTally]:
    """Return the rows of a table of :func:`tally_by_group` by the name of the group."""
    names, *columns = (column.to_pylist() for column in table.columns)
    return {name: GroupTally(*row) for name, *row in zip(names, *columns, strict=True)}


def fails(failed: U64, bit: int) -> Mask:
    """Return which documents fail the rule with this bit, bool[rows]."""
    hit: Mask = (failed >> np.uint64(bit) & np.uint64(1)) != 0
    return hit


def fails_only(rules: Sequence[Rule], failed: U64, bit: int) -> Mask:
    """Return which documents fail this rule and no other rule that drops documents, bool[rows]."""
    mine = np.uint64(1 << bit)
    only: Mask = fails(failed, bit) & ((failed & _dropping(rules) & ~mine) == 0)
    return only


def _dropping(rules: Sequence[Rule]) -> np.uint64:
    return np.uint64(sum(1 << bit for bit, rule in enumerate(rules) if not rule.report_only))
