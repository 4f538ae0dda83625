"""`massivetext classifier train`: the same bytes for the same labels, figures, a card, and what it refuses."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from builders import write_texts
from command import massivetext

from massivetext.demo.chance import Chance
from massivetext.runs.store import Run, Shard
from massivetext.signals import unsafe

SAFE = ("fox", "dog", "river", "house", "valley", "bread", "letter", "window")
VILE = ("vile", "wretch", "scum", "filth", "rotten", "loathe")


def write_labelled(path: Path) -> None:
    """600 texts of six words; a label 1 has two of the vile ones."""
    chance = Chance("labelled")
    with path.open("w", encoding="utf-8") as handle:
        for number in range(600):
            label = number % 2
            words = [chance.pick(SAFE) for _ in range(6)]
            if label:
                words[:2] = [chance.pick(VILE), chance.pick(VILE)]
            row = {
                "text": " ".join([*words, str(number // 2)]),
                "label": label,
                "dialect": ("north", "south")[number // 300],
            }
            handle.write(json.dumps(row) + "\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models from the same labels."""
    found = tmp_path_factory.mktemp("classifier")
    write_labelled(found / "rows.jsonl")
    (found / "notes.md").write_text("Of foxes and wretches.", encoding="utf-8")
    for name in ("one", "two"):
        options = ("--epochs", "20", "--learning-rate", "0.2", "--features", "500", "--notes", "notes.md", "--json")
        done = massivetext("classifier", "train", "rows.jsonl", "--output", f"{name}.ftz", *options, folder=found)
        (found / f"{name}.out").write_text(done.stdout, encoding="utf-8")
    return found


def report(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "one.json").read_bytes())
    return found


def test_the_same_labels_give_the_same_bytes(folder: Path) -> None:
    for suffix in ("ftz", "json", "out"):
        assert (folder / f"one.{suffix}").read_bytes() == (folder / f"two.{suffix}").read_bytes()


def test_labels_that_follow_from_words_are_learned(folder: Path) -> None:
    found = report(folder)

    assert found["even"]["recall"]["value"] > 0.95
    assert found["even"]["false_alarms"]["value"] < 0.05
    assert {(one["field"], one["value"]) for one in found["slices"]} == {("dialect", "north"), ("dialect", "south")}


def test_what_is_printed_as_json_is_what_is_kept(folder: Path) -> None:
    assert json.loads((folder / "one.out").read_text(encoding="utf-8")) == report(folder)


def test_the_card_has_the_notes_and_the_figures(folder: Path) -> None:
    card, found = (folder / "one.md").read_text(encoding="utf-8"), report(folder)

    assert card.startswith("# Model card: `one.ftz`\n\nOf foxes and wretches.\n")
    assert f"| 0.5 | 0.5000 | {found['even']['precision']['value']:.1%} (" in card
    assert f"| held-out | {found['texts']['held-out'][0]} | {found['texts']['held-out'][1]} |" in card


def test_the_signal_takes_such_a_model(folder: Path) -> None:
    texts = ["a vile wretch", "fox dog river house valley bread", ""]
    vile, safe, empty = unsafe.score_unsafe(texts, unsafe.load(str(folder / "one.ftz")))["unsafe_score"]

    assert empty == 0.0 < safe < 0.5 < vile <= 1.0


RECIPE = """
name = "own"
seed = 1

[measure]
unsafe_model = "models/one.ftz"

[sources.web]
kind = "c4"
inputs = ["texts.jsonl"]
weight = 1.0
rules = ["mine.toml"]
"""
RULE = '[[rule]]\nname = "unsafe"\nsignal = "unsafe_score"\nmax = 0.5\nsource = "ours"\n'


def test_a_recipe_names_such_a_model(folder: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    for name in ("one.ftz", "one.json"):
        shutil.copy(folder / name, models)
    texts = ("a vile wretch", "fox dog river house valley bread")
    write_texts(tmp_path / "texts.jsonl", texts)
    (tmp_path / "recipe.toml").write_text(RECIPE)
    (tmp_path / "mine.toml").write_text(RULE)
    command = ("run", "recipe.toml", "--output", "run", "--until", "judge")
    massivetext(*command, folder=tmp_path)
    run = Run(str(tmp_path / "run"))
    shard = Shard("web", 0, 1)
    first = run.read_table("signals", shard)["unsafe_score"].to_pylist()

    assert sorted(score > 0.5 for score in first) == [False, True]
    assert run.need("judge").totals()["removed"] == 1

    # The key depends on the content of the file, not on its path.
    models.rename(tmp_path / "elsewhere")
    (tmp_path / "recipe.toml").write_text(RECIPE.replace("models/", "elsewhere/"))
    assert "everything is done already" in massivetext(*command, folder=tmp_path).stdout
    calibrated = json.loads((tmp_path / "elsewhere/one.json").read_text())
    calibrated["calibration"]["intercept"] = -50.0
    (tmp_path / "elsewhere/one.json").write_text(json.dumps(calibrated))
    massivetext(*command, folder=tmp_path)

    assert all(score < 0.5 for score in run.read_table("signals", shard)["unsafe_score"].to_pylist())
    (tmp_path / "elsewhere/one.json").unlink()
    refused = massivetext("check", "recipe.toml", folder=tmp_path, check=False)
    assert refused.returncode == 2
    assert "measure.unsafe_model: elsewhere/one.ftz: want a model" in " ".join(refused.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rows.jsonl", "--output", "model.bin"), "want a name that ends in .ftz"),
        (("rows.jsonl", "--output", "nowhere/model.ftz"), "want a folder that exists"),
        (("nowhere.jsonl", "--output", "model.ftz"), "nowhere.jsonl: want a JSONL file"),
        (("one_class.jsonl", "--output", "model.ftz"), "one_class.jsonl: want texts of both labels for train"),
        (("rows.jsonl", "--output", "model.ftz", "--notes", "nowhere.md"), "--notes nowhere.md: want a text file"),
    ],
    ids=["suffix", "folder", "missing", "one-class", "notes"],
)
def test_wrong_input_is_an_error(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    (folder / "one_class.jsonl").write_text('{"text": "a fox", "label": 0}\n', encoding="utf-8")
    done = massivetext("classifier", "train", *arguments, folder=folder, check=False)

    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert not list(folder.glob("model*"))
