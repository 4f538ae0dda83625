"""Canaries in a whole run: the rest of it stays as it was, their scores are right, and none is in the records."""

import json
import shutil
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from builders import file_hashes, quickstart_recipe
from command import massivetext

from massivetext.cli.main import run_command_line
from massivetext.corpus.canary_absence import search_records
from massivetext.errors import UserError
from massivetext.jobs.canary_guard import apply_canary_guard
from massivetext.recipe import load_recipe
from massivetext.records.reader import open_records
from massivetext.report.run_report import RunReport
from massivetext.runs.context import Context
from massivetext.runs.store import Run
from massivetext.stages.finished import open_context
from massivetext.tokenizer.model_files import model_file, read_encoder

TABLE = """
[canaries]
per_source = 4
missed = "stop"

[tokenizer]
"""
_LISTING = ("manifest.json", "run.json", "report.json", "index.html")  # list the files of canaries, or show them


@pytest.fixture(scope="module")
def finished(quickstart: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of the quickstart, gone on with after canaries were added to its recipe."""
    folder = tmp_path_factory.mktemp("canaries")
    shutil.copytree(quickstart / "run", folder / "run")
    quickstart_recipe(quickstart, folder, ("[tokenizer]\n", TABLE))
    massivetext("run", "recipe.toml", "--output", "run", folder=folder)
    return folder / "run"


def report_of(run: Path) -> RunReport:
    return msgspec.json.decode((run / "report" / "report.json").read_bytes(), type=RunReport)


@pytest.mark.slow
def test_nothing_else_in_the_run_changes(quickstart: Path, finished: Path) -> None:
    before, after = file_hashes(quickstart / "run"), file_hashes(finished)
    own = {name: value for name, value in after.items() if "canar" not in name}

    assert {name for name in own if own[name] != before.get(name)} <= {name for name in own if name.endswith(_LISTING)}
    assert own.keys() == before.keys()
    was, is_now = report_of(quickstart / "run"), report_of(finished)
    assert msgspec.structs.replace(is_now, canaries=None, stages=was.stages, recipe_sha256=was.recipe_sha256) == was


@pytest.mark.slow
def test_every_stage_treats_its_canaries_as_it_must(finished: Path) -> None:
    found = report_of(finished).canaries
    assert found is not None

    assert [each.stage for each in found.stages] == ["judge", "exact-dedup", "near-dedup", "decontaminate"]
    for stage in found.stages:
        assert stage.recall.hits == stage.recall.of > 0
        assert stage.precision.hits == stage.precision.of > 0
    kinds = {(each.stage, each.kind, each.variant) for each in found.kinds if each.must_go}
    assert {("near-dedup", "near", "0.85"), ("near-dedup", "chain", "step 3"), ("judge", "unsafe", "")} <= kinds
    assert {("decontaminate", "item", "question alone"), ("exact-dedup", "exact", "")} <= kinds
    assert "Recall and precision by stage" in (finished / "report" / "index.html").read_text()


@pytest.mark.slow
def test_no_canary_is_in_the_records(finished: Path) -> None:
    verified = massivetext("verify", "run", folder=finished.parent)

    assert "no canary is in the records" in verified.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "said"),
    [("exact", "removed by exact-dedup"), ("item", "removed by decontaminate"), ("control", "no stage has removed it")],
)
def test_the_id_of_a_canary_says_what_it_is(
    finished: Path, kind: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    of_canaries = open_context(Run(str(finished))).for_canaries()
    shard = next(
        each for each in open_context(Run(str(finished))).canary_shards("decontaminate") if each.source == "web"
    )
    row = of_canaries.run.read_table("truth", shard)["kind"].to_pylist().index(kind)
    name = of_canaries.run.read_table("documents", shard)["id"][row].as_py()

    assert run_command_line(["trace", str(finished), name]) == 0
    fate, identity, _ = capsys.readouterr().out.split("\n", 2)
    assert fate.startswith(f"A canary, no document of the run, and in no record: {said}")
    assert f"{name}, {kind}" in identity
    assert run_command_line(["trace", str(finished), name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["canary"]["kind"] == kind


def with_text(context: Context, source: str, kind: str, text: str) -> None:
    """Give the first canary of a kind another text."""
    run = context.for_canaries().run
    (shard,) = [shard for shard in context.canary_shards() if shard.source == source]
    kinds = run.read_table("truth", shard)["kind"].to_pylist()
    table = run.read_table("documents", shard)
    texts = table["text"].to_pylist()
    texts[kinds.index(kind)] = text
    column = table.schema.get_field_index("text")
    run.write_table(
        "documents", shard, table.set_column(column, table.schema.field(column), pa.array(texts, pa.large_string()))
    )


@pytest.mark.slow
def test_a_canary_in_the_records_is_found(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "run")
    context = open_context(Run(str(tmp_path / "run")))
    encoder = read_encoder(context.run.path(model_file(context.recipe)))
    record = open_records(str(tmp_path / "run" / "records"))[3]
    with_text(context, "web", "control", encoder.decode(record.tokens))

    found = search_records(context)
    assert found is not None
    assert any("sequence 3 holds the canary" in problem for problem in found.problems)


@pytest.mark.slow
def test_a_stage_that_misses_canaries_stops_the_run(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "run")
    context = open_context(Run(str(tmp_path / "run")))
    loaded = load_recipe(str(finished.parent / "recipe.toml"))
    apply_canary_guard(context, loaded, pytest.fail, first=True)

    run, name = context.for_canaries().run, "verdicts/near"
    for shard in context.canary_shards("near-dedup"):
        table = run.read_table(name, shard)
        run.write_table(name, shard, table.set_column(0, table.schema.field("kept"), pa.array([True] * table.num_rows)))
    with pytest.raises(UserError, match="the recall of stage near-dedup is 0%"):
        apply_canary_guard(context, loaded, pytest.fail, first=True)
