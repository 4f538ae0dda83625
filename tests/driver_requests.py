"""Counts what the driver itself asks of the run folder, stage by stage, while a run goes on."""

import functools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import apache_beam as beam

from massivetext.engines.engine import Engine
from massivetext.storage import files as fs

ASKS = ("open_read", "read_bytes", "write_bytes", "publish", "exists", "size", "has_size", "find", "glob", "digest")


class Requests:
    """The counts; give :meth:`engine` and :meth:`listen` to a Driver, within :meth:`counting`."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._stage, self._depth, self._in_job = "", 0, False

    def listen(self, stage: str, event: str, _shards: int) -> None:
        """Takes note of the stage that runs; of several in one job, the last."""
        if event == "run":
            self._stage = stage

    def engine(self) -> Engine:
        """An engine that shapes jobs as for a cluster, and runs them here."""
        requests = self

        class Cluster(Engine):
            def run(self, build: Callable[[beam.Pipeline], object], **how: Any) -> None:
                requests._in_job = True
                try:
                    Engine().run(build, **how)
                finally:
                    requests._in_job = False

        return Cluster(beam_args=("--runner=FnApiRunner",))

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Counts calls of the filesystem layer from outside of it and of jobs."""
        with ExitStack() as patches:
            for name in ASKS:
                patches.enter_context(mock.patch.object(fs, name, self._counted(getattr(fs, name))))
            yield

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*given: Any, **named: Any) -> Any:
            if not self._depth and not self._in_job:
                self.counts[self._stage] += 1
            self._depth += 1
            try:
                return function(*given, **named)
            finally:
                self._depth -= 1

        return call
