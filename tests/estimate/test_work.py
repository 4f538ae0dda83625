"""The model of the work agrees with the stages."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest
from driver_requests import Requests
from jsonl_corpus import SOURCES, write

from massivetext.estimate import rates
from massivetext.estimate.measured import measure_run
from massivetext.estimate.reference import reference
from massivetext.estimate.volumes import InputVolume
from massivetext.estimate.work import Phase, ingest, model_work
from massivetext.orchestration.driver import prepare
from massivetext.recipe import load_recipe
from massivetext.runs.context import Context
from massivetext.runs.store import Run
from massivetext.sources import find_format
from massivetext.stages import STAGES, steps

CORPUS = reference().corpus
TEXT_STEP = ("ingest", "measure", "judge")
Step = tuple[str, ...]
STEPS: list[Step] = [tuple(stage.name for stage in step) for step in steps(STAGES) if not step[0].is_optional]


def test_bytes_shuffled_by_hand() -> None:
    # The reference: 24,910 documents of web, books and news pass their rules, 24,574 of them have no equal before them;
    # 32 bands; 37 shards, 26 of them in sources that are deduplicated.
    todo = model_work(CORPUS)
    exact, near = todo["exact-dedup",].phases, todo["near-dedup",].phases

    assert exact[1].shuffle_bytes == 32 * 24_910
    assert exact[2].shuffle_bytes == 16 * (24_910 - 24_574)
    assert next(phase for phase in near if phase.name == "find candidates").shuffle_bytes == 16 * 32 * 24_574
    assert todo[TEXT_STEP].phases[0].tasks == 37
    assert near[0].tasks == 26


def test_earlier_documents_are_read_and_shuffled_but_not_signed() -> None:
    # A million documents of earlier corpora in 100 shards: 40 bytes per text hash (two columns of ranks).
    grown = msgspec.structs.replace(CORPUS, earlier_documents=1_000_000, earlier_shards=100)
    before, after = model_work(CORPUS), model_work(grown)
    exact = {phase.name: phase for phase in after["exact-dedup",].phases}
    near = {phase.name: phase for phase in after["near-dedup",].phases}
    alone = {phase.name: phase for phase in before["near-dedup",].phases}

    assert list(exact) == ["hash", "hash earlier", "compare", "verdicts"]
    assert exact["compare"].shuffle_bytes == 40 * (24_910 + 1_000_000)
    assert near["find candidates"].shuffle_bytes == 16 * 32 * (24_574 + 1_000_000)
    assert exact["hash earlier"].tasks == near["read bands of earlier"].tasks == 100
    assert exact["hash earlier"].cpu_seconds == pytest.approx(rates.EARLIER * 1_000_000)
    assert near["sign"] == alone["sign"]
    assert near["verdicts"] == alone["verdicts"]
    assert set(near) - set(alone) == {"read bands of earlier"}
    other = {step for step in before if before[step] != after[step]}
    assert other == {("exact-dedup",), ("near-dedup",)}


def test_url_dedup_is_modelled_where_it_judges() -> None:
    # Web, books and news have 24,910 documents after their rules; a quarter of them go for their URLs.
    step = ("url-dedup",)
    assert step not in model_work(CORPUS)
    sources = {}
    for name, volume in CORPUS.sources.items():
        if "exact-dedup" in volume.judged_by:
            left = volume.after("judge").scaled_by(0.75)
            changed = (*volume.funnel[:2], ("url-dedup", left), *volume.funnel[2:])
            judges = (*volume.judged_by, "url-dedup")
            sources[name] = msgspec.structs.replace(volume, funnel=changed, judged_by=judges)
    read, compare, write = model_work(msgspec.structs.replace(CORPUS, sources=sources))[step].phases

    assert read.cpu_seconds == pytest.approx(rates.URL * 24_910)
    assert compare.shuffle_bytes == 40 * 24_910
    assert write.shuffle_bytes == pytest.approx(16 * 24_910 / 4)
    assert read.tasks == write.tasks == 26


def test_canaries_are_modelled_where_they_are_planted() -> None:
    # Five sources, 2,000 canaries at 5 ms each: 10 seconds, 2 of them per source.
    step = ("canaries",)
    assert step not in model_work(CORPUS)
    grown = msgspec.structs.replace(CORPUS, canaries=2000)
    (plant,) = model_work(grown)[step].phases

    assert len(CORPUS.sources) == plant.tasks == 5
    assert plant.cpu_seconds == pytest.approx(10)
    assert plant.longest_seconds == pytest.approx(2)


def test_each_slice_of_a_divided_file_skips_the_rest_of_it() -> None:
    # 1 GB in one file and 10 MB shards: each of 100 slices skips 0.99 GB.
    web = CORPUS.sources["web"]

    def reading(inputs: InputVolume) -> Phase:
        volume = msgspec.structs.replace(web, inputs=inputs, shard_bytes=10**7)
        return model_work(msgspec.structs.replace(CORPUS, sources={"web": volume}))[TEXT_STEP].phases[0]

    small, one = reading(InputVolume(1e9, 1e7, 0.0)), reading(InputVolume(1e9, 1e9, 99e9))

    assert one.longest_seconds - small.longest_seconds == pytest.approx(find_format("warc").skip_cost / 1e6 * 0.99e9)
    assert one.cpu_seconds - small.cpu_seconds == pytest.approx(find_format("warc").skip_cost / 1e6 * 99e9)


def test_another_extractor_of_web_pages_costs_what_it_costs() -> None:
    web = CORPUS.sources["web"]
    alike = msgspec.structs.replace(web, extractor="salient")
    dear = msgspec.structs.replace(web, extractor="trafilatura")
    news = msgspec.structs.replace(CORPUS.sources["news"], extractor="trafilatura")

    assert ingest(web) == ingest(alike)
    assert ingest(dear).cpu_seconds == pytest.approx(4 * ingest(web).cpu_seconds, rel=0.1)
    assert ingest(news) == ingest(CORPUS.sources["news"])


def test_steps_without_work_have_none() -> None:
    alone = {"wikipedia": msgspec.structs.replace(CORPUS.sources["wikipedia"], judged_by=("judge",))}
    todo = model_work(msgspec.structs.replace(CORPUS, sources=alone, sampled_bytes=0, candidates=0))

    assert [names for names, each in todo.items() if not each.phases] == [
        ("exact-dedup",),
        ("near-dedup",),
        ("decontaminate",),
        ("tokenizer",),
    ]
    assert all(each.jobs == each.requests == each.driver_seconds == 0 for each in todo.values() if not each.phases)


# -- a run of our own --------------------------------------------------------------------------------------------------


WORKER_BUDGET = {  # requests of the workers per shard, by step
    TEXT_STEP: 15,
    ("exact-dedup",): 8,
    ("near-dedup",): 30,  # most of them read the texts of candidate pairs, of which this corpus is full
    ("decontaminate",): 10,
    ("tokenizer",): 9,
    ("records",): 11,
    ("report",): 13,
}


def counted(folder: Path, shards: int) -> tuple[Counter[Step], Counter[Step]]:
    """Number of requests to the run folder by step, of the driver and of the workers, with these shards per source."""
    requests, recipe = Requests(), write(folder / "corpus", shards=shards, documents=8)
    with requests.counting():
        prepare(load_recipe(str(recipe)), str(folder / "run"), requests.engine(), listener=requests.listen).run()
    step_of: dict[str, Step] = {stage: step for step in STEPS for stage in step}

    def by_step(counts: Counter[str]) -> Counter[Step]:
        return sum((Counter({step_of.get(stage, ()): n}) for stage, n in counts.items()), Counter())

    return by_step(requests.driver), by_step(requests.workers)


@pytest.mark.slow
def test_driver_and_workers_ask_as_often_as_planned(tmp_path: Path) -> None:
    (few, few_of_workers), (many, many_of_workers) = counted(tmp_path / "few", 2), counted(tmp_path / "many", 6)
    more = 4 * len(SOURCES)
    a_shard = {step: (many[step] - few[step]) / more for step in STEPS}

    # Rounds of encoding and examples for the report differ from corpus to corpus.
    planned = {step: sum(rates.REQUESTS[stage] for stage in step) for step in STEPS}
    assert a_shard == pytest.approx(planned, rel=0.35, abs=0.5)
    # Both runs have 32 LSH partitions: one per band.
    fixed = few["near-dedup",] - rates.REQUESTS["near-dedup"] * 2 * len(SOURCES)
    planned_fixed = rates.REQUESTS_OF_NEAR_DEDUP + 32 * rates.REQUESTS_PER_LSH_PARTITION
    assert fixed == pytest.approx(planned_fixed, rel=0.3)

    of_workers = {step: (many_of_workers[step] - few_of_workers[step]) / more for step in STEPS}
    print(f"requests of the driver per shard: {a_shard}, of the workers: {of_workers}")
    assert {step: n for step, n in of_workers.items() if n > WORKER_BUDGET[step]} == {}


@pytest.mark.parametrize("records", ["", "sequences = 64", 'mode = "pack"\nsplits = { validation = 0.1 }'])
def test_the_driver_reads_no_verdicts_to_count_documents(
    tmp_path: Path, records: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests, recipe = Requests(), write(tmp_path / "corpus", shards=2, documents=8)
    recipe.write_text(recipe.read_text().replace("[records]\n", f"[records]\n{records}\n"))
    asked, in_split = Counter[bool](), Context.in_split
    monkeypatch.setattr(Context, "in_split", lambda *given: asked.update([requests.in_job]) or in_split(*given))

    prepare(load_recipe(str(recipe)), str(tmp_path / "run"), requests.engine(), until="records").run()

    assert asked[True] >= 2 * len(SOURCES)
    assert asked[False] == 0


@pytest.mark.slow
def test_a_run_is_measured_from_its_folder(quickstart: Path) -> None:
    # The figures are those of the manifests: 2,941 documents, 2,378 tested for equal texts, 33 of them removed.
    sample = measure_run(Run(str(quickstart / "run")), "it")
    corpus = sample.corpus

    assert sample.origin == "it"
    assert sum(volume.ingested.documents for volume in corpus.sources.values()) == 2941
    assert corpus.before("exact-dedup").documents == 2378
    assert corpus.after("exact-dedup").documents == 2345
    assert corpus.sources["wikipedia"].kept.documents < corpus.sources["wikipedia"].after("near-dedup").documents
    assert corpus.sources["wikipedia"].judged_by == ("judge", "decontaminate")
    assert corpus.token_bytes == 2
    assert min(volume.draws for volume in corpus.sources.values()) > 0
    assert min(volume.inputs.raw_bytes for volume in corpus.sources.values()) > 0
    assert set(sample.stages) == {stage.name for stage in STAGES if not stage.is_optional}
    for figures in sample.stages.values():
        assert figures.cpu_seconds
        assert figures.peak_bytes
        assert figures.stored_bytes + figures.fixed_bytes > 0
    assert sample.stages["decontaminate"].fixed_bytes > 0
