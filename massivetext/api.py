"""The functions of the library: run a recipe, check it, and read one, as the commands do."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from os import PathLike, fspath
from typing import cast

import msgspec

from massivetext import recipe as recipes
from massivetext.engines.engine import Engine
from massivetext.errors import UserError
from massivetext.orchestration.driver import prepare
from massivetext.orchestration.plan import check_plan, missing_demo
from massivetext.recipe import LoadedRecipe, SourceOptions
from massivetext.report.funnel import Funnel, read_funnel
from massivetext.rules import Rule
from massivetext.sources.splits import Split
from massivetext.stages import RECORDS
from massivetext.stages.report_stage import PAGE
from massivetext.storage import files as fs
from massivetext.toml_tables import describe_value
from massivetext.transforms.arguments import checked_seed

RecipeLike = str | PathLike[str] | LoadedRecipe

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What :func:`run` did, and where its output is.

    Attributes:
        folder: the run folder: absolute path or URL.
        stages: names of the stages that were run, in order; empty if all were complete before.
        funnel: documents and words of each source that are left after each stage, and tokens of each source.
        records: folder of the training records; None before the stage "records" is complete.
        report: path or URL of the report page; None before the stage "report" is complete.
    """

    folder: str
    stages: tuple[str, ...]
    funnel: Funnel
    records: str | None
    report: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCheck:
    """What a run will do with one source.

    Attributes:
        kind: which of the defaults of the paper apply to the source.
        files: paths or URLs of its input files, sorted; None if the demo corpus is not written yet.
        size: bytes of these files, as stored; None if the demo corpus is not written yet.
        shards: number of shards; None if the demo corpus is not written yet.
        edits: names or paths of the line edits of its texts, in order.
        rules: rules that judge its documents, in order, under their full names ("gopher/word_count").
        deduplicates: whether it takes part in deduplication.
        decontaminates: whether documents that overlap a test set are dropped.
        weight: share of the training sequences, 0 to 1.
    """

    kind: str
    files: tuple[str, ...] | None
    size: int | None
    shards: int | None
    edits: tuple[str, ...]
    rules: tuple[Rule, ...]
    deduplicates: bool
    decontaminates: bool
    weight: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a run of a recipe will do.

    Attributes:
        name: name of the recipe.
        sources: sources by name, sorted.
        stage_keys: key of each stage, in order: a stage is done again if its key changes. None if the demo corpus is
            not written yet.
        missing_demo: folder of the demo corpus that a run will write; None if the recipe has none or it is there.
    """

    name: str
    sources: Mapping[str, SourceCheck]
    stage_keys: Mapping[str, str] | None
    missing_demo: str | None


def load_recipe(name_or_path: str | PathLike[str]) -> LoadedRecipe:
    """Read a recipe: a built-in name ("quickstart"), or the path of a TOML file.

    Paths within a file start at the folder of the file, paths within a built-in recipe at the working folder.

    Raises:
        UserError: there is no such recipe, it is not TOML, or a value is not valid; names file and key.
    """
    return recipes.load_recipe(_checked_path("load_recipe: name_or_path", name_or_path))


def check(recipe: RecipeLike) -> CheckResult:
    """Validate a recipe with everything that it names: inputs, rule sets, lists, test sets and models. Writes nothing.

    Args:
        recipe: a built-in name, a path, or the result of :func:`load_recipe`.

    Raises:
        UserError: the recipe is not valid, or something that it names is missing.
    """
    loaded = _loaded(recipe)
    options = loaded.recipe
    plan, keys = check_plan(loaded)
    demo = missing_demo(loaded)
    has_tests = options.decontaminate.has_tests
    return CheckResult(
        name=options.name,
        sources={
            name: _check_source(source, plan.splits.get(name), plan.rules[name], has_tests)
            for name, source in sorted(options.sources.items())
        },
        stage_keys=keys,
        missing_demo=None if demo is None else str(demo),
    )


def run(
    recipe: RecipeLike,
    output: str | PathLike[str],
    *,
    until: str | None = None,
    workers: int = 1,
    seed: int | None = None,
    beam_args: Sequence[str] = (),
    notify: Callable[[str], None] = _LOGGER.warning,
) -> RunResult:
    """Run a recipe from its inputs to training records and a report, or continue such a run.

    Args:
        recipe: a built-in name, a path, or the result of :func:`load_recipe`.
        output: the run folder, path or URL; it is made if it is missing.
        until: last stage to run; None: all stages.
        workers: number of worker processes on this machine; 1: the work is done in this process.
        seed: replaces the seed of the recipe, 0 to 2**62 - 1; None: the recipe decides.
        beam_args: options for Apache Beam, such as ``--runner=SparkRunner``.
        notify: called with each message that a person should see, such as a warning about a rule.

    Raises:
        UserError: the recipe, the input, an argument or the machine needs a correction; the message says which.
        StageError: a stage could not finish. What is complete stays: the same call continues.
        KeyboardInterrupt: the run was interrupted; the same call continues.
    """
    _check_arguments(until, workers, beam_args, notify)
    folder = fs.absolute(_checked_path("run: output", output))
    loaded = _with_seed(_loaded(recipe), seed)
    done: list[str] = []

    def listen(stage: str, event: str, _shards: int) -> None:
        if event == "done":
            done.append(stage)

    engine = Engine(workers=workers, beam_args=tuple(beam_args))
    driver = prepare(loaded, folder, engine, until=until, listener=listen, notify=notify)
    driver.run()
    page = fs.join(folder, PAGE)
    return RunResult(
        folder=folder,
        stages=tuple(done),
        funnel=read_funnel(driver.context.run, sorted(loaded.recipe.sources)),
        records=fs.join(folder, RECORDS.name) if driver.context.run.manifest(RECORDS.name) else None,
        report=page if fs.exists(page) else None,
    )


def _checked_path(argument: str, path: object) -> str:
    """Return a path as a string. Raises UserError if it is none, or has a character that no path has."""
    if not isinstance(path, str | PathLike) or not isinstance(fspath(path), str) or not fspath(path):
        found = "bytes" if isinstance(path, bytes) else describe_value(path)
        raise UserError(f"{argument}: want a path as a string or a Path, got {found}")
    if "\0" in fspath(path):
        raise UserError(f"{argument}: want a path, got one with a NUL character: {fspath(path)!r}")
    return fspath(path)


def _check_arguments(until: object, workers: object, beam_args: object, notify: object) -> None:
    """Raise UserError for an argument of :func:`run` that is of another type."""
    if until is not None and not isinstance(until, str):
        raise UserError(f"run: until: want the name of a stage, or None, got {describe_value(until)}")
    if not isinstance(workers, int) or isinstance(workers, bool):  # the engine checks how many
        raise UserError(f"run: workers: want a whole number, got {describe_value(workers)}")
    is_list = isinstance(beam_args, Sequence) and not isinstance(beam_args, str | bytes)
    if not is_list or not all(isinstance(each, str) for each in cast("Sequence[object]", beam_args)):
        found = "something else in it" if is_list else f"a value of type {type(beam_args).__name__}"  # may be a secret
        raise UserError(f"run: beam_args: want a list of strings such as ['--runner=X'], got {found}")
    if not callable(notify):
        raise UserError(f"run: notify: want a function that takes a message, got {describe_value(notify)}")


def _loaded(recipe: RecipeLike) -> LoadedRecipe:
    return recipe if isinstance(recipe, LoadedRecipe) else load_recipe(recipe)


def _with_seed(loaded: LoadedRecipe, seed: int | None) -> LoadedRecipe:
    if seed is None:
        return loaded
    seeded = msgspec.structs.replace(loaded.recipe, seed=checked_seed("run", seed))
    return msgspec.structs.replace(loaded, recipe=seeded)


def _check_source(
    source: SourceOptions, shards: Sequence[Sequence[Split]] | None, rules: tuple[Rule, ...], has_tests: bool
) -> SourceCheck:
    sizes = None if shards is None else {split.path: split.size for splits in shards for split in splits}
    return SourceCheck(
        kind=source.kind,
        files=None if sizes is None else tuple(sorted(sizes)),
        size=None if sizes is None else sum(sizes.values()),
        shards=None if shards is None else len(shards),
        edits=source.edits,
        rules=rules,
        deduplicates=source.deduplicates,
        decontaminates=source.decontaminate and has_tests,
        weight=source.weight,
    )
