"""Measures what crosses every shuffle of a run, job by job, and how large the graph of each job is."""

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

# A runner that is named is a cluster to the stages: a lane is one task, and nothing goes in waves.
CLUSTER = ("--runner=FnApiRunner",)


@dataclass
class Shuffle:
    """What a GroupByKey was given, as it is encoded: keys, values, and Beam's own bytes about each element."""

    name: str
    elements: int = 0
    size: int = 0
    largest: int = 0
    group_bytes: Counter[bytes] = field(default_factory=Counter)
    data: bytearray = field(default_factory=bytearray)

    @property
    def largest_group(self) -> int:
        """Bytes of the key with most, all of which one worker gets."""
        return max(self.group_bytes.values(), default=0)

    def add(self, key: bytes, size: int) -> None:
        """Counts an element."""
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
        """Takes note of the stage that runs; of several in one job, the first."""
        if event == "run" and not (self._stage and stage in ("measure", "judge")):
            self._stage = stage

    def engine(self, **options: Any) -> Engine:
        """An engine whose jobs are measured."""
        meter = self

        class Metered(Engine):
            def run(self, build: Callable[[beam.Pipeline], object], **how: Any) -> None:
                pipeline = beam.Pipeline(runner="FnApiRunner")
                build(pipeline)
                meter.jobs.append(Job(meter._stage, pipeline.to_runner_api().SerializeToString(deterministic=True)))
                super().run(build, **how)

        return Metered(**options)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Measures every shuffle within this process."""
        original = execution.BundleContextManager.get_buffer
        seen: set[int] = set()

        def get_buffer(manager: Any, buffer_id: bytes, transform_id: str) -> Any:
            buffer = original(manager, buffer_id, transform_id)
            kind, name = execution.split_buffer_id(buffer_id)
            if kind == "group" and id(buffer) not in seen:
                seen.add(id(buffer))
                label = manager.execution_context.pipeline_components.transforms[name].unique_name
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
