"""The score of the unsafe-text model, and the model that comes with massivetext."""

import json
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from command import ROOT
from hypothesis import given
from hypothesis import strategies as st

from massivetext import rules
from massivetext.classifier.card import card
from massivetext.classifier.training import ClassifierReport, evaluate
from massivetext.errors import UserError
from massivetext.signals import registry, unsafe

MODELS = ROOT / "massivetext/signals/models"


@pytest.fixture(scope="module")
def report() -> ClassifierReport:
    """What is recorded of the model that comes with massivetext."""
    return msgspec.json.decode((MODELS / "unsafe.json").read_bytes(), type=ClassifierReport)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" ... \n ", ""),
        ("The Fox,\nthe DOG!", "the fox the dog"),
        ("RT @someone: see https://example.org/a?b now", "see now"),
        ("Tom &amp; Jerry &#8220;met&#8221;", "tom jerry met"),
        ("call 718-555-0199 or 10.20.30.40, 1984", "call or 1984"),
        ("don't f**k a$$ __label__1", "don't f**k a label__1"),
    ],
)
def test_what_the_model_sees(text: str, expected: str) -> None:
    assert unsafe.prepare(text) == expected


@given(st.text())
def test_a_prepared_text_is_one_line_without_labels(text: str) -> None:
    prepared = unsafe.prepare(text)

    assert prepared.split() == (prepared.split(" ") if prepared else [])
    assert not any(word.startswith(unsafe.LABEL) for word in prepared.split())


@given(st.text())
def test_a_score_is_a_share(text: str) -> None:
    (score,) = unsafe.score_unsafe([text], unsafe.built_in())["unsafe_score"]

    assert 0.0 <= score <= 1.0
    if not unsafe.prepare(text):
        assert score == 0.0


def test_a_score_does_not_depend_on_the_other_texts() -> None:
    texts = ["you are a vile piece of filth", "", "the river and the hills", "x" * 5000]
    classifier = unsafe.built_in()
    alone = [unsafe.score_unsafe([one], classifier)["unsafe_score"][0] for one in texts]

    assert list(unsafe.score_unsafe(texts, classifier)["unsafe_score"]) == alone


def test_the_odds_become_calibrated_probabilities() -> None:
    # 0.5 x - 1 is 0 for odds of e squared, which is then as likely as not.
    assert unsafe.probability(np.array([2.0, 0.0]), 0.5, -1.0) == pytest.approx([0.5, 0.2689], abs=1e-4)


def test_what_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "mine.ftz")
    with pytest.raises(UserError, match=r"mine\.json: want calibration\.slope .*FileNotFoundError"):
        unsafe.load(path)
    (tmp_path / "mine.json").write_text('{"calibration": {"slope": 1, "intercept": 0}}')
    with pytest.raises(UserError, match=r"want a file .*mine\.ftz, found none"):
        unsafe.load(path)
    (tmp_path / "mine.ftz").write_bytes(b"no model")
    with pytest.raises(UserError, match=r"mine\.ftz: cannot be read"):
        unsafe.load(path)


def test_the_card_is_that_of_the_recorded_figures(report: ClassifierReport) -> None:
    notes = (MODELS / "unsafe_notes.md").read_text(encoding="utf-8")

    assert (MODELS / "unsafe.md").read_text(encoding="utf-8") == card(report, "unsafe.ftz", notes)


def test_the_model_knows_no_addresses_and_no_telephone_numbers() -> None:
    words = unsafe.built_in().model.get_words()

    assert len(words) > 1000
    assert [word for word in words if "@" in word or unsafe._LONG_NUMBER.search(word)] == []


def test_the_model_stays_small() -> None:
    assert (MODELS / "unsafe.ftz").stat().st_size < 3_000_000


def test_the_rule_has_the_recorded_threshold_and_drops_nothing(report: ClassifierReport) -> None:
    (rule,) = (
        one for one in rules.load_rule_set("safesearch", known=registry.types()).rules if one.signal == "unsafe_score"
    )

    assert rule.max == report.chosen.threshold
    assert rule.report_only


@pytest.mark.slow
def test_the_recorded_figures_are_those_of_the_model(
    report: ClassifierReport, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import unsafe_labels

    from massivetext.classifier.data import assign_splits, read_labelled_texts

    monkeypatch.setattr(sys, "argv", ["", str(shared_data / "safety/labelled.jsonl.gz"), str(tmp_path / "rows.jsonl")])
    unsafe_labels.main()
    examples = assign_splits(read_labelled_texts(tmp_path / "rows.jsonl"), report.settings.seed)
    found = evaluate(unsafe.built_in().model, examples, report.settings)

    assert found.texts == report.texts
    assert found.chosen.recall.value == pytest.approx(report.chosen.recall.value, abs=1e-3)
    assert found.chosen.false_alarms.value == pytest.approx(report.chosen.false_alarms.value, abs=1e-3)
    assert json.loads(msgspec.json.encode(found.slices))[0] == json.loads(msgspec.json.encode(report.slices))[0]
