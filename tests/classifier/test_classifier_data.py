"""Labelled texts: reading, errors, and the training split of each."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.classifier.data import LabelledText, assign_splits, read_labelled_texts, require_both
from massivetext.errors import UserError

LABELLED = b'{"text": "a fox", "label": 0, "source": "s"}\n\n{"text": "vile", "label": 1, "split": "test"}\n'


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_rows_are_read_compressed_or_not(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(LABELLED) if name.endswith("gz") else LABELLED)

    assert read_labelled_texts(tmp_path / name) == [
        LabelledText(text="a fox", label=0, source="s"),
        LabelledText(text="vile", label=1, split="test"),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"text": "a", "label": 2}', r"rows\.jsonl:2: .*label"),
        (b'{"text": "a"}', r"rows\.jsonl:2: .*missing required field `label`"),
        (b'{"text": "a", "label": 0, "colour": "red"}', r"rows\.jsonl:2: .*unknown field `colour`"),
        (b'{"text": "a", "label": 0, "split": "dev"}', r"rows\.jsonl:2: .*'dev'"),
        (b'{"text": "a"', r"rows\.jsonl:2: "),
        (b'{"text": "\xff", "label": 0}', r"rows\.jsonl:2: "),
    ],
    ids=["label", "missing", "unknown", "split", "json", "utf-8"],
)
def test_a_line_that_is_no_row_is_named(tmp_path: Path, line: bytes, message: str) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b'{"text": "a", "label": 0}\n' + line)

    with pytest.raises(UserError, match=message):
        read_labelled_texts(tmp_path / "rows.jsonl")


def test_a_file_without_rows_or_missing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"\n")

    with pytest.raises(UserError, match="found none"):
        read_labelled_texts(tmp_path / "empty.jsonl")
    with pytest.raises(UserError, match=r"nowhere\.jsonl: want a JSONL file"):
        read_labelled_texts(tmp_path / "nowhere.jsonl")


ROWS = st.builds(
    lambda text, label, split: LabelledText(text=text, label=label, split=split),
    st.sampled_from(["a fox", "A fox!", "@you a  fox", "the dog", "dogs", "...", ""]),
    st.sampled_from([0, 1]),
    st.sampled_from(["", "train", "test", "evaluation"]),
)


@given(rows=st.lists(ROWS, max_size=20), seed=st.integers(0, 9))
def test_copies_of_a_text_are_in_one_training_split(rows: list[LabelledText], seed: int) -> None:
    splits: dict[str, set[str]] = {}
    for example in assign_splits(rows, seed):
        splits.setdefault(example.prepared, set()).add(example.training_split)

    assert all(len(found) == 1 for found in splits.values())
    assert "" not in splits


@given(rows=st.lists(ROWS, max_size=20), seed=st.integers(0, 9))
def test_splits_do_not_depend_on_the_order_and_test_rows_are_never_trained_on(
    rows: list[LabelledText], seed: int
) -> None:
    forward, backward = assign_splits(rows, seed), assign_splits(rows[::-1], seed)

    assert backward[::-1] == forward
    assert all(
        one.training_split in ("held-out", "evaluation") for one in forward if one.row.split in ("test", "evaluation")
    )


def test_shares_of_the_training_splits() -> None:
    found = [
        one.training_split
        for one in assign_splits([LabelledText(text=f"text {n}", label=0) for n in range(2000)], seed=1)
    ]

    assert found.count("held-out") / 2000 == pytest.approx(0.2, abs=0.03)
    assert found.count("calibration") / 2000 == pytest.approx(0.1, abs=0.03)


def test_texts_of_one_label_are_refused() -> None:
    examples = assign_splits([LabelledText(text=f"text {n}", label=1) for n in range(50)], seed=1)

    with pytest.raises(UserError, match=r"want texts of both labels for train, got 0 with label 0"):
        require_both(examples, Path("rows.jsonl"))
