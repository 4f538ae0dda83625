"""The signals of one document and the verdict of each rule, to explain why it was kept or dropped."""

from collections.abc import Mapping, Sequence

import msgspec

from massivetext.rules import Bounds, Rule
from massivetext.signals.registry import ALL


class SignalValue(msgspec.Struct, frozen=True, kw_only=True):
    """Value of a signal of the document; ``low`` and ``high`` are the range of the signal, None for text."""

    name: str
    value: float | str
    unit: str
    low: float | None
    high: float | None


class RuleVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Verdict of one rule on the document.

    Attributes:
        rule: name of the rule.
        values: values of the signals in ``passes``, in that order.
        passes: alternative bounds, at least one of which a document must keep; an ``any_of`` rule has several.
        where: the rule applies only to documents within these bounds; None: to all.
        passed: whether the document passes the rule.
        report_only: whether the rule only marks documents and drops none.
        citation: source of the bounds.
    """

    rule: str
    values: tuple[float | str, ...]
    passes: tuple[Bounds, ...]
    where: Bounds | None
    passed: bool
    report_only: bool
    citation: str


def signal_values(values: Mapping[str, float | str]) -> tuple[SignalValue, ...]:
    """Return every measured signal of a document, in the order of the registry."""
    return tuple(
        SignalValue(name=name, value=values[name], unit=signal.unit, low=signal.low, high=signal.high)
        for name, signal in ALL.items()
        if name in values
    )


def rule_verdicts(rules: Sequence[Rule], values: Mapping[str, float | str], failed: int) -> tuple[RuleVerdict, ...]:
    """Return the verdict of each rule on a document, in the order of the rules.

    Args:
        rules: the rules; bit i of ``failed`` is rule i.
        values: signals of the document, by name.
        failed: rules that the document fails, as bits.
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
