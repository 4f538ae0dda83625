"""Tables and JSON lines whose lines end with CR alone, in every form in which files come."""

import csv
import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import write_zip

from massivetext.schema import Document, Rejected
from massivetext.sources.streams.bounded_lines import ends_lines_as_old_macs
from massivetext.sources.streams.compressed import PlainStream

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

RECORDS = [
    {"text": f"The text of é number {number}.\nIt has two paragraphs.", "url": f"https://a.example/{number}"}
    for number in range(30)
]


def json_lines() -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\r" for record in RECORDS)


def table(delimiter: str) -> str:
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, ["text", "url"], delimiter=delimiter, lineterminator="\r", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(RECORDS)
    return target.getvalue()


FILES = {
    "a.jsonl": json_lines().encode(),
    "b.json": json_lines().encode("utf-16"),
    "c.jsonl": json_lines().encode("latin-1"),
    "d.csv": table(",").encode(),
    "e.csv": table(";").replace("\n", "\r").encode(),
    "f.tsv": table("\t").encode(),
    "no_ending": table(",").encode(),
}


def tar_of(path: Path, name: str, data: bytes) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("kind", ["documents", "books"])
@pytest.mark.parametrize("form", ["plain", "gzip", "zip", "tar"])
@pytest.mark.parametrize("name", FILES)
def test_every_record_is_read(kind: str, form: str, name: str, tmp_path: Path, read_file: ReadFile) -> None:
    data, path = FILES[name], tmp_path / name
    if form == "zip":
        write_zip(path, {name: data})
    elif form == "tar":
        tar_of(path, name, data)
    else:
        path.write_bytes(gzip.compress(data) if form == "gzip" else data)
    documents, rejected = read_file(kind, path)

    assert rejected == []
    assert [(each.text, each.url) for each in documents] == [(each["text"], each["url"]) for each in RECORDS]


def test_source_files_in_json_lines(tmp_path: Path, read_file: ReadFile) -> None:
    lines = [json.dumps({"text": f"x = {number}", "path": f"{number}.py", "license": "MIT"}) for number in range(3)]
    (tmp_path / "a.jsonl").write_bytes("\r".join(lines).encode())

    assert [each.text for each in read_file("code", tmp_path / "a.jsonl")[0]] == ["x = 0", "x = 1", "x = 2"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", False),
        (b"a", False),
        (b"a\nb\r", False),
        (b"a\r\nb", False),
        (b"a\r\r\nb", False),  # converted twice
        (b"a\rb\nc", True),  # a line feed within a cell
        (b"a" * 70_000 + b"\rb", True),
        (b"a" * 70_000 + b"\r\nb", False),
        (b"a" * 65_535 + b"\r\nb", False),
    ],
)
def test_the_first_line_tells(data: bytes, expected: bool) -> None:
    assert ends_lines_as_old_macs(PlainStream(io.BytesIO(data))) is expected
