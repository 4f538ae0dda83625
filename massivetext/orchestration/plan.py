"""Plan a run before it starts: the inputs of every shard, the rules of every source, the key of every stage."""

import contextlib
import importlib.metadata
from collections.abc import Iterator, Sequence
from pathlib import Path

from massivetext import demo, edits, rules
from massivetext.engines.environment import versions
from massivetext.errors import UserError
from massivetext.recipe import LoadedRecipe
from massivetext.rules import Rule
from massivetext.runs.stage import RunPlan, Stage, resolve, stages_of
from massivetext.runs.store import Shard, json_sha256
from massivetext.runs.work_items import WorkItem
from massivetext.signals import definitions, registry
from massivetext.sources import FORMATS, Format, find_format
from massivetext.sources.splits import Split, plan_shards
from massivetext.stages import STAGES
from massivetext.storage import files as fs

_MEASURE_COST = 0.3  # seconds per megabyte of input, which is usually compressed


def make_plan(loaded: LoadedRecipe, *, formats: Sequence[Format] = FORMATS) -> RunPlan:
    """Return what a run of a recipe will do.

    Raises:
        UserError: an input is missing, two inputs would give the same document ids, or a rule set or edit is wrong.
    """
    return RunPlan(loaded, plan_splits(loaded, formats), load_rules(loaded), load_edits(loaded))


def plan_splits(loaded: LoadedRecipe, formats: Sequence[Format] = FORMATS) -> dict[str, list[tuple[Split, ...]]]:
    """Return what each shard of each source reads.

    Raises:
        UserError: an input is missing, or two inputs would give the same document ids.
    """
    plans: dict[str, list[tuple[Split, ...]]] = {}
    for name, source in sorted(loaded.recipe.sources.items()):
        try:
            divisible = find_format(source.format_name, formats).divisible
            plans[name] = plan_shards(
                source.inputs, loaded.root, source.shard_bytes, divisible=divisible, prefix=source.list_prefix
            )
        except (FileNotFoundError, ValueError, UserError) as error:
            raise UserError(f"{loaded.path}: sources.{name}.inputs: {error}") from error
    return plans


def check_plan(loaded: LoadedRecipe) -> tuple[RunPlan, dict[str, str] | None]:
    """Return what a run of a recipe will do, and its stage keys, after everything that the recipe names was read.

    As long as the demo corpus of the recipe is not written, the plan is without splits, and the keys are None.

    Raises:
        UserError: as :func:`make_plan`, :func:`compute_stage_keys` and :func:`validate_files` do.
    """
    if demo_folder := missing_demo(loaded):
        fs.require_writable_folder(str(demo_folder), f"{loaded.path}: demo")
        return RunPlan(loaded, {}, load_rules(loaded), load_edits(loaded)), None
    plan = make_plan(loaded)
    keys = compute_stage_keys(plan)
    validate_files(loaded)
    return plan, keys


def missing_demo(loaded: LoadedRecipe) -> Path | None:
    """Return the folder of the demo corpus that a run will write; None if the recipe has none or it is there.

    Raises:
        UserError: the recipe names no folder of this machine.
    """
    demo_folder = loaded.recipe.demo
    if demo_folder is None:
        return None
    try:
        is_local = fs.is_local(fs.resolve(demo_folder, loaded.root))
    except UserError as error:
        raise UserError(f"{loaded.path}: demo: {error}") from error
    if not is_local:
        raise UserError(f"{loaded.path}: demo: want a folder on this machine, got {demo_folder!r}")
    folder = Path(loaded.root, demo_folder)
    if folder.is_file():
        raise UserError(f"{loaded.path}: demo: want a folder, got the file {demo_folder}")
    return None if folder.exists() else folder


def make_demo(loaded: LoadedRecipe) -> Path | None:
    """Write the demo corpus if the recipe has one and it is missing; return its folder, or None if none was written."""
    folder = missing_demo(loaded)
    if folder is not None:
        fs.require_writable_folder(str(folder), f"{loaded.path}: demo")
        demo.write_demo(folder)
    return folder


def load_rules(loaded: LoadedRecipe) -> dict[str, tuple[Rule, ...]]:
    """Return the rules of every source. Raises UserError for an unknown rule set or an invalid rule."""
    known, folder = registry.types(), Path(loaded.root)
    judged = {}
    for name, source in loaded.recipe.sources.items():
        with _naming(f"{loaded.path}: sources.{name}.rules"):
            judged[name] = rules.combine_rule_sets(
                rules.load_rule_set(each, known=known, folder=folder) for each in source.rule_sets
            )
    if not loaded.recipe.measure.paragraph_languages:
        for name, source_rules in judged.items():
            _refuse_unmeasured(source_rules, f"{loaded.path}: sources.{name}")
    return judged


def _refuse_unmeasured(judged: Sequence[Rule], toml_path: str) -> None:
    for rule in judged:
        if definitions.PARAGRAPH_SIGNAL in rule.signals:
            raise UserError(
                f"{toml_path}: rule '{rule.name}': reads the signal '{definitions.PARAGRAPH_SIGNAL}', which is "
                "measured only on request; add paragraph_languages = true under [measure], or leave the rule out"
            )


def load_edits(loaded: LoadedRecipe) -> dict[str, tuple[edits.EditRule, ...]]:
    """Return the rules of the line edits of every source that has any. Raises UserError for an invalid edit."""
    folder, found = Path(loaded.root), {}
    for name, source in loaded.recipe.sources.items():
        if source.edits:
            with _naming(f"{loaded.path}: sources.{name}.edits"):
                found[name] = edits.combine_edits(edits.load_edit(each, folder) for each in source.edits)
    return found


@contextlib.contextmanager
def _naming(position: str) -> Iterator[None]:
    """Put the position in the recipe before the message of a UserError."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{position}: {error}") from error


def compute_stage_keys(plan: RunPlan, stages: Sequence[Stage] = STAGES) -> dict[str, str]:
    """Return the key of each stage: a hash of everything that decides its output and of the key before it.

    Raises:
        UserError: a test set, block list or model file is missing.
    """
    keys: dict[str, str] = {}
    before = ""
    for stage in stages_of(plan.recipe, stages):
        libraries = {name: importlib.metadata.version(name) for name in stage.libraries}
        with _naming(plan.loaded.path):
            own = stage.key(plan)
        before = keys[stage.name] = json_sha256([stage.name, stage.version, before, libraries, own])
    return keys


def validate_files(loaded: LoadedRecipe, stages: Sequence[Stage] = STAGES) -> None:
    """Read the files that the recipe names for these stages, as the stages will. Raises UserError if one cannot be."""
    for stage in stages_of(loaded.recipe, stages):
        if stage.validate is not None:
            resolve(stage.validate)(loaded)


def make_items(plan: RunPlan, formats: Sequence[Format] = FORMATS) -> list[WorkItem]:
    """Return one work item per shard, with a rough cost in seconds."""
    costs = {
        name: find_format(source.format_name, formats).read_cost + _MEASURE_COST
        for name, source in plan.recipe.sources.items()
    }
    return [
        WorkItem(
            Shard(name, index, len(shards)),
            splits,
            costs[name] * sum(split.size / split.slice_count for split in splits) / 1e6,
        )
        for name, shards in sorted(plan.splits.items())
        for index, splits in enumerate(shards)
    ]


def library_versions(stages: Sequence[Stage]) -> dict[str, str]:
    """Return the version of every library that can change the output of the stages, or their speed."""
    return versions([name for stage in stages for name in stage.libraries])
