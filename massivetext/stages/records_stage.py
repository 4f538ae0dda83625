"""Records: token sequences in their final order, sources mixed by exact proportion."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from massivetext.runs.stage import RunPlan, Stage

if TYPE_CHECKING:
    from massivetext.runs.context import Context
    from massivetext.runs.work_items import WorkItem


def _key(plan: RunPlan) -> object:
    recipe = plan.recipe
    weights = {name: str(source.weight) for name, source in recipe.sources.items()}
    return [recipe.name, recipe.seed, recipe.records, weights, *_record_format()]


def _record_format() -> list[str]:
    """Return the record format that runs write, or nothing for the first one: runs made before keep their keys."""
    from massivetext.records.formats import RUN_FORMAT

    return [] if RUN_FORMAT.name == "array_record" else [RUN_FORMAT.name]


def _describe(plan: RunPlan) -> str:
    records = plan.recipe.records
    passes = "one pass gives" if records.epochs == 1 else f"{records.epochs} passes give"
    wanted = f"{records.sequences:,} sequences" if records.sequences else f"as many sequences as {passes}, each"
    return f"{wanted} of {records.sequence_length:,} tokens"


def _facts(context: "Context", _items: "Sequence[WorkItem]") -> Mapping[str, object]:
    from massivetext.records.reader import read_dataset

    made = read_dataset(context.run.path(RECORDS.name))
    return {
        "tokens": {source.name: source.tokens for source in made.sources},
        "sequences": {source.name: source.sequences for source in made.sources},
        "epochs": {source.name: source.epochs for source in made.sources},
        "weights": {name: str(weight) for name, weight in made.mixture.weights.items()},
    }


RECORDS = Stage(
    name="records",
    title="written",
    version=2,
    libraries=("sentencepiece", "array-record"),
    data_sets=("tokens",),
    reads=("documents", "signals", "verdicts", "tokenizer"),
    key=_key,
    describe=_describe,
    facts=_facts,
    announce="massivetext.tokenizer.encode_loop:announce_compilation",
    run="massivetext.jobs.record_shards:run_records",
    work="massivetext.estimate.work:records",
)
