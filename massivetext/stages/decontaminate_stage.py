"""Test-set filtering: documents that overlap an evaluation item are removed."""

from typing import TYPE_CHECKING

from massivetext.runs.stage import RunPlan, Stage, Verdicts

if TYPE_CHECKING:
    from massivetext.recipe import Recipe


def _key(plan: RunPlan) -> object:
    from massivetext.decontaminate.test_set_files import evaluation_files

    options = plan.recipe.decontaminate
    files = evaluation_files(options.test_sets, plan.loaded.root)
    return [
        options,
        [(info.path.rsplit("/", 1)[-1], info.size, info.version) for info in files],
        {name: source.decontaminate for name, source in plan.recipe.sources.items()},
    ]


def _describe(plan: RunPlan) -> str:
    tests = plan.recipe.decontaminate
    limit = f"similarity above {tests.jaccard:g}"
    if tests.containment is not None:
        limit += f" or more than {tests.containment:.0%} of an item"
    return f"{tests.ngram}-grams of {', '.join(tests.test_sets) or 'no test sets'}, {limit}"


def _is_tested(recipe: "Recipe", source: str) -> bool:
    return recipe.sources[source].decontaminate and bool(recipe.decontaminate.test_sets)


DECONTAMINATE = Stage(
    name="decontaminate",
    title="test sets",
    version=2,
    libraries=("numpy", "regex"),
    data_sets=("contamination",),
    reads=("documents", "verdicts/rules", "verdicts/exact", "verdicts/near"),
    key=_key,
    describe=_describe,
    applies_to=_is_tested,
    verdicts=Verdicts(data_set="verdicts/contamination", legend="test sets", removed="as overlapping a test set"),
    validate="massivetext.decontaminate.test_set_files:validate_test_sets",
    run="massivetext.jobs.screen_documents:run_decontaminate",
    work="massivetext.estimate.work:decontaminate",
)
