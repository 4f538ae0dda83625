"""Near-duplicate removal: of documents that share most word n-grams one is kept."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from massivetext.runs.stage import RunPlan, Stage, Verdicts
from massivetext.stages.exact_dedup_stage import deduplicates, describe_against, earlier_key, preferences_key

if TYPE_CHECKING:
    from massivetext.recipe import NearOptions
    from massivetext.runs.context import Context
    from massivetext.runs.work_items import WorkItem

# Version of the definition of words, shingles and signatures: stored signatures of another one cannot be compared.
SIGNATURE_VERSION = 1
_ENOUGH_RECALL = 0.95  # of pairs at the threshold; below it `massivetext check` proposes another banding


def _key(plan: RunPlan) -> object:
    return [plan.recipe.seed, plan.recipe.near, *preferences_key(plan.recipe), *earlier_key(plan)]


def _describe(plan: RunPlan) -> str:
    near = plan.recipe.near
    return f"{near.ngram}-grams, similarity above {near.threshold:g}; {_recall(near)}" + describe_against(plan.recipe)


def _recall(near: "NearOptions") -> str:
    from massivetext.dedup.banding import candidate_probability, optimal_bands

    found = candidate_probability(near.threshold, near.bands, near.rows)
    recall = f"{near.bands} bands of {near.rows} hashes find a pair at the threshold with probability {found:.3f}"
    if found >= _ENOUGH_RECALL or not near.threshold:
        return recall
    bands, rows = optimal_bands(near.bands * near.rows, near.threshold)
    better = candidate_probability(near.threshold, bands, rows)
    return f"{recall}: better set near.bands = {bands} and near.rows = {rows} ({better:.3f})"


def _facts(_context: "Context", _items: "Sequence[WorkItem]") -> Mapping[str, object]:
    return {"signature_version": SIGNATURE_VERSION}


NEAR_DEDUP = Stage(
    name="near-dedup",
    title="near dedup",
    version=5,
    libraries=("numpy", "regex"),
    data_sets=("signatures", "duplicates"),
    reads=("documents", "verdicts/rules", "verdicts/exact"),
    key=_key,
    describe=_describe,
    applies_to=deduplicates,
    verdicts=Verdicts(
        data_set="verdicts/near", legend="near duplicates", removed="as near duplicates", judges_canaries=True
    ),
    facts=_facts,
    run="massivetext.jobs.near_dedup:run_near_dedup",
    work="massivetext.estimate.work:near_dedup",
)
