"""Count the requests of the driver and of the workers to the run folder, per stage, during a run."""

import functools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import ParamSpec, TypeVar
from unittest import mock

import apache_beam as beam

from massivetext.engines.engine import Engine
from massivetext.storage import files as fs

COUNTED = (
    *(
        "open_read",
        "read_bytes",
        "write_bytes",
        "publish",
        "exists",
        "size",
        "has_size",
        "info",
        "find",
        "names",
        "glob",
    ),
    *("digest", "is_marker_gone", "remove", "remove_file", "remove_files"),
)
P = ParamSpec("P")
R = TypeVar("R")


class Requests:
    """Counts of requests; give :meth:`engine` and :meth:`listen` to a Driver, within :meth:`counting`.

    Attributes:
        driver: number of requests outside jobs, by stage.
        workers: number of requests within jobs, by stage.
        in_job: whether a job runs now.
    """

    def __init__(self) -> None:
        self.driver: Counter[str] = Counter()
        self.workers: Counter[str] = Counter()
        self._stage, self._depth, self.in_job = "", 0, False

    def listen(self, stage: str, event: str, _shards: int) -> None:
        """Remember the stage that runs; the last one if several share a job."""
        if event == "run":
            self._stage = stage

    def engine(self) -> Engine:
        """Return an engine that builds jobs as for a cluster, and runs them in this process."""
        requests = self

        class ClusterLike(Engine):
            def run(self, build: Callable[[beam.Pipeline], object], *, lanes: int) -> None:
                requests.in_job = True
                try:
                    Engine().run(build, lanes=lanes)
                finally:
                    requests.in_job = False

        return ClusterLike(beam_args=("--runner=FnApiRunner",))

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count calls of the file API that do not come from the file API itself."""
        with ExitStack() as patches:
            for name in COUNTED:
                patches.enter_context(mock.patch.object(fs, name, self._counted(getattr(fs, name))))
            yield

    def _counted(self, function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call(*given: P.args, **named: P.kwargs) -> R:
            if not self._depth:
                (self.workers if self.in_job else self.driver)[self._stage] += 1
            self._depth += 1
            try:
                return function(*given, **named)
            finally:
                self._depth -= 1

        return call
