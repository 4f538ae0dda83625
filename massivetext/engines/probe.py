"""A job of no work: whether an engine runs ours at all, with the libraries of the driver."""

import apache_beam as beam

from massivetext.engines.engine import DealOut, Engine
from massivetext.engines.libraries import environment
from massivetext.engines.options import runner_of

_ELEMENTS = 16  # enough that several workers are asked


def probe(engine: Engine) -> list[str]:
    """Runs the job and says in a few lines what was found.

    Raises:
        UserError: a worker's libraries differ from the driver's.
        StageError: the job failed.
    """

    def build(pipeline: beam.Pipeline) -> None:
        # DealOut compares each worker with the driver; a second shuffle shows that they reach one another.
        (
            pipeline
            | "DealOut" >> DealOut(range(_ELEMENTS))
            | "Key" >> beam.Map(_keyed).with_output_types(tuple[bytes, bytes])
            | "Gather" >> beam.GroupByKey()
            | "Count" >> beam.Map(_require_all)
        )

    engine.run(build, lanes=_ELEMENTS)
    same = ", ".join(f"{name} {version}" for name, version in environment())
    return [f"{runner_of(engine.beam_args)}: runs jobs; every worker that answered has {same}"]


def _keyed(number: int) -> tuple[bytes, bytes]:
    return b"all", b"%d" % number


def _require_all(group: tuple[bytes, object]) -> None:
    found = sorted(int(value) for value in group[1])  # type: ignore[attr-defined]
    if found != list(range(_ELEMENTS)):
        raise AssertionError(f"a shuffle lost or doubled elements: want 0 to {_ELEMENTS - 1}, got {found}")
