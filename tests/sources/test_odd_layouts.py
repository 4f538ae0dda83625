"""Tables and JSON in layouts that some programs write; locked archives; Parquet without rows or with bytes."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", '{"text": "one"}{"text": "two"}'),
        ("a.csv", "sep=;\nid;text\n1;one\n2;two\n"),
        ("a.csv", '"sep=,"\nid,text\n1,one\n2,two\n'),
        ("a.tsv", "id,text\n1,one\n2,two\n"),
        ("a.tsv", "id\ttext\n1\tone\n2\ttwo\n"),
        ("a.tsv", "text\none\ntwo\n"),
        ("a.csv", "text,text\none,\n,two\n"),
    ],
)
def test_odd_layouts_are_read(tmp_path: Path, read_file: ReadFile, name: str, data: str) -> None:
    (tmp_path / name).write_text(data)
    documents, rejected = read_file("documents", tmp_path / name)

    assert rejected == []
    assert [each.text for each in documents] == ["one", "two"]


def test_two_texts_of_one_row_are_refused(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.csv").write_text("text,text\none,other\ntwo,two\n")
    pq.write_table(pa.table([["one"], ["two"]], names=["text", "text"]), tmp_path / "a.parquet")
    documents, rejected = read_file("documents", tmp_path / "a.csv")

    assert [each.text for each in documents] == ["two"]
    assert [each.reason for each in rejected] == ["wrong_columns"]
    assert [each.reason for each in read_file("documents", tmp_path / "a.parquet")[1]] == ["wrong_columns"]


def test_a_locked_file_of_an_archive_is_not_called_damaged(tmp_path: Path, read_file: ReadFile) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "a text")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[6] |= 1  # the flag of encryption, in the header of the file
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    (tmp_path / "a.zip").write_bytes(data)
    documents, rejected = read_file("documents", tmp_path / "a.zip")

    assert (documents, [each.reason for each in rejected]) == ([], ["locked"])
    assert "is encrypted" in rejected[0].detail


def test_parquet_without_rows_is_empty_and_bytes_are_text(tmp_path: Path, read_file: ReadFile) -> None:
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": pa.array(["größer".encode(), b"\x89PNG\x00"])}), tmp_path / "b.parquet")
    pq.write_table(pa.table({"text": ["one"]}), tmp_path / "_metadata")

    assert [each.reason for each in read_file("documents", tmp_path / "a.parquet")[1]] == ["empty_file"]
    documents, rejected = read_file("documents", tmp_path / "b.parquet")
    assert ([each.text for each in documents], [each.reason for each in rejected]) == (["größer"], ["no_text"])
    skipped = read_file("documents", tmp_path / "_metadata")[1]
    assert [(each.reason, each.skipped) for each in skipped] == [("metadata_file", True)]
