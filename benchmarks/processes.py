"""Measures a command with all its processes: wall time, CPU time and memory."""

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
_SAMPLE_SECONDS = 0.1
_LONGEST_SECONDS = 3600.0  # a command that takes longer hangs


@dataclass(frozen=True)
class Measured:
    """One run of a command: seconds of wall time and of CPU time, and resident megabytes of its largest process."""

    wall: float
    cpu: float
    peak: float


class _Sampler(threading.Thread):
    """Samples a process and its descendants until ``done`` is set; CPU time used before the start does not count."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.root, self.peak, self.done = root, 0, threading.Event()
        self._before = {process.pid: _cpu_seconds(process) for process in _family(root)}
        self._cpu: dict[int, float] = {}

    @property
    def cpu(self) -> float:
        """CPU seconds of all processes, including those that have ended."""
        return sum(seconds - self._before.get(pid, 0.0) for pid, seconds in self._cpu.items())

    def run(self) -> None:
        """Take samples."""
        while not self.done.wait(_SAMPLE_SECONDS):
            for process in _family(self.root):
                try:
                    self._cpu[process.pid] = _cpu_seconds(process)
                    self.peak = max(self.peak, process.memory_info().rss)
                except psutil.NoSuchProcess:
                    pass


def _family(root: int) -> list[psutil.Process]:
    """Return a process and its descendants; an empty list if it has ended."""
    try:
        process = psutil.Process(root)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _cpu_seconds(process: psutil.Process) -> float:
    """Return user and system time of a process until now; 0 if it has ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def measure(
    command: Sequence[str],
    folder: Path,
    root: int | None = None,
    *,
    directory: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> Measured:
    """Run a command once and measure it.

    Args:
        command: program and arguments.
        folder: where the output of the command is written, to ``output.txt``.
        root: id of the process to measure with its descendants, instead of the command's own.
        directory: working directory of the command.
        environment: variables to add to those of this process.

    Raises:
        RuntimeError: the command fails or takes more than an hour; with its last output.
    """
    log = folder / "output.txt"
    variables = {**os.environ, **(environment or {})}
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=directory, env=variables, stdout=output, stderr=subprocess.STDOUT)
        sampler = _Sampler(root or process.pid)
        sampler.start()
        try:
            code = process.wait(timeout=_LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        wall = time.monotonic() - started
        sampler.done.set()
        sampler.join()
    if code:
        raise RuntimeError(f"{' '.join(command)}: exit code {code}\n{log.read_text(errors='replace')[-4000:]}")
    return Measured(wall, sampler.cpu, sampler.peak / 1e6)


def median(runs: Sequence[Measured]) -> Measured:
    """Return the medians of the times and the largest memory."""
    return Measured(
        statistics.median(run.wall for run in runs),
        statistics.median(run.cpu for run in runs),
        max(run.peak for run in runs),
    )
