"""Tables of ``massivetext plan``: one per input size, then its limits, its cost and the origin of the figures."""

from collections.abc import Sequence

from rich.console import Console, JustifyMethod
from rich.table import Table

from massivetext.cli.messages import print_line
from massivetext.estimate import rates
from massivetext.estimate.estimator import Estimate, Prices, StepEstimate
from massivetext.estimate.measured import MeasuredRun
from massivetext.formatting import format_bytes, format_duration, format_hours


def print_plan(console: Console, plans: Sequence[Estimate], measured: Sequence[MeasuredRun], prices: Prices) -> None:
    """Print the plan for each input size, then the assumptions of all plans.

    Args:
        console: console to print on.
        plans: one plan per input size.
        measured: the runs that the figures are from; the last is the reference run.
        prices: prices that the costs are computed with.
    """
    for plan in plans:
        console.print(plan_table(plan))
        for line in _summary_lines(plan):
            print_line(console, line)
        console.print()
    for line in _assumption_lines(measured, prices):
        print_line(console, line, style="dim")


def plan_table(plan: Estimate) -> Table:
    """Return a table of the steps of a plan, with totals below."""
    title = f"{format_bytes(plan.raw_bytes, petabytes=True)} of input on {plan.workers:,} workers"
    table = Table(title=title, title_justify="left", header_style="bold", show_footer=True)
    table.add_column("step", footer="all", overflow="fold")
    hours = sum(step.cpu_hours for step in plan.steps)
    totals = {
        "work items (waves)": "",
        "CPU": format_hours(hours),
        "longest item": "",
        "driver": format_duration(sum(step.driver_seconds for step in plan.steps)),
        "wall": format_duration(plan.wall_seconds),
        "worker": format_bytes(max(step.worker_bytes for step in plan.steps), petabytes=True),
        "shuffled": format_bytes(sum(step.shuffle_bytes for step in plan.steps), petabytes=True),
        "stored": format_bytes(sum(step.stored_bytes for step in plan.steps), petabytes=True),
        "most time for": "",
    }
    for name, footer in totals.items():
        justify: JustifyMethod = "left" if name == "most time for" else "right"
        table.add_column(name, footer=footer, justify=justify, overflow="fold")
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
        format_bytes(step.worker_bytes, petabytes=True),
        format_bytes(step.shuffle_bytes, petabytes=True),
        format_bytes(step.stored_bytes, petabytes=True),
        max(step.parts, key=lambda activity: step.parts[activity]),
    )


def _summary_lines(plan: Estimate) -> list[str]:
    cost = plan.cost
    compute = (
        f"{cost.vcpu_hours:,.0f} vCPU hours, {cost.ram_gb_hours:,.0f} GB hours of memory, "
        f"{cost.shuffle_gb:,.0f} GB shuffled: about ${cost.compute:,.0f}"
    )
    return [
        f"{plan.documents:,.0f} documents in {plan.shards:,} shards; {plan.record_tokens:,.0f} tokens of records",
        f"first bottleneck: {plan.bottleneck}",
        *(f"then: {limit}" for limit in plan.limits[1:]),
        f"on Dataflow: {compute}; {cost.storage_gb:,.0f} GB stored: about ${cost.storage:,.0f} per month",
    ]


def _assumption_lines(measured: Sequence[MeasuredRun], prices: Prices) -> list[str]:
    own = [f"Speeds are those of {measured[0].origin}."] if len(measured) > 1 else []
    assumed = (
        f"Assumed: {rates.REQUEST * 1000:.0f} ms per request to the store, {rates.JOB_START:.0f} s until the first "
        "worker of a job works, duplicates as frequent as measured, full shards."
    )
    priced = (
        f"Prices in US dollars, as remembered in 2025 and not looked up (--price): {prices.vcpu_hour} per vCPU hour, "
        f"{prices.ram_gb_hour} per GB hour, {prices.shuffle_gb} per GB shuffled, {prices.storage_gb_month} per GB "
        "and month."
    )
    reason = "too short there to measure, so " if own else ""
    return [*own, f"* {reason}at the speed of {measured[-1].origin}.", assumed, priced]
