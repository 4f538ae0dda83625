"""Byte-order marks and UTF-16 in every format, large zstd windows, and tar archives of JSON lines."""

import codecs
import csv
import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from builders import licence_text, write_zip

from massivetext.recipe import IngestOptions, load_recipe
from massivetext.schema import Document, Rejected
from massivetext.sources.input_lists import input_paths

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

TEXTS = ["Die Vögel fliegen über das Dach, und die Mühle mahlt.", "Ещё одна строка: да.", "道具を使う。"]
RECORDS = [{"id": str(number), "text": text} for number, text in enumerate(TEXTS)]


def table(delimiter: str) -> str:
    target = io.StringIO()
    writer = csv.writer(target, delimiter=delimiter)
    writer.writerows([["id", "text"], *([record["id"], record["text"]] for record in RECORDS)])
    return target.getvalue()


def lines_of(records: list[dict[str, str]]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


PAGE = "".join(f"<p>{text * 4}</p>" for text in TEXTS)
FORMATS = {
    "a.jsonl": lines_of(RECORDS),
    "array.json": json.dumps(RECORDS, ensure_ascii=False, indent=1),
    "objects.json": "\n".join(json.dumps(record, ensure_ascii=False, indent=1) for record in RECORDS),
    "a.csv": table(","),
    "a.tsv": table("\t"),
    "a.txt": "\n\n".join(TEXTS),
    "a.md": "# Titel\n\n" + "\n\n".join(TEXTS),
    "a.html": f"<!doctype html><html><head><title>t</title></head><body><article>{PAGE}</article></body></html>",
}
# How a text is written: the mark, and the encoding.
WRITTEN = {
    "utf-8 with a mark": (codecs.BOM_UTF8, "utf-8"),
    "utf-16-le": (codecs.BOM_UTF16_LE, "utf-16-le"),
    "utf-16-be": (codecs.BOM_UTF16_BE, "utf-16-be"),
    "utf-16-le without a mark": (b"", "utf-16-le"),
    "utf-16-be without a mark": (b"", "utf-16-be"),
    "utf-32-le": (codecs.BOM_UTF32_LE, "utf-32-le"),
    "utf-32-be": (codecs.BOM_UTF32_BE, "utf-32-be"),
}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", ["documents", "books"])
def test_every_text_format_is_read_with_marks_and_in_utf16(
    tmp_path: Path, read_file: ReadFile, kind: str, name: str, written: str
) -> None:
    mark, encoding = WRITTEN[written]
    (tmp_path / name).write_bytes(FORMATS[name].encode())
    plain, _ = read_file(kind, tmp_path / name)
    (tmp_path / name).write_bytes(mark + FORMATS[name].encode(encoding))
    documents, rejected = read_file(kind, tmp_path / name)

    assert rejected == []
    assert [(each.key, each.text, each.title) for each in documents] == [(p.key, p.text, p.title) for p in plain]
    assert all(text in "".join(each.text for each in documents) for text in TEXTS)


@pytest.mark.parametrize("written", WRITTEN)
def test_a_licence_file_is_read_with_marks_and_in_utf16(tmp_path: Path, read_file: ReadFile, written: str) -> None:
    mark, encoding = WRITTEN[written]
    manifest = json.dumps({"name": "x", "license": "ISC"})
    files = {
        "LICENSE": mark + licence_text("MIT").encode(encoding),
        "package.json": mark + manifest.encode(encoding),
        "a.py": b"x = 1",
    }
    documents, _ = read_file("code", write_zip(tmp_path / "a.zip", files))

    assert [each.metadata["licence"] for each in documents] == ["ISC AND MIT"]


MARKED = [name for name, (mark, _) in WRITTEN.items() if mark]


@pytest.mark.parametrize("written", MARKED)
def test_recipes_and_lists_of_paths_may_have_a_mark(tmp_path: Path, written: str) -> None:
    mark, encoding = WRITTEN[written]
    recipe = 'name = "x"\r\n[sources.a]\r\nkind = "news"\r\ninputs = ["ä"]\r\nweight = 1\r\n'
    (tmp_path / "x.toml").write_bytes(mark + recipe.encode(encoding))
    (tmp_path / "paths.txt").write_bytes(mark + "a/ä.jsonl\r\nb.jsonl\r\n".encode(encoding))

    assert load_recipe(str(tmp_path / "x.toml")).recipe.sources["a"].inputs == ("ä",)
    assert [each.path for each in input_paths(["@paths.txt"], str(tmp_path))] == ["a/ä.jsonl", "b.jsonl"]


# -- zstd --------------------------------------------------------------------------------------------------------------


def zstd_of_window(log: int, data: bytes) -> bytes:
    parameters = zstandard.ZstdCompressionParameters(window_log=log, hash_log=8, chain_log=8, strategy=1)
    codec = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return codec.compress(data) + codec.flush()


@pytest.mark.parametrize("log", [28, 29, 30, 31])
def test_a_window_above_128_mib_needs_the_option_that_the_message_names(
    tmp_path: Path, read_file: ReadFile, log: int
) -> None:
    (tmp_path / "a.zst").write_bytes(zstd_of_window(log, FORMATS["a.jsonl"].encode()))
    documents, rejected = read_file("documents", tmp_path / "a.zst")

    assert (documents, [each.reason for each in rejected]) == ([], ["damaged"])
    assert f"its window has {2**log:,} bytes" in rejected[0].detail
    assert f"set max_zstd_window = {2**log} under [ingest] to read it" in rejected[0].detail

    read = read_file("documents", tmp_path / "a.zst", IngestOptions(max_zstd_window=2**log))
    assert ([each.text for each in read[0]], read[1]) == (TEXTS, [])


def test_a_window_of_128_mib_needs_no_option(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.zst").write_bytes(zstd_of_window(27, FORMATS["a.jsonl"].encode()))
    documents, rejected = read_file("documents", tmp_path / "a.zst")

    assert ([each.text for each in documents], rejected) == (TEXTS, [])


def test_no_option_is_named_for_a_window_that_zstd_does_not_read(tmp_path: Path, read_file: ReadFile) -> None:
    whole = bytearray(zstd_of_window(28, FORMATS["a.jsonl"].encode()))
    whole[5] = 22 << 3  # the window descriptor: 2**(10 + 22) bytes
    (tmp_path / "a.zst").write_bytes(whole)
    _, rejected = read_file("documents", tmp_path / "a.zst", IngestOptions(max_zstd_window=2**31))

    assert "Frame requires too much memory" in rejected[0].detail
    assert "max_zstd_window" not in rejected[0].detail


# -- tar ---------------------------------------------------------------------------------------------------------------

LONG_NAME = f"folder/{'x' * 180}/{'ю' * 60}.jsonl"  # more than the 100 bytes of a plain header
OF_A_MAC = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(100)


def tar_of(files: dict[str, bytes], form: int, pax_headers: dict[str, str] | None = None) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form, pax_headers=pax_headers) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstandard.compress], ids=["tar", "tar.gz", "tar.zst"])
@pytest.mark.parametrize(
    ("form", "name"),
    [
        (tarfile.PAX_FORMAT, LONG_NAME),
        (tarfile.GNU_FORMAT, LONG_NAME),
        (tarfile.USTAR_FORMAT, f"folder/{'x' * 80}/{'y' * 80}.jsonl"),
    ],
    ids=["pax", "gnu", "ustar"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_lines_in_a_tar_archive_keep_their_first_line(
    tmp_path: Path,
    read_file: ReadFile,
    compress: Callable[[bytes], bytes],
    form: int,
    name: str,
    encoding: str,
) -> None:
    data = FORMATS["a.jsonl"].encode(encoding)
    files = {"._b.jsonl": OF_A_MAC, "folder/._b.jsonl": OF_A_MAC, name: data, "b.jsonl": data}
    (tmp_path / "a").write_bytes(compress(tar_of(files, form)))
    documents, rejected = read_file("documents", tmp_path / "a")
    slices = [read_file("documents", tmp_path / "a", slice_index=index, slice_count=2)[0] for index in range(2)]

    assert rejected == []
    assert [each.key for each in documents] == [f"{member}:{line}" for member in (name, "b.jsonl") for line in range(3)]
    assert [each.text for each in documents] == TEXTS * 2
    assert sorted(each.key for piece in slices for each in piece) == sorted(each.key for each in documents)


def test_a_global_header_of_git_is_no_file(tmp_path: Path, read_file: ReadFile) -> None:
    files = {"repo/a.jsonl": FORMATS["a.jsonl"].encode()}
    (tmp_path / "a.tar").write_bytes(tar_of(files, tarfile.PAX_FORMAT, {"comment": "0123456789abcdef"}))
    documents, rejected = read_file("documents", tmp_path / "a.tar")

    assert ([each.text for each in documents], rejected) == (TEXTS, [])


def test_compressed_members_of_a_tar_archive_keep_their_first_line(tmp_path: Path, read_file: ReadFile) -> None:
    data = FORMATS["a.jsonl"].encode()
    files = {"a.jsonl.gz": gzip.compress(data), "b.jsonl.zst": zstandard.compress(data)}
    (tmp_path / "a.tar").write_bytes(tar_of(files, tarfile.PAX_FORMAT))
    documents, rejected = read_file("documents", tmp_path / "a.tar")

    assert ([each.text for each in documents], rejected) == (TEXTS * 2, [])
