"""Run stages that work shard by shard as Beam jobs: neighbouring stages share a job, each shard commits by itself."""

import tempfile
from collections.abc import Iterable, Sequence

import apache_beam as beam

from massivetext.engines.engine import DistributeLanes, Engine
from massivetext.engines.memory import release_memory
from massivetext.runs.attempts import guard_work_item
from massivetext.runs.context import Context
from massivetext.runs.run_log import open_log
from massivetext.runs.work_items import Lane, ShardStage, WorkItem, claim_work_items


class ProcessShards(beam.PTransform[beam.PCollection[WorkItem], beam.PCollection[WorkItem]]):
    """Process and commit each work item for a stage, and pass it on; one that is done passes untouched.

    Args:
        stage: the stage.
        context: the run.
        resumes: whether some of the work items may have a commit. Otherwise nobody looks: an item that an engine tries
            once more is done once more, and gives the same bytes.
    """

    def __init__(self, stage: ShardStage, context: Context, *, resumes: bool) -> None:
        super().__init__()
        self._stage, self._context, self._resumes = stage, context, resumes

    def expand(self, items: beam.PCollection[WorkItem]) -> beam.PCollection[WorkItem]:
        """Apply one ParDo."""
        done: beam.PCollection[WorkItem] = items | "Process" >> beam.ParDo(
            _ProcessDoFn(self._stage, self._context, self._resumes)
        ).with_output_types(WorkItem)
        return done


class _ProcessDoFn(beam.DoFn):
    def __init__(self, stage: ShardStage, context: Context, resumes: bool) -> None:
        self._stage, self._context, self._resumes = stage, context, resumes

    def process(self, item: WorkItem) -> Iterable[WorkItem]:
        stage, context = self._stage, self._context
        name, key = stage.commit_name(item), context.stage_keys[stage.name]
        is_done = self._resumes and context.run.shard_commit(stage.name, key, name) is not None
        if stage.works_on(item) and not is_done:
            with guard_work_item(context, stage.name, name, item.cost):
                context.run.commit_shard(stage.name, key, stage.process(context, item))
            release_memory()
        yield item


def run_shards(engine: Engine, context: Context, stages: Sequence[ShardStage], items: Sequence[WorkItem]) -> None:
    """Run neighbouring stages over all work items as one job."""
    undone = {stage: _undone(context, stage, items) for stage in stages}
    numbers = sorted(set().union(*undone.values()))
    if not numbers:
        return
    uncommitted = [items[number] for number in numbers]
    if context.session:
        log = open_log(context.run.folder, context.session, "driver")
        for stage in stages:
            mine = [items[number] for number in undone[stage]]
            # A stage with labels has several jobs: what is left of one says nothing about the others.
            cost = None if stage.label else sum(item.cost for item in mine)
            log.write("job begun", stage=stage.name, items=len(mine), cost=cost)
    ordered = tuple(sorted(uncommitted, key=lambda item: -item.cost))
    count = engine.lanes(len(uncommitted), sum(item.cost for item in uncommitted))
    with tempfile.TemporaryDirectory(prefix="massivetext-claims-") as claims:
        single = [Lane((item,), None) for item in ordered]
        lanes = [Lane(ordered, claims)] * count if engine.embedded else single

        def build(pipeline: beam.Pipeline) -> None:
            done = (
                pipeline
                | "DistributeLanes" >> DistributeLanes(lanes)
                | "Claim" >> beam.FlatMap(claim_work_items).with_output_types(WorkItem)
            )
            for stage in stages:
                resumes = len(undone[stage]) < sum(map(stage.works_on, uncommitted))
                name = f"{stage.name} {stage.label}".strip()
                done = done | name >> ProcessShards(stage, context, resumes=resumes)

        engine.run(build, lanes=len(lanes))


def _undone(context: Context, stage: ShardStage, items: Sequence[WorkItem]) -> set[int]:
    """Return the numbers of the work items of a stage that have no commit."""
    numbers = {stage.commit_name(item): number for number, item in enumerate(items) if stage.works_on(item)}
    done = context.run.done(stage.name, context.stage_keys[stage.name], list(numbers))
    return {number for name, number in numbers.items() if name not in done}
