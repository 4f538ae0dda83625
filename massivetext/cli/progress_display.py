"""Live progress of a run: a line that is redrawn on a terminal, plain lines elsewhere."""

import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from massivetext.formatting import format_duration
from massivetext.runs.progress import read_progress

_PLAIN_SECONDS = 10.0  # between two lines where the output is not a terminal
_LIVE_SECONDS = 0.5  # between two drawings on a terminal


class ProgressDisplay:
    """Context manager that shows the stages of a run as they go; the driver calls it with every event."""

    def __init__(self, console: Console, folder: str) -> None:
        self._console, self._folder = console, folder
        self._running: dict[str, tuple[float, int]] = {}
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
        wait = _LIVE_SECONDS if self._live else _PLAIN_SECONDS
        while not self._stop.wait(wait):
            with self._lock:
                lines = [self._line(stage) + self._remaining(stage) for stage in self._running]
            if self._live:
                self._live.update(Text("\n".join(f"… {line}" for line in lines)), refresh=True)
            else:
                for line in lines:
                    self._console.print(f"… {line}", soft_wrap=True)

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
        started, shards = self._running[stage]
        done = read_progress(self._folder, stage).shards
        if not 0 < done < shards:
            return ""
        left = (time.monotonic() - started) / done * (shards - done)
        return f"  about {format_duration(left)} left"
