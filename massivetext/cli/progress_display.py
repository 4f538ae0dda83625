"""Live progress of a run: a line for each running stage, redrawn on a terminal; plain lines elsewhere."""

import contextlib
import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live

from massivetext.cli.messages import safe_text
from massivetext.cli.stage_lines import stage_line
from massivetext.errors import MassivetextError
from massivetext.runs.log_reading import LogReader, StageProgress, items_in_work, stage_progress
from massivetext.runs.run_log import new_session
from massivetext.storage import files as fs

# Between two lines where the output is not a terminal: at first and, after so many lines, for a long run.
_PLAIN_SECONDS, _LONG_PLAIN_SECONDS, _PLAIN_LINES = 10.0, 60.0, 6
_LIVE_SECONDS = {True: 1.0, False: 15.0}  # between two drawings on a terminal, by whether the run folder is local


class ProgressDisplay:
    """Context manager that shows the stages of a run as they go, from its log; the driver calls it with every event."""

    def __init__(self, console: Console, folder: str) -> None:
        self._console = console
        self._reader = LogReader(folder)
        self._local = fs.is_local(folder)
        self._first_session = new_session().split("-")[0]  # sessions of earlier executions sort before it
        self._running: dict[str, float] = {}  # since when, for a stage that the log does not have yet
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
                self._running[stage] = time.time()
                return
            if event == "done":
                seconds = time.time() - self._running.pop(stage)
                nothing = _no_counts(stage, "done", seconds)  # of a store: its log comes some seconds later
                line, style = stage_line(self._look().get(stage, nothing) if self._local else nothing), "green"
            else:
                line, style = stage_line(_no_counts(stage, "skipped", 0.0)), "dim"
            shown = safe_text(line)
            shown.stylize(style, 0, 1 if event == "done" else len(line))
            self._console.print(shown, soft_wrap=True)

    def _draw(self) -> None:
        printed: dict[str, int] = {}
        looks = 0
        while not self._stop.wait(self._wait(looks)):
            looks += 1
            with self._lock:
                found = self._look()
                stages = [
                    found.get(stage, _no_counts(stage, "running", time.time() - since))
                    for stage, since in self._running.items()
                ]
            if self._live:
                self._live.update(safe_text("\n".join(map(stage_line, stages))), refresh=True)
                continue
            for stage in stages:
                if stage.documents != printed.get(stage.stage, 0):  # not the same line again
                    self._console.print(stage_line(stage), soft_wrap=True, markup=False, highlight=False)
            printed = {stage.stage: stage.documents for stage in stages}

    def _wait(self, looks: int) -> float:
        if self._live:
            return _LIVE_SECONDS[self._local]
        return _PLAIN_SECONDS if looks < _PLAIN_LINES else _LONG_PLAIN_SECONDS

    def _look(self) -> dict[str, StageProgress]:
        """Return what the log says of the stages of this run, by name; nothing where it cannot be read."""
        with contextlib.suppress(OSError, MassivetextError):
            self._reader.refresh()
            sessions = [session for session in self._reader.sessions() if session >= self._first_session]
            if sessions:
                events, now = self._reader.events(sessions[-1]), self._reader.now(sessions[-1])
                working = [item for _, item in items_in_work(now, events)]
                return {each.stage: each for each in stage_progress(events, time.time(), working)}
        return {}


def _no_counts(stage: str, state: str, seconds: float) -> StageProgress:
    return StageProgress(
        stage=stage, state=state, seconds=seconds, items=0, items_done=0, documents=0, bytes=0, seconds_left=None
    )
