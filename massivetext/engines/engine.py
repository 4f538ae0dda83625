"""Which Beam runner a job gets, and how a failure in a worker becomes one clear message."""

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

from massivetext.engines import local_workers
from massivetext.engines.libraries import environment, require_same
from massivetext.engines.options import EMBEDDED, ready, runner_of
from massivetext.errors import StageError, UserError, mark_for_driver, unmark

T = TypeVar("T")
START_SECONDS = 1.0  # what it takes to start worker processes

_LONGEST_MESSAGE = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A Beam runner with its options.

    Attributes:
        workers: worker processes on the embedded runner; 1 runs within this process.
        beam_args: options for Beam; may name another runner.
    """

    workers: int = 1
    beam_args: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise UserError(f"--workers: want at least 1, got {self.workers}")
        if unknown := _unknown_options(self.beam_args):
            name = unknown[0].split("=")[0]  # the value may be a secret
            raise UserError(f"{name}: Beam knows no such option; everything after -- goes to Beam")

    @property
    def embedded(self) -> bool:
        """Whether jobs run on this machine without another engine (shuffles then stay in memory)."""
        return not any(argument.split("=")[0] == "--runner" for argument in self.beam_args)

    def ready(self, *, shards: int, folder: str | None = None) -> "Engine":
        """The same engine with what its runner needs besides, checked; for a run of so many shards in a folder.

        Raises:
            UserError: something that the runner needs is missing or not to be reached.
        """
        if self.embedded:
            return self
        return dataclasses.replace(self, beam_args=ready(self.beam_args, shards=shards, folder=folder))

    def lanes(self, tasks: int, cost: float = math.inf) -> int:
        """Into how many elements a job's tasks are gathered: one a worker here, one a task on a cluster.

        The embedded runner assigns elements to workers once: the work items of shard stages are claimed from a common
        list (:class:`massivetext.runs.work_items.Lane`), those of other jobs are balanced beforehand.

        Args:
            tasks: number of tasks.
            cost: of all of them, in seconds of one worker; what is done sooner than workers start needs but one.
        """
        if not self.embedded:
            return max(1, tasks)
        worthwhile = self.workers if cost > 2 * START_SECONDS else 1
        return max(1, min(worthwhile, tasks))

    def run(self, build: Callable[[beam.Pipeline], object], *, lanes: int) -> None:
        """Builds a job and runs it to its end.

        Raises:
            UserError, StageError: as raised in a worker, with its message alone.
            KeyboardInterrupt: the job was stopped.
        """
        logging.getLogger("apache_beam").setLevel(logging.ERROR)
        local_workers.register()
        pipeline = beam.Pipeline(options=self._options(lanes))
        build(pipeline)
        try:
            pipeline.run().wait_until_finish()
        except Exception as error:  # every runner wraps a worker's exception in a class of its own
            cause = unmark(str(error)) or _find_interrupt(error)
            if cause is None and not self.embedded and isinstance(error, RuntimeError):
                cause = StageError(
                    f"{runner_of(self.beam_args)}: {_last_line(error)}; what is complete is kept, run again to go on"
                )
            if cause is None:
                raise
            raise cause from error

    def close(self) -> None:
        """Stops the job servers that Beam keeps for jobs to come; the next job starts another.

        Else Beam does so when the process ends, by when the folder of temporary files is gone in which they work.
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
    options, said = PipelineOptions(list(beam_args)), io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            known, given = options.get_all_options(), options.get_all_options(retain_unknown_options=True)
    except SystemExit as stop:  # how argparse refuses a value, after it has printed every option there is
        if not stop.code:
            raise
        raise UserError(f"Beam refuses its options: {said.getvalue().strip().rpartition('error: ')[2]}") from stop
    # A known name with hyphens for underscores is unknown to Beam, which reads it past without a word.
    names = {name for name, value in given.items() if name not in known or value != known[name]}
    return [each for each in beam_args if each.lstrip("-").split("=")[0].replace("-", "_") in names]


def _last_line(error: Exception) -> str:
    """The end of what a runner says of a failed job: it gives a worker's whole traceback, the reason last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:_LONGEST_MESSAGE] if lines else type(error).__name__


def _find_interrupt(error: BaseException | None) -> KeyboardInterrupt | None:
    """The interrupt behind an error: where a worker runs within the driver, it is wrapped like any other exception."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error


def balance(items: Iterable[tuple[T, float]], lanes: int) -> list[list[T]]:
    """Deals (item, cost) out to lanes so that their sums are nearly equal: dearest first, each to the emptiest lane."""
    dealt: list[list[T]] = [[] for _ in range(lanes)]
    loads = [(0.0, lane) for lane in range(lanes)]  # a heap: the emptiest lane first
    for item, cost in sorted(items, key=lambda pair: -pair[1]):
        load, lane = loads[0]
        dealt[lane].append(item)
        heapq.heapreplace(loads, (load + cost, lane))
    return [lane for lane in dealt if lane]


class DealOut(beam.PTransform[Any, Any]):
    """One element a lane, each on a worker of its own: Create alone would leave all of them on one.

    Every job begins with it, so it is here that a worker is compared with the driver.
    """

    def __init__(self, lanes: Sequence[Any]) -> None:
        super().__init__()
        self._environment = environment()
        self._lanes = [(str(number).encode(), lane) for number, lane in enumerate(lanes)]

    def expand(self, begin: beam.Pipeline) -> beam.PCollection[Any]:
        """Creates the elements and redistributes them by key (cheaper than Reshuffle)."""
        lanes: beam.PCollection[Any] = (
            begin
            | "Create" >> beam.Create(self._lanes, reshuffle=False).with_output_types(tuple[bytes, Any])
            | "GroupByLane" >> beam.GroupByKey()
            | "Lanes" >> beam.FlatMap(_lane_values, self._environment)
        )
        return lanes


def _lane_values(group: tuple[bytes, Iterable[Any]], driver: tuple[tuple[str, str], ...]) -> Iterable[Any]:
    try:
        require_same(driver)
    except UserError as error:
        raise mark_for_driver(error) from error
    return group[1]
