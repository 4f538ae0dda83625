"""A stage of a run as a value: its name and words, what decides its output, and where the code that runs it is.

A stage is declared without Beam and without the libraries that its work needs, so that every part of massivetext can
read the declaration. The code itself is named by an import path ("package.module:function") and loaded when it is run.
"""

import pkgutil
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from massivetext.edits import EditRule
    from massivetext.recipe import LoadedRecipe, Recipe
    from massivetext.rules import Rule
    from massivetext.runs.context import Context
    from massivetext.runs.store import ShardCommit
    from massivetext.runs.work_items import WorkItem
    from massivetext.sources.splits import Split

T = TypeVar("T")
Splits = Mapping[str, Sequence["tuple[Split, ...]"]]
ShardProcess = Callable[["Context", "WorkItem"], "ShardCommit"]


class RunPlan(NamedTuple):
    """What is known of a run before it starts.

    Attributes:
        loaded: the recipe and the folder that its relative paths start at.
        splits: by source: what each of its shards reads.
        rules: by source: the rules that judge it, in the order of their bits.
        edits: by source: the rules of its line edits; sources without any are missing.
    """

    loaded: "LoadedRecipe"
    splits: Splits
    rules: Mapping[str, "tuple[Rule, ...]"]
    edits: Mapping[str, "tuple[EditRule, ...]"]

    @property
    def recipe(self) -> "Recipe":
        """The recipe itself."""
        return self.loaded.recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """Where a stage writes which documents it keeps, and how its removals are worded.

    Attributes:
        data_set: folder of the verdicts, aligned row by row with ``documents/``; the column ``kept`` decides.
        legend: name of the removals in charts ("near duplicates").
        removed: end of the sentence "12 were removed ..." ("as near duplicates").
        judges_canaries: whether the stage writes verdicts on canaries too, if the recipe has any.
    """

    data_set: str
    legend: str
    removed: str
    judges_canaries: bool = False


def every_source(_recipe: "Recipe", _source: str) -> bool:
    """Return True: the stage works on every source."""
    return True


def every_recipe(_recipe: "Recipe") -> bool:
    """Return True: the stage is part of every run."""
    return True


def no_facts(_context: "Context", _items: Sequence["WorkItem"]) -> Mapping[str, object]:
    """Return nothing: the counts of the shards say everything about the stage."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of a run.

    Exactly one of ``process`` and ``run`` is given. Neighbouring stages with ``process`` share one Beam job.

    Attributes:
        name: name in manifests, keys, ``--until`` and messages; also the stage's own folder in the run.
        title: heading of the documents that are left after it, in the tables of command and report.
        version: number to raise when the output changes for the same input and options; part of the key.
        libraries: distributions whose version can change the output; part of the key.
        data_sets: folders that the stage owns besides its own and that of its verdicts.
        reads: data sets of earlier stages that it reads, for the documentation.
        key: everything in the recipe and its files that decides the output, as a value that JSON can hold.
        describe: what the stage does with this recipe, in a few words, for ``massivetext check``.
        belongs_to: whether the stage is part of the runs of a recipe. Runs of other recipes are as if it did not exist:
            it has no manifest, and the keys of later stages do not depend on it.
        applies_to: whether the stage works on a source.
        has_work: whether it can change anything for such a source, for ``massivetext check``; None: always.
        verdicts: None for a stage that never removes a document.
        facts: what its manifest says beyond the counts of shards; JSON values only.
        process: function of one shard (context, work item) that returns the commit, or its import path.
        run: import path of a function (engine, context, work items) that runs Beam jobs of its own.
        after: import path of a function (context, loaded recipe, say, first) that looks at the complete stage; it may
            stop the run with UserError. ``first`` is False where the stage was complete before this run began.
        validate: import path of a function (loaded recipe) that reads the files which the recipe names for the stage,
            as the stage itself does; raises UserError if one is of no use. Called by ``massivetext check`` and before a
            run.
        announce: import path of a function (say) that says what the first minutes are spent on; called before its jobs
            begin in processes of this machine.
        shard_work: import path of a function (volume of a source) that estimates the work on its shards.
        work: import path of a function (corpus) that estimates the work of a stage with jobs of its own.
    """

    name: str
    title: str
    version: int = 1
    libraries: tuple[str, ...] = ()
    data_sets: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    key: Callable[[RunPlan], object]
    describe: Callable[[RunPlan], str]
    belongs_to: Callable[["Recipe"], bool] = every_recipe
    applies_to: Callable[["Recipe", str], bool] = every_source
    has_work: Callable[[RunPlan, str], bool] | None = None
    verdicts: Verdicts | None = None
    facts: Callable[["Context", Sequence["WorkItem"]], Mapping[str, object]] = no_facts
    process: ShardProcess | str | None = None
    run: str | None = None
    after: str | None = None
    validate: str | None = None
    announce: str | None = None
    shard_work: str | None = None
    work: str | None = None

    def __post_init__(self) -> None:
        """Refuse a stage that has no code to run, or two.

        Raises:
            ValueError: names the stage.
        """
        if (self.process is None) == (self.run is None):
            given = "neither" if self.run is None else "both"
            raise ValueError(f"stage '{self.name}': want either process or run, got {given}")

    @property
    def folders(self) -> tuple[str, ...]:
        """Every folder that the stage owns: cleared when it starts anew, and nothing else may be in them."""
        verdicts = () if self.verdicts is None else (self.verdicts.data_set,)
        return (self.name, *self.data_sets, *verdicts)

    def concerns(self, plan: RunPlan, source: str) -> bool:
        """Return whether the stage can change anything for a source."""
        works = self.applies_to(plan.recipe, source)
        return works and (self.has_work is None or self.has_work(plan, source))

    @property
    def is_optional(self) -> bool:
        """Whether there are runs without the stage."""
        return self.belongs_to is not every_recipe

    @property
    def commits_every_shard(self) -> bool:
        """Whether the stage leaves one commit named after each shard of the sources that it applies to."""
        return self.process is not None or self.verdicts is not None


_NAME = re.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*")
_FOLDER = re.compile("[a-z][a-z0-9-]*(/[a-z][a-z0-9-]*)?")
# Folders of a run that belong to no stage, or that hold folders of several stages.
_RESERVED_FOLDERS = frozenset({"log", "verdicts"})


def require_distinct(stages: Sequence[Stage]) -> None:
    """Refuse stages that would write outside of their folders or into each other's, or be mixed up in tables.

    Raises:
        ValueError: names the stage, or the two stages, and what is wrong.
    """
    owners: dict[tuple[str, str], Stage] = {}
    for stage in stages:
        if not _NAME.fullmatch(stage.name):
            raise ValueError(f"stage {stage.name!r}: want a name of a-z, 0-9 and single hyphens, such as 'odd-ids'")
        for folder in stage.folders:
            if not _FOLDER.fullmatch(folder) or folder in _RESERVED_FOLDERS:
                raise ValueError(
                    f"stage '{stage.name}': want folders of its own within the run ('odd' or 'verdicts/odd'), got "
                    f"{folder!r}"
                )
        for what, value in (
            ("name", stage.name),
            ("title", stage.title),
            *(("folder", each) for each in stage.folders),
        ):
            owner = owners.setdefault((what, value), stage)
            if owner is not stage:
                raise ValueError(f"stages '{owner.name}' and '{stage.name}': want two {what}s, got {value!r} for both")


class VerdictSet(NamedTuple):
    """The verdicts of one stage in one run, as plain values that can be sent to workers.

    Attributes:
        stage: name of the stage.
        title: heading of the documents that are left after it.
        data_set: folder of its verdicts.
        legend: name of its removals in charts.
        removed: end of the sentence "12 were removed ...".
        sources: names of the sources that it judges.
        judges_canaries: whether it judges canaries of these sources too, if the recipe has any.
    """

    stage: str
    title: str
    data_set: str
    legend: str
    removed: str
    sources: tuple[str, ...]
    judges_canaries: bool = False


def stages_of(recipe: "Recipe", stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Return the stages that are part of the runs of a recipe, in order."""
    return tuple(stage for stage in stages if stage.belongs_to(recipe))


def verdict_sets(recipe: "Recipe", stages: Sequence[Stage]) -> tuple[VerdictSet, ...]:
    """Return the verdicts that the stages write for a recipe, in the order of the stages."""
    return tuple(
        VerdictSet(
            stage=stage.name,
            title=stage.title,
            data_set=stage.verdicts.data_set,
            legend=stage.verdicts.legend,
            removed=stage.verdicts.removed,
            sources=tuple(source for source in sorted(recipe.sources) if stage.applies_to(recipe, source)),
            judges_canaries=stage.verdicts.judges_canaries,
        )
        for stage in stages_of(recipe, stages)
        if stage.verdicts is not None
    )


def resolve(code: Callable[..., T] | str) -> Callable[..., T]:
    """Return the function that an import path ("package.module:function") names; a function is returned as it is.

    Raises:
        ImportError, AttributeError: there is no such function; the declaration of a stage is wrong.
    """
    if not isinstance(code, str):
        return code
    found: Any = pkgutil.resolve_name(code)
    return found  # type: ignore[no-any-return]
