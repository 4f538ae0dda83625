"""Live progress of a run: a line that is redrawn on a terminal, plain lines elsewhere."""

import contextlib
import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from massivetext.errors import MassivetextError
from massivetext.formatting import format_duration
from massivetext.runs.log_reading import LogReader, stage_progress
from massivetext.runs.progress import ProgressCounts, read_progress

# Between two lines where the output is not a terminal: at first and, after so many lines, for a long run.
_PLAIN_SECONDS, _LONG_PLAIN_SECONDS, _PLAIN_LINES = 10.0, 60.0, 6
_LOG_SECONDS = 5.0  # between two looks into the log, for the time left
_LIVE_SECONDS = 0.5  # between two drawings on a terminal


class ProgressDisplay:
    """Context manager that shows the stages of a run as they go; the driver calls it with every event."""

    def __init__(self, console: Console, folder: str) -> None:
        self._console, self._folder = console, folder
        self._running: dict[str, tuple[float, int]] = {}
        self._log: LogReader | None = None
        self._left: dict[str, float] = {}
        self._next_look = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._thread = threading.Thread(target=self._draw, daemon=True)

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._live:
            self._live.stop()

    def __call__(self, stage: str, event: str, shards: int) -> None:
        """Show an event of the driver: "run", "done" or "skip" of a stage with so many shards."""
        with self._lock:
            if event == "run":
                self._running[stage] = (time.monotonic(), shards)
            elif event == "done":
                line = self._line(stage)
                started, _ = self._running.pop(stage)
                took = Text(f" {format_duration(time.monotonic() - started)}", style="dim")
                self._console.print(Text("✓ ", style="green") + Text(line, style="") + took, soft_wrap=True)
            else:
                self._console.print(Text(f"= {stage:<14} already done", style="dim"), soft_wrap=True)

    def _draw(self) -> None:
        printed: dict[str, ProgressCounts] = {}
        looks = 0
        while not self._stop.wait(self._wait(looks)):
            looks += 1
            self._estimate()
            with self._lock:
                counts = {stage: read_progress(self._folder, stage) for stage in self._running}
                lines = {stage: self._line(stage) + self._remaining(stage) for stage in self._running}
            if self._live:
                self._live.update(Text("\n".join(f"… {line}" for line in lines.values())), refresh=True)
                continue
            for stage, line in lines.items():
                if counts[stage] != printed.get(stage, ProgressCounts()):  # not the same line again
                    self._console.print(f"… {line}", soft_wrap=True)
            printed = counts

    def _wait(self, looks: int) -> float:
        if self._live:
            return _LIVE_SECONDS
        return _PLAIN_SECONDS if looks < _PLAIN_LINES else _LONG_PLAIN_SECONDS

    def _estimate(self) -> None:
        """Estimate the time that is left of each stage from the log; show none where that fails."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LOG_SECONDS
        with contextlib.suppress(OSError, MassivetextError):
            self._log = self._log or LogReader(self._folder)
            self._log.refresh()
            newest = self._log.sessions()[-1:]
            events = self._log.events(newest[0]) if newest else []
            stages = stage_progress(events, time.time())
            self._left = {stage.stage: stage.seconds_left for stage in stages if stage.seconds_left}
            return
        self._left = {}

    def _line(self, stage: str) -> str:
        started, shards = self._running[stage]
        done = read_progress(self._folder, stage)
        seconds = max(time.monotonic() - started, 1e-9)
        columns = [f"{stage:<14}"]
        if done.documents:
            columns.append(f"{done.documents:>9,} documents")
        if done.bytes:
            columns.append(f"{done.bytes / 1e6 / seconds:6.1f} MB/s")
        if done.shards:
            columns.append(f"{min(done.shards, shards)}/{shards} shards")
        return "  ".join(columns)

    def _remaining(self, stage: str) -> str:
        return f"  about {format_duration(self._left[stage])} left" if stage in self._left else ""
