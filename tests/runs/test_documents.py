"""Documents of a shard are read over row groups, all or some of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_run import damaged_parquet

from massivetext.errors import StageError
from massivetext.runs import documents
from massivetext.runs.store import Run, Shard
from massivetext.schema import DOCUMENTS, Document, documents_table
from massivetext.storage import files as fs

SHARD = Shard("news", 0, 1)
TEXTS = ["a", "", "ü", "four", "😀", "six", "seven77"]
GROUPS = (2, 1, 3, 1)  # rows of each row group


def write(folder: Path, groups: tuple[int, ...] = GROUPS) -> Run:
    """A shard of seven texts in four row groups."""
    run = Run(str(folder))
    table = documents_table("news", [Document(text, "a.gz", str(row)) for row, text in enumerate(TEXTS[: sum(groups)])])
    with fs.publish(run.shard_file("documents", SHARD)) as temporary, pq.ParquetWriter(temporary, DOCUMENTS) as writer:
        first = 0
        for count in groups:
            writer.write_table(table.slice(first, count))
            first += count
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write(tmp_path_factory.mktemp("documents"))


def picked(run: Run, wanted: list[int]) -> list[tuple[int, dict[str, object]]]:
    return list(documents.read_rows(run, SHARD, ["key", "text"], np.array(wanted, np.int64)))


def test_batches_are_row_groups_in_order(run: Run) -> None:
    batches = list(documents.read_row_groups(run, SHARD, ["text"]))

    assert [batch["text"].to_pylist() for batch in batches] == [["a", ""], ["ü"], ["four", "😀", "six"], ["seven77"]]
    assert {tuple(batch.column_names) for batch in batches} == {("text",)}


def test_wanted_rows_come_with_their_numbers(run: Run) -> None:
    assert picked(run, [1, 3, 6]) == [
        (1, {"key": "1", "text": ""}),
        (3, {"key": "3", "text": "four"}),
        (6, {"key": "6", "text": "seven77"}),
    ]


@given(st.sets(st.integers(0, len(TEXTS) - 1)))
def test_any_rows_can_be_wanted(run: Run, wanted: set[int]) -> None:
    expected = [(row, {"key": str(row), "text": TEXTS[row]}) for row in sorted(wanted)]

    assert picked(run, sorted(wanted)) == expected


@pytest.mark.parametrize(
    ("wanted", "groups"), [([0], [0]), ([1], [0]), ([2], [1]), ([3], [2]), ([5, 6], [2, 3]), ([0, 6], [0, 3]), ([], [])]
)
def test_row_groups_without_a_wanted_row_are_not_read(
    run: Run, monkeypatch: pytest.MonkeyPatch, wanted: list[int], groups: list[int]
) -> None:
    read: list[int] = []

    class Watched(pq.ParquetFile):  # type: ignore[misc]
        def read_row_group(self, i: int, *arguments: Any, **options: Any) -> Any:
            read.append(i)
            return super().read_row_group(i, *arguments, **options)

    monkeypatch.setattr(pq, "ParquetFile", Watched)

    assert [row for row, _ in picked(run, wanted)] == wanted
    assert read == groups


@pytest.mark.parametrize("groups", [(), (0,)])
def test_an_empty_shard_has_no_documents(tmp_path: Path, groups: tuple[int, ...]) -> None:
    run = write(tmp_path, groups)

    assert sum(batch.num_rows for batch in documents.read_row_groups(run, SHARD, ["text"])) == 0
    assert picked(run, []) == []


def test_a_missing_shard_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"news/part-00000-of-00001.parquet: cannot be read .*massivetext verify"):
        list(documents.read_row_groups(Run(str(tmp_path)), SHARD, ["text"]))


@pytest.mark.parametrize("damage", ["cut", "empty", "footer", "data"])
def test_a_damaged_shard_is_told_with_its_path(tmp_path: Path, damage: str) -> None:
    run = write(tmp_path)
    path = Path(run.shard_file("documents", SHARD))
    path.write_bytes(damaged_parquet(path.read_bytes())[damage])

    with pytest.raises(StageError, match=r"news/part-00000-of-00001.parquet: cannot be read"):
        list(documents.read_row_groups(run, SHARD, DOCUMENTS.names))


def test_an_error_of_the_reader_of_documents_is_its_own(run: Run) -> None:
    def consume() -> None:
        for _ in documents.read_row_groups(run, SHARD, ["text"]):
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        consume()
