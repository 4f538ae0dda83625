"""EPUB books that were packed again, or whose package is damaged, are read as one book."""

import gzip
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from builders import zip_bytes

from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]
MIMETYPE = {"mimetype": "application/epub+zip"}
CONTAINER = {
    "META-INF/container.xml": '<container><rootfiles><rootfile full-path="O/c.opf"/></rootfiles></container>',
}
# The order of reading is not that of the archive.
PACKAGE = """<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Emma</dc:title></metadata>
<manifest><item id="a" href="1.xhtml"/><item id="b" href="2.xhtml"/></manifest>
<spine><itemref idref="b"/><itemref idref="a"/></spine></package>"""
CHAPTERS = {
    "O/nav.xhtml": "<html><body><p>Contents</p></body></html>",
    "O/1.xhtml": "<html><body><p>One.</p></body></html>",
    "O/2.xhtml": "<html><body><p>Two.</p></body></html>",
}


@pytest.mark.parametrize(
    ("name", "files", "text", "title"),
    [
        ("a.epub", MIMETYPE | CONTAINER | {"O/c.opf": PACKAGE} | CHAPTERS, "Two.\n\nOne.", "Emma"),
        ("a.zip", CONTAINER | {"O/c.opf": PACKAGE} | CHAPTERS | MIMETYPE, "Two.\n\nOne.", "Emma"),
        ("a.zip", CHAPTERS | CONTAINER | {"O/c.opf": PACKAGE}, "Two.\n\nOne.", "Emma"),
        ("a.epub", CHAPTERS | CONTAINER | {"O/c.opf": PACKAGE.partition("<spine>")[0]}, "One.\n\nTwo.", "Emma"),
        ("a.epub", CHAPTERS | CONTAINER | {"O/c.opf": ""}, "One.\n\nTwo.", None),
        ("a.epub", CHAPTERS, "One.\n\nTwo.", None),
    ],
)
def test_a_book_is_read_whatever_became_of_its_package(
    tmp_path: Path, read_file: ReadFile, name: str, files: Mapping[str, str], text: str, title: str | None
) -> None:
    (tmp_path / name).write_bytes(zip_bytes(files))
    documents, rejected = read_file("books", tmp_path / name)

    assert rejected == []
    assert [(each.text, each.title) for each in documents] == [(text, title)]


def test_a_compressed_book_is_known_by_its_name(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.epub.gz").write_bytes(gzip.compress(zip_bytes(CHAPTERS | CONTAINER | {"O/c.opf": PACKAGE})))

    assert [each.text for each in read_file("books", tmp_path / "a.epub.gz")[0]] == ["Two.\n\nOne."]
