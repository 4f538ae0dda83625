"""Functions of one shard, run over the canaries of every source as a stage runs them over its documents."""

from dataclasses import dataclass

from massivetext.engines.engine import Engine
from massivetext.engines.shard_jobs import run_shards
from massivetext.runs.canary_names import CANARIES as FOLDER
from massivetext.runs.canary_run import canary_commit
from massivetext.runs.context import Context
from massivetext.runs.store import ShardCommit
from massivetext.runs.work_items import ProcessShard, ShardStage, WorkItem


@dataclass(frozen=True, slots=True)
class CanaryShards:
    """A function of one shard, applied to the canaries of its source instead of its documents."""

    process: ProcessShard

    def __call__(self, context: Context, item: WorkItem) -> ShardCommit:
        """Process the canaries of a source, and return the commit under a name of canaries."""
        return canary_commit(self.process(context.for_canaries(), item))


def run_for_canaries(
    engine: Engine, context: Context, stage: str, process: ProcessShard, judging: str | None, label: str = ""
) -> None:
    """Run a function of one shard over the canaries of every source that a stage judges.

    Args:
        engine: the Beam runner.
        context: the run.
        stage: name of the stage that commits.
        process: the function.
        judging: name of the stage whose sources are meant; None: all sources.
        label: what the names of the commits of ``process`` begin with.
    """
    items = [WorkItem(shard, (), 0.0) for shard in context.canary_shards(judging)]
    if items:
        run_shards(engine, context, [ShardStage(stage, CanaryShards(process), f"{FOLDER}/{label}")], items)
