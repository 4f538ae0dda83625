"""The commands that show test sets and what a run has found of them."""

import json
from pathlib import Path

import pytest

from massivetext.cli.main import run_command_line

ROWS = (
    '{"benchmark": "toy", "id": "a", "question": "Which planet is known as the red planet?", "answer": "Mars"}\n'
    '{"benchmark": "toy", "id": "b", "question": "Why is that?"}\n'
)
RECIPE = """
name = "leaks"
seed = 1
[sources.news]
kind = "news"
inputs = ["in.jsonl"]
weight = 1
rules = []
[decontaminate]
test_sets = ["toy.jsonl"]
"""


def test_what_is_looked_for_and_what_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "toy.jsonl").write_text(ROWS)

    assert run_command_line(["testsets", "check", str(tmp_path / "*.jsonl")]) == 0
    said = capsys.readouterr().out
    assert "not looked for within documents: toy b, 3 words: Why is that?" in said
    rows = [line.replace("│", " ").split() for line in said.splitlines()]
    assert ["toy", "2", "1", "0"] in rows  # items, too short, common
    assert ["question", "1", "8", "8", "0", "1", "0"] in rows  # parts, median and longest; one phrase


def test_fields_of_another_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "toy.csv").write_text("stimulus,solution\nHow many legs does a spider have?,Eight\n")

    assert run_command_line(["testsets", "check", str(tmp_path / "toy.csv"), "--field", "question=stimulus"]) == 0
    assert run_command_line(["testsets", "check", str(tmp_path / "toy.csv"), "--field", "prompt"]) == 2
    assert "want PART=FIELD, such as question=prompt, got 'prompt'" in capsys.readouterr().err
    assert run_command_line(["testsets", "check", str(tmp_path / "toy.csv")]) == 2
    assert "want a string in 'text', got None; fields here: solution, stimulus" in capsys.readouterr().err


@pytest.mark.slow
def test_every_hit_of_a_run_with_both_texts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = "Which planet is known as the RED planet?! It is Mars."
    (tmp_path / "toy.jsonl").write_text(ROWS)
    (tmp_path / "in.jsonl").write_text(
        json.dumps({"text": f"Some é. {page}"}) + "\n" + json.dumps({"text": "x"}) + "\n"
    )
    (tmp_path / "recipe.toml").write_text(RECIPE)
    run = str(tmp_path / "run")
    run_command_line(["run", str(tmp_path / "recipe.toml"), "--output", run, "--until", "decontaminate"])
    capsys.readouterr()

    assert run_command_line(["testsets", "hits", run]) == 0
    (hit,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (hit["source"], hit["origin"], hit["test_set"], hit["item"]) == ("news", "in.jsonl", "toy", "a")
    assert (hit["part"], hit["method"], hit["removes"]) == ("question+answer", "phrase", True)
    assert (hit["start"], hit["end"], hit["text"]) == (8, 47, "Which planet is known as the RED planet")
    assert hit["item_text"] == "Which planet is known as the red planet"
