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
        *([_lists(plan)] if options.removal_lists else []),
    ]


def _lists(plan: RunPlan) -> object:
    from massivetext.decontaminate.removal_lists import list_files

    found = list_files(plan.recipe.decontaminate, plan.loaded.root)
    return [(kind, column, file.path.rsplit("/", 1)[-1], file.size, file.version) for kind, column, file in found]


def _describe(plan: RunPlan) -> str:
    tests = plan.recipe.decontaminate
    limits = {
        "jaccard": f"{tests.ngram}-gram similarity above {tests.jaccard:g}",
        "containment": f"more than {tests.containment:.0%} of the words of a part",
        "phrase": "a short part with another sign",
    }
    told = [limits[method] for method in limits if method in tests.methods]
    if tests.run_words:
        told.append(f"{tests.run_words} words in a row")
    if tests.quoted_by:
        told.append(f"not for a passage that more than {tests.quoted_by:,} documents quote")
    text = f"items of {', '.join(tests.test_sets) or 'no test sets'}: {' or '.join(told) or 'nothing is dropped'}"
    if tests.removal_lists:
        text += f"; documents named by {', '.join(file for _, files in tests.removal_lists for file in files)}"
    if tests.actions or tests.action:
        told = [f"{name}: {action}" for name, action in (tests.actions or {}).items()]
        told.append(f"otherwise: {tests.action or 'drop'}")
        text += f"; {', '.join(told)}"
    return text


def _is_tested(recipe: "Recipe", source: str) -> bool:
    return recipe.sources[source].decontaminate and recipe.decontaminate.has_tests


DECONTAMINATE = Stage(
    name="decontaminate",
    title="test sets",
    version=6,  # escapes of JSON, divided words, look-alikes; fields of benchmarks as hubs have them
    libraries=("numpy", "regex"),
    data_sets=("contamination",),
    reads=("documents", "verdicts/rules", "verdicts/exact", "verdicts/near"),
    key=_key,
    describe=_describe,
    applies_to=_is_tested,
    verdicts=Verdicts(
        data_set="verdicts/contamination", legend="test sets", removed="as overlapping a test set", judges_canaries=True
    ),
    validate="massivetext.jobs.listed_documents:validate_screening",
    run="massivetext.jobs.screen_documents:run_decontaminate",
    after="massivetext.jobs.canary_guard:apply_canary_guard",
    work="massivetext.estimate.work:decontaminate",
)
