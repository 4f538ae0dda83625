"""What rules did to documents: how many fail each one, first, alone and with every other, and where those are from."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.report.tallies import Matrix, PartTally, RuleTally
from massivetext.rules import Rule
from massivetext.runs.context import Mask

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]


def rule_tallies(rules: Sequence[Rule], failed: U64, words: I64, size: I64) -> dict[str, RuleTally]:
    """What each rule did, by its label.

    Args:
        rules: bit i of ``failed`` is rule i.
        failed: rules that each document fails.
        words: of each document.
        size: UTF-8 bytes of each document.
    """
    lethal = failed & _dropping(rules)
    first = lethal & (~lethal + np.uint64(1))  # the lowest bit that is set
    tallies = {}
    for bit, rule in enumerate(rules):
        hit, unique = fails(failed, bit), alone(rules, failed, bit)
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


def overlaps(count: int, failed: U64) -> Matrix:
    """Documents that fail both rule i and rule j, shape [count, count]; those that fail rule i on the diagonal."""
    # Of all documents few fail in a way of their own: what is counted are these ways.
    ways, documents = np.unique(failed, return_counts=True)
    bits = (ways[:, None] >> np.arange(count, dtype=np.uint64) & np.uint64(1)).astype(np.int64)
    return tuple(map(tuple, (bits.T @ (bits * documents[:, None])).tolist()))


def by_part(names: pa.ChunkedArray, kept: Mask, words: I64, size: I64) -> pa.Table:
    """What the rules did to every part of the documents.

    Args:
        names: the part that each document belongs to; null: to none.
        kept: which documents passed the rules.
        words: of each document.
        size: UTF-8 bytes of each document.

    Returns:
        A row a part, in their order: ``part``, and the fields of :class:`massivetext.report.tallies.PartTally`.
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
    fields = PartTally.__struct_fields__
    summed = table.filter(pc.is_valid(table["part"])).group_by("part").aggregate([(name, "sum") for name in fields])
    return (
        summed.select(["part", *(f"{name}_sum" for name in fields)]).rename_columns(["part", *fields]).sort_by("part")
    )


def part_tallies(table: pa.Table) -> dict[str, PartTally]:
    """The rows of such a table by their part."""
    names, *columns = (column.to_pylist() for column in table.columns)
    return {name: PartTally(*row) for name, *row in zip(names, *columns, strict=True)}


def fails(failed: U64, bit: int) -> Mask:
    """Documents that fail the rule."""
    hit: Mask = (failed >> np.uint64(bit) & np.uint64(1)) != 0
    return hit


def alone(rules: Sequence[Rule], failed: U64, bit: int) -> Mask:
    """Documents that fail the rule, and none of the others that drop."""
    mine = np.uint64(1 << bit)
    only: Mask = fails(failed, bit) & ((failed & _dropping(rules) & ~mine) == 0)
    return only


def _dropping(rules: Sequence[Rule]) -> np.uint64:
    return np.uint64(sum(1 << bit for bit, rule in enumerate(rules) if not rule.report_only))
