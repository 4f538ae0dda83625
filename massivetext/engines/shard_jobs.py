"""Run stages that work shard by shard as Beam jobs: neighbouring stages share a job, each shard commits by itself."""

import tempfile
from collections.abc import Iterable, Sequence

import apache_beam as beam

from massivetext.engines.engine import DistributeLanes, Engine
from massivetext.engines.memory import release_memory
from massivetext.runs.attempts import guard_work_item
from massivetext.runs.context import Context
from massivetext.runs.progress import ProgressWriter
from massivetext.runs.run_log import open_log
from massivetext.runs.work_items import Lane, ShardStage, WorkItem, claim_work_items


class ProcessShards(beam.PTransform[beam.PCollection[WorkItem], beam.PCollection[WorkItem]]):
    """Process and commit each work item for a stage, and pass it on; one that has a commit passes untouched."""

    def __init__(self, stage: ShardStage, context: Context) -> None:
        super().__init__()
        self._stage, self._context = stage, context

    def expand(self, items: beam.PCollection[WorkItem]) -> beam.PCollection[WorkItem]:
        """Apply one ParDo."""
        done: beam.PCollection[WorkItem] = items | "Process" >> beam.ParDo(
            _ProcessDoFn(self._stage, self._context)
        ).with_output_types(WorkItem)
        return done


class _ProcessDoFn(beam.DoFn):
    def __init__(self, stage: ShardStage, context: Context) -> None:
        self._stage, self._context = stage, context

    def process(self, item: WorkItem) -> Iterable[WorkItem]:
        stage, context = self._stage, self._context
        name, key = stage.commit_name(item), context.stage_keys[stage.name]
        if stage.works_on(item) and context.run.shard_commit(stage.name, key, name) is None:
            with guard_work_item(context, stage.name, name, item.cost):
                reporter = ProgressWriter(context.progress, stage.name)
                context.run.commit_shard(stage.name, key, stage.process(context, item, reporter))
                reporter.add(shards=1)
            release_memory()
        yield item


def run_shards(engine: Engine, context: Context, stages: Sequence[ShardStage], items: Sequence[WorkItem]) -> None:
    """Run neighbouring stages over all work items as one job."""
    uncommitted = _uncommitted(context, stages, items)
    if not uncommitted:
        return
    if context.session:
        log = open_log(context.run.folder, context.session, "driver")
        for stage in stages:
            mine = [item for item in uncommitted if stage.works_on(item)]
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
                done = done | f"{stage.name} {stage.label}".strip() >> ProcessShards(stage, context)

        engine.run(build, lanes=len(lanes))


def _uncommitted(context: Context, stages: Sequence[ShardStage], items: Sequence[WorkItem]) -> list[WorkItem]:
    """Return the work items that have no commit in at least one of the stages, in their order."""
    found: set[int] = set()
    for stage in stages:
        remaining = [number for number, item in enumerate(items) if number not in found and stage.works_on(item)]
        numbers = {stage.commit_name(items[number]): number for number in remaining}
        done = context.run.done(stage.name, context.stage_keys[stage.name], list(numbers))
        found.update(number for name, number in numbers.items() if name not in done)
    return [items[number] for number in sorted(found)]
