"""A run from recipe to report: plans the shards, runs the stages in order, skips what is done, resumes what is not."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from massivetext.engines.engine import Engine
from massivetext.engines.environment import versions
from massivetext.engines.libraries import ALL_LIBRARIES
from massivetext.engines.shard_jobs import run_shards
from massivetext.engines.usage import Usage
from massivetext.errors import StageError, UserError
from massivetext.jobs.dataset_description import recipe_digest
from massivetext.jobs.exact_dedup import run_exact_dedup
from massivetext.jobs.ingest import ingest_shard
from massivetext.jobs.judge import judge_shard
from massivetext.jobs.measure import measure_shard
from massivetext.jobs.near_dedup import run_near_dedup
from massivetext.jobs.record_shards import run_records
from massivetext.jobs.report_pages import run_report
from massivetext.jobs.screen_documents import run_decontaminate
from massivetext.jobs.tokenizer_training import run_tokenizer
from massivetext.orchestration.plan import edits_of, make_demo, make_plan, make_tasks, rules_of, stage_keys
from massivetext.recipe import LoadedRecipe
from massivetext.records.reader import read_dataset
from massivetext.report.guards import Alarm, alarms, judged
from massivetext.runs import progress
from massivetext.runs.context import Context
from massivetext.runs.store import FORMAT, STAGES, Manifest, Run, RunState, StageState
from massivetext.runs.work_items import ShardStage, WorkItem
from massivetext.signals.blocklist_files import idle_signals
from massivetext.storage import files as fs
from massivetext.storage import lock, temporary

Listener = Callable[[str, str, int], None]  # (stage, "run" | "skip" | "done", shards)


class Driver:
    """Runs a recipe into a folder.

    Args:
        loaded: the recipe.
        folder: the run folder; absolute path or URL.
        engine: the Beam runner.
        until: last stage to run.
        listener: is told of every stage as it is skipped, begun and done.
        say: is told what else a person may want to know, e.g. that the folder is locked.
    """

    def __init__(
        self,
        loaded: LoadedRecipe,
        folder: str,
        engine: Engine,
        *,
        until: str = STAGES[-1],
        listener: Listener | None = None,
        say: lock.Notify = lambda _: None,
    ) -> None:
        if until not in STAGES:
            raise UserError(f"--until: want one of {', '.join(STAGES)}, got {until!r}")
        self._loaded, self._until = loaded, until
        self._listener = listener or (lambda stage, event, shards: None)
        self._say = say
        self._run = Run(folder)
        _refuse_foreign(self._run)
        make_demo(loaded)
        plans = make_plan(loaded)
        judged, edited = rules_of(loaded), edits_of(loaded)
        self._tasks = make_tasks(loaded.recipe, plans)
        self._engine = engine.with_checked_options(shards=len(self._tasks), folder=folder, preload=(__name__,))
        self.context = Context(
            run=self._run,
            recipe=loaded.recipe,
            root=loaded.root,
            keys=stage_keys(loaded, plans, judged, edited),
            shard_counts={name: len(shards) for name, shards in plans.items()},
            rules=judged,
            edits=edited,
            progress=folder if fs.is_local(folder) else None,
        )
        self._states: dict[str, StageState] = {}

    def run(self) -> bool:
        """Runs every stage that is not done; returns False where all were done already.

        Raises:
            UserError, StageError: with what to do; the run resumes when it is called again.
        """
        with temporary.own_folder(), lock.hold(self._run.folder, self._say) as self._lock:
            try:
                return self._stages()
            finally:
                self._engine.close()

    def _stages(self) -> bool:
        self._adopt()
        wanted = STAGES[: STAGES.index(self._until) + 1]
        undone = [stage for stage in wanted if stage not in self._states]
        for stage in wanted:
            if stage in self._states:
                self._listener(stage, "skip", 0)
        self._save()
        shardwise = [stage for stage in undone if stage in _SHARDWISE]
        if shardwise:
            self._step(
                shardwise,
                lambda: run_shards(self._engine, self.context, [_SHARDWISE[s] for s in shardwise], self._tasks),
            )
        if "judge" in self._states:
            self._heed(told="judge" not in undone)
        for stage in undone:
            if stage not in _SHARDWISE:
                self._step([stage], lambda stage=stage: self._whole(stage))  # type: ignore[misc]
        fs.remove(self._run.path(progress.FOLDER))
        self._run.sweep(self._states)
        self._save()
        return bool(undone)

    def _heed(self, *, told: bool) -> None:
        """Says what is suspicious of the rules, unless it was told before, or stops the run where the recipe wants it.

        Raises:
            UserError: a guard of the recipe stops the run.
        """
        found: list[Alarm] = []
        nothing = idle_signals(self._loaded.recipe.blocklists)
        for source, rules in sorted(self.context.rules.items()):
            report_only = frozenset(rule.name for rule in rules if rule.report_only)
            idle = frozenset(rule.name for rule in rules if rule.signal in nothing)
            found += alarms(self._loaded.recipe.guards, source, judged(self._run, source, report_only, idle))
        for alarm in found:
            if alarm.action == "warn" and not told:
                self._say(alarm.message)
        stopping = " ".join(alarm.message for alarm in found if alarm.action == "stop")
        if stopping:
            raise UserError(
                f"{stopping} A guard stops the run here. `massivetext report {self._run.folder}` shows what the rules "
                "did; mend them, or change [guards] in the recipe, and run again to go on"
            )

    def _adopt(self) -> None:
        before = {state.name: state for state in (self._run.state() or _NOTHING).stages}
        for stage in STAGES:
            manifest = self._run.manifest(stage)
            if (
                manifest is None
                or manifest.key != self.context.keys[stage]
                or not self._run.has_files(manifest.files())
            ):
                break  # a stage after one that must be redone is redone as well
            fs.remove(self._run.path(stage, "commits"))  # a kill may have come between the manifest and this
            digest = fs.digest(self._run.path(stage, "manifest.json"))
            measured = before.get(stage, StageState(stage, manifest.key))
            self._states[stage] = msgspec.structs.replace(measured, key=manifest.key, manifest=digest)
        for stage in STAGES[len(self._states) :]:
            self._run.clear_stale(stage, self.context.keys[stage])
        fs.remove(self._run.path(progress.FOLDER))
        if self.context.progress is not None:
            progress.begin(self.context.progress)

    def _step(self, stages: Sequence[str], work: Callable[[], None]) -> None:
        started = Usage.now()
        self._lock.check()
        for stage in stages:
            self._run.begin(stage, self.context.keys[stage])
            self._listener(stage, "run", len(self._tasks))
        work()
        used = Usage.now().since(started)
        for stage in stages:
            manifest = self._gather(stage)
            self._lock.check()
            digest = self._run.commit(manifest)
            self._states[stage] = self._state(manifest, digest, used, len(stages))
            self._save()
            self._listener(stage, "done", len(self._tasks))

    def _state(self, manifest: Manifest, digest: str, used: Usage, sharing: int) -> StageState:
        state = StageState(manifest.stage, manifest.key, digest, round(used.seconds / sharing, 3))
        if not self._engine.embedded:
            return state  # the work was done elsewhere
        cpu = round(used.cpu_seconds / sharing, 3)
        return msgspec.structs.replace(state, cpu_seconds=cpu, peak_bytes=used.peak_bytes)

    def _whole(self, stage: str) -> None:
        engine, context, tasks = self._engine, self.context, self._text_tasks()
        work: dict[str, Callable[[], None]] = {
            "exact-dedup": lambda: run_exact_dedup(engine, context),
            "near-dedup": lambda: run_near_dedup(engine, context, tasks),
            "decontaminate": lambda: run_decontaminate(engine, context, tasks),
            "tokenizer": lambda: run_tokenizer(engine, context, tasks),
            "records": lambda: run_records(engine, context, tasks),
            "report": lambda: run_report(engine, context, tasks),
        }
        work[stage]()

    def _text_tasks(self) -> list[WorkItem]:
        # After ingest a task's cost is the bytes of its text; each stage knows its own rate.
        sizes = {task.task: task.counts["bytes"] for task in self._run.need("ingest").tasks}
        return [WorkItem(task.shard, (), float(sizes[task.shard.name])) for task in self._tasks]

    def _gather(self, stage: str) -> Manifest:
        commits = self._run.commits(stage, self.context.keys[stage])
        expected = {task.shard.name for task in self._tasks if _covers(self.context, stage, task.shard.source)}
        missing = expected - {commit.task for commit in commits}
        if missing:
            hint = "" if self._engine.embedded else "; does every worker see the run folder under this path?"
            some = f"{len(missing)} of {len(expected)} shards are missing ({min(missing)}, ...)"
            raise StageError(f"{stage}: {some}{hint}")
        position = STAGES.index(stage)
        inputs = {name: self.context.keys[name] for name in STAGES[:position]}
        return Manifest(stage, self.context.keys[stage], inputs, tuple(commits), self._facts(stage))

    def _facts(self, stage: str) -> dict[str, Any]:
        if stage == "ingest":
            return {
                "shards": {task.shard.name: msgspec.to_builtins(task.splits) for task in self._tasks},
                "edits": {source: msgspec.to_builtins(rules) for source, rules in self.context.edits.items()},
            }
        if stage == "judge":
            return {"rules": {source: msgspec.to_builtins(judged) for source, judged in self.context.rules.items()}}
        if stage == "records":
            return _mixture_facts(self._run)
        return {}

    def _save(self) -> None:
        self._lock.check()
        recipe = msgspec.to_builtins(self._loaded.recipe)
        state = RunState(
            format=FORMAT,
            name=self._loaded.recipe.name,
            recipe=recipe,
            recipe_sha256=recipe_digest(self.context),
            root=self._loaded.root,
            seed=self._loaded.recipe.seed,
            versions=versions(ALL_LIBRARIES),
            complete=all(stage in self._states for stage in STAGES[: STAGES.index(self._until) + 1]),
            until=self._until,
            stages=tuple(self._states[stage] for stage in STAGES if stage in self._states),
        )
        self._run.write_state(state)


_SHARDWISE = {
    "ingest": ShardStage("ingest", ingest_shard),
    "measure": ShardStage("measure", measure_shard),
    "judge": ShardStage("judge", judge_shard),
}
_NOTHING = RunState(
    format=FORMAT,
    name="",
    recipe={},
    recipe_sha256="",
    root="",
    seed=0,
    versions={},
    complete=False,
    until="",
    stages=(),
)


def _mixture_facts(run: Run) -> dict[str, Any]:
    made = read_dataset(run.path("records"))
    return {
        "tokens": {source.name: source.tokens for source in made.sources},
        "sequences": {source.name: source.sequences for source in made.sources},
        "epochs": {source.name: source.epochs for source in made.sources},
        "weights": {name: str(weight) for name, weight in made.mixture.weights.items()},
    }


def _covers(context: Context, stage: str, source: str) -> bool:
    if stage in ("ingest", "measure"):
        return True
    if stage in ("judge", "exact-dedup", "near-dedup", "decontaminate"):
        return context.judged_by(stage, source)
    return False


def _refuse_foreign(run: Run) -> None:
    if run.state() is None and any(not _is_ours(fs.relative(info.path, run.folder)) for info in fs.find(run.folder)):
        raise UserError(f"--output: {run.folder}: is not empty and holds no run; give a new folder")


def _is_ours(name: str) -> bool:
    # What a run leaves that is killed before it has written its state.
    return lock.is_lock(name) or name.startswith(fs.TEMPORARY)
