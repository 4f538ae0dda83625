"""Report: a summary of every shard, merged into one JSON and one page."""

import msgspec

from massivetext import filesystem as fs
from massivetext.context import Context
from massivetext.errors import StageError
from massivetext.progress import Reporter
from massivetext.report import page
from massivetext.report.accumulate import ShardSummary, accumulate_shard, merge
from massivetext.report.summary import summarise
from massivetext.stages.engine import Engine
from massivetext.stages.shards import ShardStage, Task, priced, run_shards
from massivetext.store import STAGES, Manifest, Shard, ShardCommit, StageState, canonical, key_of

STAGE = "report"
PAGE, JSON = "report/index.html", "report/report.json"
_COST = 1 / 100e6  # seconds a byte of text


def run_report(engine: Engine, context: Context, tasks: list[Task]) -> None:
    """Writes report/."""
    run_shards(engine, context, [ShardStage(STAGE, summarise_shard)], priced(tasks, _COST))
    commit = _write(context, [_read_summary(context, shard) for shard in context.all_shards()])
    context.run.commit_shard(STAGE, context.keys[STAGE], commit)


def summarise_shard(context: Context, task: Task, reporter: Reporter) -> ShardCommit:
    """Writes the summary of one shard."""
    summary = accumulate_shard(context, task.shard)
    path = context.run.part("report/summaries", task.shard, ".json")
    fs.write_bytes(path, msgspec.json.encode(summary, order="deterministic"))
    reporter.add(context.run.read_table("documents", task.shard, ["id"]).num_rows)
    return ShardCommit(task.shard.name, (context.run.committed(path),), {})


def _read_summary(context: Context, shard: Shard) -> ShardSummary:
    data = fs.read_bytes(context.run.part("report/summaries", shard, ".json"))
    return msgspec.json.decode(data, type=ShardSummary)


def _write(context: Context, summaries: list[ShardSummary]) -> ShardCommit:
    run = context.run
    merged = summaries[0]
    for summary in summaries[1:]:
        merged = merge(merged, summary)
    report = summarise(context, merged)
    fs.write_bytes(run.path(JSON), canonical(report))
    fs.write_bytes(run.path(PAGE), page.render(report).encode())
    return ShardCommit("page", (run.committed(run.path(JSON)), run.committed(run.path(PAGE))), {})


def write_report(context: Context) -> str:
    """The path of a run's page; it is written, from what the run has so far, where the report stage has not done so.

    Raises:
        StageError: nothing has been judged yet.
    """
    run, state = context.run, context.run.state()
    if state is None:
        raise StageError(f"{run.folder}: no run here")
    inputs = {stage.name: stage.key for stage in state.stages if stage.name != STAGE}
    before = run.manifest(STAGE)
    if before is not None and before.inputs == inputs and fs.exists(run.path(PAGE)):
        return run.path(PAGE)
    key = key_of(["partial", inputs])
    run.begin(STAGE, key)
    commit = _write(context, [accumulate_shard(context, shard) for shard in context.all_shards()])
    digest = run.commit(Manifest(STAGE, key, inputs, (commit,)))
    stages = (*(stage for stage in state.stages if stage.name != STAGE), StageState(STAGE, key, digest))
    run.write_state(msgspec.structs.replace(state, stages=tuple(sorted(stages, key=lambda s: STAGES.index(s.name)))))
    return run.path(PAGE)
