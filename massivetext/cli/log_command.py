"""The command ``massivetext log``: what happened in a run, from its log."""

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from massivetext.cli.command_arguments import RunFolder, full_path
from massivetext.cli.messages import make_console, print_line, print_raw
from massivetext.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from massivetext.runs.log_events import Event
    from massivetext.runs.log_reading import ItemRecord, LogReader

_SLOWEST = 20


def log(
    run_folder: RunFolder,
    stage: Annotated[str | None, typer.Option(metavar="STAGE", help="Show events of this stage only.")] = None,
    slowest: Annotated[
        bool, typer.Option("--slowest", help=f"Show the {_SLOWEST} work items that took longest, with their memory.")
    ] = False,
    errors: Annotated[
        bool, typer.Option("--errors", help="Show failures, warnings and slow documents of all executions kept.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the lines of the log as they are.")] = False,
) -> None:
    """Print what happened in a run: the newest execution of the command, or with --errors all that the log keeps."""
    from massivetext.runs.log_events import FAILURES
    from massivetext.runs.log_reading import item_records, read_log, require_log

    folder = full_path(run_folder)
    reader = read_log(folder)
    require_log(folder, reader)
    sessions = reader.sessions()
    shown = sessions if errors else sessions[-1:]
    events = [event for session in shown for event in reader.events(session)]
    if stage is not None:
        _require_known(stage, events)
        events = [event for event in events if event.stage == stage]
    if errors:
        events = [event for event in events if event.kind in FAILURES]
    if reader.damaged_lines:
        print_line(make_console(stderr=True), damaged_lines(reader), style="yellow")
    if as_json:
        _print_json(events)
    elif slowest:
        make_console().print(slowest_table(item_records(events)))
    else:
        _print_lines(events)


def damaged_lines(reader: "LogReader") -> str:
    """Return how many lines of a log cannot be read."""
    from massivetext.formatting import count_noun

    verb = "is" if reader.damaged_lines == 1 else "are"
    return f"{count_noun(reader.damaged_lines, 'damaged line')} of the log {verb} left out"


def _print_lines(events: "Sequence[Event]") -> None:
    console = make_console()
    for line in event_lines(events):
        print_line(console, line)
    if not events:
        print_line(console, "nothing of this kind in the log")


def _require_known(stage: str, events: "Iterable[Event]") -> None:
    from massivetext.stages import STAGES

    known = dict.fromkeys([each.name for each in STAGES] + [event.stage for event in events if event.stage])
    if stage not in known:
        raise UserError(f"--stage: want one of {', '.join(known)}, got {stage!r}")


def event_lines(events: "Iterable[Event]") -> list[str]:
    """Return the events as lines: time, process, what happened and where, what it took, and details below it."""
    from massivetext.formatting import format_bytes, format_duration

    lines = []
    for event in events:
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.time))
        took = [] if event.seconds is None else [format_duration(event.seconds)]
        if event.documents:
            took.append(f"{event.documents:,} documents, {format_bytes(event.bytes)}")
        if event.items:
            took.append(f"{event.items:,} work items")
        where = " ".join(filter(None, (event.stage, event.item)))
        parts = [moment, f"{event.process:<24}", f"{event.kind:<13}", where, *took, " ".join(event.detail.split())]
        lines.append("  ".join(filter(None, parts)))
        lines += [f"{'':>21}{frame}" for frame in event.frames]
    return lines


def slowest_table(records: "Sequence[ItemRecord]") -> "Table":
    """Return a table of the work items that took longest."""
    from rich.table import Table

    from massivetext.formatting import format_bytes

    done = [record for record in records if record.seconds is not None]
    title = f"the slowest of {len(done):,} work items that are done"
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in ("stage", "work item"):
        table.add_column(column, overflow="fold")
    for column in ("seconds", "CPU", "documents", "size", "memory", "attempts"):
        table.add_column(column, justify="right", overflow="fold")
    for record in sorted(done, key=lambda record: -(record.seconds or 0.0))[:_SLOWEST]:
        table.add_row(
            record.stage,
            record.item,
            f"{record.seconds:,.1f}",
            f"{record.cpu_seconds or 0.0:,.1f}",
            f"{record.documents:,}",
            format_bytes(record.bytes),
            format_bytes(record.peak_bytes),
            str(record.begun),
        )
    return table


def _print_json(events: "Iterable[Event]") -> None:
    import msgspec

    print_raw("".join(msgspec.json.encode(event).decode() + "\n" for event in events))
