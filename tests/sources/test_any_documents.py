"""The same documents from files of every layout; what is no document is rejected with the reason."""

import bz2
import csv
import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import zstandard
from builders import zip_bytes

from massivetext.recipe import IngestOptions
from massivetext.schema import Document, Rejected
from massivetext.sources.splits import plan_shards

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

COUNT = 20
TEXTS = [
    f'Article {number}: “Müller” said, "a comma, a tab\tand\n\na second paragraph", 川は山から {number}.'
    for number in range(COUNT)
]
RECORDS = [
    {"text": text, "url": f"https://news.example/{number}", "title": f"Title, {number}", "date": f"2024-01-{number:02}"}
    for number, text in enumerate(TEXTS)
]


def csv_bytes(delimiter: str = ",") -> bytes:
    target = io.StringIO()
    writer = csv.DictWriter(target, list(RECORDS[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(RECORDS)
    return target.getvalue().encode()


def json_lines(records: Sequence[Mapping[str, object]] = RECORDS) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def parquet_bytes() -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(RECORDS), target, row_group_size=7)
    return target.getvalue()


def arrow_bytes(*, as_file: bool) -> bytes:
    table, target = pa.Table.from_pylist(RECORDS), io.BytesIO()
    with (pa.ipc.new_file if as_file else pa.ipc.new_stream)(target, table.schema) as writer:
        writer.write_table(table, max_chunksize=6)
    return target.getvalue()


def feather_bytes() -> bytes:
    target = io.BytesIO()
    feather.write_feather(pa.Table.from_pylist(RECORDS), target)
    return target.getvalue()


def tarred(files: Mapping[str, bytes], mode: str = "w:gz") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


PRETTY = json.dumps(RECORDS, indent=2, ensure_ascii=False).encode()
TABLES = {
    "a.jsonl": json_lines(),
    "a.jsonl.gz": gzip.compress(json_lines()),
    "a.jsonl.bz2": bz2.compress(json_lines()),
    "a.jsonl.xz": lzma.compress(json_lines()),
    "a.jsonl.zst": zstandard.ZstdCompressor().compress(json_lines()),
    "no-name-that-tells": json_lines(),
    "utf16.jsonl": json_lines().decode().encode("utf-16"),
    "bom.jsonl": b"\xef\xbb\xbf" + json_lines(),
    "array.json": json.dumps(RECORDS).encode(),
    "array-utf16.json": json.dumps(RECORDS, ensure_ascii=False).encode("utf-16"),
    "pretty-array.json": PRETTY,
    "pretty-array.json.gz": gzip.compress(PRETTY),
    "pretty-objects.json": "\n".join(json.dumps(record, indent=4) for record in RECORDS).encode(),
    "a.csv": csv_bytes(),
    "a.csv.gz": gzip.compress(csv_bytes()),
    "bom.csv": b"\xef\xbb\xbf" + csv_bytes(),
    "utf16.csv": csv_bytes().decode().encode("utf-16"),
    "semicolons.csv": csv_bytes(";"),
    "csv-without-ending": csv_bytes(),
    "csv-named.txt": csv_bytes(),
    "a.tsv": csv_bytes("\t"),
    "a.parquet": parquet_bytes(),
    "parquet-without-ending": parquet_bytes(),
    "a.parquet.gz": gzip.compress(parquet_bytes()),
    "a.arrow": arrow_bytes(as_file=True),
    "stream.arrow": arrow_bytes(as_file=False),
    "stream.arrow.zst": zstandard.ZstdCompressor().compress(arrow_bytes(as_file=False)),
    "a.feather": feather_bytes(),
}
ARCHIVES = {
    **{f"{name}.zip": zip_bytes({f"folder/{name}": data}) for name, data in TABLES.items()},
    **{f"{name}.tar.gz": tarred({f"folder/{name}": data}) for name, data in TABLES.items()},
    "a.tar": tarred({"a.jsonl": json_lines()}, "w"),
    "a.tar.xz": tarred({"a.jsonl": json_lines()}, "w:xz"),
    "zip-in-tar.tar": tarred({"inner.zip": zip_bytes({"a.csv": csv_bytes()})}, "w"),
    "mac.zip": zip_bytes({"a.csv": csv_bytes(), "__MACOSX/._a.csv": b"\x00\x05\x16\x07", ".DS_Store": b"\x00\x00"}),
}
FOLDERS = {
    ".txt": {f"{number:02}.txt": text.encode() for number, text in enumerate(TEXTS)},
    ".md": {f"{number:02}.md": text.encode() for number, text in enumerate(TEXTS)},
}


@pytest.mark.parametrize("name", [*TABLES, *ARCHIVES])
@pytest.mark.parametrize("kind", ["documents", "news", "books"])
def test_every_layout_gives_the_same_documents(tmp_path: Path, read_file: ReadFile, name: str, kind: str) -> None:
    (tmp_path / name).write_bytes(ARCHIVES.get(name) or TABLES[name])
    documents, rejected = read_file(kind, tmp_path / name)

    assert rejected == []
    assert [(d.text, d.url, d.title, d.metadata["date"]) for d in documents] == [
        (record["text"], record["url"], record["title"], record["date"]) for record in RECORDS
    ]
    assert len({document.key for document in documents}) == COUNT
    assert {document.origin for document in documents} == {name}


@pytest.mark.parametrize(
    "name", ["a.jsonl", "array.json", "a.csv", "a.parquet", "a.arrow", "a.csv.zip", "a.jsonl.tar.gz"]
)
def test_the_slices_of_a_file_are_the_file(tmp_path: Path, read_file: ReadFile, name: str) -> None:
    (tmp_path / name).write_bytes(ARCHIVES.get(name) or TABLES[name])
    slices = [read_file("documents", tmp_path / name, slice_index=index, slice_count=3)[0] for index in range(3)]
    whole, _ = read_file("documents", tmp_path / name)

    assert sorted((d.key, d.text) for each in slices for d in each) == sorted((d.key, d.text) for d in whole)
    assert all(slices)


@pytest.mark.parametrize("ending", FOLDERS)
@pytest.mark.parametrize("pack", [zip_bytes, tarred])
def test_texts_in_archives(
    tmp_path: Path, read_file: ReadFile, ending: str, pack: Callable[[Mapping[str, bytes]], bytes]
) -> None:
    (tmp_path / "a").write_bytes(pack(FOLDERS[ending]))
    documents, rejected = read_file("documents", tmp_path / "a")
    slices = [read_file("documents", tmp_path / "a", slice_index=index, slice_count=3)[0] for index in range(3)]

    assert rejected == []
    assert [(document.key, document.text) for document in documents] == [
        (f"{number:02}{ending}", text) for number, text in enumerate(TEXTS)
    ]
    assert sorted(d.key for each in slices for d in each) == [d.key for d in documents]


def test_html_is_a_page_and_its_encoding_is_told(tmp_path: Path, read_file: ReadFile) -> None:
    body = "".join(
        f"<p>Der Fluss Nummer {n} fließt über Hügel und Täler, und die Leute wohnen dort.</p>" for n in range(9)
    )
    head = '<html><head><meta charset="iso-8859-1"><title>Flüsse</title></head>'
    page = f"{head}<body><article>{body}</article></body></html>"
    (tmp_path / "a.html").write_bytes(page.encode("latin-1"))
    for kind in ("documents", "web"):
        (document,), rejected = read_file(kind, tmp_path / "a.html")

        assert rejected == []
        assert document.title == "Flüsse"
        assert document.text.startswith("Der Fluss Nummer 0 fließt über Hügel")
        assert document.encoding == "cp1252"
        assert document.html_bytes == len(page)


# -- fields ------------------------------------------------------------------------------------------------------------

NESTED = {
    "doc": {"text": ["First.", "", "Second."], "head": "H", "when": "2024", "tags": ["a", "b"]},
    "link": {"href": "https://a.example"},
    "nr": 7,
    "more": "x",
}


def test_fields_are_found_by_path(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.jsonl").write_bytes(json_lines([NESTED]))
    pq.write_table(pa.Table.from_pylist([NESTED]), tmp_path / "a.parquet")
    for name in ("a.jsonl", "a.parquet"):
        (document,), _ = read_file(
            "documents",
            tmp_path / name,
            text_field="doc.text",
            url_field="link.href",
            title_field="doc.head",
            id_field="nr",
            date_field="doc.when",
            metadata=["doc.tags", "more"],
        )

        assert document.text == "First.\n\nSecond."
        assert (document.url, document.title) == ("https://a.example", "H")
        assert document.metadata == {"id": "7", "date": "2024", "doc.tags": "a, b", "more": "x"}


def test_paragraphs_that_are_objects_are_joined(tmp_path: Path, read_file: ReadFile) -> None:
    record = {"body": [{"p": "one"}, {"p": "two"}, {"q": "no"}]}
    (tmp_path / "a.json").write_bytes(json.dumps(record, indent=1).encode())
    (document,), _ = read_file("documents", tmp_path / "a.json", text_field="body.p")

    assert document.text == "one\n\ntwo"


def test_a_name_with_a_dot_is_a_name_first(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.csv").write_text("doc.text,other\nhere,x\n")

    assert read_file("documents", tmp_path / "a.csv", text_field="doc.text")[0][0].text == "here"


# -- what is no document -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "reason", "words"),
    [
        ("a.pdf", b"%PDF-1.7 ...", "not_text", "a PDF"),
        ("a.rtf", b"{\\rtf1 \\ansi}", "not_text", "RTF"),
        ("a.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not_text", "not text"),
        ("a.xml", b'<?xml version="1.0"?><mediawiki xmlns="x">', "not_text", "kind = 'wikipedia'"),
        ("a.warc", b"WARC/1.0\r\n", "not_text", "kind = 'web'"),
        ("a.csv", b"title,body\nx,y\n", "wrong_columns", "title, body"),
        ("a.csv", b"0,One sentence of a row.\n1,Another.\n", "wrong_columns", "add a line with names"),
        ("a.txt", b"id,name,body\n1,a,b\n2,c,d\n3,e,f\n", "wrong_columns", "id, name, body"),
        ("a.csv", b"text,b\nx,y,z\n", "bad_csv", "want 2 cells as in the header, got 3"),
        ("a.zip", b"PK\x03\x04 and nothing", "damaged", "not readable as zip"),
        ("a.arrow", b"ARROW1\x00\x00 and nothing", "bad_arrow", "not readable as Arrow"),
        ("a.parquet", b"PAR1 and nothing", "bad_parquet", "not readable as Parquet"),
        ("a.json", b'[{"text": "a"', "bad_json", "has no end"),
    ],
)
def test_what_is_no_document_is_rejected_with_its_reason(
    tmp_path: Path, read_file: ReadFile, name: str, data: bytes, reason: str, words: str
) -> None:
    (tmp_path / name).write_bytes(data)
    for kind in ("documents", "books"):
        documents, rejected = read_file(kind, tmp_path / name)

        assert documents == []
        assert [found.reason for found in rejected] == [reason]
        assert words in rejected[0].detail


def test_fields_of_objects_are_named_where_the_text_is_missing(tmp_path: Path, read_file: ReadFile) -> None:
    record = {"_id": "1", "_source": {"content": "A text.", "url": "u"}, "empty": {}}
    (tmp_path / "a.jsonl").write_text(json.dumps(record))
    pq.write_table(pa.Table.from_pylist([{"_id": "1", "_source": record["_source"]}]), tmp_path / "a.parquet")
    lines, (table,) = (read_file("documents", tmp_path / name)[1] for name in ("a.jsonl", "a.parquet"))

    assert lines[0].detail.endswith("fields here: _id, _source.content, _source.url, empty")
    assert table.detail.endswith("got columns _id, _source.content, _source.url")


@pytest.mark.parametrize(
    ("table", "texts"),
    [
        ('id,text\n1,"a \\"quoted\\" word, here"\n2,"fine"\n', ['a "quoted" word, here', "fine"]),
        ('id;text\n1;"say \\"no\\""\n2;"a \\\\ b"\n', ['say "no"', "a \\ b"]),
        ('id,text\n1,"C:\\dir\\"\n2,"two"\n', ["C:\\dir\\", "two"]),
        ('id,text\n1,"a ""quoted"" word \\n"\n2,"x"\n', ['a "quoted" word \\n', "x"]),
        ("\n\n ,\nid,text\n1,one\n", ["one"]),
    ],
)
def test_quotation_marks_with_backslashes_and_blank_first_lines(
    tmp_path: Path, read_file: ReadFile, table: str, texts: list[str]
) -> None:
    (tmp_path / "a.csv").write_text(table)
    documents, rejected = read_file("documents", tmp_path / "a.csv")

    assert ([each.text for each in documents], rejected) == (texts, [])


def test_a_number_of_many_digits_does_not_cost_the_text(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "first", "n": ' + "9" * 6000 + '}\n{"text": "second"}\n')
    documents, rejected = read_file("documents", tmp_path / "a.jsonl")

    assert ([each.text for each in documents], rejected) == (["first", "second"], [])


def test_a_broken_row_costs_itself(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.csv").write_bytes(b'text,n\nfirst,1\nbroken,2,3\n"two\nlines",4\n\nlast,5\n')
    documents, rejected = read_file("documents", tmp_path / "a.csv")

    assert [(d.key, d.text) for d in documents] == [("0", "first"), ("2", "two\nlines"), ("4", "last")]
    assert [(r.offset, r.reason) for r in rejected] == [("1", "bad_csv")]


def test_a_broken_object_of_an_array_costs_itself(tmp_path: Path, read_file: ReadFile) -> None:
    lines = [json.dumps(record, indent=2) for record in RECORDS]
    lines[3] = lines[3].removesuffix("}")  # its end is missing
    lines[5] = lines[5].replace('"url":', "url:")
    (tmp_path / "a.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
    documents, rejected = read_file("documents", tmp_path / "a.json")

    assert [d.text for d in documents] == [text for number, text in enumerate(TEXTS) if number not in (3, 5)]
    assert [r.reason for r in rejected] == ["bad_json", "bad_json"]


def test_records_that_are_too_large_are_rejected(tmp_path: Path, read_file: ReadFile) -> None:
    records: list[Mapping[str, object]] = [{"text": "a"}, {"text": "x" * 300}, {"text": "b"}]
    (tmp_path / "a.csv").write_text("text\na\n" + "x" * 300 + "\nb\n")
    (tmp_path / "a.json").write_text(json.dumps(records, indent=1))
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "a.parquet")
    for name in ("a.csv", "a.json", "a.parquet"):
        documents, rejected = read_file("documents", tmp_path / name, limits=IngestOptions(max_record_bytes=100))

        assert [d.text for d in documents] == ["a", "b"]
        assert [r.reason for r in rejected] == ["record_too_large"]


INPUTS = {
    "a folder": ["corpus"],
    "a pattern": ["corpus/*.txt"],
    "each file": [f"corpus/{name}" for name in FOLDERS[".txt"]],
    "below the home folder": ["~/corpus"],
    "a list": ["@corpus/paths.lst"],
    "a compressed list with a prefix": ["@listed.paths.gz"],
}


@pytest.mark.parametrize("way", INPUTS)
def test_the_documents_are_the_same_however_their_files_are_named(
    tmp_path: Path, read_file: ReadFile, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, data in FOLDERS[".txt"].items():
        (corpus / name).write_bytes(data)
    if way == "a list":
        (corpus / "paths.lst").write_text("# the corpus\n" + "\n".join(FOLDERS[".txt"]))
    (tmp_path / "listed.paths.gz").write_bytes(gzip.compress("\n".join(FOLDERS[".txt"]).encode()))
    prefix = f"{corpus}/" if "prefix" in way else None
    shards = plan_shards(INPUTS[way], str(tmp_path), 1 << 20, divisible=True, prefix=prefix)
    documents = [
        document for splits in shards for split in splits for document in read_file("news", Path(split.path))[0]
    ]

    assert sorted(document.text for document in documents) == sorted(TEXTS)
