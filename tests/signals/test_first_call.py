"""The first call after an installation: said before it, and compiled once however many workers begin."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from massivetext.jobs.measure import announce_compilation

COUNT = """
from massivetext.signals import kernel, registry
import massivetext.signals as signals
signals.measure_text("A text of some words.")
loop = kernel._loop(kernel._counters(registry.BUILT_IN.groups))
print(sum(loop.dispatcher.stats.cache_misses.values()), sum(loop.dispatcher.stats.cache_hits.values()))
"""


def test_it_is_announced_where_nothing_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    announce_compilation(said.append)

    assert [line.startswith("The first run after an installation compiles the signals") for line in said] == [True]


@pytest.mark.slow
def test_two_workers_that_begin_at_once_compile_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "TMPDIR": str(tmp_path)}
    (tmp_path / "cache").mkdir()
    started = [
        subprocess.Popen([sys.executable, "-c", COUNT], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    found = sorted(process.communicate()[0].strip() for process in started)

    assert found == ["0 1", "1 0"]
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    said: list[str] = []
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    announce_compilation(said.append)
    assert said == []
