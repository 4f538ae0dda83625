"""The form of the log of a run: its events, and what processes say they are doing.

:mod:`massivetext.runs.run_log` writes them, and :mod:`massivetext.runs.log_reading` reads them.
"""

from typing import Annotated, Literal

import msgspec

FOLDER = "log"
NOW = ".now.json"  # end of the name of a file that says what a process is doing
RESERVE = ".reserve"  # end of the name of a file that keeps room for the last line of the log
NOW_SECONDS = {True: 1.0, False: 30.0}  # between two writings of what a process is doing, by whether the run is local

# Bounds of what a process can have written: a line beyond them is damaged, and its numbers could not be printed.
Moment = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)]  # up to the year 9999
Duration = Annotated[float, msgspec.Meta(ge=-1e10, le=1e10)]  # negative if the clock of a machine was put back
Amount = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Cost = Annotated[float, msgspec.Meta(ge=0, le=1e30)]

Kind = Literal[
    "run begun",
    "run done",
    "run failed",
    "run stopped",
    "stage skipped",
    "stage begun",
    "job begun",
    "stage done",
    "item begun",
    "item done",
    "items done",
    "item failed",
    "slow",
    "note",
    "worker ended",
    "warning",
    "crash",
    "log full",
]
FAILURES = frozenset(
    {"run failed", "run stopped", "item failed", "worker ended", "slow", "warning", "crash", "log full"}
)
ENDS = ("run done", "run failed", "run stopped")
FEW = FAILURES | {
    "run begun",
    "run done",
    "stage skipped",
    "stage begun",
    "job begun",
    "stage done",
    "items done",
    "note",
}


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the log.

    Attributes:
        time: seconds since 1970-01-01 UTC.
        kind: what happened.
        process: role, machine and process ID: "driver-host-123".
        stage: name of the stage.
        item: name of the work item.
        seconds: wall time that it took; None where nothing is timed.
        cpu_seconds: CPU time that it took.
        documents: documents that the work item read or wrote.
        bytes: their size.
        items: number of work items: of a job that begins, or that "items done" stands for, as a full log writes it.
        cost: estimated cost of the work item, or of all of them, in the unit of the stage.
        peak_bytes: largest resident set of the process up to this moment.
        detail: a message, the place in the code of a warning, or what is in work.
        frames: innermost places of a traceback, "file:line function", the innermost last.
    """

    time: Moment
    kind: Kind
    process: str
    stage: str = ""
    item: str = ""
    seconds: Duration | None = None
    cpu_seconds: Duration | None = None
    documents: Amount = 0
    bytes: Amount = 0
    items: Amount = 0
    cost: Cost | None = None
    peak_bytes: Amount = 0
    detail: str = ""
    frames: tuple[str, ...] = ()


class ItemNow(msgspec.Struct, frozen=True, kw_only=True):
    """A work item that a process is working on.

    Attributes:
        stage: name of the stage.
        item: name of the work item.
        since: when it began, in seconds since 1970-01-01 UTC.
        documents: documents so far.
        bytes: bytes of text so far.
        position: the last position in its input that the process has noted; empty: none.
        position_since: when it was noted.
    """

    stage: str
    item: str
    since: Moment
    documents: Amount
    bytes: Amount
    position: str
    position_since: Moment


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is doing at a moment: the work items that it works on, and its resident set in bytes."""

    time: Moment
    process: str
    peak_bytes: Amount
    items: tuple[ItemNow, ...]


def session_of(path: str) -> str:
    """Return the session of a log file."""
    return path.rsplit("/", 1)[-1].split(".", 1)[0]


def is_beside_log(path: str) -> bool:
    """Return whether a file of the log is of use only while its process runs."""
    return path.endswith((NOW, RESERVE))


def is_log(name: str) -> bool:
    """Return whether a path below a run folder belongs to its log."""
    return name.startswith(f"{FOLDER}/")
