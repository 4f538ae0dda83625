"""A job without work: whether an engine runs our jobs at all, with the libraries of the driver."""

from collections.abc import Iterable

import apache_beam as beam

from massivetext.engines.engine import DistributeLanes, Engine
from massivetext.engines.environment import Versions, environment_versions
from massivetext.engines.options import runner_of
from massivetext.stages import LIBRARIES

_ELEMENTS = 16  # enough that several workers get some


def probe_engine(engine: Engine, versions: Versions | None = None) -> list[str]:
    """Run the job and return what was found, in a few lines.

    Args:
        engine: the engine to probe.
        versions: versions that every worker must have; those of this process unless given.

    Raises:
        UserError: the libraries of a worker differ.
        StageError: the job failed.
    """
    required = environment_versions(LIBRARIES) if versions is None else versions

    def build(pipeline: beam.Pipeline) -> None:
        # DistributeLanes compares each worker with the driver; the second shuffle shows that workers reach one another.
        (
            pipeline
            | "DistributeLanes" >> DistributeLanes(range(_ELEMENTS), required)
            | "Key" >> beam.Map(_with_beam_key).with_output_types(tuple[bytes, bytes])
            | "Gather" >> beam.GroupByKey()
            | "Count" >> beam.Map(_require_all)
        )

    engine.run(build, lanes=_ELEMENTS)
    same = ", ".join(f"{name} {version}" for name, version in required)
    return [f"{runner_of(engine.beam_args)}: runs jobs; every worker that answered has {same}"]


def _with_beam_key(number: int) -> tuple[bytes, bytes]:
    return b"all", b"%d" % number


def _require_all(group: tuple[bytes, Iterable[bytes]]) -> None:
    found = sorted(int(value) for value in group[1])
    if found != list(range(_ELEMENTS)):
        raise AssertionError(f"a shuffle lost or doubled elements: want 0 to {_ELEMENTS - 1}, got {found}")
