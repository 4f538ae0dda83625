"""Estimate time, memory, shuffles, storage and cost of a run on a number of workers, and its bottleneck."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from massivetext.errors import UserError
from massivetext.estimate import rates
from massivetext.estimate.measured import MeasuredRun, StageFigures
from massivetext.estimate.volumes import RunVolume
from massivetext.estimate.work import StepWork, model_work
from massivetext.formatting import format_duration
from massivetext.runs.stage import Stage
from massivetext.schema import MAX_SHARDS
from massivetext.stages import STAGES
from massivetext.storage import files as fs

# Bytes of memory per virtual CPU of the machines to choose from (n2-standard, n2-highmem), and the usable share of it.
_MACHINES = (4 * 2**30, 8 * 2**30)
_USABLE = 0.8
GB = 1e9
_LARGEST_GRAPH = 10**9  # bytes; a protocol buffer holds at most 2 GiB
_ENOUGH_SECONDS = 10.0  # CPU seconds of a measured step; in shorter ones the start of processes is too large a share
_CPU, _WAITING, _ASKING = "CPU", "workers' requests", "driver's requests"


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """Prices in US dollars. The defaults are list prices of Dataflow batch jobs and standard storage, see rates.py.

    Attributes:
        vcpu_hour: price of a virtual CPU per hour.
        ram_gb_hour: price of a gigabyte of memory per hour.
        shuffle_gb: price per gigabyte that passes through the shuffle service.
        storage_gb_month: price per gigabyte in the run folder and month.
    """

    vcpu_hour: float = rates.VCPU_HOUR
    ram_gb_hour: float = rates.RAM_GB_HOUR
    shuffle_gb: float = rates.SHUFFLE_GB
    storage_gb_month: float = rates.STORAGE_GB_MONTH


class StepEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """Estimate of one step of a run.

    Attributes:
        step: names of its stages.
        measured: whether its CPU time is scaled from the sample; otherwise from the reference run.
        tasks: number of work items of its largest phase.
        waves: rounds in which the workers process them.
        cpu_hours: CPU time of workers and driver.
        longest_seconds: sum of the longest work items of all phases; more workers cannot be faster.
        driver_seconds: time during which only the driver works.
        wall_seconds: time from beginning to end.
        parts: wall time by activity.
        worker_bytes: size of the largest worker process.
        driver_bytes: size of the largest driver process.
        shuffle_bytes: bytes that are sent between workers.
        stored_bytes: bytes written to the run folder.
        ram_per_vcpu: bytes of memory per virtual CPU of the smallest sufficient machine; if none suffices, of the
            machine that would.
        limits: what does not work at this scale, in words.
    """

    step: str
    measured: bool
    tasks: float
    waves: int
    cpu_hours: float
    longest_seconds: float
    driver_seconds: float
    wall_seconds: float
    parts: dict[str, float]
    worker_bytes: float
    driver_bytes: float
    shuffle_bytes: float
    stored_bytes: float
    ram_per_vcpu: float
    limits: tuple[str, ...]


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Quantities that are paid for, and their price in US dollars; storage is for one month."""

    vcpu_hours: float
    ram_gb_hours: float
    shuffle_gb: float
    storage_gb: float
    compute: float
    storage: float


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """Estimate of a run.

    Attributes:
        raw_bytes: bytes of input.
        workers: number of worker processes, each on its own virtual CPU.
        documents: number of ingested documents.
        shards: number of shards of all sources.
        record_tokens: number of tokens in the records.
        wall_seconds: time of all steps, which run one after the other.
        steps: the steps, in order.
        cost: cost on Dataflow.
        limits: what does not work at this scale, in words.
        bottleneck: the first limit, or else the slowest cost that more workers cannot reduce.
    """

    raw_bytes: float
    workers: int
    documents: float
    shards: int
    record_tokens: float
    wall_seconds: float
    steps: tuple[StepEstimate, ...]
    cost: Cost
    limits: tuple[str, ...]
    bottleneck: str


def estimate_run(
    corpus: RunVolume,
    measured: Sequence[MeasuredRun],
    workers: int,
    prices: Prices | None = None,
    stages: Sequence[Stage] = STAGES,
) -> Estimate:
    """Return the estimate of a run.

    Args:
        corpus: amounts of data in each stage of the run.
        measured: finished runs; the speed of a step is that of the first run where it took long enough. The last one is
            the reference run.
        workers: number of worker processes, each on its own virtual CPU; at least 1.
        prices: prices; None: the defaults.
        stages: the stages of the run, in order.

    Raises:
        UserError: ``workers`` is below 1.
    """
    if workers < 1:
        raise UserError(f"--workers: want at least 1, got {workers}")
    todo = {names: each for names, each in model_work(corpus, stages).items() if each.phases or each.driver_seconds}
    figures = [_StepFigures(each, model_work(each.corpus, stages)) for each in measured]
    steps = tuple(_step(names, each, figures, workers) for names, each in todo.items())
    limits = (*_document_ref_limits(corpus), *(f"{step.step}: {limit}" for step in steps for limit in step.limits))
    return Estimate(
        raw_bytes=corpus.raw_bytes,
        workers=workers,
        documents=corpus.ingested.documents,
        shards=corpus.shards,
        record_tokens=corpus.record_tokens,
        wall_seconds=sum(step.wall_seconds for step in steps),
        steps=steps,
        cost=_cost(steps, workers, prices or Prices()),
        limits=limits,
        bottleneck=limits[0] if limits else _bottleneck(steps),
    )


class _StepFigures(NamedTuple):
    """A measured run, and the work of its steps according to the model."""

    run: MeasuredRun
    modelled: Mapping[tuple[str, ...], StepWork]

    def stage_figures(self, names: tuple[str, ...]) -> list[StageFigures]:
        """Return the figures of the stages of a step, as far as the run has them."""
        return [self.run.stages[name] for name in names if name in self.run.stages]

    def cpu_seconds(self, names: tuple[str, ...]) -> float | None:
        """Return the CPU time of a step; None if it was not recorded."""
        seconds = [each.cpu_seconds for each in self.stage_figures(names)]
        return None if None in seconds or not seconds else sum(each or 0.0 for each in seconds)


def _step(names: tuple[str, ...], todo: StepWork, measured: Sequence[_StepFigures], workers: int) -> StepEstimate:
    having = [each for each in measured if names in each.modelled]  # no run has optional stages that it did not need
    source, factor = _speed(names, having)
    cpu = factor * sum(phase.cpu_seconds for phase in todo.phases)
    longest = factor * sum(min(phase.longest_seconds, phase.cpu_seconds) for phase in todo.phases)
    seconds_by_activity = {
        _CPU: cpu / workers,
        _WAITING: sum(phase.waiting_seconds for phase in todo.phases) / workers,
        "longest tasks": longest * (1 - 1 / workers),  # Graham's bound of list scheduling, beside CPU / workers
        "starting jobs": rates.JOB_START * todo.jobs,
        _ASKING: rates.REQUEST * todo.requests / fs.AT_ONCE,
        "driver's own work": factor * todo.driver_seconds,
    }
    resident = _resident(names, having)
    worker = resident + max((phase.held_bytes for phase in todo.phases), default=0.0)
    tasks = max((phase.tasks for phase in todo.phases), default=0.0)
    return StepEstimate(
        step=", ".join(names),
        measured=source is measured[0] and len(measured) > 1,
        tasks=tasks,
        waves=math.ceil(tasks / workers),
        cpu_hours=(cpu + factor * todo.driver_seconds) / 3600,
        longest_seconds=longest,
        driver_seconds=seconds_by_activity[_ASKING] + seconds_by_activity["driver's own work"],
        wall_seconds=sum(seconds_by_activity.values()),
        parts=seconds_by_activity,
        worker_bytes=worker,
        driver_bytes=resident + todo.driver_bytes,
        shuffle_bytes=sum(phase.shuffle_bytes for phase in todo.phases),
        stored_bytes=_estimate_stored_bytes(names, todo, having),
        ram_per_vcpu=next((size for size in _MACHINES if worker <= size * _USABLE), worker / _USABLE),
        limits=_limits(todo, worker),
    )


def _speed(names: tuple[str, ...], measured: Sequence[_StepFigures]) -> tuple[_StepFigures | None, float]:
    """Return the run that the CPU time of a step is taken from, and measured time as a multiple of modelled time."""
    for source in measured:
        seconds, modelled = source.cpu_seconds(names), source.modelled[names].cpu_seconds
        if seconds is not None and seconds >= _ENOUGH_SECONDS and modelled:
            return source, seconds / modelled
    return None, 1.0


def _resident(names: tuple[str, ...], measured: Sequence[_StepFigures]) -> float:
    peaks = (
        peak for source in measured for each in source.stage_figures(names) if (peak := each.peak_bytes) is not None
    )
    return float(next(peaks, 0))


def _estimate_stored_bytes(names: tuple[str, ...], todo: StepWork, measured: Sequence[_StepFigures]) -> float:
    """Return the bytes that a step writes: the fixed ones once, the others in proportion to ``stored_with``.

    The proportion is that of the first measured run in which the step wrote files.
    """
    for source in measured:
        before, figures = source.modelled[names].stored_with, source.stage_figures(names)
        stored = sum(each.stored_bytes for each in figures)
        if before and stored and todo.stored_with:
            return sum(each.fixed_bytes for each in figures) + stored / before * todo.stored_with
    return 0.0


def _limits(todo: StepWork, worker: float) -> tuple[str, ...]:
    found = []
    if worker > _MACHINES[-1] * _USABLE:
        largest = max(todo.phases, key=lambda phase: phase.held_bytes)
        found.append(
            f"'{largest.name}' holds {largest.held_bytes / GB:,.1f} GB in each worker, and a machine has "
            f"{_MACHINES[-1] / 2**30:.0f} GiB per virtual CPU: start fewer workers on each machine"
        )
    if todo.graph_bytes > _LARGEST_GRAPH:
        found.append(
            f"the graph of the job has {todo.graph_bytes / GB:,.1f} GB because it names every shard: raise shard_bytes"
        )
    return tuple(found)


def _document_ref_limits(corpus: RunVolume) -> tuple[str, ...]:
    return tuple(
        f"source '{name}' has {volume.shards:,} shards, and document references allow {MAX_SHARDS:,}: raise shard_bytes"
        for name, volume in corpus.sources.items()
        if volume.shards > MAX_SHARDS
    )


def _cost(steps: Sequence[StepEstimate], workers: int, prices: Prices) -> Cost:
    # Workers are paid for only while a job runs, not while the driver works alone between jobs.
    vcpu = {step.step: workers * (step.wall_seconds - step.driver_seconds) / 3600 for step in steps}
    hours, ram = sum(vcpu.values()), sum(vcpu[step.step] * step.ram_per_vcpu / GB for step in steps)
    shuffle = sum(step.shuffle_bytes for step in steps) / GB
    storage = sum(step.stored_bytes for step in steps) / GB
    return Cost(
        vcpu_hours=hours,
        ram_gb_hours=ram,
        shuffle_gb=shuffle,
        storage_gb=storage,
        compute=hours * prices.vcpu_hour + ram * prices.ram_gb_hour + shuffle * prices.shuffle_gb,
        storage=storage * prices.storage_gb_month,
    )


def _bottleneck(steps: Sequence[StepEstimate]) -> str:
    """Return the slowest cost that more workers cannot reduce, and its share of the wall time, in words."""
    wall = sum(step.wall_seconds for step in steps)
    fixed = {
        (step.step, activity): seconds
        for step in steps
        for activity, seconds in step.parts.items()
        if activity not in (_CPU, _WAITING)
    }
    step, activity = max(fixed, key=lambda each: fixed[each])
    shared = sum(step.parts[_CPU] + step.parts[_WAITING] for step in steps)
    remedy = "; larger shards (shard_bytes) need fewer" if activity == _ASKING else ""
    return (
        f"{step}: {activity}, {format_duration(fixed[step, activity])} of {format_duration(wall)}{remedy}; "
        f"{shared / wall:.0%} of the time is work that more workers share"
    )
