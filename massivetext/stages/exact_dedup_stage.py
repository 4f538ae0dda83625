"""Exact deduplication: of equal texts one document is kept."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from massivetext.runs.stage import RunPlan, Stage, Verdicts
from massivetext.stages.earlier_digests import earlier_digests, earlier_folders, run_digest

if TYPE_CHECKING:
    from massivetext.recipe import Recipe
    from massivetext.runs.context import Context
    from massivetext.runs.work_items import WorkItem

MADE_AGAINST = "against"  # fact: run digest of each earlier corpus, by its name in the recipe

DATES_READ = "dates of ARC files, of HTTP and Unix time are read"  # a part of stage keys: changes with the dates


def _key(plan: RunPlan) -> object:
    sources = {name: source.deduplicates for name, source in plan.recipe.sources.items()}
    return [plan.recipe.seed, sources, *preferences_key(plan.recipe), *earlier_key(plan)]


def _describe(plan: RunPlan) -> str:
    preferences = plan.recipe.preferences
    chosen = "one of equal texts is kept" + (f", by {', '.join(preferences)}" if preferences else "")
    return chosen + describe_against(plan.recipe)


def preferences_key(recipe: "Recipe") -> list[object]:
    """Return the part of a stage key that says which copies are preferred; empty without preferences."""
    if "latest" in recipe.preferences:
        return [recipe.preferences, DATES_READ]
    return [recipe.preferences] if recipe.preferences else []


def earlier_key(plan: RunPlan) -> list[object]:
    """Return the part of a stage key that says which earlier corpora count; empty without them.

    Raises:
        UserError: there is no earlier corpus in a folder that the recipe names.
    """
    recipe = plan.recipe
    return [{"against": earlier_digests(recipe, plan.loaded.root)}] if recipe.against else []


def describe_against(recipe: "Recipe") -> str:
    """Return the end of a description: which earlier corpora come before the run."""
    return f"; documents of {', '.join(recipe.against)} always win" if recipe.against else ""


def _facts(context: "Context", _items: "Sequence[WorkItem]") -> Mapping[str, object]:
    recipe = context.recipe
    if not recipe.against:
        return {}
    digests = map(run_digest, earlier_folders(recipe, context.root))
    return {MADE_AGAINST: dict(zip(recipe.against, digests, strict=True))}


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
    verdicts=Verdicts(
        data_set="verdicts/exact", legend="exact duplicates", removed="as exact duplicates", judges_canaries=True
    ),
    validate="massivetext.earlier.earlier_corpora:validate_earlier",
    facts=_facts,
    run="massivetext.jobs.exact_dedup:run_exact_dedup",
    work="massivetext.estimate.work:exact_dedup",
)
