"""Exact deduplication: of equal texts one document is kept."""

from typing import TYPE_CHECKING

from massivetext.runs.stage import RunPlan, Stage, Verdicts

if TYPE_CHECKING:
    from massivetext.recipe import Recipe


def _key(plan: RunPlan) -> object:
    sources = {name: source.deduplicates for name, source in plan.recipe.sources.items()}
    return [plan.recipe.seed, sources, *preferences_key(plan.recipe)]


def _describe(plan: RunPlan) -> str:
    preferences = plan.recipe.preferences
    return "one of equal texts is kept" + (f", by {', '.join(preferences)}" if preferences else "")


def preferences_key(recipe: "Recipe") -> list[object]:
    """Return the part of a stage key that says which copies are preferred; empty without preferences."""
    return [recipe.preferences] if recipe.preferences else []


def deduplicates(recipe: "Recipe", source: str) -> bool:
    """Return whether a source takes part in deduplication."""
    return recipe.sources[source].deduplicates


EXACT_DEDUP = Stage(
    name="exact-dedup",
    title="exact dedup",
    reads=("documents", "verdicts/rules"),
    key=_key,
    describe=_describe,
    applies_to=deduplicates,
    verdicts=Verdicts(data_set="verdicts/exact", legend="exact duplicates", removed="as exact duplicates"),
    run="massivetext.jobs.exact_dedup:run_exact_dedup",
    work="massivetext.estimate.work:exact_dedup",
)
