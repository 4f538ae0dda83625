"""What a run will do before it does it: the input of every shard, the rules of every source, the key of every stage."""

import importlib.metadata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from massivetext import __version__, demo, edits, rules, signals
from massivetext.engines.libraries import LIBRARIES
from massivetext.engines.shard_jobs import Task
from massivetext.errors import UserError
from massivetext.jobs.screen_documents import evaluation_files
from massivetext.jobs.tokenizer_training import model_path
from massivetext.recipe import LoadedRecipe, Recipe
from massivetext.rules import Rule
from massivetext.runs.store import STAGES, Shard, key_of
from massivetext.signals import blocklist_files, definitions, registry, unsafe_files
from massivetext.sources import FORMATS, Format, find_format
from massivetext.sources.splits import Split, plan_shards
from massivetext.storage import files as fs

# Raised when a stage's output changes for the same input and options; part of every key.
CODE_VERSIONS: Mapping[str, int] = dict.fromkeys(STAGES, 1) | {
    "ingest": 2,
    "measure": 3,
    "near-dedup": 2,
    "records": 2,
    "report": 2,
}

_MEASURE_COST = 0.3  # seconds a megabyte of input, which is compressed as a rule

Plan = dict[str, list[tuple[Split, ...]]]


def make_plan(loaded: LoadedRecipe, formats: Sequence[Format] = FORMATS) -> Plan:
    """The input of every shard of every source.

    Raises:
        UserError: an input is missing, or two inputs would give the same document ids.
    """
    plans: Plan = {}
    for name, source in sorted(loaded.recipe.sources.items()):
        try:
            divisible = find_format(source.format_name, formats).divisible
            plans[name] = plan_shards(source.inputs, loaded.root, source.shard_bytes, divisible=divisible)
        except (FileNotFoundError, ValueError) as error:
            raise UserError(f"{loaded.path}: sources.{name}.inputs: {error}") from error
    return plans


def make_demo(loaded: LoadedRecipe) -> Path | None:
    """Writes the recipe's demo corpus where the recipe asks for one and it is missing; returns its folder then."""
    if loaded.recipe.demo is None:
        return None
    folder = Path(loaded.root, loaded.recipe.demo)
    if folder.exists():
        return None
    demo.write(folder)
    return folder


def rules_of(loaded: LoadedRecipe) -> dict[str, tuple[Rule, ...]]:
    """The rules of every source. Raises UserError for an unknown rule set or a rule that cannot be."""
    known, folder = registry.types(), Path(loaded.root)
    judged = {
        name: rules.combine_rule_sets(
            rules.load_rule_set(each, known=known, folder=folder) for each in source.rule_sets
        )
        for name, source in loaded.recipe.sources.items()
    }
    if not loaded.recipe.measure.paragraph_languages:
        for name, source_rules in judged.items():
            _refuse_unmeasured(source_rules, f"{loaded.path}: sources.{name}")
    return judged


def _refuse_unmeasured(judged: Sequence[Rule], place: str) -> None:
    for rule in judged:
        if definitions.PARAGRAPH_SIGNAL in rule.signals:
            raise UserError(
                f"{place}: rule '{rule.name}': want the signal '{definitions.PARAGRAPH_SIGNAL}', which is measured on "
                "request only; add paragraph_languages = true under [measure], or leave the rule out"
            )


def edits_of(loaded: LoadedRecipe) -> dict[str, tuple[edits.EditRule, ...]]:
    """The rules of the line edits of every source that has any. Raises UserError for an edit that cannot be."""
    folder = Path(loaded.root)
    return {
        name: edits.combine_edits(edits.load_edit(each, folder) for each in source.edits)
        for name, source in loaded.recipe.sources.items()
        if source.edits
    }


def stage_keys(
    loaded: LoadedRecipe,
    plans: Plan,
    judged: Mapping[str, Sequence[Rule]],
    edited: Mapping[str, Sequence[edits.EditRule]],
) -> dict[str, str]:
    """The key of each stage: a hash of all that decides what it writes, the keys of the stages before it among it."""
    recipe, root = loaded.recipe, loaded.root
    tests = evaluation_files(recipe.decontaminate.test_sets, root)
    model, unsafe_model = recipe.tokenizer.model, recipe.measure.unsafe_model
    weights = {name: str(source.weight) for name, source in recipe.sources.items()}
    own: dict[str, Any] = {
        "ingest": [
            recipe.ingest,
            {
                name: [source.kind, source.text_field, source.licences, _identity(plans[name]), *source.key_format]
                for name, source in recipe.sources.items()
            },
            edited,
        ],
        "measure": [
            recipe.measure.paragraph_languages,
            unsafe_model and unsafe_files.digests(unsafe_files.find(root, unsafe_model)),
            signals.assets_digest(),
            blocklist_files.digests(blocklist_files.find(recipe.blocklists, root)),
            recipe.blocklists.shipped_keywords,
            {name: registry.readings_of(rules.signals_read_by(each)) for name, each in judged.items()},
        ],
        "judge": judged,
        "exact-dedup": [recipe.seed, {name: source.deduplicates for name, source in recipe.sources.items()}],
        "near-dedup": [recipe.seed, recipe.near],
        "decontaminate": [
            recipe.decontaminate,
            [(info.path.rsplit("/", 1)[-1], info.size, info.version) for info in tests],
            {name: source.decontaminate for name, source in recipe.sources.items()},
        ],
        "tokenizer": [recipe.seed, recipe.tokenizer, weights, model and fs.digest(model_path(root, model))],
        "records": [recipe.name, recipe.seed, recipe.records, weights],
        "report": [__version__, recipe.guards],
    }
    keys: dict[str, str] = {}
    before = ""
    for stage in STAGES:
        libraries = {name: importlib.metadata.version(name) for name in LIBRARIES.get(stage, ())}
        before = keys[stage] = key_of([stage, CODE_VERSIONS[stage], before, libraries, own[stage]])
    return keys


def _identity(shards: Sequence[Sequence[Split]]) -> list[list[tuple[str, int, str, int, int]]]:
    # Where the files lie is not part of it: a corpus may move.
    return [
        [(split.name, split.size, split.version, split.slice_index, split.slice_count) for split in splits]
        for splits in shards
    ]


def make_tasks(recipe: Recipe, plans: Plan, formats: Sequence[Format] = FORMATS) -> list[Task]:
    """One task a shard, with a rough cost in seconds."""
    costs = {
        name: find_format(source.format_name, formats).read_cost + _MEASURE_COST
        for name, source in recipe.sources.items()
    }
    return [
        Task(
            Shard(name, index, len(shards)),
            splits,
            costs[name] * sum(split.size / split.slice_count for split in splits) / 1e6,
        )
        for name, shards in sorted(plans.items())
        for index, splits in enumerate(shards)
    ]
