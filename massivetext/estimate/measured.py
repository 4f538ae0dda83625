"""The figures of a finished run: what it met, and what each of its steps took."""

from collections.abc import Mapping

import msgspec

from massivetext.errors import UserError
from massivetext.estimate.volumes import Corpus, Count, Inputs, Volume, signature_bytes
from massivetext.recipe import Recipe
from massivetext.runs.store import STAGES, Manifest, Run, RunState, StageState
from massivetext.sources.splits import Split
from massivetext.tokenizer.encoder import id_dtype

# Stages that share a job are one step: they run on the same workers at the same time.
STEPS: Mapping[str, tuple[str, ...]] = {
    "ingest, measure, judge": ("ingest", "measure", "judge"),
    "exact-dedup": ("exact-dedup",),
    "near-dedup": ("near-dedup",),
    "decontaminate": ("decontaminate",),
    "tokenizer": ("tokenizer",),
    "records": ("records",),
    "report": ("report",),
}
_FIXED = frozenset({"index", "model", "page", "dataset"})  # tasks that are done once


class Step(msgspec.Struct, frozen=True):
    """What a step took.

    Attributes:
        cpu_seconds: of all processes; None where the run does not say.
        peak_bytes: largest process of the run until the step's end; None where the run does not say.
        stored_bytes: of the files that it wrote a shard or a file of records.
        fixed_bytes: of those that it wrote once, whose size does not follow that of the input.
    """

    cpu_seconds: float | None
    peak_bytes: int | None
    stored_bytes: int
    fixed_bytes: int


class Measurement(msgspec.Struct, frozen=True):
    """A run to plan from.

    Attributes:
        origin: which run, in words.
        corpus: what it met.
        steps: what each step took.
    """

    origin: str
    corpus: Corpus
    steps: dict[str, Step]


def measure(run: Run, origin: str) -> Measurement:
    """The figures of a finished run.

    Raises:
        UserError: there is no run in the folder, or it is not finished.
    """
    state = run.state()
    if state is None:
        raise UserError(f"--sample: {run.folder}: no run here; give the folder of a finished run")
    manifests = {stage: manifest for stage in STAGES if (manifest := run.manifest(stage)) is not None}
    if len(manifests) < len(STAGES):
        missing = next(stage for stage in STAGES if stage not in manifests)
        raise UserError(f"--sample: {run.folder}: stage '{missing}' is not done; finish the run first")
    return Measurement(origin, _corpus(state, manifests), _steps(state, manifests))


def _steps(state: RunState, manifests: Mapping[str, Manifest]) -> dict[str, Step]:
    states = {each.name: each for each in state.stages}
    return {
        name: Step(
            _sum([states[stage] for stage in stages]),
            _peak([states[stage] for stage in stages]),
            _stored([manifests[stage] for stage in stages], fixed=False),
            _stored([manifests[stage] for stage in stages], fixed=True),
        )
        for name, stages in STEPS.items()
    }


def _sum(states: list[StageState]) -> float | None:
    seconds = [state.cpu_seconds for state in states if state.cpu_seconds is not msgspec.UNSET]
    return sum(seconds) if len(seconds) == len(states) else None


def _peak(states: list[StageState]) -> int | None:
    peaks = [state.peak_bytes for state in states if state.peak_bytes is not msgspec.UNSET]
    return max(peaks) if len(peaks) == len(states) else None


def _stored(manifests: list[Manifest], *, fixed: bool) -> int:
    tasks = [task for manifest in manifests for task in manifest.tasks if (task.task in _FIXED) is fixed]
    return sum(file.bytes for task in tasks for file in task.files)


def _corpus(state: RunState, manifests: Mapping[str, Manifest]) -> Corpus:
    recipe = msgspec.convert(state.recipe, Recipe, strict=False)
    near, options = manifests["near-dedup"].totals(), recipe.records
    width = id_dtype(manifests["tokenizer"].totals()["vocabulary"]).itemsize
    return Corpus(
        sources={name: _volume(recipe, name, manifests) for name in sorted(recipe.sources)},
        candidates=near.get("candidates", 0),
        clustered=near.get("clustered", 0),
        sampled_bytes=manifests["tokenizer"].totals("samples/").get("bytes", 0),
        record_tokens=sum(manifests["records"].facts["tokens"].values()),
        token_bytes=width,
        bands=recipe.near.bands,
        signature_bytes=signature_bytes(recipe.near),
        shard_record_bytes=options.shard_sequences * options.sequence_length * width,
    )


def _volume(recipe: Recipe, name: str, manifests: Mapping[str, Manifest]) -> Volume:
    options = recipe.sources[name]
    of_source = f"{name}/"
    shards = manifests["ingest"].facts["shards"]
    mine = [splits for shard, splits in shards.items() if shard.startswith(of_source)]
    met = manifests["ingest"].totals(of_source)
    counts = [Count(met["documents"], met["bytes"])]
    for stage in ("judge", "exact-dedup", "near-dedup", "decontaminate"):
        left = manifests[stage].totals(of_source)
        counts.append(Count(left["kept"], left["kept_bytes"]) if "kept" in left else counts[-1])
    drawn = _drawn(manifests["records"], name)
    return Volume(
        kind=options.kind,
        format=options.format,
        inputs=Inputs.of(msgspec.convert(split, Split) for splits in mine for split in splits),
        shard_bytes=options.shard_bytes,
        deduplicates=options.deduplicates,
        tested=options.decontaminate and bool(recipe.decontaminate.test_sets),
        ingested=counts[0],
        ruled=counts[1],
        distinct=counts[2],
        single=counts[3],
        kept=counts[4],
        draws=drawn["draws"],
        drawn_tokens=drawn["drawn_tokens"],
    )


def _drawn(records: Manifest, source: str) -> dict[str, int]:
    rounds = [
        task.counts
        for task in records.tasks
        if task.task.startswith("tokens/round-") and task.task.split("/")[-2] == source
    ]
    return {name: sum(counts.get(name, 0) for counts in rounds) for name in ("draws", "drawn_tokens")}
