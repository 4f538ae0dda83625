"""Beam's own transforms, which have no types, for tests that build a job."""

from collections.abc import Callable

import apache_beam as beam


def map_each(function: Callable[..., object]) -> beam.PTransform[beam.PCollection[object], beam.PCollection[object]]:
    """Return a Map of a function."""
    transform: beam.PTransform[beam.PCollection[object], beam.PCollection[object]] = beam.Map(function)  # type: ignore[no-untyped-call]
    return transform
