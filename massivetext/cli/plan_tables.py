"""What `plan` shows a person: a table a scale, what bounds it, what it costs, and where the figures are from."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from massivetext.estimate import rates
from massivetext.estimate.estimator import Estimate, Prices, StepEstimate
from massivetext.estimate.measured import MeasuredRun
from massivetext.formatting import format_bytes, format_duration, format_hours


def print_plan(console: Console, plans: Sequence[Estimate], measured: Sequence[MeasuredRun], prices: Prices) -> None:
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
    title = f"{_size(plan.raw_bytes)} of input on {plan.workers:,} workers"
    table = Table(title=title, title_justify="left", header_style="bold", show_footer=True)
    table.add_column("step", footer="all")
    hours = sum(step.cpu_hours for step in plan.steps)
    totals = {
        "tasks (waves)": "",
        "CPU": format_hours(hours),
        "longest task": "",
        "driver": format_duration(sum(step.driver_seconds for step in plan.steps)),
        "wall": format_duration(plan.wall_seconds),
        "worker": _size(max(step.worker_bytes for step in plan.steps)),
        "shuffled": _size(sum(step.shuffle_bytes for step in plan.steps)),
        "stored": _size(sum(step.stored_bytes for step in plan.steps)),
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
        format_hours(step.cpu_hours),
        format_duration(step.longest_seconds),
        format_duration(step.driver_seconds),
        format_duration(step.wall_seconds),
        _size(step.worker_bytes),
        _size(step.shuffle_bytes),
        _size(step.stored_bytes),
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


def _grounds(measured: Sequence[MeasuredRun], prices: Prices) -> list[str]:
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


def _size(count: float) -> str:
    return format_bytes(count, petabytes=True)
