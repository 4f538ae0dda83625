"""Records: token sequences in their final order, sources mixed by exact proportion."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from massivetext.runs.stage import RunPlan, Stage

if TYPE_CHECKING:
    from massivetext.recipe import SourceOptions
    from massivetext.runs.context import Context
    from massivetext.runs.work_items import WorkItem


def _key(plan: RunPlan) -> object:
    recipe = plan.recipe
    weights = {name: str(weight) for name, weight in recipe.weights.items()}
    # Sources without options of their own add nothing: recipes without any keep their keys.
    own = {name: _own_options(source) for name, source in recipe.sources.items() if any(_own_options(source))}
    return [recipe.name, recipe.seed, recipe.records, weights, *([own] if own else []), *_record_format()]


def _own_options(source: "SourceOptions") -> list[object]:
    import msgspec

    options = (source.mode, source.epochs, source.max_epochs)
    return [None if isinstance(each, msgspec.UnsetType) else each for each in options]


def _record_format() -> list[str]:
    """Return the record format that runs write, or nothing for the first one: runs made before keep their keys."""
    from massivetext.records.formats import RUN_FORMAT

    return [] if RUN_FORMAT.name == "array_record" else [RUN_FORMAT.name]


def _describe(plan: RunPlan) -> str:
    recipe, records = plan.recipe, plan.recipe.records
    modes = {recipe.mode_of(source) for source in recipe.sources}
    passes = "one pass gives" if records.epochs == 1 else f"{records.epochs} passes give"
    if records.wanted_sequences:
        wanted = f"{records.wanted_sequences:,} sequences"
    elif "pack" in modes:
        wanted = f"as many sequences as {passes}, whatever the weights, each"
    else:
        wanted = f"as many sequences as {passes}, each"
    made = {
        "gopher": "of random crops",
        "pack": f"of whole documents ({'joined' if records.cuts_documents else 'best fit'})",
    }
    return f"{wanted} of {records.sequence_length:,} tokens, {' or '.join(made[mode] for mode in sorted(modes))}"


def _facts(context: "Context", _items: "Sequence[WorkItem]") -> Mapping[str, object]:
    from massivetext.records.reader import read_dataset

    made = read_dataset(context.run.path(RECORDS.name))
    return {
        "tokens": {source.name: source.tokens for source in made.sources},
        "sequences": {source.name: source.sequences for source in made.sources},
        "epochs": {source.name: source.epochs for source in made.sources},
        "kept_bytes": {source.name: source.kept_bytes for source in made.sources},
        "covered_bytes": {source.name: source.covered_bytes for source in made.sources},
        "read_bytes": {source.name: source.read_bytes for source in made.sources},
        "most_reads": {source.name: source.most_reads for source in made.sources},
        "weights": {name: str(weight) for name, weight in made.mixture.weights.items()},
        "limited_by": made.mixture.limited_by,
        "held_out": [
            {"split": name, "documents": split.documents, "sequences": split.sequences, "tokens": split.tokens}
            for name, split in made.held_out.items()
        ],
    }


RECORDS = Stage(
    name="records",
    title="written",
    version=3,  # tokens/ says which bytes of its document a draw takes
    libraries=("sentencepiece", "array-record"),
    data_sets=("tokens",),
    reads=("documents", "signals", "verdicts", "tokenizer"),
    key=_key,
    describe=_describe,
    facts=_facts,
    announce="massivetext.tokenizer.encode_loop:announce_compilation",
    run="massivetext.jobs.record_shards:run_records",
    after="massivetext.jobs.coverage:warn_of_unread_text",
    work="massivetext.estimate.work:records",
)
