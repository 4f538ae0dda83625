"""Judge: signals -> verdicts, by the rule sets of each source."""

import numpy as np
import pyarrow as pa

from massivetext import rules
from massivetext.engines.shard_jobs import Task
from massivetext.runs.context import Context
from massivetext.runs.progress import Reporter
from massivetext.runs.store import ShardCommit
from massivetext.schema import RULE_VERDICTS


def judge_shard(context: Context, task: Task, reporter: Reporter) -> ShardCommit:
    """Writes the rule verdicts of one shard."""
    shard, run = task.shard, context.run
    judged = context.rules[shard.source]
    wanted = {"word_count"}.union(*(rule.signals for rule in judged))
    table = run.read_table("signals", shard, sorted(wanted))
    kept, failed = rules.judge_documents(table, judged)
    file = run.write_table("verdicts/rules", shard, pa.table({"kept": kept, "failed": failed}, schema=RULE_VERDICTS))
    counts = {**context.tally(shard, kept), "removed": int((~kept).sum())}
    for bit, rule in enumerate(judged):
        counts[f"failed:{rule.name}"] = int(np.count_nonzero(failed >> np.uint64(bit) & np.uint64(1)))
    reporter.add(table.num_rows)
    return ShardCommit(shard.name, (file,), counts)
