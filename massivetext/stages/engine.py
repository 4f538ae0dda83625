"""Which Beam runner a job gets, and how a failure in a worker becomes one clear message."""

import json
import logging
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from massivetext.errors import StageError, UserError

T = TypeVar("T")
EMBEDDED = "FnApiRunner"
START_SECONDS = 3.0  # what it takes to start worker processes with their imports

# What a worker says to the driver: exceptions of workers arrive as the text of a traceback.
_SIGNAL = re.compile(r"<<massivetext ([a-z]+) (\".*?[^\\]\")>>", re.DOTALL)


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
        known = PipelineOptions(list(self.beam_args)).get_all_options()
        for argument in self.beam_args:
            name = argument.removeprefix("--").split("=")[0].replace("-", "_")
            if argument.startswith("--") and name not in known and name.removeprefix("no_") not in known:
                raise UserError(f"{argument}: Beam knows no such option; everything after -- goes to Beam")

    @property
    def embedded(self) -> bool:
        """Whether jobs run on this machine without another engine (shuffles then stay in memory)."""
        return not any(argument.split("=")[0] == "--runner" for argument in self.beam_args)

    def lanes(self, tasks: int, cost: float = math.inf) -> int:
        """Into how many elements a job's tasks are gathered: one a worker here, one a task on a cluster.

        The embedded runner deals elements out to its workers once and for all, so balanced lanes are the only way to
        keep all busy; a cluster balances by itself and wants many.

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
        """
        logging.getLogger("apache_beam").setLevel(logging.ERROR)
        pipeline = beam.Pipeline(options=self._options(lanes))
        build(pipeline)
        try:
            pipeline.run().wait_until_finish()
        except (UserError, StageError):
            raise
        except Exception as error:  # every runner wraps a worker's exception in a class of its own
            raise _told(error) from error

    def _options(self, lanes: int) -> PipelineOptions:
        if not self.embedded:
            return PipelineOptions(list(self.beam_args))
        processes = min(self.workers, lanes)
        mode = ["--direct_running_mode=multi_processing", f"--direct_num_workers={processes}"] if processes > 1 else []
        return PipelineOptions([f"--runner={EMBEDDED}", *mode, *self.beam_args])


def tell(error: UserError | StageError) -> Exception:
    """The same error with its message marked, so that it survives as part of a traceback's text."""
    kind = "user" if isinstance(error, UserError) else "stage"
    return type(error)(f"<<massivetext {kind} {json.dumps(str(error))}>>")


def _told(error: Exception) -> Exception:
    found = _SIGNAL.search(str(error))
    if not found:
        return error
    message = json.loads(found.group(2))
    return UserError(message) if found.group(1) == "user" else StageError(message)


def balance(items: Iterable[tuple[T, float]], lanes: int) -> list[list[T]]:
    """Deals (item, cost) out to lanes so that their sums are nearly equal: dearest first, each to the emptiest lane."""
    dealt: list[list[T]] = [[] for _ in range(lanes)]
    loads = [0.0] * lanes
    for item, cost in sorted(items, key=lambda pair: -pair[1]):
        lane = loads.index(min(loads))
        dealt[lane].append(item)
        loads[lane] += cost
    return [lane for lane in dealt if lane]


class DealOut(beam.PTransform[Any, Any]):
    """One element a lane, each on a worker of its own: Create alone would leave all of them on one."""

    def __init__(self, lanes: Sequence[Any]) -> None:
        super().__init__()
        self._lanes = [(str(number).encode(), lane) for number, lane in enumerate(lanes)]

    def expand(self, begin: beam.Pipeline) -> beam.PCollection[Any]:
        """Creates the elements and redistributes them by key (cheaper than Reshuffle)."""
        lanes: beam.PCollection[Any] = (
            begin
            | "Create" >> beam.Create(self._lanes, reshuffle=False).with_output_types(tuple[bytes, Any])
            | "GroupByLane" >> beam.GroupByKey()
            | "Lanes" >> beam.FlatMapTuple(_lane_values)
        )
        return lanes


def _lane_values(_: bytes, values: Iterable[Any]) -> Iterable[Any]:
    return values
