"""Lists of titles, ids and URLs: files of lines and columns of tables."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from massivetext.decontaminate.removal_lists import list_names, read_lists
from massivetext.errors import UserError
from massivetext.recipe import DecontaminateOptions


def listed(folder: Path, **lists: str) -> list[tuple[str, str, str]]:
    options = DecontaminateOptions(**{kind: (file,) for kind, file in lists.items()})  # type: ignore[arg-type]
    return [(each.kind, each.name, each.value) for each in read_lists(options, str(folder))]


def test_a_file_of_lines(tmp_path: Path) -> None:
    (tmp_path / "wikitext103.titles.txt").write_text("The Bridge\n\n  # 1 Hit  \n")

    assert listed(tmp_path, titles="*.txt") == [
        ("title", "wikitext103", "The Bridge"),
        ("title", "wikitext103", "# 1 Hit"),
    ]


@pytest.mark.parametrize("name", ["seen.jsonl", "seen.csv", "seen.parquet"])
def test_a_column_of_a_table(tmp_path: Path, name: str) -> None:
    if name == "seen.parquet":
        pq.write_table(pa.table({"page": [12, None, 13]}), tmp_path / name)
    else:
        rows = {"seen.jsonl": '{"page": 12}\n{"page": null}\n{"page": "13"}\n', "seen.csv": "page,x\n12,a\n,b\n13,c\n"}
        (tmp_path / name).write_text(rows[name])

    assert listed(tmp_path, ids=f"{name}#page") == [("id", "seen", "12"), ("id", "seen", "13")]


@pytest.mark.parametrize(
    ("content", "file", "message"),
    [
        ("a\n", "other.txt", "no such file"),
        ("\n \n", "list.txt", "decontaminate.urls: .*list.txt: want at least one url, got none"),
        ("a\n", "list.txt#url", "want a file of lines without a column, got 'url'"),
        ('{"a": 1}\n', "list.jsonl", "want FILE#COLUMN for a table"),
        ('{"a": 1}\n', "list.jsonl#b", "list.jsonl, line 1: want a column 'b', got a"),
    ],
)
def test_a_list_that_is_of_no_use_is_refused(tmp_path: Path, content: str, file: str, message: str) -> None:
    name = file.partition("#")[0]
    (tmp_path / (name if name != "other.txt" else "list.txt")).write_text(content)

    with pytest.raises(UserError, match=message):
        listed(tmp_path, urls=file)


def test_lists_are_counted_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x\ny\n")
    options = DecontaminateOptions(titles=("a.txt",), ids=("a.txt",))

    assert list_names(read_lists(options, str(tmp_path))) == {"a": 4}
