"""Samples hold the documents that were asked for, the same ones for the same seed, with what a rule saw in them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from corpus_commands import ask

import massivetext
from massivetext.corpus import samples
from massivetext.corpus.fates import stored_failures
from massivetext.runs.context import Context
from massivetext.runs.store import Shard

STAGES = ["judge", "exact-dedup", "near-dedup", "decontaminate"]


# Words of the documents of web: 60 10 10 70 80; 50 100 101 60 65 66; the limits are 50 and 100.
def test_near_a_limit_are_the_nearest_documents_of_both_sides(finished: Path) -> None:
    found = massivetext.open(finished).sample(5, rule="gopher/word_count", near=True)

    assert [(each.side, each.value) for each in found[:3]] == [("fails", 101), ("fails", 10), ("fails", 10)]
    assert sorted((each.side, each.value) for each in found[3:]) == [("passes", 50), ("passes", 100)]
    assert {each.source for each in found} == {"web"}
    assert all(("gopher/word_count" in each.failed_rules) == (each.side == "fails") for each in found)


@pytest.mark.parametrize(
    "choice", [{"kept": True}, {"stage": "judge"}, {"language": "en"}, {"rule": "gopher/word_count"}]
)
def test_shards_that_are_not_read_have_nothing_of_the_sample(
    real: Path, monkeypatch: pytest.MonkeyPatch, choice: dict[str, Any]
) -> None:
    run, read = massivetext.open(real / "run"), list[str]()

    def noted(context: Context, shard: Shard) -> Any:
        read.append(shard.name)
        return stored_failures(context, shard)

    monkeypatch.setattr(samples, "stored_failures", noted)
    found = [run.sample(2, seed=seed, **choice) for seed in range(8)]
    some = len(read)
    monkeypatch.setattr(samples, "_while_smaller", lambda _context, _seed, shards, *_others: iter(shards))

    assert found == [run.sample(2, seed=seed, **choice) for seed in range(8)]
    assert some < len(read) - some or "kept" not in choice  # of what is rare, every shard may have some of the sample


def test_where_one_side_has_too_few_the_other_has_more(finished: Path) -> None:
    sides = [each.side for each in massivetext.open(finished).sample(10, rule="gopher/word_count", near=True)]

    assert (sides.count("fails"), sides.count("passes")) == (3, 7)


def test_without_near_all_documents_fail_the_rule(finished: Path) -> None:
    run = massivetext.open(finished)
    found = run.sample(rule="gopher/duplicate_line_frac")

    assert [(each.side, each.signal, each.value, each.marks) for each in found] == [
        ("fails", "duplicate_line_frac", 0.5, ())
    ] * 2
    assert run.sample(rule="trial/stop")[0].signal == "stop_word_count"


@pytest.mark.parametrize("stage", STAGES)
def test_the_sample_of_a_stage_is_what_it_removed(finished: Path, stage: str) -> None:
    run = massivetext.open(finished)
    table = pa.Table.from_batches(run.verdicts())
    removed = [row["id"] for row in table.to_pylist() if row["removed_by"] == stage]
    found = run.sample(stage=stage)

    assert sorted(each.id for each in found) == sorted(removed)
    assert {each.removed_by for each in found} == {stage}


def test_kept_host_language_and_source_are_conditions(finished: Path) -> None:
    run = massivetext.open(finished)
    kept = {row["id"] for row in pa.Table.from_batches(run.verdicts()).to_pylist() if row["kept"]}

    assert {each.id for each in run.sample(kept=True)} == kept
    assert {each.language for each in run.sample(language="de")} == {"de"}
    assert [each.url for each in run.sample(host="Example.com", kept=True)] == ["https://example.com/kept/"]
    assert {each.source for each in run.sample(sources=["wikipedia"])} == {"wikipedia"}
    assert run.sample(language="fr") == []


def test_the_seed_decides_the_sample_and_its_size_does_not(real: Path) -> None:
    run = massivetext.open(real / "run")
    drawn = [[each.id for each in run.sample(20, seed=seed)] for seed in (0, 0, 1)]

    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 20
    assert [each.id for each in run.sample(5)] == drawn[0][:5]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"near": True}, "sample: near: want a rule"),
        ({"rule": "gopher/word_cont"}, "sample: rule: want a rule .* got 'gopher/word_cont' .did you mean 'gopher/w"),
        ({"rule": "lang/language", "near": True}, "sample: near: want a rule with a limit, got 'lang/language'"),
        ({"kept": True, "stage": "judge"}, "sample: want kept documents, or those removed by stage 'judge', got both"),
        ({"count": "3"}, "sample: count: want 1 to 1,000, got '3'"),
        ({"kept": "no"}, "sample: kept: want True or False, got 'no'"),
        ({"host": 3}, "sample: host: want a string, got 3"),
        ({"sources": "web"}, "sources: want a list of names, got 'web'"),
        ({"stage": "records"}, "sample: stage: want a stage that removes documents, one of judge"),
        ({"count": 0}, "sample: count: want 1 to 1,000, got 0"),
        ({"seed": -1}, "sample: seed: want 0 to"),
        ({"sources": ["wob"]}, "source: want one of web, wikipedia, got 'wob'"),
    ],
)
def test_a_wrong_question_is_refused(finished: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(massivetext.UserError, match=message):
        massivetext.open(finished).sample(**options)  # type: ignore[arg-type]


def test_a_run_that_is_not_finished_has_samples_of_what_is_complete(judged: Path) -> None:
    run = massivetext.open(judged)

    assert {each.removed_by for each in run.sample(stage="judge")} == {"judge"}
    with pytest.raises(massivetext.StageError, match="stage 'exact-dedup' is not complete"):
        run.sample(kept=True)
    with pytest.raises(massivetext.StageError, match="stage 'exact-dedup' is not complete"):
        run.sample(stage="near-dedup")


def test_the_command_marks_what_the_rule_saw(real: Path) -> None:
    arguments = ["--rule", "gopher/duplicate_line_frac", "--near", "--source", "c4", "-n", "4"]
    answer = json.loads(ask("sample", real / "run", *arguments, "--json", folder=real).out)
    shown = ask("sample", real / "run", *arguments, "--characters", "0", folder=real).out
    nothing = ask("sample", real / "run", "--language", "xx", folder=real)
    short = ask("sample", real / "run", *arguments, "--characters", "50", folder=real).out

    assert {each["side"] for each in answer} == {"fails", "passes"}
    for each in answer:
        assert each["id"] in shown
        for begin, end in each["marks"]:
            assert f"【{each['text'][begin:end]}】" in shown
    assert any(each["marks"] for each in answer)
    assert nothing.out == "No document is like that.\n"
    assert len(short) < len(shown) / 4


def test_damage_is_named(finished: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(finished, tmp_path / "run")
    path = next((folder / "documents" / "web").glob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-9])

    with pytest.raises(massivetext.StageError, match=f"{path}: cannot be read"):
        massivetext.open(folder).sample()
