"""Read the log of a run: its events, its work items, and how far the newest execution of the command has come."""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from massivetext.errors import MassivetextError, UserError
from massivetext.runs.log_events import FOLDER, NOW, Event, ItemNow, Now, session_of
from massivetext.runs.manifests import RUN
from massivetext.storage import files as fs

_LEAST_SHARE = 0.1  # of the cost of a stage that is done before its time left is estimated
_LEAST_ITEMS = 2  # work items that are done before that


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRecord:
    """What the log says of a work item.

    Attributes:
        stage: name of the stage.
        item: name of the work item.
        begun: how often the work on it has begun.
        seconds: wall time of the attempt that completed it; None if none has.
        cpu_seconds: CPU time of that attempt.
        documents: documents that it read or wrote.
        bytes: their size.
        peak_bytes: largest resident set of its process up to its end.
        process: process of its last attempt.
        detail: error of its last attempt, if that failed.
    """

    stage: str
    item: str
    begun: int
    seconds: float | None
    cpu_seconds: float | None
    documents: int
    bytes: int
    peak_bytes: int
    process: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageProgress:
    """How far a stage has come in one execution of the command.

    Attributes:
        stage: name of the stage.
        state: "skipped", "running" or "done".
        seconds: wall time so far, or of the whole stage.
        items: work items of the job that runs; 0: not known, as in jobs that shuffle.
        items_done: how many of them are done.
        documents: documents of all jobs so far, with those of work items that are in work.
        bytes: their size.
        seconds_left: estimate of the time left; None where it could not be honest.
    """

    stage: str
    state: str
    seconds: float
    items: int
    items_done: int
    documents: int
    bytes: int
    seconds_left: float | None


class LogReader:
    """Reads the log of a run again and again; of files on a local disk only what is new.

    Args:
        folder: the run folder, path or URL.

    Attributes:
        damaged_lines: number of lines that cannot be read.
        is_empty: whether the folder of the log held no file when it was read last.
    """

    def __init__(self, folder: str) -> None:
        self._folder = fs.join(folder, FOLDER)
        self._local = fs.is_local(folder)
        self._events: dict[str, list[Event]] = {}  # by file
        self._read: dict[str, int] = {}  # bytes of each file that were read
        self._now: dict[str, Now] = {}
        self.damaged_lines = 0
        self.is_empty = True

    def refresh(self) -> None:
        """Read what is new.

        Raises:
            UserError: the folder of the log cannot be read, or an object store refuses it.
            StageError: an object store fails.
        """
        self._now.clear()
        if self._local:
            self._require_readable()
        found = fs.find(self._folder)
        self.is_empty = not found
        for info in found:
            if info.path.endswith(NOW):
                with contextlib.suppress(OSError, msgspec.DecodeError):  # it is being replaced
                    self._now[info.path] = msgspec.json.decode(fs.read_bytes(info.path), type=Now)
            elif info.path.endswith(".jsonl") and info.size > self._read.get(info.path, 0):
                self._read_more(info.path)

    def _require_readable(self) -> None:
        try:
            fs.names(self._folder)  # a listing leaves out what it may not read
        except OSError as error:
            remedy = "correct the permissions" if isinstance(error, PermissionError) else "give the folder of a run"
            raise UserError(f"{self._folder}: the log cannot be read: {error.strerror}; {remedy}") from error

    def sessions(self) -> list[str]:
        """Return the names of all executions of the command in the log, the newest last."""
        return sorted({session_of(path) for path in self._events})

    def events(self, session: str) -> list[Event]:
        """Return the events of an execution of the command, by time."""
        files = (events for path, events in self._events.items() if session_of(path) == session)
        return sorted((event for events in files for event in events), key=lambda event: event.time)

    def now(self, session: str) -> list[Now]:
        """Return what the processes of an execution of the command have been doing when they last said it."""
        return [now for path, now in sorted(self._now.items()) if session_of(path) == session]

    def _read_more(self, path: str) -> None:
        done = self._read.get(path, 0)
        try:
            data = _read_from(path, done) if self._local else fs.read_bytes(path)[done:]
        except FileNotFoundError:
            return  # an old session was removed
        except PermissionError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror}; correct the permissions") from error
        whole = data[: data.rfind(b"\n") + 1]
        self._read[path] = done + len(whole)
        for line in whole.splitlines():
            try:
                self._events.setdefault(path, []).append(msgspec.json.decode(line, type=Event))
            except msgspec.DecodeError:
                self.damaged_lines += 1


def read_log(folder: str) -> LogReader:
    """Return a reader that has read the whole log of a run."""
    reader = LogReader(folder)
    reader.refresh()
    return reader


def require_log(folder: str, reader: LogReader) -> None:
    """Raise UserError if a run folder has no log, also if it has none any more."""
    if reader.sessions() and not reader.is_empty:
        return
    if fs.exists(fs.join(folder, RUN)):
        raise UserError(
            f"{folder}: the log of this run was removed; `massivetext verify` and `report` say how far it has come, "
            "and the next execution of `massivetext run` writes a log again"
        )
    raise UserError(f"{folder}: no log here; give the folder that `massivetext run` wrote to")


def item_in_work(folder: str, session: str, process: int) -> str:
    """Return "STAGE ITEM" of what a process of this machine has begun last; empty if the log does not say."""
    try:
        events = [event for event in read_log(folder).events(session) if event.process.endswith(f"-{process}")]
    except (OSError, MassivetextError):
        return ""
    begun = [event for event in events if event.kind in ("item begun", "item done", "item failed")]
    return f"{begun[-1].stage} {begun[-1].item}" if begun and begun[-1].kind == "item begun" else ""


def items_in_work(now: Iterable[Now], events: Iterable[Event]) -> list[tuple[Now, ItemNow]]:
    """Return the work items that processes have said they work on and that the log does not say are done or failed.

    A process that has ended does not take back what it has said last.
    """
    over = {(event.process, event.stage, event.item) for event in events if event.kind in ("item done", "item failed")}
    return [(each, item) for each in now for item in each.items if (each.process, item.stage, item.item) not in over]


def item_records(events: Iterable[Event]) -> list[ItemRecord]:
    """Return what the events of one execution say of each work item, in the order in which they began."""
    found: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event.kind in ("item begun", "item done", "item failed"):
            found.setdefault((event.stage, event.item), []).append(event)
    return [_record(stage, item, of_item) for (stage, item), of_item in found.items()]


def _record(stage: str, item: str, events: Sequence[Event]) -> ItemRecord:
    last = events[-1]
    done = next((event for event in reversed(events) if event.kind == "item done"), None)
    ended = sum(event.kind != "item begun" for event in events)  # a line may be missing
    return ItemRecord(
        stage=stage,
        item=item,
        begun=max(sum(event.kind == "item begun" for event in events), ended),
        seconds=None if done is None else done.seconds,
        cpu_seconds=None if done is None else done.cpu_seconds,
        documents=last.documents,
        bytes=last.bytes,
        peak_bytes=last.peak_bytes,
        process=last.process,
        detail=last.detail if last.kind == "item failed" else "",
    )


@dataclass(slots=True)
class _Tally:
    """What the events say of a stage: the last event of each kind, and sums over its work items that are done."""

    kinds: dict[str, Event] = field(default_factory=dict)
    documents: int = 0
    bytes: int = 0
    items: int = 0  # these three of the job that runs now
    cost: float = 0.0
    last: float = 0.0  # when a work item was done last

    def add(self, event: Event) -> None:
        if event.kind in ("item done", "items done"):
            self.documents += event.documents
            self.bytes += event.bytes
            self.items += event.items or 1
            self.cost += event.cost or 0.0
            self.last = event.time
        else:
            self.kinds[event.kind] = event
            if event.kind in ("stage begun", "job begun"):
                self.items, self.cost = 0, 0.0


_OF_STAGES = ("stage begun", "stage done", "stage skipped", "job begun", "item done", "items done")


def stage_progress(events: Sequence[Event], moment: float, working: Iterable[ItemNow] = ()) -> list[StageProgress]:
    """Return how far each stage has come that one execution of the command has begun or skipped.

    Args:
        events: events of the execution, by time.
        moment: the present, in seconds since 1970-01-01 UTC.
        working: the work items that processes are working on.
    """
    tallies: dict[str, _Tally] = {}
    for event in events:
        if event.kind in _OF_STAGES:
            tallies.setdefault(event.stage, _Tally()).add(event)
    for item in working:
        if item.stage in tallies:
            tallies[item.stage].documents += item.documents
            tallies[item.stage].bytes += item.bytes
    return [_progress(stage, tally, moment) for stage, tally in tallies.items() if tally.kinds]


def _progress(stage: str, tally: _Tally, moment: float) -> StageProgress:
    begun, ended, job = (tally.kinds.get(kind) for kind in ("stage begun", "stage done", "job begun"))
    seconds = (ended.time if ended else moment) - begun.time if begun else 0.0
    is_running = begun is not None and ended is None
    return StageProgress(
        stage=stage,
        state="running" if is_running else "done" if ended else "skipped",
        seconds=max(0.0, seconds),
        items=job.items if job and tally.items <= job.items else 0,
        items_done=tally.items,
        documents=tally.documents,
        bytes=tally.bytes,
        seconds_left=_seconds_left(job, tally, moment) if job and is_running else None,
    )


def _seconds_left(job: Event, done: _Tally, moment: float) -> float | None:
    """Return the time that is left of a job; None before enough is done, or where other jobs of the stage follow.

    The work items differ in size by orders of magnitude and the most expensive ones come first, so their estimated
    costs are compared, not their number. The time is that of the rate up to the last work item that is done, less what
    has passed since then: if nothing has been done for longer than this, the rate was wrong, and None is returned.
    """
    if not job.cost or done.items < _LEAST_ITEMS or done.cost < _LEAST_SHARE * job.cost:
        return None
    left = (done.last - job.time) * max(0.0, job.cost - done.cost) / done.cost - (moment - done.last)
    return left if left >= 0 else None


def _read_from(path: str, offset: int) -> bytes:
    with Path(path).open("rb") as handle:
        handle.seek(offset)
        return handle.read()
