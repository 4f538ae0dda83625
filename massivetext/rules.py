"""Rules: bounds on signals, read from ``filters/*.toml``, and the verdicts of documents by them.

A rule says which documents pass. A document is dropped if it fails any rule that is not ``report_only``. Every rule
that it fails is recorded, not only the first, so that a bound can be tuned without measuring again.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from massivetext import rule_files
from massivetext.errors import UserError
from massivetext.toml_tables import convert_value, suggestion

MAX_RULES = 64  # bits of the `failed` column
Bools = npt.NDArray[np.bool_]
Text = Annotated[str, msgspec.Meta(min_length=1)]
# Qualified ("gopher/word_count") after rule sets were combined.
Name = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([a-z][a-z0-9_]*/)?[a-z][a-z0-9_]*\Z",
        description="a name of a-z, 0-9 and _ that begins with a letter",
    ),
]


class Bounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values of a signal that pass.

    Attributes:
        signal: name of the signal.
        min: smallest value that passes; None: no bound.
        max: largest value that passes ("exceeds" in a paper means above it); None: no bound.
        allow: values that pass, for signals that are text.
    """

    signal: Text
    min: float | None = None
    max: float | None = None
    allow: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError if the bounds are missing, mixed, not finite or crossed."""
        given = [bound for bound in (self.min, self.max) if bound is not None]
        if bool(given) == (self.allow is not None):
            raise ValueError(f"on {self.signal!r}: want min, max or both, or else allow, got {_shown(self)}")
        if not all(map(math.isfinite, given)):
            raise ValueError(
                f"on {self.signal!r}: want finite bounds, got {_shown(self)}; leave a bound out to have none"
            )
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"on {self.signal!r}: want min <= max, got min={self.min:g} and max={self.max:g}")


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which documents pass, and the source of the rule: either one signal with its bounds, or several alternatives.

    Attributes:
        source: citation of the bounds, or "ours: reason".
        name: name in reports, unique in its rule set; empty: the name of the signal.
        signal: name of the signal; None if ``any_of`` is given. This and the bounds are those of :class:`Bounds`.
        min: smallest value that passes.
        max: largest value that passes.
        allow: values that pass, for signals that are text.
        any_of: a document passes if it is within one of these bounds; such a rule needs a name.
        where: the rule applies only to documents within these bounds; all others pass.
        report_only: a document that fails is marked but kept.
    """

    source: Text
    name: Name = ""
    signal: Text | None = None
    min: float | None = None
    max: float | None = None
    allow: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)] | None = None
    any_of: Annotated[tuple[Bounds, ...], msgspec.Meta(min_length=2)] | None = None
    where: Bounds | None = None
    report_only: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError unless there is either a signal with bounds or ``any_of`` with a name."""
        if (self.signal is None) == (self.any_of is None):
            given = "neither" if self.signal is None else "both"
            raise ValueError(f"want either signal with its bounds, or any_of with several such tables, got {given}")
        if self.any_of is None:
            _ = self.alternatives  # wrong bounds raise in Bounds
        elif _given(self):
            raise ValueError(f"with any_of want bounds only in its tables, got {_shown(self)} beside it")
        elif not self.name:
            raise ValueError("with any_of want a name, since there is no single signal to name it after; got none")

    @property
    def label(self) -> str:
        """The name, or the name of the signal if the rule has none."""
        return self.name or str(self.signal)

    @property
    def alternatives(self) -> tuple[Bounds, ...]:
        """The alternatives: the rule's own bounds, or those of ``any_of``. A document must be within one of them."""
        if self.signal is None:
            return self.any_of or ()
        return (Bounds(signal=self.signal, min=self.min, max=self.max, allow=self.allow),)

    @property
    def signals(self) -> tuple[str, ...]:
        """Names of the signals that the rule reads, each once."""
        read = self.alternatives if self.where is None else (*self.alternatives, self.where)
        return tuple(dict.fromkeys(bounds.signal for bounds in read))


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one file, in its order; ``name`` is the name of the file without its ending."""

    name: str
    rules: tuple[Rule, ...]


def load_rule_set(name_or_path: str, *, known: Mapping[str, pa.DataType], folder: Path | None = None) -> RuleSet:
    """Read a rule set.

    Args:
        name_or_path: name of a built-in rule set ("gopher"), or path of a TOML file (ends in ``.toml``).
        known: the known signals with their Arrow types.
        folder: folder at which a relative path starts; None: the working folder.

    Raises:
        UserError: there is no such file, its name cannot be part of a rule's name, or a rule in it is wrong; names file
            and rule, and says what is expected.
    """
    path, listed = rule_files.read_rule_tables(name_or_path, "filters", folder)
    rules = tuple(_read(table, f"{path}, rule {number}", known) for number, table in enumerate(listed, start=1))
    _require_unique((rule.label for rule in rules), str(path))
    return RuleSet(name=path.stem, rules=rules)


def combine_rule_sets(rule_sets: Iterable[RuleSet]) -> tuple[Rule, ...]:
    """Return all rules in order with qualified names ("gopher/word_count"): bit i of a verdict is rule i.

    Raises:
        UserError: two rules have the same qualified name, or there are more than 64.
    """
    rules = tuple(
        msgspec.structs.replace(rule, name=f"{rule_set.name}/{rule.label}")
        for rule_set in rule_sets
        for rule in rule_set.rules
    )
    _require_unique((rule.name for rule in rules), "rule sets of one source")
    if len(rules) > MAX_RULES:
        raise UserError(f"rule sets of one source: want at most {MAX_RULES} rules in all, got {len(rules)}")
    return rules


def signals_read_by(rules: Iterable[Rule]) -> set[str]:
    """Return the names of the signals that these rules read."""
    return {signal for rule in rules for signal in rule.signals}


def judge_documents(table: pa.Table, rules: Sequence[Rule]) -> tuple[Bools, npt.NDArray[np.uint64]]:
    """Return which documents are kept, and which rules each document fails.

    Args:
        table: signals, one row per document.
        rules: at most 64.

    Returns:
        Whether each document passes all rules that are not report-only, and its failed rules as bits: bit i for rule i.

    Raises:
        ValueError: a signal that a rule needs is missing, null or NaN.
    """
    if len(rules) > MAX_RULES:
        raise ValueError(f"judge_documents: want at most {MAX_RULES} rules, got {len(rules)}")
    kept = np.ones(table.num_rows, np.bool_)
    failed = np.zeros(table.num_rows, np.uint64)
    for bit, rule in enumerate(rules):
        passed = passes(table, rule)
        failed |= np.where(passed, np.uint64(0), np.uint64(1 << bit))
        if not rule.report_only:
            kept &= passed
    return kept, failed


def removal_mask(rules: Sequence[Rule]) -> np.uint64:
    """Return the bits of the rules that remove documents: all but those that only mark."""
    return np.uint64(sum(1 << bit for bit, rule in enumerate(rules) if not rule.report_only))


def count_failed(failed: npt.NDArray[np.uint64], rules: Sequence[Rule]) -> dict[str, int]:
    """Return how many documents fail each rule, by its name, from their failed rules as bits."""
    # Most documents fail no rule, and the others one or few: what is sorted and what is compared is short.
    different, counts = np.unique(failed[failed != 0], return_counts=True)
    return {
        rule.label: int(counts[(different >> np.uint64(bit) & np.uint64(1)).astype(np.bool_)].sum())
        for bit, rule in enumerate(rules)
    }


def passes(table: pa.Table, rule: Rule) -> Bools:
    """Return whether each document passes one rule. Raises ValueError if a signal is missing, null or NaN."""
    first, *others = rule.alternatives
    passed = _within(table, first, rule.label)
    for bounds in others:
        passed = passed | _within(table, bounds, rule.label)
    return passed if rule.where is None else passed | ~_within(table, rule.where, rule.label)


def _within(table: pa.Table, bounds: Bounds, label: str) -> Bools:
    column = _column(table, bounds.signal, label)
    if bounds.allow is not None:
        allowed: Bools = pc.is_in(column, value_set=pa.array(bounds.allow, column.type)).to_numpy()
        return allowed
    values = column.to_numpy()
    if np.issubdtype(values.dtype, np.floating) and np.isnan(values).any():
        _refuse_gap(np.isnan(values), bounds.signal, label, "NaN")
    inside = np.ones(len(values), np.bool_)
    if bounds.min is not None:
        inside &= values >= bounds.min
    if bounds.max is not None:
        inside &= values <= bounds.max
    return inside


def _column(table: pa.Table, signal: str, label: str) -> pa.ChunkedArray:
    if signal not in table.column_names:
        raise ValueError(f"rule {label!r}: want a column {signal!r}, got columns {', '.join(table.column_names)}")
    column = table.column(signal)
    if column.null_count:
        _refuse_gap(column.is_null().to_numpy(), signal, label, "null")
    return column


def _refuse_gap(gaps: Bools, signal: str, label: str, what: str) -> None:
    raise ValueError(
        f"rule {label!r}: want a value of {signal!r} for every document, got {what} for {int(gaps.sum())} of "
        f"{len(gaps)}, first in row {int(gaps.argmax())}; measure again"
    )


def _read(table: object, toml_path: str, known: Mapping[str, pa.DataType]) -> Rule:
    if isinstance(table, dict) and "/" in str(table.get("name", "")):
        raise UserError(
            f"{toml_path}: name: want a name without '/', got {table['name']!r}; the name of the rule set is added"
        )
    rule: Rule = convert_value(table, Rule, toml_path)
    check_signals(rule, toml_path, known)
    return rule


def check_signals(rule: Rule, where: str, known: Mapping[str, pa.DataType]) -> None:
    """Refuse a rule on an unknown signal, or with bounds of another type than its signal.

    Args:
        rule: the rule.
        where: position of the rule, for messages.
        known: the known signals with their Arrow types.

    Raises:
        UserError: names the position, and says what is expected.
    """
    for bounds in rule.alternatives:
        _check_signal(bounds, where if rule.any_of is None else f"{where}: any_of", known)
    if rule.where is not None:
        _check_signal(rule.where, where, known)


def _check_signal(bounds: Bounds, toml_path: str, known: Mapping[str, pa.DataType]) -> None:
    if bounds.signal not in known:
        raise UserError(
            f"{toml_path}: want a known signal, got {bounds.signal!r}{suggestion(bounds.signal, known)}; "
            f"known are {', '.join(known)}"
        )
    textual = pa.types.is_string(known[bounds.signal]) or pa.types.is_large_string(known[bounds.signal])
    if textual != (bounds.allow is not None):
        wanted = "allow (the signal is text)" if textual else "min or max (the signal is a number)"
        raise UserError(f"{toml_path}: on {bounds.signal!r} want {wanted}, got {_shown(bounds)}")


def _require_unique(names: Iterable[str], toml_path: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise UserError(f"{toml_path}: want each rule name once, got {name!r} twice; give one of them another name")
        seen.add(name)


def _given(bounds: Bounds | Rule) -> dict[str, object]:
    return {key: getattr(bounds, key) for key in ("min", "max", "allow") if getattr(bounds, key) is not None}


def _shown(bounds: Bounds | Rule) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in _given(bounds).items()) or "none of them"
