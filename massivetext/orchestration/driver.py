"""Run a recipe from its inputs to its report: run the stages in order, skip complete ones, resume interrupted ones."""

import contextlib
import dataclasses
import functools
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from massivetext.earlier.earlier_corpora import unnamed_corpora
from massivetext.engines.engine import Engine
from massivetext.engines.shard_jobs import run_shards
from massivetext.engines.usage import Usage
from massivetext.errors import MassivetextError, StageError, UserError
from massivetext.formatting import count_noun
from massivetext.jobs.dataset_description import recipe_digest
from massivetext.orchestration.disk_space import check_space
from massivetext.orchestration.plan import (
    compute_stage_keys,
    library_versions,
    make_demo,
    make_items,
    make_plan,
    validate_files,
)
from massivetext.recipe import LoadedRecipe, options_without_effect
from massivetext.runs import log_events, run_log
from massivetext.runs.context import Context
from massivetext.runs.log_reading import item_in_work
from massivetext.runs.stage import RunPlan, Stage, require_distinct, resolve, stages_of, verdict_sets
from massivetext.runs.store import FORMAT, MANIFEST, Manifest, Run, RunState, ShardCommit, StageState
from massivetext.runs.work_items import ShardStage, WorkItem
from massivetext.stages import INGEST, STAGES, code_modules, require_order, steps
from massivetext.storage import files as fs
from massivetext.storage import lock, temporary

Listener = Callable[[str, str, int], None]  # (stage, "run" | "skip" | "done", shards)


def prepare(
    loaded: LoadedRecipe,
    folder: str,
    engine: Engine,
    *,
    until: str | None = None,
    stages: Sequence[Stage] = STAGES,
    listener: Listener = lambda stage, event, shards: None,
    notify: lock.Notify = lambda _: None,
) -> "Driver":
    """Check everything that can be checked before a run starts, and return its driver.

    If the recipe has a demo corpus and it is missing, it is written here. Nothing is written into the run folder.

    Args:
        loaded: the recipe.
        folder: the run folder; absolute path or URL.
        engine: the Beam runner.
        until: name of the last stage to run; None: run all.
        stages: the stages in order.
        listener: called with (stage, event, number of shards) when a stage is skipped, started and done.
        notify: called with other messages for the user, for example that the folder is locked.

    Raises:
        UserError: an argument, the recipe, an input or the run folder is wrong.
        ValueError: two stages share a name, a title or a folder.
    """
    require_distinct(stages)
    require_order(stages)
    every, stages = stages, stages_of(loaded.recipe, stages)
    names = [stage.name for stage in stages]
    if until is not None and until not in names:
        some = " in a run of this recipe" if any(until == stage.name for stage in every) else ""
        raise UserError(f"--until: want one of {', '.join(names)}{some}, got {until!r}")
    run = Run(folder)
    _require_folder(run)
    make_demo(loaded)
    plan = make_plan(loaded)
    items, keys = make_items(plan), compute_stage_keys(plan, stages)
    context = Context(
        run=run,
        recipe=loaded.recipe,
        root=loaded.root,
        stage_keys=keys,
        shard_counts={name: len(shards) for name, shards in plan.splits.items()},
        rules=plan.rules,
        edits=plan.edits,
        verdicts=verdict_sets(loaded.recipe, stages),
        session=run_log.new_session(),
    )
    wanted = names if until is None else names[: names.index(until) + 1]
    complete = {state.name for state in _recorded_stages(run) if state.manifest and state.key == keys.get(state.name)}
    left = [stage for stage in stages if stage.name in wanted and stage.name not in complete]
    validate_files(loaded, left)
    for sentence in [*options_without_effect(loaded.recipe), *unnamed_corpora(loaded)] if left else ():
        notify(sentence)
    if warning := check_space(plan, folder):
        notify(warning)
    preload = (*code_modules(stages), "massivetext.sources.all_readers")
    ready = engine.with_checked_options(shards=len(items), folder=folder, preload=preload)
    return Driver(plan, context, ready, items, every, wanted, listener, notify)


class Driver:
    """Runs the stages of one run; made by :func:`prepare`.

    Args:
        plan: inputs, rules and edits of the run.
        context: the run as its workers see it.
        engine: the Beam runner, ready for a run of this size.
        items: one work item per shard, with its input files.
        stages: all stages in order, also those that are no part of the run.
        wanted: names of the stages to run, from the first on.
        listener: see :func:`prepare`.
        notify: see :func:`prepare`.
    """

    def __init__(
        self,
        plan: RunPlan,
        context: Context,
        engine: Engine,
        items: Sequence[WorkItem],
        stages: Sequence[Stage],
        wanted: Sequence[str],
        listener: Listener,
        notify: lock.Notify,
    ) -> None:
        self.context = context
        self._plan, self._items = plan, items
        self._engine = dataclasses.replace(engine, on_worker_end=self._report_worker_end)
        self._stages, self._wanted = stages_of(context.recipe, stages), wanted
        self._absent = [stage for stage in stages if stage not in self._stages]
        self._listener, self._notify = listener, notify
        self._states: dict[str, StageState] = {}

    def run(self) -> bool:
        """Run every stage that is not complete; return False if all were complete already.

        Raises:
            UserError, StageError: the message says what to do; the next call resumes the run.
        """
        with temporary.own_folder(), lock.hold(self.context.run.folder, self._notify) as held, self._logged():
            try:
                return self._run_stages(held)
            finally:
                self._engine.close()

    @contextlib.contextmanager
    def _logged(self) -> Iterator[None]:
        """Log the beginning and the end of the run; an error in between names the file."""
        log, started = self._log(), time.monotonic()
        run_log.remove_old_sessions(self.context.run.folder)
        log.reserve()
        where = count_noun(self._engine.workers, "worker") if self._engine.embedded else "a cluster"
        shards = count_noun(len(self._items), "shard")
        log.write("run begun", detail=f"recipe {self.context.recipe.name}, {shards}, {where}")
        told = self._tell_unwritten(log)
        try:
            yield
        except KeyboardInterrupt:
            log.write("run stopped", seconds=time.monotonic() - started, detail="by a signal")
            raise
        except SystemExit:
            log.write("run stopped", seconds=time.monotonic() - started, detail="nobody reads its output")
            raise
        except MassivetextError as error:
            log.write("run failed", seconds=time.monotonic() - started, error=error)
            raise type(error)(f"{error} (log: {log.path})") from error
        except Exception as error:
            log.write("run failed", seconds=time.monotonic() - started, error=error)
            error.add_note(f"log: {log.path}")
            raise
        else:
            log.write("run done", seconds=time.monotonic() - started)
        finally:
            log.close()
            if not told:
                self._tell_unwritten(log)
            run_log.remove_old_sessions(self.context.run.folder)

    def _tell_unwritten(self, log: run_log.RunLog) -> bool:
        """Say that the log cannot be written, if that is so; return whether it was said."""
        if log.problem:
            self._notify(
                f"{log.path}: lines of the log cannot be written ({log.problem}); the run goes on without them."
            )
        return bool(log.problem)

    def _log(self) -> run_log.RunLog:
        return run_log.open_log(self.context.run.folder, self.context.session, "driver")

    def _report_worker_end(self, process: int, error: StageError) -> None:
        in_work = item_in_work(self.context.run.folder, self.context.session, process)
        self._log().write("worker ended", item=in_work, detail=str(error))
        working = f" while it worked on {in_work}" if in_work else ""
        self._notify(f"A worker process (PID {process}) has ended{working}: {error}. The others finish first.")

    def _run_stages(self, held: lock.Lock) -> bool:
        run = self.context.run
        self._recognise_complete_stages()
        wanted = [stage for stage in self._stages if stage.name in self._wanted]
        before = set(self._states)
        for stage in wanted:
            if stage.name in before:
                self._listener(stage.name, "skip", 0)
                self._log().write("stage skipped", stage=stage.name)
        self._save(held)
        for step in steps(wanted):
            undone = [stage for stage in step if stage.name not in before]
            if undone:
                self._run_step(undone, held)
            for stage in step:
                if stage.after is not None:
                    resolve(stage.after)(self.context, self._plan.loaded, self._notify, stage in undone)
        run.sweep(self._states)
        self._save(held)
        return not before.issuperset(self._wanted)

    def _recognise_complete_stages(self) -> None:
        run = self.context.run
        before = {state.name: state for state in _recorded_stages(run)}
        for stage in self._stages:
            key, manifest = self.context.stage_keys[stage.name], run.manifest(stage.name)
            if manifest is None or manifest.key != key or not run.has_files(manifest.files()):
                break  # every stage after one that must be redone is redone too
            digest = fs.digest(run.path(stage.name, MANIFEST))
            measured = before.get(stage.name, StageState(stage.name, key))
            self._states[stage.name] = msgspec.structs.replace(measured, key=key, manifest=digest)
        for stage in self._stages[len(self._states) :]:
            run.clear_stale(stage, self.context.stage_keys[stage.name])
        for stage in self._absent:  # an earlier recipe had it
            run.clear_stale(stage, "")

    def _run_step(self, step: Sequence[Stage], held: lock.Lock) -> None:
        started = Usage.now()
        held.check()
        for stage in step:
            self.context.run.begin(stage, self.context.stage_keys[stage.name])
            self._log().write("stage begun", stage=stage.name)
            self._listener(stage.name, "run", len(self._items))
            if stage.announce is not None and self._engine.embedded:
                resolve(stage.announce)(functools.partial(self._announce, stage.name))
        self._run_jobs(step)
        used = Usage.now().since(started)
        for stage in step:
            manifest = self._gather(stage)
            held.check()
            digest = self.context.run.commit(stage, manifest)
            self._states[stage.name] = self._state(manifest, digest, used, len(step))
            self._save(held)
            names = ", ".join(each.name for each in step)
            shared = f"one job of {names}: run.json has an equal share for each" if len(step) > 1 else ""
            cpu = used.cpu_seconds if self._engine.embedded else None
            self._log().write("stage done", stage=stage.name, seconds=used.seconds, cpu_seconds=cpu, detail=shared)
            self._listener(stage.name, "done", len(self._items))

    def _announce(self, stage: str, message: str) -> None:
        self._log().write("note", stage=stage, detail=message)
        self._notify(message)

    def _run_jobs(self, step: Sequence[Stage]) -> None:
        items = self._items if INGEST in step else self._text_items()
        shard_stages = [
            ShardStage(stage.name, resolve(stage.process), sources=self._sources_of(stage))
            for stage in step
            if stage.process is not None
        ]
        if shard_stages:
            run_shards(self._engine, self.context, shard_stages, items)
        for stage in step:
            if stage.run is not None:
                resolve(stage.run)(self._engine, self.context, items)

    def _sources_of(self, stage: Stage) -> frozenset[str]:
        recipe = self.context.recipe
        return frozenset(source for source in recipe.sources if stage.applies_to(recipe, source))

    def _text_items(self) -> list[WorkItem]:
        # After ingest, the cost of a work item is its bytes of text; each stage multiplies it by its seconds per byte.
        sizes = {commit.task: commit.counts["bytes"] for commit in self.context.run.need(INGEST.name).tasks}
        return [WorkItem(item.shard, (), float(sizes[item.shard.name])) for item in self._items]

    def _gather(self, stage: Stage) -> Manifest:
        """Return the manifest of a stage after its jobs have run. Raises StageError if a shard has no commit."""
        key = self.context.stage_keys[stage.name]
        commits = self.context.run.commits(stage.name, key)
        if stage.commits_every_shard:
            sources = self._sources_of(stage)
            expected = {item.shard.name for item in self._items if item.shard.source in sources}
            if missing := expected - {commit.task for commit in commits}:
                hint = "" if self._engine.embedded else "; does every worker see the run folder under this path?"
                found = f"{len(missing)} of {len(expected)} shards are missing ({min(missing)}, ...)"
                raise StageError(f"{stage.name}: {found}{hint}")
            if stage.verdicts is not None:
                _require_counts(stage.name, [commit for commit in commits if commit.task in expected])
        names = [each.name for each in self._stages]
        inputs = {name: self.context.stage_keys[name] for name in names[: names.index(stage.name)]}
        return Manifest(stage.name, key, inputs, tuple(commits), dict(stage.facts(self.context, self._items)))

    def _state(self, manifest: Manifest, digest: str, used: Usage, sharing: int) -> StageState:
        state = StageState(manifest.stage, manifest.key, digest, round(used.seconds / sharing, 3))
        if not self._engine.embedded:
            return state  # the work was done on other machines
        cpu = round(used.cpu_seconds / sharing, 3)
        return msgspec.structs.replace(state, cpu_seconds=cpu, peak_bytes=used.peak_bytes)

    def _save(self, held: lock.Lock) -> None:
        held.check()
        loaded = self._plan.loaded
        state = RunState(
            format=FORMAT,
            name=loaded.recipe.name,
            recipe=msgspec.to_builtins(loaded.recipe),
            recipe_sha256=recipe_digest(self.context),
            root=loaded.root,
            seed=loaded.recipe.seed,
            versions=library_versions(self._stages),
            complete=all(name in self._states for name in self._wanted),
            until=self._wanted[-1],
            stages=tuple(self._states[stage.name] for stage in self._stages if stage.name in self._states),
        )
        self.context.run.write_state(state)


def _require_counts(stage: str, commits: Sequence[ShardCommit]) -> None:
    wanted = {"kept", "kept_words", "kept_bytes"}
    for commit in commits:
        if missing := sorted(wanted - commit.counts.keys()):
            raise StageError(
                f"{stage}: {commit.task}: want the counts of Context.count_kept in its commit, got none of "
                f"{', '.join(missing)}; the code of the stage is wrong"
            )


def _recorded_stages(run: Run) -> tuple[StageState, ...]:
    state = run.state()
    return () if state is None else state.stages


def _require_folder(run: Run) -> None:
    fs.require_writable_folder(run.folder, "--output")
    if run.state() is None and fs.has_file(run.folder, lambda name: not _is_ours(name)):
        raise UserError(f"--output: {run.folder}: is not empty and holds no run; give a new folder")


def _is_ours(name: str) -> bool:
    # Files that a run leaves if it is killed before it has written its state.
    return lock.is_lock(name) or log_events.is_log(name) or name.startswith(fs.TEMPORARY)
