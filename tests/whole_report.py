"""The report of a run, made in this process without a job."""

from functools import reduce

from massivetext.report.accumulate import ShardSummary, accumulate_shard, count_hosts, merge_summaries, read_columns
from massivetext.report.run_report import RunReport
from massivetext.report.summary import summarise
from massivetext.runs.context import Context


def merged_summary(context: Context) -> ShardSummary:
    """Return the summaries of all shards, merged."""
    summaries = [accumulate_shard(context, read_columns(context, shard)) for shard in context.all_shards()]
    return reduce(merge_summaries, summaries)


def report_of(context: Context) -> RunReport:
    """Return the report of a run, up to its last complete stage."""
    return summarise(context, merged_summary(context), lambda shard: count_hosts(read_columns(context, shard)))
