"""The Beam runner of a run's jobs, and how an error in a worker becomes one clear message."""

import contextlib
import dataclasses
import heapq
import io
import logging
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability import spark_runner
from apache_beam.runners.runner import create_runner

from massivetext.engines import local_workers
from massivetext.engines.environment import Versions, environment_versions, require_driver_versions
from massivetext.engines.local_workers import WorkerEnd, ignore_worker_end
from massivetext.engines.options import EMBEDDED, complete_options, runner_of
from massivetext.errors import StageError, UserError, mark_for_driver, unmark
from massivetext.stages import LIBRARIES

T = TypeVar("T")
START_SECONDS = 1.0  # to start the worker processes of a job; below twice this much work one worker is enough

_LONGEST_MESSAGE = 400  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A Beam runner with its options.

    Attributes:
        workers: worker processes on the embedded runner; 1 runs within this process.
        beam_args: options for Beam; may name another runner.
        preload: dotted names of modules that worker processes of the embedded runner import before they fork, so that
            a job need not wait for the imports.
        on_worker_end: called with process ID and error as soon as a worker process of the embedded runner has ended
            before its time.
    """

    workers: int = 1
    beam_args: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    on_worker_end: WorkerEnd = ignore_worker_end

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise UserError(f"--workers: want at least 1, got {self.workers}")
        if unknown := _unknown_options(self.beam_args):
            name = unknown[0].split("=")[0]  # the value may be a secret
            raise UserError(f"{name}: Beam knows no such option; everything after -- goes to Beam")
        if stray := _stray_arguments(self.beam_args):
            raise UserError(f"{stray[0]!r}: want options of Beam after --, such as --runner=DirectRunner, got this")
        if "--runner=" in self.beam_args:
            raise UserError("--runner: want the name of a runner, got an empty one")
        if not self.embedded:
            _require_runner(runner_of(self.beam_args))

    @property
    def embedded(self) -> bool:
        """Whether jobs run on this machine without another engine (shuffles then stay in memory)."""
        return not any(argument.split("=")[0] == "--runner" for argument in self.beam_args)

    def with_checked_options(
        self, *, shards: int, folder: str | None = None, preload: tuple[str, ...] = ()
    ) -> "Engine":
        """Return the same engine with checked and completed options for a run.

        Args:
            shards: number of shards of the run.
            folder: the run folder.
            preload: modules for :attr:`preload`.

        Raises:
            UserError: something that the runner needs is missing or cannot be reached.
        """
        if self.embedded:
            return dataclasses.replace(self, preload=preload)
        return dataclasses.replace(self, beam_args=complete_options(self.beam_args, shards=shards, folder=folder))

    def lanes(self, count: int, cost: float = math.inf) -> int:
        """Return the number of lanes of a job: one per worker on the embedded engine, one per work item on a cluster.

        The embedded runner assigns elements to workers once: the work items of shard stages are claimed from a common
        list (:class:`massivetext.runs.work_items.Lane`), those of other jobs are balanced beforehand.

        Args:
            count: number of work items.
            cost: of all work items, in seconds of one worker; for little work one lane is returned.
        """
        if not self.embedded:
            return max(1, count)
        worthwhile = self.workers if cost > 2 * START_SECONDS else 1
        return max(1, min(worthwhile, count))

    def run(self, build: Callable[[beam.Pipeline], object], *, lanes: int) -> None:
        """Build a job and run it to its end.

        Args:
            build: adds the transforms of the job to a pipeline.
            lanes: number of lanes of the job; no more worker processes are started.

        Raises:
            UserError, StageError: as raised in a worker, with the message alone.
            KeyboardInterrupt: the job was stopped.
        """
        logging.getLogger("apache_beam").setLevel(logging.ERROR)
        local_workers.register_worker_handler(self.preload, self.on_worker_end)
        pipeline = beam.Pipeline(options=self._options(lanes))
        build(pipeline)
        try:
            pipeline.run().wait_until_finish()
        except Exception as error:  # every runner wraps the exception of a worker in a class of its own
            worker_error = unmark(str(error)) or _find_interrupt(error)
            if worker_error is None and not self.embedded and isinstance(error, RuntimeError):
                worker_error = StageError(
                    f"{runner_of(self.beam_args)}: {_last_line(error)}; what is complete is kept, run again to go on"
                )
            if worker_error is None:
                raise
            raise worker_error from error

    def close(self) -> None:
        """Stop the job servers that Beam keeps for later jobs; the next job starts another.

        Otherwise Beam stops them when the process ends. By then the folder of temporary files that they use is gone.
        """
        if not self.embedded:
            while spark_runner.JOB_SERVER_CACHE:
                spark_runner.JOB_SERVER_CACHE.popitem()[1].stop()

    def _options(self, lanes: int) -> PipelineOptions:
        if not self.embedded:
            return PipelineOptions(list(self.beam_args))
        processes = min(self.workers, lanes)
        mode = ["--direct_running_mode=multi_processing", f"--direct_num_workers={processes}"] if processes > 1 else []
        return PipelineOptions([f"--runner={EMBEDDED}", *mode, *self.beam_args])


def _unknown_options(beam_args: Sequence[str]) -> list[str]:
    options, stderr = PipelineOptions(list(beam_args)), io.StringIO()
    try:
        with contextlib.redirect_stderr(stderr):
            known, given = options.get_all_options(), options.get_all_options(retain_unknown_options=True)
    except SystemExit as stop:  # argparse exits when it refuses a value, after it has printed every option
        if not stop.code:
            raise
        raise UserError(f"Beam refuses its options: {stderr.getvalue().strip().rpartition('error: ')[2]}") from stop
    # Beam ignores a known name that is written with hyphens instead of underscores, without a message.
    names = {name for name, value in given.items() if name not in known or value != known[name]}
    return [each for each in beam_args if each.lstrip("-").split("=")[0].replace("-", "_") in names]


def _stray_arguments(beam_args: Sequence[str]) -> list[str]:
    """Return the arguments that are neither an option nor the value of the one before."""
    before = ("", *beam_args)
    return [
        each
        for last, each in zip(before, beam_args, strict=False)
        if not each.startswith("-") and not (last.startswith("--") and "=" not in last)
    ]


def _require_runner(name: str) -> None:
    """Raise UserError if Beam has no runner of this name; one whose libraries are missing is found out later."""
    try:
        create_runner(name)
    except ValueError as error:
        raise UserError(f"--runner={name}: {error}") from error
    except (ImportError, AttributeError) as error:
        if "." in name:
            raise UserError(f"--runner={name}: cannot be imported: {error}") from error


def _last_line(error: Exception) -> str:
    """Return the last line of a runner's message: it holds a worker's whole traceback, with the reason at the end."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:_LONGEST_MESSAGE] if lines else type(error).__name__


def _find_interrupt(error: BaseException | None) -> KeyboardInterrupt | None:
    """Return the interrupt behind an error: if a worker runs within the driver, the runner wraps it like any other."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error


def balance_lanes(items: Iterable[tuple[T, float]], lanes: int) -> list[list[T]]:
    """Divide (value, cost) pairs over lanes of nearly equal cost: the most expensive first, each to the cheapest lane.

    Lanes without a value are left out.
    """
    divided: list[list[T]] = [[] for _ in range(lanes)]
    loads = [(0.0, lane) for lane in range(lanes)]  # a heap: the lane with least cost first
    for value, cost in sorted(items, key=lambda pair: -pair[1]):
        load, lane = loads[0]
        divided[lane].append(value)
        heapq.heapreplace(loads, (load + cost, lane))
    return [lane for lane in divided if lane]


class DistributeLanes(beam.PTransform[beam.Pipeline, beam.PCollection[T]]):
    """Make one element per lane, each on a worker of its own: Create alone would leave all of them on one worker.

    Every job begins with this transform, so it also compares the libraries of each worker with the driver's.
    """

    def __init__(self, lanes: Sequence[T], versions: Versions | None = None) -> None:
        super().__init__()
        self._versions = environment_versions(LIBRARIES) if versions is None else versions
        self._lanes = [(str(number).encode(), lane) for number, lane in enumerate(lanes)]

    def expand(self, begin: beam.Pipeline) -> beam.PCollection[Any]:  # Beam reads this annotation when a job is built
        """Create the elements and redistribute them by key, which is cheaper than Reshuffle."""
        lanes: beam.PCollection[T] = (
            begin
            | "Create" >> beam.Create(self._lanes, reshuffle=False).with_output_types(tuple[bytes, Any])
            | "GroupByLane" >> beam.GroupByKey()
            | "Lanes" >> beam.FlatMap(_check_worker, self._versions)
        )
        return lanes


def _check_worker(group: tuple[bytes, Iterable[T]], driver: Versions) -> Iterable[T]:
    try:
        require_driver_versions(driver)
    except UserError as error:
        raise mark_for_driver(error) from error
    return group[1]
