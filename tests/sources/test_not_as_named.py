"""Files that are not what their names say: error pages, pointers of Git LFS, documents of office programs, images."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4d' * 32}\nsize 12345\n".encode()
ERROR_PAGE = b"<html><head><title>404</title></head><body><p>404 not found</p></body></html>"


def zip_of(*members: tuple[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in members:
            archive.writestr(name, text)
    return target.getvalue()


def office_file(*members: str) -> bytes:
    return zip_of(("[Content_Types].xml", "<Types/>"), *((name, "<x>Hello</x>") for name in members))


@pytest.mark.parametrize("kind", ["documents", "books"])
@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", POINTER, "git lfs pull"),
        ("a.parquet", POINTER, "git lfs pull"),
        ("a.jsonl", POINTER, "git lfs pull"),
        ("a.epub", POINTER, "git lfs pull"),
        ("a.json", ERROR_PAGE, "an HTML page in a file that is .json by its name"),
        ("a.jsonl", ERROR_PAGE, "fetch it again"),
        ("a.parquet", ERROR_PAGE, "an HTML page in a file that is .parquet"),
        ("a.parquet", b"Access to this dataset is restricted.", "text in a file that is .parquet"),
        ("a.epub", b"The file is gone.", "text in a file that is .epub"),
        ("a.zip", b"Rate limit exceeded", "text in a file that is .zip"),
        ("a.docx", office_file("word/document.xml"), "a Word document"),
        ("a.xlsx", office_file("xl/workbook.xml"), "save its sheets as CSV"),
        ("a.xlsb", office_file("xl/workbook.bin"), "save its sheets as CSV"),
        ("a.zip", office_file("ppt/presentation.xml"), "a PowerPoint presentation"),
        (
            "a.odt",
            zip_of(("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", "<x>Hello</x>")),
            "a document of LibreOffice",
        ),
        ("a.mobi", b"Title".ljust(60, b"\x00") + b"BOOKMOBI" + bytes(50), "a Kindle book"),
        ("a.djvu", b"AT&TFORM\x00\x00\x00\x00DJVM", "a DjVu book"),
        ("a", b"\xff\xd8\xff\xe0abc", "an image"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused_with_the_remedy(
    tmp_path: Path, read_file: ReadFile, kind: str, name: str, data: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(data)
    documents, (rejected,) = read_file(kind, tmp_path / name)

    assert (documents, rejected.reason) == ([], "not_text")
    assert words in rejected.detail


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.html", b"<html><body><p>One sentence of a page with some words.</p></body></html>"),
        ("a.htm", b"<html><body><p>One sentence of a page with some words.</p></body></html>"),
        ("a.parquet", b'{"text": "One sentence of a page with some words."}'),
        ("a.txt.gz", b"One sentence of a page with some words."),
        ("a.zip", zip_of(("a.txt", "One sentence of a page with some words."), ("word/b.txt", ""))),
    ],
)
def test_records_and_texts_under_any_name_are_read(tmp_path: Path, read_file: ReadFile, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)

    assert [each.text for each in read_file("documents", tmp_path / name)[0]] == [
        "One sentence of a page with some words."
    ]


def test_images_beside_texts_in_an_archive_are_no_texts(tmp_path: Path, read_file: ReadFile) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, data in (("0.txt", b"A text."), ("0.jpg", b"\xff\xd8\xff\xe0abc"), ("1.txt", POINTER)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    documents, rejected = read_file("documents", tmp_path / "a.tar")

    assert [each.text for each in documents] == ["A text."]
    assert {each.reason for each in rejected} == {"not_text"}
