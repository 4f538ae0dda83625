"""A stage of one's own is one file and one entry in the tuple of stages: it is run, resumed, verified and shown."""

import dataclasses
import io
import re
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from builders import file_hashes
from jsonl_corpus import write
from odd_ids_stage import ODD_DIGITS, ODD_IDS
from rich.console import Console

from massivetext.cli.check_tables import check_tables
from massivetext.cli.trace_tables import trace_tables
from massivetext.engines.engine import Engine
from massivetext.errors import StageError
from massivetext.estimate import scaling
from massivetext.estimate.estimator import estimate_run
from massivetext.estimate.measured import measure_run
from massivetext.orchestration.driver import Driver, prepare
from massivetext.orchestration.plan import compute_stage_keys, make_plan
from massivetext.recipe import load_recipe
from massivetext.report.examples import DocumentLocation
from massivetext.report.funnel import read_funnel
from massivetext.report.trace import trace_document
from massivetext.runs.context import Context
from massivetext.runs.stage import Stage, require_distinct
from massivetext.runs.store import ShardCommit
from massivetext.runs.verify import verify_run
from massivetext.runs.work_items import WorkItem
from massivetext.stages import EXACT_DEDUP, INGEST, JUDGE, STAGES, require_order
from massivetext.stages.finished import open_context

AFTER_JUDGE = STAGES.index(JUDGE) + 1
AFTER_EXACT = STAGES.index(EXACT_DEDUP) + 1


def with_odd_ids(at: int) -> tuple[Stage, ...]:
    """The stages with the new one at a position: in the first job, or in a job of its own."""
    return (*STAGES[:at], ODD_IDS, *STAGES[at:])


def driver(folder: Path, stages: tuple[Stage, ...], events: list[tuple[str, str]]) -> Driver:
    return prepare(
        load_recipe(str(folder / "corpus/recipe.toml")),
        str(folder / "run"),
        Engine(),
        stages=stages,
        listener=lambda stage, event, shards: events.append((stage, event)),
    )


@pytest.fixture(scope="module", params=[AFTER_JUDGE, AFTER_EXACT], ids=["in the first job", "in a job of its own"])
def finished(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, tuple[Stage, ...]]:
    """The folder of a finished run with the new stage, and its stages."""
    folder, stages = tmp_path_factory.mktemp("odd"), with_odd_ids(request.param)
    write(folder / "corpus", shards=2, documents=12)
    assert driver(folder, stages, []).run()
    return folder, stages


@pytest.fixture
def context(finished: tuple[Path, tuple[Stage, ...]]) -> Context:
    folder, stages = finished
    return open_context(driver(folder, stages, []).context.run, stages)


def test_the_stage_removes_what_it_should(context: Context) -> None:
    for shard in context.all_shards():
        ids = context.run.read_table("documents", shard, ["id"])["id"].to_pylist()
        even = np.array([each[-1] not in ODD_DIGITS for each in ids])

        assert 0 < even.sum() < len(even)
        assert not (context.kept(shard) & ~even).any()
        assert context.run.read_table("verdicts/odd", shard)["kept"].to_pylist() == even.tolist()


def test_the_run_is_verified_and_taken_up(finished: tuple[Path, tuple[Stage, ...]]) -> None:
    folder, stages = finished
    events: list[tuple[str, str]] = []
    again = driver(folder, stages, events)

    assert verify_run(again.context.run) == []
    assert not again.run()
    assert events == [(stage.name, "skip") for stage in stages if not stage.is_optional]


def test_another_version_of_the_stage_redoes_it_and_what_follows(
    tmp_path: Path, finished: tuple[Path, tuple[Stage, ...]]
) -> None:
    folder, stages = finished
    plan = make_plan(load_recipe(str(folder / "corpus/recipe.toml")))
    before = compute_stage_keys(plan, stages)
    at = stages.index(ODD_IDS)
    changed = Stage(**{name: getattr(ODD_IDS, name) for name in ODD_IDS.__slots__} | {"version": 2})
    after = compute_stage_keys(plan, (*stages[:at], changed, *stages[at + 1 :]))
    names = [stage.name for stage in stages if not stage.is_optional]

    assert [name for name in names if before[name] != after[name]] == names[names.index(ODD_IDS.name) :]


def test_an_interrupted_stage_goes_on_where_it_stopped(tmp_path: Path) -> None:
    stages = with_odd_ids(AFTER_EXACT)
    write(tmp_path / "corpus", shards=2, documents=12)
    assert driver(tmp_path, stages, []).run()
    run = driver(tmp_path, stages, []).context.run
    before = tree(tmp_path / "run")
    (Path(run.folder) / ODD_IDS.name / "manifest.json").unlink()
    events: list[tuple[str, str]] = []
    assert driver(tmp_path, stages, events).run()

    done = [stage.name for stage in stages[: stages.index(ODD_IDS)] if not stage.is_optional]
    assert [stage for stage, event in events if event == "skip"] == done
    assert tree(tmp_path / "run") == before


def tree(folder: Path) -> dict[str, str]:
    """The hash of every file of a run but for its state and its log, which hold times."""
    return {name: digest for name, digest in file_hashes(folder).items() if name != "run.json"}


def test_the_stage_is_in_funnel_report_trace_check_and_plan(
    context: Context, finished: tuple[Path, tuple[Stage, ...]]
) -> None:
    folder, stages = finished
    sources = sorted(context.recipe.sources)
    funnel = read_funnel(context.run, sources, stages)
    before = funnel.stages[funnel.stages.index(ODD_IDS.title) - 1]
    page = Path(context.run.path("report/index.html")).read_text()
    shard = context.all_shards()[0]
    removed = int(np.flatnonzero(context.kept(shard, before=ODD_IDS.name) & ~context.kept(shard))[0])
    dropped = {trace_document(context, DocumentLocation(shard, row)).dropped_by for row in range(removed, 12)}
    plan = make_plan(load_recipe(str(folder / "corpus/recipe.toml")))
    rows = [str(cell) for cell in check_tables(plan, stages)[-1].columns[2].cells]
    measured = measure_run(context.run, "it", stages)
    steps = estimate_run(measured.corpus, [measured], 4, stages=stages).steps

    assert funnel.total(before).documents > funnel.total(ODD_IDS.title).documents > 0
    assert "for their odd ids" in page
    assert ">odd ids<" in page
    assert ODD_IDS.name in dropped
    assert "documents with an odd id are dropped" in rows
    assert any(ODD_IDS.name in step.step.split(", ") for step in steps)
    assert measured.corpus.sources[sources[0]].judged_by.index(ODD_IDS.name) >= 1


def test_a_stage_has_one_way_to_run() -> None:
    with pytest.raises(ValueError, match="stage 'x': want either process or run, got neither"):
        Stage(name="x", title="x", key=INGEST.key, describe=INGEST.describe)
    with pytest.raises(ValueError, match="stage 'x': want either process or run, got both"):
        Stage(name="x", title="x", key=INGEST.key, describe=INGEST.describe, process="a:b", run="a:b")


def test_trace_says_why_in_the_words_of_the_stage(context: Context) -> None:
    shard = context.all_shards()[0]
    dropped = np.flatnonzero(context.kept(shard, before=ODD_IDS.name) & ~context.kept(shard))
    traces = [trace_document(context, DocumentLocation(shard, int(row))) for row in dropped]
    found = next(trace for trace in traces if trace.dropped_by == ODD_IDS.name)
    console = Console(file=io.StringIO(), width=200)
    console.print(*trace_tables(found))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]

    assert any("odd-ids" in line and "dropped" in line and "removed for their odd ids" in line for line in lines)


def test_a_stage_that_was_not_measured_is_planned_as_keeping_everything(
    finished: tuple[Path, tuple[Stage, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, stages = finished
    loaded = load_recipe(str(folder / "corpus/recipe.toml"))
    measured = measure_run(open_context(driver(folder, stages, []).context.run, stages).run, "it", stages)
    known = {
        name: msgspec.structs.replace(volume, funnel=tuple(row for row in volume.funnel if row[0] != ODD_IDS.name))
        for name, volume in measured.corpus.sources.items()
    }
    corpus = msgspec.structs.replace(measured.corpus, sources=known)
    monkeypatch.setattr(scaling, "STAGES", stages)
    source = sorted(known)[0]
    grown = scaling.scale_volumes(loaded.recipe, scaling.input_volumes(make_plan(loaded).splits), [corpus], None)

    assert ODD_IDS.name in grown.sources[source].judged_by
    assert grown.sources[source].after(ODD_IDS.name) == grown.sources[source].before(ODD_IDS.name)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "judge"}, "stages 'judge' and 'judge': want two names, got 'judge' for both"),
        ({"title": JUDGE.title}, "want two titles, got"),
        ({"data_sets": ("documents",)}, "stages 'ingest' and 'odd-ids': want two folders, got 'documents' for both"),
    ],
)
def test_stages_that_share_something_are_refused(tmp_path: Path, changed: dict[str, object], said: str) -> None:
    write(tmp_path / "corpus", shards=1, documents=2)
    clashing = dataclasses.replace(ODD_IDS, **changed)  # type: ignore[arg-type]

    with pytest.raises(ValueError, match=said):
        driver(tmp_path, (*STAGES, clashing), [])


def test_verdicts_that_do_not_fit_the_documents_are_refused(tmp_path: Path) -> None:
    def drop_a_row(context: Context, item: WorkItem) -> ShardCommit:
        rows = len(context.kept(item.shard, before=ODD_IDS.name))
        short = pa.table({"kept": pa.array([True] * (rows - 1))})
        file = context.run.write_table(context.verdicts_of(ODD_IDS.name), item.shard, short)
        return ShardCommit(item.shard.name, (file,), {"kept": 0, "kept_words": 0, "kept_bytes": 0})

    write(tmp_path / "corpus", shards=1, documents=12)
    stages = list(with_odd_ids(AFTER_JUDGE))
    stages[AFTER_JUDGE] = dataclasses.replace(ODD_IDS, process=drop_a_row)

    with pytest.raises(StageError, match="want one verdict per document, 12, got 11 from stage 'odd-ids'"):
        driver(tmp_path, tuple(stages), []).run()


@pytest.mark.parametrize("name", ["", "..", "a/b", "log", "verdicts", "Odd", "odd ids", "x[bold]", "a--b"])
def test_a_stage_whose_name_is_no_folder_of_its_own_is_refused(name: str) -> None:
    stage = dataclasses.replace(ODD_IDS, name=name)

    with pytest.raises(ValueError, match=f"^stage '{re.escape(name)}': want "):
        require_distinct((*STAGES[:AFTER_JUDGE], stage, *STAGES[AFTER_JUDGE:]))


@pytest.mark.parametrize("place", [0, 2, len(STAGES) - 2, len(STAGES)])
def test_a_stage_with_verdicts_at_another_place_is_refused(place: int) -> None:
    with pytest.raises(ValueError, match="stage 'odd-ids': want a place after 'judge' and before 'tokenizer'"):
        require_order((*STAGES[:place], ODD_IDS, *STAGES[place:]))


def test_verdicts_of_another_type_or_without_counts_stop_the_run(tmp_path: Path) -> None:
    recipe = load_recipe(str(write(tmp_path / "corpus", shards=1, documents=6)))

    def whole_numbers(context: Context, item: WorkItem) -> ShardCommit:
        rows = context.run.read_table("documents", item.shard, ["id"]).num_rows
        file = context.run.write_table(
            context.verdicts_of("odd-ids"), item.shard, pa.table({"kept": pa.array([1] * rows, pa.int64())})
        )
        return ShardCommit(item.shard.name, (file,), {"kept": rows, "kept_words": 0, "kept_bytes": 0})

    def no_counts(context: Context, item: WorkItem) -> ShardCommit:
        rows = context.run.read_table("documents", item.shard, ["id"]).num_rows
        file = context.run.write_table(
            context.verdicts_of("odd-ids"), item.shard, pa.table({"kept": pa.array([True] * rows)})
        )
        return ShardCommit(item.shard.name, (file,), {})

    for number, (process, message) in enumerate(
        ((whole_numbers, "booleans without nulls, got int64"), (no_counts, "want the counts of Context.count_kept"))
    ):
        stages = (*STAGES[:AFTER_JUDGE], dataclasses.replace(ODD_IDS, process=process), *STAGES[AFTER_JUDGE:])
        driver = prepare(recipe, str(tmp_path / f"run{number}"), Engine(), until="exact-dedup", stages=stages)
        with pytest.raises(StageError, match=message):
            driver.run()
