"""Time, memory, shuffles, storage and cost of a run on so many workers, and what stands in the way of a faster one."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from massivetext.errors import UserError
from massivetext.estimate import rates
from massivetext.estimate.measured import Measurement, StageFigures
from massivetext.estimate.volumes import Corpus
from massivetext.estimate.work import Work, work
from massivetext.runs.stage import Stage
from massivetext.schema import MAX_SHARDS
from massivetext.stages import STAGES
from massivetext.storage import files as fs

# Memory a virtual CPU of the machines that a step can have (n2-standard, n2-highmem), and what of it a worker can use.
_MACHINES = (4 * 2**30, 8 * 2**30)
_USABLE = 0.8
GB = 1e9
_LARGEST_GRAPH = 10**9  # bytes; a protocol buffer ends at 2 GiB
_ENOUGH_SECONDS = 10.0  # of CPU: of less, starting up is too large a part
_CPU, _WAITING, _ASKING = "CPU", "workers' requests", "driver's requests"


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars. The defaults are list prices of Dataflow batch jobs and standard storage, see rates.py: *assumed*.

    Attributes:
        vcpu_hour: a virtual CPU for an hour.
        ram_gb_hour: a gigabyte of memory for an hour.
        shuffle_gb: a gigabyte through the shuffle service.
        storage_gb_month: a gigabyte in the run folder for a month.
    """

    vcpu_hour: float = rates.VCPU_HOUR
    ram_gb_hour: float = rates.RAM_GB_HOUR
    shuffle_gb: float = rates.SHUFFLE_GB
    storage_gb_month: float = rates.STORAGE_GB_MONTH


class StepEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a planned run.

    Attributes:
        step: its name.
        measured: whether its CPU time is scaled from the sample; otherwise from the reference run.
        tasks: pieces of its largest job that different workers can take.
        waves: rounds in which the workers take them.
        cpu_hours: of workers and driver.
        longest_seconds: of the longest tasks, one of each job after the other: no number of workers is faster.
        driver_seconds: that the driver works alone.
        wall_seconds: from beginning to end.
        parts: the wall time by what it is spent on.
        worker_bytes: largest worker process.
        driver_bytes: largest driver process.
        shuffle_bytes: that cross the network between workers.
        stored_bytes: written to the run folder.
        ram_per_vcpu: bytes a virtual CPU of the machine that suffices, or what it would have to be.
        limits: what does not work at this scale at all, in words.
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
    """What is paid for, and the price of it in US dollars; storage is for a month."""

    vcpu_hours: float
    ram_gb_hours: float
    shuffle_gb: float
    storage_gb: float
    compute: float
    storage: float


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A planned run.

    Attributes:
        raw_bytes: of its input.
        workers: processes, each on a virtual CPU of its own.
        documents: that are ingested.
        shards: of all sources.
        record_tokens: that it writes.
        wall_seconds: of all steps, one after the other.
        steps: in order.
        cost: on Dataflow.
        limits: what does not work at this scale, in words.
        bottleneck: what comes first where it should be faster or larger.
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


def estimate(
    corpus: Corpus,
    measured: Sequence[Measurement],
    workers: int,
    prices: Prices | None = None,
    stages: Sequence[Stage] = STAGES,
) -> Estimate:
    """The plan of a run.

    Args:
        corpus: what it will meet.
        measured: runs to take speeds from: of each step, the first that took long enough; the last is the reference.
        workers: processes, each on a virtual CPU of its own; at least 1.
        prices: what is paid.
        stages: the stages of the run, in order.

    Raises:
        UserError: fewer than one worker.
    """
    if workers < 1:
        raise UserError(f"--workers: want at least 1, got {workers}")
    todo = {names: each for names, each in work(corpus, stages).items() if each.phases or each.driver_seconds}
    figures = [_StepFigures(each, work(each.corpus, stages)) for each in measured]
    steps = tuple(_step(names, each, figures, workers) for names, each in todo.items())
    limits = (*_addresses(corpus), *(f"{step.step}: {limit}" for step in steps for limit in step.limits))
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
    """A measured run, and the work of its steps as modelled."""

    run: Measurement
    modelled: Mapping[tuple[str, ...], Work]

    def of(self, names: tuple[str, ...]) -> list[StageFigures]:
        """Return the figures of those stages of a step that the run has."""
        return [self.run.stages[name] for name in names if name in self.run.stages]

    def cpu_seconds(self, names: tuple[str, ...]) -> float | None:
        """Return the CPU time of a step; None if the run does not say."""
        seconds = [each.cpu_seconds for each in self.of(names)]
        return None if None in seconds or not seconds else sum(each or 0.0 for each in seconds)


def _step(names: tuple[str, ...], todo: Work, measured: Sequence[_StepFigures], workers: int) -> StepEstimate:
    source, factor = _speed(names, measured)
    cpu = factor * sum(phase.cpu_seconds for phase in todo.phases)
    longest = factor * sum(min(phase.longest_seconds, phase.cpu_seconds) for phase in todo.phases)
    parts = {
        _CPU: cpu / workers,
        _WAITING: sum(phase.waiting_seconds for phase in todo.phases) / workers,
        "longest tasks": longest * (1 - 1 / workers),  # Graham: a list of tasks takes no longer than these two together
        "starting jobs": rates.JOB_START * todo.jobs,
        _ASKING: rates.REQUEST * todo.requests / fs.AT_ONCE,
        "driver's own work": factor * todo.driver_seconds,
    }
    resident = _resident(names, measured)
    worker = resident + max((phase.held_bytes for phase in todo.phases), default=0.0)
    tasks = max((phase.tasks for phase in todo.phases), default=0.0)
    return StepEstimate(
        step=", ".join(names),
        measured=source is measured[0] and len(measured) > 1,
        tasks=tasks,
        waves=math.ceil(tasks / workers),
        cpu_hours=(cpu + factor * todo.driver_seconds) / 3600,
        longest_seconds=longest,
        driver_seconds=parts[_ASKING] + parts["driver's own work"],
        wall_seconds=sum(parts.values()),
        parts=parts,
        worker_bytes=worker,
        driver_bytes=resident + todo.driver_bytes,
        shuffle_bytes=sum(phase.shuffle_bytes for phase in todo.phases),
        stored_bytes=_stored(names, todo, measured),
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
    peaks = (peak for source in measured for each in source.of(names) if (peak := each.peak_bytes) is not None)
    return float(next(peaks, 0))


def _stored(names: tuple[str, ...], todo: Work, measured: Sequence[_StepFigures]) -> float:
    """Return the bytes that a step writes: those that are written once, and the rest in proportion to its work.

    The proportion is that of the first run that wrote any.
    """
    for source in measured:
        before, figures = source.modelled[names].stored_with, source.of(names)
        stored = sum(each.stored_bytes for each in figures)
        if before and stored and todo.stored_with:
            return sum(each.fixed_bytes for each in figures) + stored / before * todo.stored_with
    return 0.0


def _limits(todo: Work, worker: float) -> tuple[str, ...]:
    found = []
    if worker > _MACHINES[-1] * _USABLE:
        largest = max(todo.phases, key=lambda phase: phase.held_bytes)
        found.append(
            f"'{largest.name}' holds {largest.held_bytes / GB:,.1f} GB in each worker, and a machine has "
            f"{_MACHINES[-1] / 2**30:.0f} GiB a virtual CPU: give each machine fewer workers"
        )
    if todo.graph_bytes > _LARGEST_GRAPH:
        found.append(
            f"the job's graph has {todo.graph_bytes / GB:,.1f} GB, since it names every shard: raise shard_bytes"
        )
    return tuple(found)


def _addresses(corpus: Corpus) -> tuple[str, ...]:
    return tuple(
        f"source '{name}' has {volume.shards:,} shards and addresses have room for {MAX_SHARDS:,}: raise shard_bytes"
        for name, volume in corpus.sources.items()
        if volume.shards > MAX_SHARDS
    )


def _cost(steps: Sequence[StepEstimate], workers: int, prices: Prices) -> Cost:
    # Workers are paid for while a job runs, not while the driver works alone between jobs.
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
    """Of all that more workers do not mend, what takes longest; and how it compares with what they do mend."""
    wall = sum(step.wall_seconds for step in steps)
    fixed = {
        (step.step, part): seconds
        for step in steps
        for part, seconds in step.parts.items()
        if part not in (_CPU, _WAITING)
    }
    step, part = max(fixed, key=lambda each: fixed[each])
    shared = sum(step.parts[_CPU] + step.parts[_WAITING] for step in steps)
    remedy = "; larger shards (shard_bytes) need fewer" if part == _ASKING else ""
    return (
        f"{step}: {part}, {duration(fixed[step, part])} of {duration(wall)}{remedy}; "
        f"{shared / wall:.0%} of the time is work that more workers share"
    )


def duration(seconds: float) -> str:
    """Two units of time at most: ``45 s``, ``3 min 20 s``, ``7 h 05 min``, ``12 d 03 h``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600:02d} h"
