"""The signals of one document and what each rule says of it, for those who want to know why."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from massivetext.rules import Bounds, Rule
from massivetext.signals.registry import ALL


class SignalValue(msgspec.Struct, frozen=True, kw_only=True):
    """A signal of the document; ``low`` and ``high`` are its range, None for text."""

    name: str
    value: float | str
    unit: str
    low: float | None
    high: float | None


class RuleVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule says of the document.

    Attributes:
        rule: its name.
        values: of the signals that ``passes`` names, in that order.
        passes: the bounds of which a document has to be within one; several where the rule is an ``any_of`` group.
        where: the rule is for documents within these bounds alone.
        passed: whether this one does.
        report_only: a failure drops nothing.
        citation: where the bounds come from.
    """

    rule: str
    values: tuple[float | str, ...]
    passes: tuple[Bounds, ...]
    where: Bounds | None
    passed: bool
    report_only: bool
    citation: str


def signal_values(values: Mapping[str, Any]) -> tuple[SignalValue, ...]:
    """Every signal that was measured of a document, in the order of the registry."""
    return tuple(
        SignalValue(name=name, value=values[name], unit=signal.unit, low=signal.low, high=signal.high)
        for name, signal in ALL.items()
        if name in values
    )


def rule_verdicts(rules: Sequence[Rule], values: Mapping[str, Any], failed: int) -> tuple[RuleVerdict, ...]:
    """Each rule's verdict on a document, in the order in which they judge.

    Args:
        rules: bit i of ``failed`` is rule i.
        values: signals of the document.
        failed: the rules that it fails.
    """
    return tuple(
        RuleVerdict(
            rule=rule.label,
            values=tuple(values[bounds.signal] for bounds in rule.alternatives),
            passes=rule.alternatives,
            where=rule.where,
            passed=not failed >> bit & 1,
            report_only=rule.report_only,
            citation=rule.source,
        )
        for bit, rule in enumerate(rules)
    )
