"""Judge: the rules of each source decide by the signals which documents are kept."""

from collections.abc import Callable

import pyarrow as pa

from massivetext import rules
from massivetext.errors import UserError
from massivetext.recipe import LoadedRecipe
from massivetext.report.guards import Alarm, alarms, give_warnings, read_rule_counts
from massivetext.runs.context import COUNTED_SIGNALS, Context
from massivetext.runs.run_log import count_work
from massivetext.runs.store import ShardCommit
from massivetext.runs.work_items import WorkItem
from massivetext.schema import RULE_VERDICTS
from massivetext.signals import blocklist_files
from massivetext.stages import JUDGE


def judge_shard(context: Context, item: WorkItem) -> ShardCommit:
    """Write the rule verdicts of one shard, and return the commit."""
    shard, run = item.shard, context.run
    judging = context.rules[shard.source]
    wanted = set(COUNTED_SIGNALS).union(*(rule.signals for rule in judging))
    table = run.read_table("signals", shard, sorted(wanted))
    kept, failed = rules.judge_documents(table, judging)
    file = run.write_table(
        context.verdicts_of(JUDGE.name), shard, pa.table({"kept": kept, "failed": failed}, schema=RULE_VERDICTS)
    )
    counts = {**context.count_kept(shard, kept, table), "removed": int((~kept).sum())}
    counts |= {f"failed:{rule}": count for rule, count in rules.count_failed(failed, judging).items()}
    count_work(table.num_rows)
    return ShardCommit(shard.name, (file,), counts)


def apply_guards(context: Context, loaded: LoadedRecipe, notify: Callable[[str], None], first: bool) -> None:
    """Warn of rules that fail suspiciously many documents, or stop the run if the recipe says so.

    Args:
        context: a run that has completed the stage.
        loaded: the recipe.
        notify: called with each warning.
        first: whether the stage ran just now; otherwise its warnings were given before and are not repeated.

    Raises:
        UserError: a guard of the recipe stops the run.
    """
    guards, idle_signals = loaded.recipe.guards, blocklist_files.idle_signals(loaded.recipe.blocklists)
    found: list[Alarm] = []
    for source, judging in sorted(context.rules.items()):
        report_only = frozenset(rule.name for rule in judging if rule.report_only)
        idle = frozenset(rule.name for rule in judging if not idle_signals.isdisjoint(rule.signals))
        found += alarms(guards, source, read_rule_counts(context.run, source, report_only, idle))
    if stopping := give_warnings(found, notify, first=first):
        raise UserError(
            f"{stopping} A guard stops the run here. `massivetext report {context.run.folder}` shows what the rules "
            "did; correct them, or change [guards] in the recipe, and run again to go on"
        )
