"""What `plan` shows a person: a table a scale, what bounds it, what it costs, and where the figures are from."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from massivetext.estimate import rates
from massivetext.estimate.estimator import Estimate, Prices, StepEstimate, duration
from massivetext.estimate.measured import Measurement

_UNITS = ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def print_plan(console: Console, plans: Sequence[Estimate], measured: Sequence[Measurement], prices: Prices) -> None:
    """Prints a plan for each scale, then what all of them rest on.

    Args:
        console: where to.
        plans: one a scale.
        measured: the runs whose figures they are from; the last is the reference.
        prices: what they reckon with.
    """
    for plan in plans:
        console.print(plan_table(plan))
        for line in _below(plan):
            console.print(line, highlight=False, soft_wrap=True, markup=False)
        console.print()
    for line in _grounds(measured, prices):
        console.print(line, style="dim", highlight=False, soft_wrap=True, markup=False)


def plan_table(plan: Estimate) -> Table:
    """The steps of a plan."""
    title = f"{size(plan.raw_bytes)} of input on {plan.workers:,} workers"
    table = Table(title=title, title_justify="left", header_style="bold", show_footer=True)
    table.add_column("step", footer="all")
    hours = sum(step.cpu_hours for step in plan.steps)
    totals = {
        "tasks (waves)": "",
        "CPU": _hours(hours),
        "longest task": "",
        "driver": duration(sum(step.driver_seconds for step in plan.steps)),
        "wall": duration(plan.wall_seconds),
        "worker": size(max(step.worker_bytes for step in plan.steps)),
        "shuffled": size(sum(step.shuffle_bytes for step in plan.steps)),
        "stored": size(sum(step.stored_bytes for step in plan.steps)),
        "most time for": "",
    }
    for name, footer in totals.items():
        table.add_column(name, footer=footer, justify="left" if name == "most time for" else "right")
    for step in plan.steps:
        table.add_row(step.step + ("" if step.measured else "*"), *_cells(step))
    return table


def _cells(step: StepEstimate) -> tuple[str, ...]:
    return (
        f"{step.tasks:,.0f} ({step.waves:,})",
        _hours(step.cpu_hours),
        duration(step.longest_seconds),
        duration(step.driver_seconds),
        duration(step.wall_seconds),
        size(step.worker_bytes),
        size(step.shuffle_bytes),
        size(step.stored_bytes),
        max(step.parts, key=lambda part: step.parts[part]),
    )


def _below(plan: Estimate) -> list[str]:
    cost = plan.cost
    compute = (
        f"{cost.vcpu_hours:,.0f} vCPU hours, {cost.ram_gb_hours:,.0f} GB hours of memory, "
        f"{cost.shuffle_gb:,.0f} GB shuffled: about ${cost.compute:,.0f}"
    )
    return [
        f"{plan.documents:,.0f} documents in {plan.shards:,} shards; {plan.record_tokens:,.0f} tokens of records",
        f"first bottleneck: {plan.bottleneck}",
        *(f"then: {limit}" for limit in plan.limits[1:]),
        f"on Dataflow: {compute}; {cost.storage_gb:,.0f} GB stored: about ${cost.storage:,.0f} a month",
    ]


def _grounds(measured: Sequence[Measurement], prices: Prices) -> list[str]:
    own = [f"Speeds are those of {measured[0].origin}."] if len(measured) > 1 else []
    assumed = (
        f"Assumed: {rates.REQUEST * 1000:.0f} ms a request to the store, {rates.JOB_START:.0f} s until a job's first "
        "worker works, copies as frequent as measured, full shards."
    )
    paid = (
        f"Prices in US dollars, as remembered in 2025 and not looked up (--price): {prices.vcpu_hour} a vCPU hour, "
        f"{prices.ram_gb_hour} a GB hour, {prices.shuffle_gb} a GB shuffled, {prices.storage_gb_month} a GB and month."
    )
    few = "too short there to tell, so " if own else ""
    return [*own, f"* {few}at the speed of {measured[-1].origin}.", assumed, paid]


def _hours(hours: float) -> str:
    return f"{hours:,.0f} h" if hours >= 10 else f"{hours:.1f} h"


def size(count: float) -> str:
    """Bytes with a unit and two or three digits."""
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:,.1f} {name}" if count < 100 * unit else f"{count / unit:,.0f} {name}"
    return f"{count:.0f} B"
