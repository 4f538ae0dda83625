"""Warnings about rules that remove too much or never fire: see :class:`massivetext.recipe.GuardOptions`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from massivetext.recipe import Action, GuardOptions
from massivetext.runs.store import Run
from massivetext.stages import JUDGE

_NAMED = 5  # rules that the warning about a source names
_FAILED = "failed:"  # prefix of the name of a rule in the counts of a shard


class RuleCounts(NamedTuple):
    """Documents that the rules of a source judged and removed.

    Attributes:
        documents: number of documents that they judged.
        removed: number of documents that fail a rule that is not report-only.
        failed: number of documents that fail each rule, by the name of the rule.
        report_only: names of the rules that mark documents and drop none.
    """

    documents: int
    removed: int
    failed: Mapping[str, int]
    report_only: frozenset[str] = frozenset()


class Alarm(NamedTuple):
    """A warning: one sentence, and the action that the recipe asks for."""

    message: str
    action: Action


def give_warnings(found: Iterable[Alarm], notify: Callable[[str], None], *, first: bool) -> str:
    """Give the warnings among some alarms, and return the messages of those that stop the run; "" without any.

    Args:
        found: the alarms, without those that the recipe ignores.
        notify: called with each warning.
        first: whether the stage ran just now; otherwise its warnings were given before and are not repeated.
    """
    stopping = []
    for alarm in found:
        if alarm.action == "stop":
            stopping.append(alarm.message)
        elif first:
            notify(alarm.message)
    return " ".join(stopping)


def alarms(options: GuardOptions, source: str, counts: RuleCounts) -> Iterator[Alarm]:
    """Yield the warnings about a source, without those that the recipe ignores."""
    if counts.removed == counts.documents:
        found = [Alarm(_describe_empty(source, counts), options.empty_source_action)]
    else:
        found = [*_rule_alarms(options, source, counts), *_source_alarms(options, source, counts)]
    yield from (alarm for alarm in found if alarm.action != "ignore")


def read_rule_counts(
    run: Run, source: str, report_only: frozenset[str], idle: frozenset[str] = frozenset()
) -> RuleCounts:
    """Return how many documents each rule failed. Rules whose block list is not configured (``idle``) are left out."""
    totals = run.need(JUDGE.name).totals(f"{source}/")
    failed = {name.removeprefix(_FAILED): count for name, count in totals.items() if name.startswith(_FAILED)}
    failed = {name: count for name, count in failed.items() if name not in idle}
    removed = totals.get("removed", 0)
    return RuleCounts(totals.get("kept", 0) + removed, removed, failed, report_only)


def _describe_empty(source: str, counts: RuleCounts) -> str:
    if not counts.documents:
        return f"sources.{source}: no document is left: its inputs gave none, and the quarantine says why."
    return f"sources.{source}: no document is left: all {counts.documents:,} fail its rules, most {_worst(counts)}."


def _worst(counts: RuleCounts) -> str:
    """Return the rules that remove most, each with its share of the documents."""
    dropping = {rule: failed for rule, failed in counts.failed.items() if failed and rule not in counts.report_only}
    worst = sorted(dropping, key=lambda rule: (-dropping[rule], rule))[:_NAMED]
    return ", ".join(f"{rule} ({dropping[rule] / counts.documents:.0%})" for rule in worst)


def _rule_alarms(options: GuardOptions, source: str, counts: RuleCounts) -> Iterator[Alarm]:
    for rule, failed in counts.failed.items():
        if failed == 0 and counts.documents > options.enough_documents:
            message = f"Rule {rule} never fires on the {counts.documents:,} documents of source {source}."
            yield Alarm(message, options.never_fires)
        elif failed > options.fires_above * counts.documents and rule not in counts.report_only:
            share = failed / counts.documents
            yield Alarm(f"Rule {rule} by itself removes {share:.0%} of source {source}.", options.fires_too_often)


def _source_alarms(options: GuardOptions, source: str, counts: RuleCounts) -> Iterator[Alarm]:
    lost = counts.removed / counts.documents if counts.documents else 0.0
    if counts.documents > options.enough_documents and lost > options.loses_above:
        message = (
            f"Source {source} loses {lost:.1%} of its {counts.documents:,} documents to its rules, most to "
            f"{_worst(counts)}."
        )
        yield Alarm(message, options.loses_too_much)
