"""Measure what crosses every shuffle of a run, per job, and how large the graph of each job is."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import apache_beam as beam
from apache_beam.coders.coder_impl import create_InputStream
from apache_beam.runners.portability.fn_api_runner import execution

from massivetext.engines.engine import Engine

# The stages treat a runner that is named as a cluster: a lane is one work item, and there are no waves.
CLUSTER = ("--runner=FnApiRunner",)


@dataclass
class Shuffle:
    """The encoded input of a GroupByKey: keys, values, and the bytes that Beam adds to each element."""

    name: str
    elements: int = 0
    size: int = 0
    largest: int = 0
    group_bytes: Counter[bytes] = field(default_factory=Counter)
    data: bytearray = field(default_factory=bytearray)

    @property
    def largest_group(self) -> int:
        """Bytes of the largest group, which one worker receives."""
        return max(self.group_bytes.values(), default=0)

    def add(self, key: bytes, size: int) -> None:
        """Count an element."""
        self.elements, self.size, self.largest = self.elements + 1, self.size + size, max(self.largest, size)
        self.group_bytes[key] += size


@dataclass
class Job:
    """A Beam job: the stage that ran it, its graph as it is sent to a runner, and its shuffles."""

    stage: str
    graph: bytes
    shuffles: dict[str, Shuffle] = field(default_factory=dict)


class Meter:
    """Collects jobs; give its :meth:`engine` and :meth:`listen` to a Driver, within :meth:`watching`."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self._stage = ""

    def listen(self, stage: str, event: str, _shards: int) -> None:
        """Remember the stage that runs; the first one if several share a job."""
        if event == "run" and not (self._stage and stage in ("measure", "judge")):
            self._stage = stage

    def engine(self, workers: int = 1, beam_args: tuple[str, ...] = ()) -> Engine:
        """Return an engine that measures its jobs."""
        meter = self

        class Metered(Engine):
            def run(self, build: Callable[[beam.Pipeline], object], *, lanes: int) -> None:
                pipeline = beam.Pipeline(runner="FnApiRunner")
                build(pipeline)
                meter.jobs.append(Job(meter._stage, pipeline.to_runner_api().SerializeToString(deterministic=True)))
                super().run(build, lanes=lanes)

        return Metered(workers=workers, beam_args=beam_args)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Measure every shuffle in this process."""
        original = execution.BundleContextManager.get_buffer

        def get_buffer(manager: execution.BundleContextManager, buffer_id: bytes, transform_id: str) -> object:
            buffer = original(manager, buffer_id, transform_id)
            kind, name = execution.split_buffer_id(buffer_id)
            if kind == "group" and "append" not in vars(buffer):  # not watched yet
                label: str = manager.execution_context.pipeline_components.transforms[name].unique_name
                self._watch(buffer, label)
            return buffer

        with mock.patch.object(execution.BundleContextManager, "get_buffer", get_buffer):
            yield

    def _watch(self, buffer: Any, label: str) -> None:
        shuffle = self.jobs[-1].shuffles.setdefault(label, Shuffle(label))
        append = buffer.append
        coder, key_coder = buffer._pre_grouped_coder.get_impl(), buffer._key_coder.get_impl()

        def measured(data: bytes) -> None:
            stream: Any = create_InputStream(data)
            while left := stream.size():
                key, _ = coder.decode_from_stream(stream, True).value
                shuffle.add(key_coder.encode(key), left - stream.size())
            shuffle.data += data
            append(data)

        buffer.append = measured
