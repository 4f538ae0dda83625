"""Changed rules: other limits for rules of a run, or other rule sets in their place."""

import re
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

import msgspec

from massivetext.errors import UserError
from massivetext.rules import Bounds, Rule, check_signals, combine_rule_sets, load_rule_set
from massivetext.signals import registry
from massivetext.toml_tables import suggestion

Rules = Mapping[str, tuple[Rule, ...]]  # by source
Value = float | str | bool | None | Sequence[str]

_NAME = re.compile(
    r"(?P<rule>[a-z][a-z0-9_]*/[a-z][a-z0-9_]*)(\.(?P<signal>[a-z][a-z0-9_]*))?\.(?P<field>min|max|allow|report_only)"
)
_MOST_VALUES = 1000
_WANTED = "want RULE.min, RULE.max, RULE.allow or RULE.report_only, as gopher/word_count.min=100"


class RuleChange(msgspec.Struct, frozen=True):
    """A change of one rule, in every source that has it.

    Attributes:
        rule: full name of the rule ("gopher/word_count").
        signal: which of the alternatives of an ``any_of`` rule is changed, by its signal; None for other rules.
        field: "min", "max", "allow" or "report_only".
        value: the new value; None takes a bound away.
    """

    rule: str
    signal: str | None
    field: str
    value: float | bool | tuple[str, ...] | None


def split_setting(text: str, option: str) -> tuple[str, str]:
    """Return name and value of a change that is written as ``gopher/word_count.min=100``.

    Raises:
        UserError: it is not written so; names the option.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise UserError(f"{option} {text}: {_WANTED}")
    return name.strip(), value.strip()


def make_change(name: str, value: Value) -> RuleChange:
    """Return the change of a name ("gopher/word_count.min") to a value.

    A value may be written as text: a bound as a number or "none", ``allow`` as a list with commas, ``report_only`` as
    "true" or "false".

    Raises:
        UserError: there is no such field, or the value is not one of it.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise UserError(f"{name}: {_WANTED}")
    field = found["field"]
    return RuleChange(found["rule"], found["signal"], field, _READERS[field](name, value))


def _read_bound(name: str, value: Value) -> float | None:
    if value is None or value == "none":
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise UserError(f"{name}: want a number, or none for no bound, got {value!r}") from None


def _read_list(name: str, value: Value) -> tuple[str, ...]:
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, Sequence) or not words or not all(isinstance(word, str) and word for word in words):
        raise UserError(f"{name}: want texts with commas between them, got {value!r}")
    return tuple(words)


def _read_flag(name: str, value: Value) -> bool:
    if value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise UserError(f"{name}: want true or false, got {value!r}")
    return value


_READERS = {"min": _read_bound, "max": _read_bound, "allow": _read_list, "report_only": _read_flag}


def change_rules(rules: Rules, changes: Sequence[RuleChange]) -> Rules:
    """Return the rules of every source with the changes made, in order.

    Raises:
        UserError: no source has the rule of a change, or the rule would be no rule with it.
    """
    for change in changes:
        known = sorted({rule.label for judging in rules.values() for rule in judging})
        if change.rule not in known:
            raise UserError(
                f"{change.rule}: no source has this rule{suggestion(change.rule, known)}; the rules are "
                f"{', '.join(known) or 'none'}"
            )
        rules = {
            source: tuple(_changed(rule, change) if rule.label == change.rule else rule for rule in judging)
            for source, judging in rules.items()
        }
    return rules


def _changed(rule: Rule, change: RuleChange) -> Rule:
    where = f"{change.rule}.{change.field}"
    if rule.any_of is None and change.field != "report_only" and change.signal not in (None, rule.signal):
        raise UserError(f"{where}: want no signal, or {rule.signal!r}, got {change.signal!r}")
    try:
        if change.field == "report_only":
            changed = msgspec.structs.replace(rule, report_only=bool(change.value))
        elif rule.any_of is not None:
            changed = msgspec.structs.replace(rule, any_of=_with_alternative(rule.any_of, change))
        else:
            changed = msgspec.structs.replace(rule, **{change.field: change.value})
        # `replace` does not check a struct; a copy that is made from its fields does.
        checked = msgspec.convert(msgspec.to_builtins(changed), Rule)
    except (ValueError, msgspec.ValidationError) as error:
        raise UserError(f"{where}: {error}") from error
    check_signals(checked, where, registry.types())
    return checked


def _with_alternative(alternatives: Sequence[Bounds], change: RuleChange) -> tuple[Bounds, ...]:
    named = [bounds for bounds in alternatives if bounds.signal == change.signal]
    if len(named) != 1:
        signals = ", ".join(bounds.signal for bounds in alternatives)
        raise ValueError(
            f"want one of its signals in the name, as {change.rule}.{alternatives[0].signal}.{change.field}; they are "
            f"{signals}"
        )
    changed = msgspec.structs.replace(named[0], **{change.field: change.value})
    return tuple(changed if bounds is named[0] else bounds for bounds in alternatives)


def sweep_values(text: str) -> list[float]:
    """Return the values of a sweep that is written as ``20:200:20``: first, last and step; at most 1,000.

    Raises:
        UserError: it is not written so.
    """
    try:
        first, last, step = (Decimal(part) for part in text.split(":"))
        count = int((last - first) / step) + 1
    except (ArithmeticError, ValueError):
        count = 0
    if not 1 <= count <= _MOST_VALUES:
        raise UserError(
            f"--sweep: want NAME=FIRST:LAST:STEP with 1 to {_MOST_VALUES:,} values, as "
            f"gopher/word_count.min=20:200:20, got {text!r}"
        )
    return [float(first + number * step) for number in range(count)]


def replace_rule_sets(rules: Rules, names: Sequence[str], sources: Collection[str]) -> Rules:
    """Return the rules of every source, with other rule sets in place of all rules of some sources.

    Args:
        rules: the rules.
        names: what a recipe would have as ``rules = [...]``: names of rule sets, or paths of files.
        sources: names of the sources.

    Raises:
        UserError: there is no such rule set, or a rule in it is wrong.
    """
    known = registry.types()
    judging = combine_rule_sets(load_rule_set(name, known=known) for name in names)
    return {source: judging if source in sources else before for source, before in rules.items()}


def changed_rule_set(before: Rules, after: Rules) -> tuple[str, tuple[Rule, ...]]:
    """Return name and rules of the one rule set whose rules differ, as they are after the change.

    Raises:
        UserError: the rules of no set differ, or those of several, or sources have different sets of this name.
    """
    changed = sorted(
        {new.label.split("/")[0] for source, judging in after.items() for new in judging if new not in before[source]}
    )
    if len(changed) != 1:
        raise UserError(
            f"--write: want changes of one rule set, which is then written, got changes of "
            f"{', '.join(changed) or 'none'}; give --set for the rules of one rule set"
        )
    prefix = f"{changed[0]}/"
    sets = {tuple(rule for rule in judging if rule.label.startswith(prefix)) for judging in after.values()} - {()}
    if len(sets) != 1:
        raise UserError(
            f"--write: want one rule set, but sources have different ones of the name {changed[0]}; give --source"
        )
    return changed[0], sets.pop()
