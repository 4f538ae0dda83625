"""The command ``massivetext watch``: how far a run has come, from another terminal or another machine."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from massivetext.cli.command_arguments import RunFolder, full_path
from massivetext.cli.messages import make_console, print_line, safe_text

if TYPE_CHECKING:
    from rich.console import Console

    from massivetext.runs.log_events import Event, ItemNow, Now
    from massivetext.runs.log_reading import LogReader

_SECONDS = 2.0  # between two drawings on a terminal
_PLAIN_SECONDS = 10.0  # between two looks where the output is not a terminal
_SHOWN_ITEMS = 10
_SHOWN_FAILURES = 5
_SILENT_PERIODS = 4  # so many times without a sign of life, a process is called silent


def watch(
    run_folder: RunFolder,
    once: Annotated[bool, typer.Option("--once", help="Print the present state and stop.")] = False,
) -> None:
    """Show the stages, work, errors and time left of a run until it ends; also of a run that has ended."""
    from rich.live import Live

    from massivetext.runs.log_reading import LogReader, require_log
    from massivetext.storage import files as fs
    from massivetext.storage import lock

    folder = full_path(run_folder)
    reader, console = LogReader(folder), make_console()

    def look() -> tuple[list[str], bool]:
        killed = lock.is_left_over(folder)  # before the log: a run that ends meanwhile is not called killed
        reader.refresh()
        require_log(folder, reader)
        return state_lines(reader, time.time(), fs.is_local(folder), killed=killed)

    lines, ended = look()
    if once or ended or not console.is_terminal:
        _print_lines(console, lines)
        while not (once or ended):
            time.sleep(_PLAIN_SECONDS)
            before, (lines, ended) = lines, look()
            _print_lines(console, [line for line in lines if line not in before])
        return
    with Live(console=console, auto_refresh=False) as live:
        while True:
            live.update(safe_text("\n".join(lines)), refresh=True)
            if ended:
                return
            time.sleep(_SECONDS)
            lines, ended = look()


def state_lines(reader: "LogReader", moment: float, local: bool, *, killed: bool = False) -> tuple[list[str], bool]:
    """Return the state of the newest execution of the command as lines, and whether it has ended.

    Args:
        reader: has read the log.
        moment: the present, in seconds since 1970-01-01 UTC.
        local: whether the run folder is on this machine.
        killed: whether the lock shows that the process of the run has ended without a word.
    """
    from massivetext.cli.log_command import damaged_lines
    from massivetext.cli.stage_lines import stage_line
    from massivetext.runs.log_events import ENDS, FAILURES, NOW_SECONDS
    from massivetext.runs.log_reading import item_records, items_in_work, stage_progress

    session = reader.sessions()[-1]
    events, now = reader.events(session), reader.now(session)
    end = next((event for event in reversed(events) if event.kind in ENDS), None)
    failures = [event for event in events if event.kind in FAILURES and event is not end]
    silent = moment - max((each.time for each in now), default=events[-1].time if events else moment)
    killed = killed and end is None
    if killed:
        moment = max([event.time for event in events[-1:]] + [each.time for each in now], default=moment)
    lines = [_head(session, events, end, moment, killed)]
    broken = killed or (end is not None and end.kind != "run done")
    working = [] if killed or end is not None else items_in_work(now, events)
    stages = stage_progress(events, end.time if end else moment, [item for _, item in working])
    lines += [stage_line(stage, broken=broken) for stage in stages]
    if killed:
        unfinished = [record for record in item_records(events) if record.seconds is None and not record.detail]
        lines += [f"  {each.process}: {each.stage} {each.item} was begun" for each in unfinished[:_SHOWN_ITEMS]]
        lines.append("its process has ended without a word, as after SIGKILL or a loss of power; run again to go on")
    elif end is None:
        lines += _work_lines(working, moment)
        if silent > _SILENT_PERIODS * NOW_SECONDS[local]:
            lines.append(f"no sign of life for {_rounded(silent)}: the run was killed, or its machine has stopped")
    lines += _failure_lines(failures)
    if reader.damaged_lines:
        lines.append(f"! {damaged_lines(reader)}")
    unknown = not events and not now  # nothing will come that says more
    return lines, unknown or killed or end is not None or silent > 10 * _SILENT_PERIODS * NOW_SECONDS[local]


def _head(session: str, events: "Sequence[Event]", end: "Event | None", moment: float, killed: bool) -> str:
    begun = next((event for event in events if event.kind == "run begun"), None)
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(begun.time)) if begun else session
    running = "runs" if events else "no line of its log can be read"
    state = end.kind.removeprefix("run ") if end is not None else "was killed" if killed else running
    took = f", {_rounded((end.time if end else moment) - begun.time)}" if begun else ""
    detail = f" ({begun.detail})" if begun and begun.detail else ""
    reason = f": {' '.join(end.detail.split())}" if end is not None and end.detail else ""
    return f"begun {since}{detail}: {state}{reason}{took}"


def _work_lines(found: "Sequence[tuple[Now, ItemNow]]", moment: float) -> list[str]:
    working = sorted(found, key=lambda pair: pair[1].position_since)
    lines = []
    for each, item in working[:_SHOWN_ITEMS]:
        process = each.process
        silent = moment - each.time
        quiet = f", no sign of life for {_rounded(silent)}" if silent > 30 else ""
        still = moment - item.position_since
        where = f", at {item.position}" if item.position else ""
        stuck = f", no progress for {_rounded(still)}" if still > 30 else ""
        since = _rounded(moment - item.since)
        lines.append(f"  {process}: {item.stage} {item.item} for {since}{where}{stuck}{quiet}")
    if len(working) > _SHOWN_ITEMS:
        lines.append(f"  and {len(working) - _SHOWN_ITEMS:,} more work items")
    return lines


def _failure_lines(failures: "Sequence[Event]") -> list[str]:
    from massivetext.cli.log_command import event_lines

    shown = [msg for event in failures[-_SHOWN_FAILURES:] for msg in event_lines([event])[:1]]
    more = len(failures) - len(shown)
    return [f"! {line}" for line in shown] + ([f"! and {more:,} more: `massivetext log RUN --errors`"] if more else [])


def _print_lines(console: "Console", lines: Sequence[str]) -> None:
    for line in lines:
        print_line(console, line)


def _rounded(seconds: float) -> str:
    from massivetext.formatting import format_duration

    return format_duration(max(0.0, seconds))
