"""Changed rules: other limits for rules of a run, or other rule sets in their place."""

import re
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from massivetext.errors import UserError
from massivetext.rules import Rule, check_signals, combine_rule_sets, load_rule_set
from massivetext.signals import registry
from massivetext.toml_tables import describe_value, suggestion

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
    found = _NAME.fullmatch(name) if isinstance(name, str) else None
    if found is None:
        raise UserError(f"{name}: {_WANTED}")
    field = found["field"]
    return RuleChange(found["rule"], found["signal"], field, _READERS[field](name, value))


def _read_bound(name: str, value: Value) -> float | None:
    if value is None or value == "none":
        return None
    try:
        bound = None if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        bound = None
    if bound is None:
        raise UserError(f"{name}: want a number, or none for no bound, got {describe_value(value)}")
    return bound


def _read_list(name: str, value: Value) -> tuple[str, ...]:
    words = [word.strip() for word in value.split(",")] if isinstance(value, str) else value
    if not isinstance(words, Sequence) or not words or not all(isinstance(word, str) and word for word in words):
        raise UserError(f"{name}: want texts with commas between them, got {describe_value(value)}")
    return tuple(words)


def _read_flag(name: str, value: Value) -> bool:
    if value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise UserError(f"{name}: want true or false, got {describe_value(value)}")
    return value


_READERS = {"min": _read_bound, "max": _read_bound, "allow": _read_list, "report_only": _read_flag}


def change_rules(rules: Rules, changes: Sequence[RuleChange]) -> Rules:
    """Return the rules of every source with the changes made; those of one rule at once, so their order is nothing.

    Raises:
        UserError: no source has the rule of a change, or the rule would be no rule with all its changes.
    """
    for name in dict.fromkeys(change.rule for change in changes):
        known = sorted({rule.label for judging in rules.values() for rule in judging})
        if name not in known:
            raise UserError(
                f"{name}: no source has this rule{suggestion(name, known)}; the rules are {', '.join(known) or 'none'}"
            )
        of_rule = [change for change in changes if change.rule == name]
        rules = {
            source: tuple(_changed(rule, of_rule) if rule.label == name else rule for rule in judging)
            for source, judging in rules.items()
        }
    return rules


def _changed(rule: Rule, changes: Sequence[RuleChange]) -> Rule:
    where = ", ".join(dict.fromkeys(f"{change.rule}.{change.field}" for change in changes))
    fields = msgspec.to_builtins(rule)  # values that are no rule until all changes are made
    try:
        for change in changes:
            _change_fields(fields, change)
        _require_limit(fields)
        changed = msgspec.convert(fields, Rule)
    except (ValueError, msgspec.ValidationError) as error:
        raise UserError(f"{where}: {error}") from error
    check_signals(changed, where, registry.types())
    return changed


def _require_limit(fields: Mapping[str, Any]) -> None:
    if fields["any_of"] is None and all(fields[name] is None for name in ("min", "max", "allow")):
        name = fields["name"] or fields["signal"]
        raise ValueError(f"leaves the rule without a limit; {name}.report_only=true lets it remove nothing")


def _change_fields(fields: dict[str, Any], change: RuleChange) -> None:
    """Change the fields of a rule. Raises ValueError unless the change names the signal where it has to."""
    if change.field == "report_only":
        fields["report_only"] = change.value
    elif fields["any_of"] is None:
        if change.signal not in (None, fields["signal"]):
            raise ValueError(f"want no signal, or {fields['signal']!r}, got {change.signal!r}")
        fields[change.field] = change.value
    else:
        named = [bounds for bounds in fields["any_of"] if bounds["signal"] == change.signal]
        if len(named) != 1:
            signals = [bounds["signal"] for bounds in fields["any_of"]]
            raise ValueError(
                f"want one of its signals in the name, as {change.rule}.{signals[0]}.{change.field}; they are "
                f"{', '.join(signals)}"
            )
        named[0][change.field] = change.value


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
