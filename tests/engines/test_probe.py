"""A job without work passes through the embedded engine as it would through a cluster."""

import pytest

from massivetext.engines.engine import Engine
from massivetext.engines.probe import probe_engine
from massivetext.errors import UserError


def test_the_embedded_engine_passes() -> None:
    (line,) = probe_engine(Engine(workers=1))
    assert line.startswith("FnApiRunner: runs jobs")


def test_a_worker_unlike_the_driver_is_named() -> None:
    with pytest.raises(UserError, match="give workers and driver the same environment"):
        probe_engine(Engine(workers=1), (("sentencepiece", "0.0.1"),))
