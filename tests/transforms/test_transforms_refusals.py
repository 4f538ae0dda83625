# mypy: allow-untyped-calls
"""What the public transforms refuse, in arguments when they are made and in rows when the pipeline is built."""

from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from beam_rows import documents, outputs
from command import ROOT

from massivetext import transforms
from massivetext.errors import UserError
from massivetext.recipe import DecontaminateOptions, NearOptions


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: transforms.ReadDocuments("wet", ["*"]), "ReadDocuments: kind: .*'wet'"),  # type: ignore[arg-type]
        (lambda: transforms.ReadDocuments("web", []), "ReadDocuments: inputs: "),
        (
            lambda: transforms.ReadDocuments("web", ["nothing/*"]),
            "ReadDocuments: inputs: 'nothing/\\*' matches no file",
        ),
        (lambda: transforms.ReadDocuments("web", ["*"], shard_bytes=0), "ReadDocuments: shard_bytes: .* got 0"),
        (lambda: transforms.ReadDocuments("web", ["*"], max_html_bytes=0), "ReadDocuments: max_html_bytes: .* got 0"),
        (lambda: transforms.JudgeRules(["gofer"]), "rule set 'gofer'.*did you mean 'gopher'"),
        (lambda: transforms.JudgeRules("gopher"), "want a list of names, got 'gopher'"),
        (lambda: transforms.MeasureSignals(readings="dolma"), "readings: want a list of datatrove, .*, got 'dolma'"),
        (lambda: transforms.MeasureSignals(readings=["dolmen"]), r"readings: want a list of .*, got \['dolmen'\]"),
        (lambda: transforms.MarkExactDuplicates(seed=-1), "MarkExactDuplicates: seed: .* got -1"),
        (lambda: transforms.MarkNearDuplicates(threshold=1.5), "MarkNearDuplicates: threshold: .* got 1.5"),
        (lambda: transforms.MarkNearDuplicates(seed=2**62), "MarkNearDuplicates: seed: .* got 4611686018427387904"),
        (lambda: transforms.FindNearDuplicates(bands=0), "FindNearDuplicates: bands: .* got 0"),
        (lambda: transforms.MarkContamination([]), "MarkContamination: test_sets: want at least one"),
        (lambda: transforms.MarkContamination(["no.jsonl"]), "no.jsonl: no such file"),
        (lambda: transforms.MarkContamination(["no.jsonl"], jaccard=-0.1), "MarkContamination: jaccard: .* got -0.1"),
        (lambda: transforms.EncodeTokens("no.model"), "no.model: no such file"),
    ],
)
def test_wrong_arguments_are_refused_when_a_transform_is_made(
    make: Any, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=complaint):
        make()


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.model").write_bytes(b"no model")
    with pytest.raises(UserError, match=r"EncodeTokens: model: .*x\.model: "):
        transforms.EncodeTokens(str(tmp_path / "x.model"))


@pytest.mark.parametrize(
    ("row", "transform", "complaint"),
    [
        ({"id": "a"}, transforms.MeasureSignals(), "MeasureSignals: want rows with a field 'text' of type str, got id"),
        (
            {"id": "a", "text": "b"},
            transforms.JudgeRules(),
            "JudgeRules: want rows with a field 'word_count' of type int",
        ),
        ({"text": "b"}, transforms.MarkExactDuplicates(), "MarkExactDuplicates: want rows with a field 'id'"),
        (
            {"id": 7, "text": "b"},
            transforms.MarkNearDuplicates(),
            "MarkNearDuplicates: want rows with a field 'id' of type",
        ),
        ({"text": "b", "word_count": 1}, transforms.MeasureSignals(), "without a field 'word_count', which it adds"),
    ],
)
def test_rows_without_what_a_transform_reads_are_refused_when_the_pipeline_is_built(
    row: dict[str, Any], transform: Any, complaint: str
) -> None:
    rows = beam.Pipeline(runner="FnApiRunner") | beam.Create([beam.Row(**row)])
    with pytest.raises(UserError, match=complaint):
        rows | transform


def test_elements_that_are_no_rows_are_refused() -> None:
    texts = beam.Pipeline(runner="FnApiRunner") | beam.Create(["a", "b"])
    with pytest.raises(UserError, match="MeasureSignals: want rows with a field 'text' of type str, got <class 'str'>"):
        texts | transforms.MeasureSignals()


def test_an_id_that_two_equal_texts_share_is_refused() -> None:
    with pytest.raises(UserError, match="want each id once, got 'a' twice"):
        outputs(
            lambda pipeline: {"v": documents(pipeline, [("a", "x"), ("a", "x")]) | transforms.MarkExactDuplicates()}
        )


def test_defaults_are_those_of_a_recipe() -> None:
    near, exact_, contamination = NearOptions(), transforms.MarkExactDuplicates(), DecontaminateOptions()

    assert transforms.MarkNearDuplicates()._options == near
    assert transforms.FindNearDuplicates()._options == near
    assert exact_._seed == 0
    assert transforms.MarkContamination([str(ROOT / "README.md")])._options == DecontaminateOptions(
        test_sets=(str(ROOT / "README.md"),), jaccard=contamination.jaccard, ngram=contamination.ngram
    )
