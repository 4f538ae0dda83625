"""A run that is opened from Python gives back what its files hold, and says what is missing."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from handmade_documents import ROWS, WEB

import massivetext

ALL = sum(map(len, ROWS.values()))
LOAD = """
import sys, massivetext
massivetext.open(sys.argv[1])
print(*(name for name in ("apache_beam", "numba") if name in sys.modules))
"""


def _ids(folder: Path, data_set: str = "documents") -> list[str]:
    paths = sorted((folder / data_set / "web").glob("*.parquet"))
    return [each for path in paths for each in pq.read_table(path, columns=["id"])["id"].to_pylist()]


def test_a_run_says_what_it_holds(finished: Path) -> None:
    run = massivetext.open(finished)

    assert (run.name, run.sources, run.folder) == ("tiny", ("web", "wikipedia"), str(finished))
    assert run.stages == ("ingest", "measure", "judge", "exact-dedup", "near-dedup", "decontaminate")
    assert [rule.label for rule in run.rules["wikipedia"]] == ["lang/language"]
    assert repr(run) == f"<run 'tiny' in {finished}: web, wikipedia>"


# Shard 0 of web: rows 0 and 4 pass the rules. Of shard 1 rows 0 and 1 are left: 2 fails a rule, 3 and 4 are copies,
# 5 overlaps a test item. The hit of row 4 is below the limit.
def test_the_documents_that_are_kept_come_in_order(finished: Path) -> None:
    batches = list(massivetext.open(finished).documents("web", columns=["id", "word_count", "source"]))
    table = pa.Table.from_batches(batches)
    ids = _ids(finished)

    assert table.to_pylist() == [
        {"id": ids[row], "word_count": words, "source": "web"} for row, words in ((0, 60), (4, 80), (5, 50), (6, 100))
    ]


def test_the_removed_documents_come_with_stage_and_rules(finished: Path) -> None:
    batches = massivetext.open(finished).documents("web", kept=False, columns=["removed_by", "failed_rules"])
    rows = pa.Table.from_batches(batches).to_pylist()

    assert [row["removed_by"] for row in rows] == ["judge"] * 4 + ["exact-dedup", "near-dedup", "decontaminate"]
    assert [row["failed_rules"] for row in rows[:3]] == [
        ["gopher/word_count"],
        ["lang/language", "gopher/word_count", "gopher/duplicate_line_frac", "trial/stop"],
        ["gopher/duplicate_line_frac", "trial/stop"],
    ]


def test_every_document_has_verdicts_and_signals(finished: Path) -> None:
    run = massivetext.open(finished)
    verdicts, signals = (pa.Table.from_batches(each) for each in (run.verdicts(), run.signals()))
    stored = pa.concat_tables([pq.read_table(finished / "signals" / f"{shard.name}.parquet") for shard in ROWS])

    assert verdicts.column_names == ["id", "source", "kept", "removed_by", "failed_rules"]
    assert verdicts.num_rows == ALL
    assert signals.drop_columns(["id", "source"]).equals(stored.cast(signals.drop_columns(["id", "source"]).schema))


def test_without_columns_every_column_of_the_documents_is_there(finished: Path) -> None:
    table = pa.Table.from_batches(massivetext.open(finished).documents(kept=None))
    stored = pa.concat_tables([pq.read_table(finished / "documents" / f"{shard.name}.parquet") for shard in ROWS])

    assert table.equals(stored.cast(table.schema))


def test_trace_finds_one_document(finished: Path) -> None:
    run = massivetext.open(finished)
    document = _ids(finished)[1]

    assert run.trace(document).dropped_by == "judge"
    with pytest.raises(massivetext.UserError, match="want the id or URL of one document, got 'none': no such document"):
        run.trace("none")


def test_a_run_that_is_not_finished_says_which_stage_is_missing(judged: Path) -> None:
    run = massivetext.open(judged)
    wanted = (
        f"{judged}: stage 'exact-dedup' is not complete, .* run `massivetext run` again to go on, or ask for what is "
        "left after stage 'judge'"
    )
    with pytest.raises(massivetext.StageError, match=wanted):
        run.documents()

    assert sum(batch.num_rows for batch in run.documents("web", after="judge")) == 7
    assert sum(batch.num_rows for batch in run.documents(kept=None)) == ALL


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "wob"}, "source: want one of web, wikipedia, got 'wob' .did you mean 'web'"),
        ({"columns": ["txt"]}, "columns: want columns of documents .* got 'txt' .did you mean 'text'"),
        ({"columns": []}, "columns: want a list of different names"),
        ({"columns": ["id", "id"]}, "columns: want a list of different names"),
        ({"columns": "text"}, "columns: want a list of different names, got 'text'"),
        ({"columns": [1]}, "columns: want a list of different names, got .1."),
        ({"columns": ["datatrove_word_count"]}, "columns: "),
        ({"kept": "no"}, "documents: kept: want True, False or None, got 'no'"),
        ({"source": ["web"]}, "source: want one of web, wikipedia, got a list of 1"),
        ({"after": 3}, "after: want a stage that removes documents, one of judge, .* got 3"),
        ({"after": "measure"}, "after: want a stage that removes documents, one of judge, .* got 'measure'"),
    ],
)
def test_a_wrong_question_is_refused_before_anything_is_read(
    finished: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(massivetext.UserError, match=message):
        massivetext.open(finished).documents(**options)  # type: ignore[arg-type]


def test_a_value_of_another_type_is_told_in_words(finished: Path) -> None:
    run = massivetext.open(finished)
    for ask, message in (
        (lambda: run.trace(None), "trace: want the id or URL of a document, got None"),  # type: ignore[arg-type]
        (lambda: run.trace(" "), "trace: want the id or URL of a document, got ' '"),
        (lambda: run.whatif(None), "whatif: changes: want values by name, .* got None"),  # type: ignore[arg-type]
        (lambda: run.whatif(rule_sets="gopher"), "rule_sets: want a list of names, got 'gopher'"),
        (lambda: run.whatif(sources="web"), "sources: want a list of names, got 'web'"),
        (lambda: run.diff(finished, sources="web"), "sources: want a list of names, got 'web'"),
    ):
        with pytest.raises(massivetext.UserError, match=message):
            ask()


def test_no_run_another_version_and_half_a_run_are_refused(judged: Path, tmp_path: Path) -> None:
    with pytest.raises(massivetext.UserError, match="no run here; give the folder"):
        massivetext.open(tmp_path)
    with pytest.raises(massivetext.UserError, match="open: want the path of a run folder"):
        massivetext.open("")
    folder = shutil.copytree(judged, tmp_path / "run")
    (folder / "judge/manifest.json").unlink()
    with pytest.raises(massivetext.StageError, match=f"{folder}: stage 'judge' is not complete; run .* to go on"):
        massivetext.open(folder)
    state = json.loads((folder / "run.json").read_bytes())
    state["run"]["format"] = 2
    (folder / "run.json").write_text(json.dumps(state))
    with pytest.raises(massivetext.UserError, match="want format 1, got 2: another version of massivetext"):
        massivetext.open(folder)


def test_damage_is_named(judged: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(judged, tmp_path / "run")
    path = folder / "documents" / f"{WEB[1].name}.parquet"
    path.write_bytes(path.read_bytes()[:-9])

    with pytest.raises(massivetext.StageError, match=f"{path}: cannot be read"):
        list(massivetext.open(folder).documents(kept=None))


def test_opening_loads_neither_beam_nor_a_compiler(judged: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LOAD, judged], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""
