"""A job of no work goes through the embedded engine as it would through a cluster."""

import pytest

from massivetext.engines import engine
from massivetext.engines.engine import Engine
from massivetext.engines.probe import probe
from massivetext.errors import UserError


def test_the_embedded_engine_passes() -> None:
    (line,) = probe(Engine(workers=1))
    assert line.startswith("FnApiRunner: runs jobs")


def test_a_worker_unlike_the_driver_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "environment", lambda: (("sentencepiece", "0.0.1"),))
    with pytest.raises(UserError, match="give workers and driver the same environment"):
        probe(Engine(workers=1))
