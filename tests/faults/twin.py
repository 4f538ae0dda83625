"""A second attempt at work items of a stage, as a cluster may start one: ``twin.py RECIPE RUN STAGE [GO]``.

Processes every work item of the stages up to STAGE, committed or not; these stages must have started. With GO, only the
last work item of STAGE: in the middle of it, the process creates ``GO.ready`` and waits until the file GO exists.
"""

import sys
import time
from pathlib import Path

from massivetext.engines.engine import Engine
from massivetext.engines.shard_jobs import ShardStage, Task, attempt
from massivetext.errors import StageError
from massivetext.orchestration.driver import _SHARDWISE, Driver
from massivetext.recipe import load
from massivetext.runs.context import Context
from massivetext.runs.progress import Reporter
from massivetext.storage import files as fs


class Paused(Reporter):
    """Waits when a worker reports progress, which is in the middle of its work item."""

    def __init__(self, stage: str, go: Path) -> None:
        super().__init__(None, stage)
        self._go = go

    def add(self, documents: int = 0, size: int = 0, shards: int = 0) -> None:
        self._go.with_name(f"{self._go.name}.ready").touch()
        while not self._go.exists():
            time.sleep(0.02)


def process(context: Context, stage: ShardStage, task: Task, reporter: Reporter) -> None:
    """Do what a worker does, without the check for an earlier commit."""
    with attempt(context, stage.name, stage.task_name(task)):
        context.run.commit_shard(stage.name, context.keys[stage.name], stage.process(context, task, reporter))


def main(recipe: str, run: str, last: str, *go: str) -> int:
    driver = Driver(load(recipe), fs.absolute(run), Engine())
    context, tasks = driver.context, driver._tasks
    if not go:
        for stage in list(_SHARDWISE)[: list(_SHARDWISE).index(last) + 1]:
            for task in tasks:
                process(context, _SHARDWISE[stage], task, Reporter(None, stage))
        return 0
    try:
        process(context, _SHARDWISE[last], tasks[-1], Paused(last, Path(*go)))
    except StageError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
