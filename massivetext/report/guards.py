"""What is suspicious of the rules of a source once they have judged: see :class:`massivetext.recipe.GuardOptions`."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from massivetext.recipe import Action, GuardOptions
from massivetext.runs.store import Run
from massivetext.stages import JUDGE

_NAMED = 5  # rules that are named where a source loses too much
_FAILED = "failed:"  # before a rule's name among the counts of a shard


class Judged(NamedTuple):
    """What the rules of a source did.

    Attributes:
        documents: that they judged.
        removed: those that fail a rule that drops.
        failed: documents that fail each rule, by its name.
        report_only: names of the rules that drop nothing.
    """

    documents: int
    removed: int
    failed: Mapping[str, int]
    report_only: frozenset[str] = frozenset()


class Alarm(NamedTuple):
    """Something suspicious: one sentence, and what the recipe wants done."""

    message: str
    action: Action


def alarms(options: GuardOptions, source: str, judged: Judged) -> Iterator[Alarm]:
    """What is suspicious of a source; nothing that the recipe has ignored."""
    found = [*_of_rules(options, source, judged), *_of_all(options, source, judged)]
    yield from (alarm for alarm in found if alarm.action != "ignore")


def judged(run: Run, source: str, report_only: frozenset[str], idle: frozenset[str] = frozenset()) -> Judged:
    """What the rules of a source did in a run whose `judge` is done, but for idle ones, which lack their list."""
    totals = run.need(JUDGE.name).totals(f"{source}/")
    failed = {name.removeprefix(_FAILED): count for name, count in totals.items() if name.startswith(_FAILED)}
    failed = {name: count for name, count in failed.items() if name not in idle}
    removed = totals.get("removed", 0)
    return Judged(totals.get("kept", 0) + removed, removed, failed, report_only)


def _of_rules(options: GuardOptions, source: str, judged: Judged) -> Iterator[Alarm]:
    for rule, failed in judged.failed.items():
        if failed == 0 and judged.documents > options.enough_documents:
            message = f"Rule {rule} never fires on the {judged.documents:,} documents of source {source}."
            yield Alarm(message, options.never_fires)
        elif failed > options.fires_above * judged.documents and rule not in judged.report_only:
            share = failed / judged.documents
            yield Alarm(f"Rule {rule} by itself removes {share:.0%} of source {source}.", options.fires_too_often)


def _of_all(options: GuardOptions, source: str, judged: Judged) -> Iterator[Alarm]:
    lost = judged.removed / judged.documents if judged.documents else 0.0
    if judged.documents > options.enough_documents and lost > options.loses_above:
        dropping = {rule: failed for rule, failed in judged.failed.items() if failed and rule not in judged.report_only}
        worst = sorted(dropping, key=lambda rule: (-dropping[rule], rule))[:_NAMED]
        named = ", ".join(f"{rule} ({dropping[rule] / judged.documents:.0%})" for rule in worst)
        message = (
            f"Source {source} loses {lost:.1%} of its {judged.documents:,} documents to its rules, most to {named}."
        )
        yield Alarm(message, options.loses_too_much)
