"""A second attempt at work items of a stage, as a cluster may start one: ``twin.py RECIPE RUN STAGE [GO]``.

Processes every work item of the stages up to STAGE, committed or not; these stages must have started. With GO, only the
last work item of STAGE: in the middle of it, the process creates ``GO.ready`` and waits until the file GO exists.
"""

import sys
import time
from pathlib import Path

from massivetext.engines.engine import Engine
from massivetext.errors import StageError
from massivetext.orchestration.driver import prepare
from massivetext.orchestration.plan import make_items, make_plan
from massivetext.recipe import load_recipe
from massivetext.runs.attempts import guard_work_item
from massivetext.runs.context import Context
from massivetext.runs.stage import resolve
from massivetext.runs.work_items import ShardStage, WorkItem
from massivetext.stages import STAGES, steps
from massivetext.storage import files as fs


def pause_in(stage: ShardStage, go: Path) -> None:
    """Makes a stage wait where it counts what it has done, which is in the middle of a work item."""

    def wait(documents: int, size: int = 0) -> None:
        go.with_name(f"{go.name}.ready").touch()
        while not go.exists():
            time.sleep(0.02)

    vars(sys.modules[stage.process.__module__])["count_work"] = wait


def process(context: Context, stage: ShardStage, task: WorkItem) -> None:
    """Does what a worker does, but for looking whether it has been done."""
    with guard_work_item(context, stage.name, stage.commit_name(task)):
        context.run.commit_shard(stage.name, context.stage_keys[stage.name], stage.process(context, task))


def main(recipe: str, run: str, last: str, *go: str) -> int:
    loaded = load_recipe(recipe)
    context, items = prepare(loaded, fs.absolute(run), Engine()).context, make_items(make_plan(loaded))
    step = next(step for step in steps(STAGES) if step[0].process is not None)
    stages = [ShardStage(stage.name, resolve(stage.process)) for stage in step if stage.process is not None]
    names = [stage.name for stage in stages]
    if not go:
        for stage in stages[: names.index(last) + 1]:
            for item in items:
                process(context, stage, item)
        return 0
    paused = stages[names.index(last)]
    pause_in(paused, Path(*go))
    try:
        process(context, paused, items[-1])
    except StageError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
