"""Report: a summary of every shard, merged into one JSON file, one page, and a card of the data."""

import dataclasses
import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec
import pyarrow as pa

from massivetext.corpus.diff_section import diff_section
from massivetext.corpus.run_diff import diff_runs
from massivetext.engines.engine import Engine
from massivetext.engines.shard_jobs import run_shards
from massivetext.errors import StageError
from massivetext.report import html_page
from massivetext.report.accumulate import ShardSummary, accumulate_shard, count_hosts, merge_summaries, read_columns
from massivetext.report.completed import completed_stages
from massivetext.report.corpus_card import render_card
from massivetext.report.page_data import gather_page_data
from massivetext.report.run_report import RunReport
from massivetext.report.sections.costs_section import costs_section
from massivetext.report.summary import summarise
from massivetext.report.value_sample import sample_bounds, sample_values
from massivetext.runs.context import Context
from massivetext.runs.run_log import count_work
from massivetext.runs.store import Manifest, Run, RunState, Shard, ShardCommit, StageState, canonical_json, json_sha256
from massivetext.runs.work_items import ShardStage, WorkItem, scale_costs
from massivetext.stages import INGEST, REPORT
from massivetext.stages.report_stage import CARD, JSON, PAGE
from massivetext.storage import files as fs
from massivetext.storage import lock

STAGE = REPORT.name
HOSTS, VALUES = "report/hosts", "report/values"
_SUMMARY_COST = 1 / 100e6  # seconds per byte of text


def run_report(engine: Engine, context: Context, items: Sequence[WorkItem]) -> None:
    """Write report/."""
    summarise = _SummariseShard(completed_stages(context), sample_bounds(context))
    run_shards(engine, context, [ShardStage(STAGE, summarise)], scale_costs(items, _SUMMARY_COST))
    summaries = fs.concurrently(context.run.folder, lambda shard: _read_summary(context, shard), context.all_shards())
    commit = _write(
        context,
        summaries,
        lambda shard: context.run.read_table(HOSTS, shard),
        lambda shard: context.run.read_table(VALUES, shard),
    )
    context.run.commit_shard(STAGE, context.stage_keys[STAGE], commit)


class _SummariseShard:
    """Summarises a shard, as far as some stages have come."""

    def __init__(self, done: Collection[str], bounds: Mapping[str, int]) -> None:
        self._done, self._bounds = done, bounds

    def __call__(self, context: Context, item: WorkItem) -> ShardCommit:
        """Write the summary of one shard, the counts of its hosts and its part of the sample; return the commit."""
        run, shard = context.run, item.shard
        columns = read_columns(context, shard, self._done)
        summary = accumulate_shard(context, columns)
        data = msgspec.json.encode(summary, order="deterministic")
        summarised = fs.write_bytes(run.shard_file("report/summaries", shard, ".json"), data)
        count_work(summary.sources[shard.source].funnel[INGEST.name].documents)
        counted = run.write_table(HOSTS, shard, count_hosts(columns))
        drawn = run.write_table(VALUES, shard, sample_values(columns, self._bounds))
        return ShardCommit(shard.name, (run.committed(summarised), counted, drawn), {})


def _read_summary(context: Context, shard: Shard) -> ShardSummary:
    data = fs.read_bytes(context.run.shard_file("report/summaries", shard, ".json"))
    return msgspec.json.decode(data, type=ShardSummary)


def _write(
    context: Context,
    summaries: Iterable[ShardSummary],
    host_counts: Callable[[Shard], pa.Table],
    values: Callable[[Shard], pa.Table],
) -> ShardCommit:
    run = context.run
    report = summarise(context, functools.reduce(merge_summaries, summaries), host_counts)
    samples = {
        name: list(fs.concurrently(run.folder, values, context.shards(name))) for name in sorted(context.shard_counts)
    }
    page = html_page.render_page(report, context.verdicts, gather_page_data(context, report, samples))
    card = render_card(report, {each.stage: each for each in context.verdicts})
    written = [
        fs.write_bytes(run.path(path), data)
        for path, data in ((JSON, canonical_json(report)), (PAGE, page.encode()), (CARD, card.encode()))
    ]
    return ShardCommit("page", tuple(map(run.committed, written)), {})


def write_report(context: Context, notify: lock.Notify = lambda _: None, workers: int = 1) -> str:
    """Return the path of the report page; if the report stage has not run, first write it from the complete stages.

    Args:
        context: the run.
        notify: called when the run's lock is held by another process and has to be waited for.
        workers: number of worker processes on this machine.

    Raises:
        UserError: another run is at work in the folder.
        StageError: the stage judge is not complete.
    """
    if not _is_written(context.run):
        with lock.hold(context.run.folder, notify) as held:
            _write_partial(context, held, Engine(workers=workers, preload=(__name__,)))
    return context.run.path(PAGE)


def write_page(context: Context, path: str, against: Context | None = None) -> None:
    """Write the report page of a run to a file outside its folder, with what depends on more than its output.

    Such a page also has the time, memory and speed of each stage, and what differs from another run.

    Args:
        context: the run; its report is written first if it is not.
        path: path of the file: a new one, or one that is replaced.
        against: an earlier run to compare with; its rules have judged.

    Raises:
        UserError: another run is at work in the folder.
        StageError: the stage judge is not complete, or a file is missing or damaged.
    """
    write_report(context)
    report = stored_report(context.run)
    added = [] if against is None else [diff_section(diff_runs(against, context))]
    added.append(costs_section(report, _state(context.run)[0].stages))
    data = gather_page_data(context, report, _stored_values(context))
    page = html_page.render_page(report, context.verdicts, data, added, context.run.folder)
    fs.write_bytes(path, page.encode())


def stored_report(run: Run) -> RunReport:
    """Return the report that lies in the folder of a run. Raises StageError if another version has written it."""
    path = run.path(JSON)
    try:
        return msgspec.json.decode(fs.read_bytes(path), type=RunReport)
    except msgspec.DecodeError as error:
        raise StageError(
            f"{path}: want a report as this version of massivetext writes it, got another ({error}); run "
            "`massivetext run` again to make it anew"
        ) from error


def _stored_values(context: Context) -> dict[str, list[pa.Table]]:
    """Return the sample that the report stage has stored, or draw it if the report is of a run that stopped early."""
    done, bounds = completed_stages(context), sample_bounds(context)

    def read(shard: Shard) -> pa.Table:
        if fs.exists(context.run.shard_file(VALUES, shard)):
            return context.run.read_table(VALUES, shard)
        return sample_values(read_columns(context, shard, done), bounds)

    return {
        name: list(fs.concurrently(context.run.folder, read, context.shards(name))) for name in context.shard_counts
    }


def _state(run: Run) -> tuple[RunState, dict[str, str]]:
    """Return the state of a run, and the keys of its complete stages except the report."""
    state = run.state()
    if state is None:
        raise StageError(f"{run.folder}: no run here")
    return state, {stage.name: stage.key for stage in state.stages if stage.name != STAGE}


def _is_written(run: Run) -> bool:
    before, (state, inputs) = run.manifest(STAGE), _state(run)
    if before is None or before.inputs != inputs or not fs.exists(run.path(PAGE)):
        return False
    return any(stage.name == STAGE and stage.key == before.key for stage in state.stages)


def _write_partial(context: Context, held: lock.Lock, engine: Engine) -> None:
    run = context.run
    state, inputs = _state(run)
    key = json_sha256(["partial", inputs])
    run.begin(REPORT, key)
    sizes = {commit.task: commit.counts.get("bytes", 0) for commit in run.need(INGEST.name).tasks}
    items = [WorkItem(shard, (), sizes.get(shard.name, 0)) for shard in context.all_shards()]
    run_report(engine, dataclasses.replace(context, stage_keys={**context.stage_keys, STAGE: key}), items)
    held.check()
    digest = run.commit(REPORT, Manifest(STAGE, key, inputs, tuple(run.commits(STAGE, key))))
    stages = (*(stage for stage in state.stages if stage.name != STAGE), StageState(STAGE, key, digest))
    run.write_state(msgspec.structs.replace(state, stages=stages))  # the report is the last stage of every run
