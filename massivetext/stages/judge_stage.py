"""Judge: the rules of each source decide by the signals."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from massivetext.runs.stage import RunPlan, Stage, Verdicts

if TYPE_CHECKING:
    from massivetext.runs.context import Context
    from massivetext.runs.work_items import WorkItem


def _key(plan: RunPlan) -> object:
    return plan.rules


def _describe(_plan: RunPlan) -> str:
    return "rules on the signals"


def _has_rules(plan: RunPlan, source: str) -> bool:
    return bool(plan.rules[source])


def _facts(context: "Context", _items: "Sequence[WorkItem]") -> Mapping[str, object]:
    import msgspec

    return {"rules": {source: msgspec.to_builtins(rules) for source, rules in context.rules.items()}}


JUDGE = Stage(
    name="judge",
    title="rules",
    reads=("signals",),
    key=_key,
    describe=_describe,
    has_work=_has_rules,
    facts=_facts,
    verdicts=Verdicts(data_set="verdicts/rules", legend="rules", removed="by rules", judges_canaries=True),
    process="massivetext.jobs.judge:judge_shard",
    after="massivetext.jobs.judge:apply_guards",
)
