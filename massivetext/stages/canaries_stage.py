"""Canaries: altered copies of documents, made for the stages that follow; only in runs whose recipe asks for them."""

from typing import TYPE_CHECKING

from massivetext.runs.canary_names import CANARIES as FOLDER
from massivetext.runs.stage import RunPlan, Stage

if TYPE_CHECKING:
    from massivetext.recipe import Recipe


def _key(plan: RunPlan) -> object:
    import msgspec

    from massivetext.decontaminate.test_set_files import evaluation_files

    options, tests = plan.recipe.canaries, plan.recipe.decontaminate
    files = evaluation_files(tests.test_sets, plan.loaded.root)
    return [
        None if isinstance(options, msgspec.UnsetType) else options.planted,
        plan.recipe.seed,
        plan.recipe.near,
        {name: (source.deduplicates, source.decontaminate) for name, source in plan.recipe.sources.items()},
        [(info.path.rsplit("/", 1)[-1], info.size, info.version) for info in files],
        [tests.fields or {}, tests.action or None, tests.actions or {}],
    ]


def _describe(plan: RunPlan) -> str:
    import msgspec

    options = plan.recipe.canaries
    if isinstance(options, msgspec.UnsetType):
        return "none"
    return f"{options.per_source} per source of each kind: {', '.join(options.kinds)}"


def _is_chosen(recipe: "Recipe") -> bool:
    return recipe.has_canaries


CANARIES = Stage(
    name=FOLDER,
    title="canaries",
    reads=("documents", "signals", "verdicts/rules"),
    libraries=("numpy", "fasttext-community", "regex"),
    belongs_to=_is_chosen,
    key=_key,
    describe=_describe,
    run="massivetext.jobs.plant_canaries:run_canaries",
    work="massivetext.estimate.work:canaries",
)
