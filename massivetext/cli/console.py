"""What the command shows a person: live progress, the table at the end, and the tables of `check` and `trace`."""

import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from massivetext.formatting import format_bytes, format_count, format_duration
from massivetext.report.funnel import Funnel, FunnelCount
from massivetext.report.trace import Trace
from massivetext.runs import progress
from massivetext.runs.stage import RunPlan, Stage
from massivetext.sources.splits import Split
from massivetext.stages import STAGES

_PLAIN_SECONDS = 10.0
_LIVE_SECONDS = 0.5


class Progress:
    """Shows the stages of a run as they go: a live line on a terminal, plain lines elsewhere."""

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
        """Takes an event of the driver."""
        with self._lock:
            if event == "run":
                self._running[stage] = (time.monotonic(), shards)
            elif event == "done":
                line = self._line(stage)
                started, _ = self._running.pop(stage)
                self._console.print(
                    f"[green]✓[/] {line} [dim]{format_duration(time.monotonic() - started)}[/]", highlight=False
                )
            else:
                self._console.print(f"[dim]= {stage:<14} already done[/]", highlight=False)

    def _draw(self) -> None:
        wait = _LIVE_SECONDS if self._live else _PLAIN_SECONDS
        while not self._stop.wait(wait):
            with self._lock:
                lines = [self._line(stage) + self._remaining(stage) for stage in self._running]
            if self._live:
                self._live.update(Text("\n".join(f"… {line}" for line in lines)), refresh=True)
            else:
                for line in lines:
                    self._console.print(f"… {line}", highlight=False, soft_wrap=True)

    def _line(self, stage: str) -> str:
        started, shards = self._running[stage]
        tally = progress.read(self._folder, stage)
        seconds = max(time.monotonic() - started, 1e-9)
        parts = [f"{stage:<14}"]
        if tally.documents:
            parts.append(f"{tally.documents:>9,} documents")
        if tally.bytes:
            parts.append(f"{tally.bytes / 1e6 / seconds:6.1f} MB/s")
        if tally.shards:
            parts.append(f"{min(tally.shards, shards)}/{shards} shards")
        return "  ".join(parts)

    def _remaining(self, stage: str) -> str:
        started, shards = self._running[stage]
        done = progress.read(self._folder, stage).shards
        if not 0 < done < shards:
            return ""
        left = (time.monotonic() - started) / done * (shards - done)
        return f"  about {format_duration(left)} left"


def funnel_table(funnel: Funnel) -> Table:
    """Documents and words of each source after each stage, and the tokens that were written."""
    table = Table(caption="documents left after each stage, their words below", header_style="bold", show_footer=True)
    table.add_column("source", footer="all")
    for stage in funnel.stages:
        table.add_column(stage, justify="right", footer=_cell(funnel.total(stage)))
    table.add_column("tokens", justify="right", footer=f"{sum(funnel.tokens.values()):,}")
    for source in funnel.sources:
        cells = (_cell(funnel.at(source, stage)) for stage in funnel.stages)
        table.add_row(source, *cells, f"{funnel.tokens.get(source, 0):,}")
    return table


def _cell(count: FunnelCount) -> str:
    return f"{count.documents:,}\n{format_count(count.words)}"


# -- trace -------------------------------------------------------------------------------------------------------------

_FULL_TRACES = 3  # more documents than these are listed, a line each


def print_trace(console: Console, traces: Sequence[Trace], quarantined: Sequence[Mapping[str, Any]]) -> None:
    """Prints all that is known of a few documents, or a line each of many; then what is in quarantine."""
    from massivetext.cli.trace_tables import match_table, quarantine_table, trace_parts

    if len(traces) > _FULL_TRACES:
        console.print(match_table(traces))
    else:
        for trace in traces:
            for part in trace_parts(trace):
                console.print(part)
    if quarantined:
        console.print(quarantine_table(quarantined))


# -- check -------------------------------------------------------------------------------------------------------------


def check_tables(plan: RunPlan, stages: Sequence[Stage] = STAGES) -> list[Table]:
    """Return what a recipe reads and what its stages will do; without splits the inputs' sizes are not known yet."""
    return [_inputs_table(plan), _judging_table(plan), _stages_table(plan, stages)]


def _inputs_table(plan: RunPlan) -> Table:
    recipe = plan.recipe
    table = Table(title=f"recipe {recipe.name}: inputs", title_justify="left", header_style="bold")
    table.add_column("source")
    table.add_column("inputs", overflow="fold", ratio=1)
    for column in ("files", "size", "shards"):
        table.add_column(column, justify="right")
    for name, source in sorted(recipe.sources.items()):
        table.add_row(name, Text("\n".join(source.inputs)), *_planned(plan.splits.get(name)))
    return table


def _planned(shards: Sequence[Sequence[Split]] | None) -> tuple[str, str, str]:
    if shards is None:
        return "–", "–", "–"
    sizes = {split.path: split.size for shard in shards for split in shard}
    return f"{len(sizes):,}", format_bytes(sum(sizes.values())), f"{len(shards):,}"


def _judging_table(plan: RunPlan) -> Table:
    recipe = plan.recipe
    table = Table(title="how they are judged and mixed", title_justify="left", header_style="bold")
    for column in ("source", "kind"):
        table.add_column(column)
    table.add_column("rule sets", overflow="fold", ratio=1)
    for column in ("dedup", "test sets"):
        table.add_column(column)
    table.add_column("weight", justify="right")
    for name, source in sorted(recipe.sources.items()):
        count = len(plan.rules[name])
        sets = f"{', '.join(source.rule_sets)}: {count} rule{'' if count == 1 else 's'}" if count else "none"
        tested = source.decontaminate and bool(recipe.decontaminate.test_sets)
        yes = {True: "yes", False: "no"}
        table.add_row(name, source.kind, sets, yes[source.deduplicates], yes[tested], f"{source.weight:f}")
    return table


def _stages_table(plan: RunPlan, stages: Sequence[Stage]) -> Table:
    names = sorted(plan.recipe.sources)
    table = Table(title="stages", title_justify="left", header_style="bold")
    for column in ("stage", "sources", "what it does"):
        table.add_column(column, overflow="fold")
    for stage in stages:
        concerned = [name for name in names if stage.concerns(plan, name)]
        of = "all" if concerned == names else ", ".join(concerned) or "none"
        table.add_row(stage.name, of, Text(stage.describe(plan)))
    return table
