"""Writes the log of a run: lines of JSON in ``RUN/log``, by which an operator finds out afterwards what happened.

Every process of a run has a file of its own, ``SESSION.ROLE-HOST-PID.jsonl``; a session is one execution of the
command. The driver writes when the run and its stages begin and end; a process that works writes when a work item
begins, ends and fails, what in it takes longer than 30 s, and warnings of libraries. On a local disk a line is written
at once; on an object store, which cannot append, lines are collected and written as numbered files.

Beside it, ``….now.json`` says what a process is doing now; it is replaced every few seconds.

The log holds names of files, document keys and counts, but no text of documents: of a foreign exception it has the
class and the places in the code, not the message; of a library's warning the fixed part. It decides nothing: without
it, or if it cannot be written, a run writes the same bytes.
"""

import atexit
import contextlib
import errno
import logging
import os
import re
import resource
import secrets
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from massivetext.errors import MassivetextError
from massivetext.formatting import count_noun
from massivetext.runs.log_events import (
    ENDS,
    FAILURES,
    FEW,
    FOLDER,
    NOW_SECONDS,
    RESERVE,
    Event,
    ItemNow,
    Kind,
    Now,
    is_beside_log,
    session_of,
)
from massivetext.storage import files as fs

KEPT_SESSIONS = 10
SLOW_SECONDS = 30.0  # that something may take before the log names it
FILE_BYTES = 4 << 20  # of one process; then only what is rare is written, up to as much again
_SUM_SECONDS = 30.0  # between two lines that sum up the work items of a process whose log is full
_RESERVED_BYTES = 1 << 16  # on a local disk, for the line that says how the run has ended
_FLUSH_SECONDS = 5.0  # that lines for an object store wait
_LOOK_SECONDS = 1.0
_WARNINGS_PER_PLACE = 5
_LONGEST_DETAIL = 500  # characters
_UNSAFE = re.compile(r"[^A-Za-z0-9-]")


@dataclass(slots=True)
class _Item:
    stage: str
    item: str
    since: float = field(default_factory=time.time)
    cpu: float = field(default_factory=time.process_time)
    documents: int = 0
    bytes: int = 0
    position: str = ""
    position_since: float = field(default_factory=time.time)
    named: str | None = None  # the position that was last called slow

    def now(self) -> ItemNow:
        return ItemNow(
            stage=self.stage,
            item=self.item,
            since=round(self.since, 3),
            documents=self.documents,
            bytes=self.bytes,
            position=self.position[:_LONGEST_DETAIL],
            position_since=round(self.position_since, 3),
        )


def new_session() -> str:
    """Return a name for an execution of the command that sorts by time."""
    return f"{datetime.now(UTC).strftime('%Y%m%dT%H%M%S%f')}-{secrets.token_hex(3)}"


class RunLog:
    """The log of one process; made by :func:`open_log`.

    Args:
        folder: the run folder, path or URL.
        session: name of the execution of the command.
        role: "driver" or "worker".

    Attributes:
        process: role, machine and process ID.
        path: path or URL of its file.
        problem: why a line could not be written, the first time; empty if all could.
    """

    def __init__(self, folder: str, session: str, role: str) -> None:
        host = _UNSAFE.sub("-", socket.gethostname())[:40]
        self.process = f"{role}-{host}-{os.getpid()}"
        self.path = fs.join(folder, FOLDER, f"{session}.{self.process}.jsonl")
        self._reserve = f"{self.path.removesuffix('.jsonl')}{RESERVE}"
        self.problem = ""
        self.items: dict[int, _Item] = {}
        self._local = fs.is_local(folder)
        self._writing = threading.Lock()
        self._lines: list[bytes] = []
        self._files = self._size = 0
        self._full = False
        self._unwritten: list[Event] = []  # work items that were done since the log is full
        self._summed = time.monotonic()
        self._flushed = time.monotonic()
        self._warned: dict[str, int] = {}
        if self._local:
            with contextlib.suppress(OSError):
                Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        self._ended = threading.Event()
        atexit.register(self.flush)
        threading.Thread(target=self._watch, name="massivetext-log", daemon=True).start()

    def write(
        self,
        kind: Kind,
        *,
        stage: str = "",
        item: str = "",
        seconds: float | None = None,
        cpu_seconds: float | None = None,
        documents: int = 0,
        size: int = 0,
        items: int = 0,
        cost: float | None = None,
        detail: str = "",
        error: BaseException | None = None,
        frames: tuple[str, ...] = (),
    ) -> None:
        """Write a line; one that cannot be written is dropped.

        Args:
            kind: what happened.
            stage: name of the stage.
            item: name of the work item.
            seconds: wall time that it took.
            cpu_seconds: CPU time that it took.
            documents: number of documents of the work item.
            size: bytes of these documents.
            items: number of work items of a job.
            cost: estimated cost of the work item or of the job.
            detail: a message of ours.
            error: the exception behind it; its message is written only if it is one of ours.
            frames: places in the code, if there is no exception.
        """
        event = Event(
            time=round(time.time(), 3),
            kind=kind,
            process=self.process,
            stage=stage,
            item=item,
            seconds=None if seconds is None else round(seconds, 3),
            cpu_seconds=None if cpu_seconds is None else round(cpu_seconds, 3),
            documents=documents,
            bytes=size,
            items=items,
            cost=cost,
            peak_bytes=_peak_bytes(),
            detail=(detail or ("" if error is None else describe_error(error)))[:_LONGEST_DETAIL],
            frames=frames if error is None else _frames(error),
        )
        with self._writing:
            self._try(self._append, event)

    def reserve(self) -> None:
        """Keep some room on a local disk, so that a full disk does not swallow the line that says how the run ended."""
        if self._local:
            with contextlib.suppress(OSError):
                Path(self._reserve).write_bytes(secrets.token_bytes(_RESERVED_BYTES))  # that no disk can compress

    def flush(self) -> None:
        """Write the lines that wait for an object store, and the sums of a full log."""
        with self._writing:
            self._try(self._sum_up)
            self._try(self._upload)

    def close(self) -> None:
        """Write what waits, and stop watching; the log of a session that is over."""
        self._ended.set()
        self.flush()
        atexit.unregister(self.flush)
        self._free_reserve()

    def write_now(self) -> None:
        """Write what this process is doing."""
        items = tuple(item.now() for item in list(self.items.values()))
        now = Now(time=round(time.time(), 3), process=self.process, peak_bytes=_peak_bytes(), items=items)
        path, data = f"{self.path.removesuffix('.jsonl')}.now.json", msgspec.json.encode(now)
        with contextlib.suppress(Exception):
            if self._local:
                Path(path).write_bytes(data)
            else:
                fs.write_bytes(path, data)

    def _try(self, write: Callable[..., None], *arguments: Event) -> None:
        try:
            write(*arguments)
        except Exception as error:
            self.problem = self.problem or describe_error(error)

    def _append(self, event: Event) -> None:
        if self._full and event.kind not in FEW:
            if event.kind == "item done":
                self._unwritten.append(event)
                if time.monotonic() - self._summed > _SUM_SECONDS or event.stage != self._unwritten[0].stage:
                    self._sum_up()
            return
        line = msgspec.json.encode(event) + b"\n"
        self._size += len(line)
        if self._size > 2 * FILE_BYTES:
            return
        if self._size > FILE_BYTES and not self._full:
            self._full = True
            self._append(Event(time=event.time, kind="log full", process=self.process))
        self._lines.append(line)
        if self._local:
            self._write_locally(event)
        elif event.kind in FAILURES:  # everything else is written by the thread, so that no work waits for it
            self._upload()

    def _write_locally(self, event: Event) -> None:
        try:
            append_whole(self.path, b"".join(self._lines))
        except OSError:
            if event.kind not in ENDS:
                raise
            self._free_reserve()
            append_whole(self.path, self._lines[-1])  # what could not be written before may need more room
        self._lines.clear()

    def _free_reserve(self) -> None:
        with contextlib.suppress(OSError):
            Path(self._reserve).unlink()

    def _sum_up(self) -> None:
        self._summed = time.monotonic()
        unwritten, self._unwritten = self._unwritten, []
        by_stage: dict[str, list[Event]] = {}
        for event in unwritten:
            by_stage.setdefault(event.stage, []).append(event)
        for stage, events in by_stage.items():
            self._append(
                Event(
                    time=events[-1].time,
                    kind="items done",
                    process=self.process,
                    stage=stage,
                    items=len(events),
                    documents=sum(event.documents for event in events),
                    bytes=sum(event.bytes for event in events),
                    cost=sum(event.cost or 0.0 for event in events),
                    peak_bytes=events[-1].peak_bytes,
                )
            )

    def _upload(self) -> None:
        self._flushed = time.monotonic()
        if self._lines and not self._local:
            lines, self._lines = self._lines, []
            self._files += 1
            fs.write_bytes(f"{self.path.removesuffix('.jsonl')}.{self._files:04d}.jsonl", b"".join(lines))

    def _watch(self) -> None:
        next_now = 0.0
        while not self._ended.wait(_LOOK_SECONDS):
            for item in list(self.items.values()):
                self._name_slow(item)
            if time.monotonic() >= next_now:
                self.write_now()
                next_now = time.monotonic() + NOW_SECONDS[self._local]
            waiting = bool(self._unwritten) if self._local else time.monotonic() - self._flushed > _FLUSH_SECONDS
            if waiting and (not self._full or time.monotonic() - self._summed > _SUM_SECONDS):
                self.flush()

    def _name_slow(self, item: _Item) -> None:
        waited = time.time() - item.position_since
        if waited > SLOW_SECONDS and item.named != item.position:
            item.named = item.position
            self.write(
                "slow",
                stage=item.stage,
                item=item.item,
                seconds=waited,
                documents=item.documents,
                detail=item.position or "has not come to its first document",
            )

    def warn(self, record: logging.LogRecord) -> None:
        """Write a warning of a library: its place in the code, and its message without what was filled in."""
        place = f"{record.name} ({Path(record.pathname).name}:{record.lineno})"
        self._warned[place] = self._warned.get(place, 0) + 1
        if self._warned[place] <= _WARNINGS_PER_PLACE:
            fixed = str(record.msg) if record.args else ""
            failed = f" [{record.exc_info[0].__name__}]" if record.exc_info and record.exc_info[0] else ""
            item = self.items.get(threading.get_ident())
            self.write(
                "warning",
                stage=item.stage if item else "",
                item=item.item if item else "",
                detail=f"{record.levelname.lower()} of {place}{failed}: {fixed}",
            )


class _Handler(logging.Handler):
    """Gives warnings of libraries to the log."""

    def __init__(self, log: RunLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        repeats_failure = record.name.startswith("apache_beam") and record.exc_info  # which is logged by itself
        if record.threadName != "massivetext-log" and not repeats_failure:
            self._log.warn(record)


_logs: dict[tuple[str, str], tuple[int, RunLog]] = {}
_opening = threading.Lock()


def open_log(folder: str, session: str, role: str) -> RunLog:
    """Return the log of this process in a session, opened once; a process that already has one keeps its role."""
    with _opening:
        process, log = _logs.get((folder, session), (0, None))
        if log is None or process != os.getpid():
            for owner, earlier in _logs.values():
                if owner == os.getpid():
                    earlier.close()
            log = RunLog(folder, session, role)
            _logs.clear()
            _logs[folder, session] = (os.getpid(), log)
            root = logging.getLogger()
            root.handlers = [each for each in root.handlers if not isinstance(each, _Handler)]
            root.addHandler(_Handler(log))
        return log


@contextlib.contextmanager
def logged_item(folder: str, session: str, stage: str, item: str, cost: float | None = None) -> Iterator[None]:
    """Log the work on an item within this block; with an empty session, log nothing."""
    if not session:
        yield
        return
    log, thread = open_log(folder, session, "worker"), threading.get_ident()
    outer, log.items[thread] = log.items.get(thread), (entry := _Item(stage, item))
    _work.item = entry
    log.write("item begun", stage=stage, item=item)
    try:
        yield
    except BaseException as error:
        log.write("item failed", stage=stage, item=item, seconds=time.time() - entry.since, error=error)
        raise
    else:
        log.write(
            "item done",
            stage=stage,
            item=item,
            seconds=time.time() - entry.since,
            cpu_seconds=time.process_time() - entry.cpu,
            documents=entry.documents,
            size=entry.bytes,
            cost=cost,
        )
    finally:
        _work.item = outer
        if outer is None:
            log.items.pop(thread, None)
        else:
            log.items[thread] = outer


class _Work(threading.local):
    item: _Item | None = None


_work = _Work()


def log_crash(folder: str, lines: Sequence[str]) -> None:
    """Log what a crash has printed to standard error, in the newest session of this process; nothing if it has none."""
    for (log_folder, _), (process, log) in list(_logs.items()):
        if log_folder == folder and process == os.getpid() and lines:
            log.write("crash", detail=f"standard error, {count_noun(len(lines), 'line')}", frames=tuple(lines))


def note_position(position: str) -> None:
    """Note the position in its input that the work on an item has reached: cheap enough for every document.

    Args:
        position: a file and a document key, or rows; never text of a document.
    """
    if (item := _work.item) is not None:
        item.position = position
        item.position_since = time.time()


def count_work(documents: int, size: int = 0) -> None:
    """Add to the documents and bytes of the item that this thread works on."""
    if (item := _work.item) is not None:
        item.documents += documents
        item.bytes += size
        item.position_since = time.time()


def remove_old_sessions(folder: str, keep: int = KEPT_SESSIONS) -> None:
    """Remove the log files of all sessions but the newest, and what processes of earlier sessions were doing."""
    with contextlib.suppress(OSError, MassivetextError):
        paths = [info.path for info in fs.find(fs.join(folder, FOLDER))]
        sessions = sorted({session_of(path) for path in paths})
        old = set(sessions[: max(0, len(sessions) - keep)])
        fs.remove_files([path for path in paths if session_of(path) in old or is_beside_log(path)])


def append_whole(path: str, data: bytes) -> None:
    """Append bytes to a local file, all of them or none: a full disk would leave the first half of a line.

    Raises:
        OSError: they cannot be written.
    """
    with Path(path).open("ab", buffering=0) as handle:
        before, written = handle.seek(0, os.SEEK_END), 0
        try:
            written = handle.write(data)
        finally:
            if written < len(data):
                handle.truncate(before)
    if written < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


def describe_error(error: BaseException) -> str:
    """Return what the log says of an error: the message only if it is ours, since another may quote a document."""
    if isinstance(error, MassivetextError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}: {error.filename or ''}"
    return type(error).__name__


def _frames(error: BaseException) -> tuple[str, ...]:
    while error.__cause__ is not None:  # where it began, not where it was put into our words
        error = error.__cause__
    found = traceback.extract_tb(error.__traceback__)[-20:]
    return tuple(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in found)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
