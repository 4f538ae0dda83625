from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from massivetext.recipe import IngestOptions
from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]


def write(path: Path, rows: int = 10, group: int = 4) -> None:
    table = pa.table(
        {
            "text": [None if n == 3 else f"text {n}" for n in range(rows)],
            "url": [f"http://a.example/{n}" for n in range(rows)],
            "n": list(range(rows)),
            "meta": [{"lang": "en"} for _ in range(rows)],
        }
    )
    pq.write_table(table, path, row_group_size=group)


def test_rows_become_documents_with_their_ordinal_as_key(tmp_path: Path, read_file: ReadFile) -> None:
    write(tmp_path / "a")
    documents, rejected = read_file("news", tmp_path / "a")

    assert [document.key for document in documents] == ["0", "1", "2", "4", "5", "6", "7", "8", "9"]
    assert (documents[3].text, documents[3].url) == ("text 4", "http://a.example/4")
    assert dict(documents[3].metadata) == {"n": "4", "meta.lang": "en"}
    assert [(r.offset, r.reason) for r in rejected] == [("3", "no_text")]


def test_the_parts_of_a_parquet_file_are_the_file(tmp_path: Path, read_file: ReadFile) -> None:
    write(tmp_path / "a", rows=1000, group=300)
    whole = read_file("c4", tmp_path / "a")
    slices = [read_file("c4", tmp_path / "a", slice_index=index, slice_count=7) for index in range(7)]

    assert sorted(int(d.key) for piece in slices for d in piece[0]) == [int(d.key) for d in whole[0]]
    assert all(int(d.key) % 7 == number for number, piece in enumerate(slices) for d in piece[0])
    assert sum(len(piece[1]) for piece in slices) == 1


@pytest.mark.parametrize("column", [pa.array([True]), pa.array([5])])
def test_a_text_column_of_another_type_is_wrong(tmp_path: Path, read_file: ReadFile, column: pa.Array) -> None:
    pq.write_table(pa.table({"text": column}), tmp_path / "a")
    documents, rejected = read_file("books", tmp_path / "a")

    assert documents == []
    assert [r.reason for r in rejected] == ["wrong_columns"]
    assert str(column.type) in rejected[0].detail


def test_a_missing_text_column_names_wanted_and_found(tmp_path: Path, read_file: ReadFile) -> None:
    pq.write_table(pa.table({"body": ["x"], "url": ["y"]}), tmp_path / "a")
    _, rejected = read_file("news", tmp_path / "a")

    assert [(r.reason, r.length) for r in rejected] == [("wrong_columns", (tmp_path / "a").stat().st_size)]
    assert "'text'" in rejected[0].detail
    assert "body, url" in rejected[0].detail


def test_a_cut_file_is_one_rejection(tmp_path: Path, read_file: ReadFile) -> None:
    write(tmp_path / "a")
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:-20])
    documents, rejected = read_file("news", tmp_path / "a")

    assert documents == []
    assert [r.reason for r in rejected] == ["bad_parquet"]


def test_a_damaged_row_group_costs_its_rows(tmp_path: Path, read_file: ReadFile) -> None:
    write(tmp_path / "a", rows=12, group=4)
    data = bytearray((tmp_path / "a").read_bytes())
    chunk = pq.ParquetFile(tmp_path / "a").metadata.row_group(1).column(0)
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    data[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    (tmp_path / "a").write_bytes(data)
    documents, rejected = read_file("news", tmp_path / "a")

    assert [document.key for document in documents] == ["0", "1", "2", "8", "9", "10", "11"]
    assert [(r.offset, r.reason) for r in rejected] == [("3", "no_text"), ("4", "damaged")]


@pytest.mark.parametrize("damaged", [False, True])
def test_strings_stored_as_bytes_are_strings(tmp_path: Path, read_file: ReadFile, damaged: bool) -> None:
    # With a text that is not UTF-8 all columns of its batch come as bytes; many tools write such columns anyway.
    texts = [b"one", b"tw\xe9" if damaged else b"two"]
    columns = {
        "text": pa.array(texts),
        "url": pa.array([b"http://a.test/\xc3\xa9", b"http://a.test/\xff"]),
        "title": pa.array([b"A title", b"nul \x00"]),
        "date": pa.array([b"2024-05-01", b"\x89PNG"]),
    }
    if damaged:
        columns = {name: column.view(pa.string()) for name, column in columns.items()}
    pq.write_table(pa.table(columns), tmp_path / "a")
    documents, rejected = read_file("news", tmp_path / "a")

    assert rejected == []
    found = [(each.text, each.url, each.title, each.metadata.get("date")) for each in documents]
    assert found[0] == ("one", "http://a.test/é", "A title", "2024-05-01")
    assert damaged or found[1] == ("two", None, None, None)


def test_a_text_larger_than_a_record_may_be_is_rejected(tmp_path: Path, read_file: ReadFile) -> None:
    pq.write_table(pa.table({"text": ["x" * 10, "x" * 11]}), tmp_path / "a")
    documents, rejected = read_file("news", tmp_path / "a", limits=IngestOptions(max_record_bytes=10))

    assert [document.key for document in documents] == ["0"]
    assert [(r.offset, r.length, r.reason) for r in rejected] == [("1", 11, "record_too_large")]


@contextmanager
def own_memory_pool() -> Iterator[pa.MemoryPool]:
    """Give Arrow a memory pool that knows its peak."""
    before = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(before)
    pa.set_memory_pool(pool)
    try:
        yield pool
    finally:
        pa.set_memory_pool(before)


def test_memory_does_not_grow_with_a_row_group(tmp_path: Path, read_file: ReadFile) -> None:
    texts = [f"{number} " + "many words " * 1000 for number in range(4000)]  # 44 MB
    pq.write_table(pa.table({"text": texts}), tmp_path / "a", compression="none")
    with own_memory_pool() as pool:
        documents, rejected = read_file("documents", tmp_path / "a", slice_count=100)

    assert (len(documents), rejected) == (40, [])
    assert pool.max_memory() < 32 << 20  # the texts of the first 1,024 rows are in a dictionary of 11 MB


@pytest.mark.parametrize("column", ["text", "other"])
@pytest.mark.parametrize("kind", [pa.string(), pa.binary()])
def test_a_long_value_of_a_dictionary_is_not_decoded_for_many_rows_at_once(
    tmp_path: Path, read_file: ReadFile, column: str, kind: pa.DataType
) -> None:
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 100), pa.array(["x" * (8 << 20)]).cast(kind))
    columns = {"other": pa.array(["a text"] * 100), "text": pa.array(["a text"] * 100), column: long}
    pq.write_table(pa.table(columns), tmp_path / "a", store_schema=False)
    with own_memory_pool() as pool:
        found = read_file("documents", tmp_path / "a", slice_count=50)

    assert [len(each) for each in found] == [2, 0]
    assert pool.max_memory() < 150 << 20  # 100 rows have 800 MB
