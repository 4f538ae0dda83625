"""Tables of ``massivetext check``: what a recipe reads, how it judges and mixes, and what its stages do."""

from collections.abc import Sequence

import msgspec
from rich.table import Table

from massivetext.cli.messages import safe_text
from massivetext.formatting import format_bytes
from massivetext.runs.stage import RunPlan, Stage, stages_of
from massivetext.sources.splits import Split
from massivetext.stages import STAGES


def check_tables(plan: RunPlan, stages: Sequence[Stage] = STAGES) -> list[Table]:
    """Return tables of the inputs, rules and stages of a plan; sizes are left out for sources without splits."""
    return [_inputs_table(plan), _judging_table(plan), _stages_table(plan, stages_of(plan.recipe, stages))]


def _inputs_table(plan: RunPlan) -> Table:
    recipe = plan.recipe
    table = Table(title=f"recipe {recipe.name}: inputs", title_justify="left", header_style="bold")
    table.add_column("source", overflow="fold")
    table.add_column("inputs", overflow="fold", ratio=1)
    for column in ("files", "size", "shards"):
        table.add_column(column, justify="right", overflow="fold")
    for name, source in sorted(recipe.sources.items()):
        table.add_row(name, safe_text("\n".join(source.inputs)), *_input_sizes(plan.splits.get(name)))
    return table


def _input_sizes(shards: Sequence[Sequence[Split]] | None) -> tuple[str, str, str]:
    if shards is None:
        return "–", "–", "–"
    sizes = {split.path: split.size for shard in shards for split in shard}
    return f"{len(sizes):,}", format_bytes(sum(sizes.values())), f"{len(shards):,}"


def empty_inputs(plan: RunPlan) -> list[str]:
    """Return a warning for every source whose input files hold nothing."""
    sizes = {name: sum(split.size for shard in shards for split in shard) for name, shards in plan.splits.items()}
    return [
        f"sources.{name}: its input files hold 0 bytes: a run finds no document in them, and stops after judge; give "
        "files with something in them, or leave the source out"
        for name, size in sorted(sizes.items())
        if not size
    ]


def _judging_table(plan: RunPlan) -> Table:
    recipe = plan.recipe
    table = Table(title="how they are judged and mixed", title_justify="left", header_style="bold")
    for column in ("source", "kind"):
        table.add_column(column, overflow="fold")
    table.add_column("rule sets", overflow="fold", ratio=1)
    for column in ("dedup", "test sets"):
        table.add_column(column, overflow="fold")
    table.add_column("weight", justify="right", overflow="fold")
    for name, source in sorted(recipe.sources.items()):
        count = len(plan.rules[name])
        sets = f"{', '.join(source.rule_sets)}: {count} rule{'' if count == 1 else 's'}" if count else "none"
        is_tested = source.decontaminate and recipe.decontaminate.has_tests
        words = {True: "yes", False: "no"}
        kind = source.kind if source.format is msgspec.UNSET else f"{source.kind} ({source.format_name})"
        table.add_row(name, kind, sets, words[source.deduplicates], words[is_tested], f"{source.weight:f}")
    return table


def _stages_table(plan: RunPlan, stages: Sequence[Stage]) -> Table:
    names = sorted(plan.recipe.sources)
    table = Table(title="stages", title_justify="left", header_style="bold")
    for column in ("stage", "sources", "what it does"):
        table.add_column(column, overflow="fold")
    for stage in stages:
        concerned = [name for name in names if stage.concerns(plan, name)]
        which = "all" if concerned == names else ", ".join(concerned) or "none"
        table.add_row(stage.name, which, safe_text(stage.describe(plan)))
    return table
