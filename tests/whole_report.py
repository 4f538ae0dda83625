"""The report of a run, made in this process without a job."""

from functools import reduce

from massivetext.report.accumulate import ShardSummary, accumulate_shard, count_hosts, merge_summaries, read_columns
from massivetext.report.html_page import render_page
from massivetext.report.page_data import PageData, gather_page_data
from massivetext.report.run_report import RunReport
from massivetext.report.summary import summarise
from massivetext.report.value_sample import SAMPLED_VALUES, sample_bounds, sample_values
from massivetext.runs.context import Context


def merged_summary(context: Context) -> ShardSummary:
    """Return the summaries of all shards, merged."""
    summaries = [accumulate_shard(context, read_columns(context, shard)) for shard in context.all_shards()]
    return reduce(merge_summaries, summaries)


def report_of(context: Context) -> RunReport:
    """Return the report of a run, up to its last complete stage."""
    return summarise(context, merged_summary(context), lambda shard: count_hosts(read_columns(context, shard)))


def page_data_of(context: Context, report: RunReport, sampled: int = SAMPLED_VALUES) -> PageData:
    """Return the data of a run's page, with a sample of about so many documents."""
    bounds = sample_bounds(context, sampled)
    samples = {
        name: [sample_values(read_columns(context, shard), bounds) for shard in context.shards(name)]
        for name in context.shard_counts
    }
    return gather_page_data(context, report, samples)


def page_of(context: Context, report: RunReport | None = None) -> str:
    """Return the page of a run."""
    report = report_of(context) if report is None else report
    return render_page(report, context.verdicts, page_data_of(context, report))
