"""Tables in Parquet files: whole, in part, in batches and by range of values; read in the calling thread only."""

import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.storage import files as fs
from massivetext.storage import tables


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A file of ten rows, at most four per row group."""
    table = pa.table({"address": pa.array(range(10, 20), pa.uint64()), "word": list("abcdefghij")})
    pq.write_table(table, tmp_path / "table.parquet", row_group_size=4)
    return str(tmp_path / "table.parquet")


def test_columns_come_in_the_order_in_which_they_are_named(path: str) -> None:
    assert tables.read_table(path).column_names == ["address", "word"]
    assert tables.read_table(path, ["word", "address"]).column_names == ["word", "address"]
    with tables.open_parquet(path) as file:
        group = tables.read_row_group(file, 1, ["word", "address"])
    assert group.to_pydict() == {"word": list("efgh"), "address": [14, 15, 16, 17]}


def test_batches_are_the_rows_in_order(path: str) -> None:
    found = [batch["word"].to_pylist() for batch in tables.read_batches(path, ["word"], rows=3)]

    assert [word for words in found for word in words] == list("abcdefghij")
    assert max(map(len, found)) == 3


def test_a_file_that_is_no_table_raises(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no table at all")
    with pytest.raises(pa.ArrowInvalid):
        tables.read_table(str(tmp_path / "text"))
    with pytest.raises(FileNotFoundError):
        tables.read_table(str(tmp_path / "missing"))


@given(
    numbers=st.lists(st.integers(0, 2**64 - 1), max_size=40).map(sorted),
    ends=st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)),
    size=st.integers(1, 9),
)
def test_a_range_equals_the_filtered_table(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], ends: tuple[int, int], size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "range.parquet"
    table = pa.table({"address": pa.array(numbers, pa.uint64()), "row": np.arange(len(numbers))})
    pq.write_table(table, path, row_group_size=size)

    found = tables.read_value_range(str(path), "address", *ends)

    assert found["address"].to_pylist() == [number for number in numbers if ends[0] <= number <= ends[1]]
    assert found.schema == table.schema


def test_row_groups_outside_the_range_are_not_read(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    requested: list[list[int]] = []
    read = pq.ParquetFile.read_row_groups

    def note(file: pq.ParquetFile, groups: list[int], **options: bool) -> pa.Table:
        requested.append(groups)
        return read(file, groups, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", note)

    assert tables.read_value_range(path, "address", 15, 16)["word"].to_pylist() == ["f", "g"]
    assert tables.read_value_range(path, "address", 30, 40).num_rows == 0
    assert requested == [[1]]


def test_a_file_is_read_by_the_calling_thread(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    readers: set[str] = set()
    opened = fs.open_read

    class Watched:
        def __init__(self, path: str) -> None:
            self._handle = opened(path)

        def __getattr__(self, name: str) -> object:
            readers.add(threading.current_thread().name)
            return getattr(self._handle, name)

        def __enter__(self) -> "Watched":
            return self

        def __exit__(self, *_: object) -> None:
            self._handle.close()

    monkeypatch.setattr(fs, "open_read", Watched)
    total = pc.sum(tables.read_table(path)["address"]).as_py()
    total += sum(pc.sum(batch["address"]).as_py() for batch in tables.read_batches(path, rows=3))

    assert total == 2 * sum(range(10, 20))
    assert readers == {threading.current_thread().name}
