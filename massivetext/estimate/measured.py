"""Read the figures of a finished run: its amounts of data, and the time, memory and storage of each stage."""

from collections.abc import Mapping, Sequence

import msgspec

from massivetext.errors import UserError
from massivetext.estimate.volumes import InputVolume, RunVolume, SourceVolume, TextVolume, signature_bytes
from massivetext.recipe import Recipe
from massivetext.runs.stage import Stage, VerdictSet, stages_of, verdict_sets
from massivetext.runs.store import Manifest, Run, StageState
from massivetext.sources.splits import Split
from massivetext.stages import INGEST, NEAR_DEDUP, RECORDS, STAGES, TOKENIZER
from massivetext.tokenizer.encoder import id_dtype

_FIXED = frozenset({"index", "model", "page", "dataset"})  # commits of work items that exist once per run


class StageFigures(msgspec.Struct, frozen=True):
    """Time, memory and storage of one stage.

    Attributes:
        cpu_seconds: CPU time of all processes, divided equally among stages that share a job; None if not recorded.
        peak_bytes: size of the largest process of the run until the stage ended; None if not recorded.
        stored_bytes: size of the files that were written per shard or per record shard.
        fixed_bytes: size of the files that were written once and do not grow with the input.
    """

    cpu_seconds: float | None
    peak_bytes: int | None
    stored_bytes: int
    fixed_bytes: int


class MeasuredRun(msgspec.Struct, frozen=True):
    """Figures of a finished run.

    Attributes:
        origin: the run, in words.
        corpus: its amounts of data.
        stages: time, memory and storage of each stage, by name.
    """

    origin: str
    corpus: RunVolume
    stages: dict[str, StageFigures]


def measure_run(run: Run, origin: str, stages: Sequence[Stage] = STAGES) -> MeasuredRun:
    """Return the figures of a finished run.

    Raises:
        UserError: there is no run in the folder, or a stage is not complete.
    """
    state = run.state()
    if state is None:
        raise UserError(f"--sample: {run.folder}: no run here; give the folder of a finished run")
    manifests: dict[str, Manifest] = {}
    recipe = run.recorded_recipe(state)
    for stage in stages_of(recipe, stages):
        manifest = run.manifest(stage.name)
        if manifest is None:
            raise UserError(f"--sample: {run.folder}: stage '{stage.name}' is not complete; finish the run first")
        manifests[stage.name] = manifest
    recorded = {each.name: each for each in state.stages}
    figures = {name: _figures(recorded[name], manifest) for name, manifest in manifests.items()}
    return MeasuredRun(origin, _corpus(recipe, manifests, stages), figures)


def _figures(state: StageState, manifest: Manifest) -> StageFigures:
    return StageFigures(
        None if state.cpu_seconds is msgspec.UNSET else state.cpu_seconds,
        None if state.peak_bytes is msgspec.UNSET else state.peak_bytes,
        _stored(manifest, fixed=False),
        _stored(manifest, fixed=True),
    )


def _stored(manifest: Manifest, *, fixed: bool) -> int:
    commits = [commit for commit in manifest.tasks if (commit.task in _FIXED) is fixed]
    return sum(file.bytes for commit in commits for file in commit.files)


def _corpus(recipe: Recipe, manifests: Mapping[str, Manifest], stages: Sequence[Stage]) -> RunVolume:
    near, options = manifests[NEAR_DEDUP.name].totals(), recipe.records
    sets = verdict_sets(recipe, stages)
    width = id_dtype(manifests[TOKENIZER.name].totals()["vocabulary"]).itemsize
    return RunVolume(
        sources={name: _volume(recipe, name, manifests, sets) for name in sorted(recipe.sources)},
        candidates=near.get("candidates", 0),
        clustered=near.get("clustered", 0),
        sampled_bytes=manifests[TOKENIZER.name].totals("samples/").get("bytes", 0),
        record_tokens=sum(manifests[RECORDS.name].fact("tokens", dict[str, int]).values()),
        token_bytes=width,
        bands=recipe.near.bands,
        signature_bytes=signature_bytes(recipe.near),
        shard_record_bytes=options.shard_sequences * options.sequence_length * width,
    )


def _volume(recipe: Recipe, name: str, manifests: Mapping[str, Manifest], sets: Sequence[VerdictSet]) -> SourceVolume:
    options = recipe.sources[name]
    of_source = f"{name}/"
    shards = manifests[INGEST.name].fact("shards", dict[str, tuple[Split, ...]])
    mine = [splits for shard, splits in shards.items() if shard.startswith(of_source)]
    met = manifests[INGEST.name].totals(of_source)
    funnel = [(INGEST.name, TextVolume(met["documents"], met["bytes"]))]
    for verdicts in sets:
        left = manifests[verdicts.stage].totals(of_source)
        count = TextVolume(left["kept"], left["kept_bytes"]) if "kept" in left else funnel[-1][1]
        funnel.append((verdicts.stage, count))
    drawn = _drawn(manifests[RECORDS.name], name)
    return SourceVolume(
        kind=options.kind,
        format=options.format,
        extractor=recipe.ingest.extractor,
        inputs=InputVolume.from_splits(split for splits in mine for split in splits),
        shard_bytes=options.shard_bytes,
        judged_by=tuple(verdicts.stage for verdicts in sets if name in verdicts.sources),
        funnel=tuple(funnel),
        draws=drawn["draws"],
        drawn_tokens=drawn["drawn_tokens"],
        drawn_bytes=manifests[RECORDS.name].totals("dataset").get(f"drawn_bytes:{name}", msgspec.UNSET),
    )


def _drawn(records: Manifest, source: str) -> dict[str, int]:
    rounds = [
        task.counts
        for task in records.tasks
        if task.task.startswith("tokens/round-") and task.task.split("/")[-2] == source
    ]
    return {name: sum(counts.get(name, 0) for counts in rounds) for name in ("draws", "drawn_tokens")}
