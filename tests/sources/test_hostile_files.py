"""Whatever the bytes and the values of a file are, a reader gives documents or rejections that can be stored."""

import datetime
import io
import json
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import read_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from massivetext import signals
from massivetext.schema import Document, Rejected, documents_table
from massivetext.signals.language import detect_languages

KINDS = ("web", "books", "news", "code", "wikipedia", "documents")
ENTERPRISE = "wiki-enterprise"  # a format that is the default of no kind
ENDINGS = (
    "jsonl",
    "json",
    "csv",
    "tsv",
    "parquet",
    "arrow",
    "txt",
    "html",
    "md",
    "epub",
    "zip",
    "xml",
    "gz",
    "warc",
    "",
)
MAGICS = (
    b"PAR1", b"ARROW1\x00\x00", b"\xff\xff\xff\xff", b"PK\x03\x04", b"\x1f\x8b\x08", b"BZh91AY&SY", b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd", b"[{", b'{"text": ', b"<mediawiki>", b"<html>", b"WARC/1.0\r\n", b"\xff\xfe", b"text,a\n", b"",
)  # fmt: skip
ANY_SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def documents_of(kind: str, path: Path, *, measured: bool = False) -> list[Document]:
    found = read_file("wikipedia", path, format=kind) if kind == ENTERPRISE else read_file(kind, path)
    assert all(isinstance(each, Document | Rejected) for each in found)
    documents = [each for each in found if isinstance(each, Document)]
    assert len({document.key for document in documents}) == len(documents)
    table = documents_table("a", documents)  # what cannot be stored would end the run
    if measured and documents:
        assert signals.measure([document.text for document in documents], table).num_rows == len(documents)
    return documents


@ANY_SETTINGS
@given(magic=st.sampled_from(MAGICS), data=st.binary(max_size=300), ending=st.sampled_from(ENDINGS))
def test_any_bytes(tmp_path: Path, magic: bytes, data: bytes, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    path.write_bytes(magic + data)
    for kind in (*KINDS, ENTERPRISE):
        documents_of(kind, path)


OTHER_KINDS = {"a.xml": ("wikipedia",), "wiki.tar": (ENTERPRISE,), "code.tar": ("code",)}


def tarred(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def sound_files() -> dict[str, bytes]:
    table = pa.Table.from_pylist([{"text": f"text {n}", "n": n, "m": {"d": "x", "l": ["a"]}} for n in range(30)])
    parquet, arrow, stream, epub = io.BytesIO(), io.BytesIO(), io.BytesIO(), io.BytesIO()
    pq.write_table(table, parquet, row_group_size=10)
    for target, new in ((arrow, pa.ipc.new_file), (stream, pa.ipc.new_stream)):
        with new(target, table.schema) as writer:
            writer.write_table(table)
    with zipfile.ZipFile(epub, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", '<container><rootfile full-path="p.opf"/></container>')
        archive.writestr("p.opf", '<p><item id="a" href="a.html"/><itemref idref="a"/></p>')
        archive.writestr("a.html", "<html><body><p>text</p></body></html>")
    page = "<page><title>A</title><ns>0</ns><revision><text>'''A''' is [[b]] {{c|d}}.</text></revision></page>"
    lines = "".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode()
    wiki = json.dumps({"name": "A", "article_body": {"html": "<p>text</p>"}}).encode() + b"\n"
    return {
        "lines.tar": tarred({"a.jsonl": lines, "b.txt": b"text"}),
        "wiki.tar": tarred({"a.ndjson": wiki * 3, "b.ndjson": wiki}),
        "code.tar": tarred({"p/LICENSE": b"no licence", "p/a.py": b"a = 1\n"}),
        "a.parquet": parquet.getvalue(),
        "a.arrow": arrow.getvalue(),
        "b.arrow": stream.getvalue(),
        "a.epub": epub.getvalue(),
        "a.json": json.dumps(table.to_pylist(), indent=1).encode(),
        "a.csv": b'text,b\n"a ""q""\nb",c\n' * 9,
        "a.xml": f"<mediawiki>{page * 5}</mediawiki>".encode(),
    }


@pytest.mark.parametrize("name", sound_files())
@ANY_SETTINGS
@given(where=st.floats(0, 1), put=st.binary(min_size=1, max_size=8), cut=st.booleans())
def test_changed_bytes_of_sound_files(tmp_path: Path, name: str, where: float, put: bytes, cut: bool) -> None:
    data = sound_files()[name]
    at = int(where * len(data))
    path = tmp_path / name
    path.write_bytes(data[:at] if cut else data[:at] + put + data[at + len(put) :])
    for kind in ("documents", "books", *OTHER_KINDS.get(name, ())):
        documents_of(kind, path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@ANY_SETTINGS
@given(
    values=st.lists(
        st.fixed_dictionaries({}, optional={"text": JSON, "url": JSON, "title": JSON, "x": JSON}), max_size=4
    )
)
def test_any_json_values(tmp_path: Path, values: list[dict[str, object]]) -> None:
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(value) + "\n" for value in values))
    (tmp_path / "a.json").write_text(json.dumps(values, indent=1))
    lines, array = (
        documents_of("documents", tmp_path / "a.jsonl", measured=True),
        documents_of("documents", tmp_path / "a.json"),
    )

    assert [document.text for document in lines] == [document.text for document in array]


ODD_COLUMNS = {
    "timestamp": pa.array([2**62], pa.timestamp("s")),
    "zone": pa.array([1], pa.timestamp("us", "Mars/Phobos")),
    "date": pa.array([10**8], pa.int32()).cast(pa.date32()),
    "duration": pa.array([2**62], pa.duration("s")),
    "decimal": pa.array([1], pa.decimal256(76)),
    "nested": pa.StructArray.from_arrays([pa.array([2**62], pa.timestamp("s"))], ["t"]),
    "list": pa.ListArray.from_arrays([0, 1], pa.array([2**62], pa.timestamp("s"))),
    "dictionary": pa.array(["a"]).dictionary_encode(),
    "binary": pa.array([b"\xff"]),
    "float": pa.array([np.nan]),
    "null": pa.nulls(1),
    "bad utf-8": pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(np.array([0, 2], np.int32)), pa.py_buffer(b"\xff\xfe")]
    ),
    "time": pa.array([datetime.time(1)]),
    "month interval": pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
    "map": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
    "union": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])]),
}


@pytest.mark.parametrize("name", ODD_COLUMNS)
def test_a_side_column_never_costs_the_document(tmp_path: Path, name: str) -> None:
    table = pa.table([pa.array(["the text"]), ODD_COLUMNS[name], ODD_COLUMNS[name]], names=["text", "odd", "odd"])
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table)
    try:
        pq.write_table(table, tmp_path / "a.parquet")
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # Parquet does not have the type
        (tmp_path / "a.parquet").unlink(missing_ok=True)
    for path in tmp_path.iterdir():
        assert [document.text for document in documents_of("documents", path, measured=True)] == ["the text"]


def test_a_language_model_with_one_label_is_no_error() -> None:
    assert list(
        detect_languages(["すべて人は、自国その他いずれの国をも立ち去り、及び自国に帰る権利を有する。"])["language"]
    ) == ["ja"]
