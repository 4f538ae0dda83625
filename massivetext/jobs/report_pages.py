"""Report: a summary of every shard, merged into one JSON and one page."""

import functools
from collections.abc import Callable, Iterable, Sequence

import msgspec
import pyarrow as pa

from massivetext.engines.engine import Engine
from massivetext.engines.shard_jobs import run_shards
from massivetext.errors import StageError
from massivetext.report import hosts, html_page
from massivetext.report.accumulate import ShardSummary, accumulate_shard, merge_summaries
from massivetext.report.summary import summarise
from massivetext.runs.context import Context
from massivetext.runs.progress import Reporter
from massivetext.runs.store import Manifest, Run, RunState, Shard, ShardCommit, StageState, canonical, key_of
from massivetext.runs.work_items import ShardStage, WorkItem, scale_costs
from massivetext.stages import REPORT
from massivetext.stages.report_stage import JSON, PAGE
from massivetext.storage import files as fs
from massivetext.storage import lock

STAGE = REPORT.name
HOSTS = "report/hosts"
_COST = 1 / 100e6  # seconds a byte of text


def run_report(engine: Engine, context: Context, tasks: Sequence[WorkItem]) -> None:
    """Writes report/."""
    run_shards(engine, context, [ShardStage(STAGE, summarise_shard)], scale_costs(tasks, _COST))
    summaries = fs.concurrently(context.run.folder, lambda shard: _read_summary(context, shard), context.all_shards())
    commit = _write(context, summaries, lambda shard: context.run.read_table(HOSTS, shard))
    context.run.commit_shard(STAGE, context.keys[STAGE], commit)


def summarise_shard(context: Context, task: WorkItem, reporter: Reporter) -> ShardCommit:
    """Writes the summary of one shard, and the counts of its hosts."""
    summary = accumulate_shard(context, task.shard)
    counted = context.run.write_table(HOSTS, task.shard, hosts.count_hosts(context, task.shard))
    path = context.run.part("report/summaries", task.shard, ".json")
    fs.write_bytes(path, msgspec.json.encode(summary, order="deterministic"))
    reporter.add(context.run.read_table("documents", task.shard, ["id"]).num_rows)
    return ShardCommit(task.shard.name, (context.run.committed(path), counted), {})


def _read_summary(context: Context, shard: Shard) -> ShardSummary:
    data = fs.read_bytes(context.run.part("report/summaries", shard, ".json"))
    return msgspec.json.decode(data, type=ShardSummary)


def _write(
    context: Context, summaries: Iterable[ShardSummary], host_counts: Callable[[Shard], pa.Table]
) -> ShardCommit:
    run = context.run
    report = summarise(context, functools.reduce(merge_summaries, summaries), host_counts)
    fs.write_bytes(run.path(JSON), canonical(report))
    fs.write_bytes(run.path(PAGE), html_page.render_page(report, context.verdicts).encode())
    return ShardCommit("page", (run.committed(run.path(JSON)), run.committed(run.path(PAGE))), {})


def write_report(context: Context, say: lock.Notify = lambda _: None) -> str:
    """The path of a run's page; it is written, from what the run has so far, where the report stage has not done so.

    Args:
        context: of the run.
        say: is told when we wait for the run's lock.

    Raises:
        UserError: another run is at work in the folder.
        StageError: nothing has been judged yet.
    """
    if not _is_written(context.run):
        with lock.hold(context.run.folder, say) as held:
            _write_partial(context, held)
    return context.run.path(PAGE)


def _state(run: Run) -> tuple[RunState, dict[str, str]]:
    """The state of a run, and the keys of the stages that it has done, but for the report."""
    state = run.state()
    if state is None:
        raise StageError(f"{run.folder}: no run here")
    return state, {stage.name: stage.key for stage in state.stages if stage.name != STAGE}


def _is_written(run: Run) -> bool:
    before, (state, inputs) = run.manifest(STAGE), _state(run)
    told = any(stage.name == STAGE and before is not None and stage.key == before.key for stage in state.stages)
    return told and before is not None and before.inputs == inputs and fs.exists(run.path(PAGE))


def _write_partial(context: Context, held: lock.Lock) -> None:
    run = context.run
    state, inputs = _state(run)
    key = key_of(["partial", inputs])
    run.begin(REPORT, key)
    summaries = (accumulate_shard(context, shard) for shard in context.all_shards())
    commit = _write(context, summaries, lambda shard: hosts.count_hosts(context, shard))
    held.check()
    digest = run.commit(REPORT, Manifest(STAGE, key, inputs, (commit,)))
    stages = (*(stage for stage in state.stages if stage.name != STAGE), StageState(STAGE, key, digest))
    run.write_state(msgspec.structs.replace(state, stages=stages))  # the report is the last stage of every run
