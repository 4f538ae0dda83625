"""URL deduplication: of the documents of one page, crawled several times or by several sources, one is kept."""

from typing import TYPE_CHECKING

from massivetext.runs.stage import RunPlan, Stage, Verdicts
from massivetext.stages.exact_dedup_stage import DATES_READ, deduplicates, preferences_key

if TYPE_CHECKING:
    from massivetext.recipe import Recipe

_KEPT = {"latest": "the latest", "longest": "the longest", "first": "the first by date"}


def _key(plan: RunPlan) -> object:
    from massivetext.signals import canonical_urls

    recipe = plan.recipe
    sources = {name: source.deduplicates for name, source in recipe.sources.items()}
    parameters = canonical_urls.parameters_digest()
    dates = [] if recipe.url_choice == "longest" else [DATES_READ]
    return [recipe.seed, sources, recipe.url_choice, parameters, *dates, *preferences_key(recipe)]


def _describe(plan: RunPlan) -> str:
    return f"of documents with one canonical URL {_KEPT[plan.recipe.url_choice or 'first']} is kept"


def _is_chosen(recipe: "Recipe") -> bool:
    return recipe.url_choice is not None


URL_DEDUP = Stage(
    name="url-dedup",
    title="url dedup",
    libraries=("ada-url", "mmh3"),
    reads=("documents", "signals", "verdicts/rules"),
    key=_key,
    describe=_describe,
    belongs_to=_is_chosen,
    applies_to=deduplicates,
    verdicts=Verdicts(data_set="verdicts/url", legend="same URL", removed="as documents of the same URL"),
    run="massivetext.jobs.url_dedup:run_url_dedup",
    after="massivetext.jobs.url_dedup:warn_of_missing_fields",
    work="massivetext.estimate.work:url_dedup",
)
