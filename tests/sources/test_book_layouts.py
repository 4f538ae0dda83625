"""Books as EPUB, HTML, Markdown and Gutenberg's zips."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

CONTAINER = '<container><rootfiles><rootfile full-path="OPS/p.opf"/></rootfiles></container>'
PACKAGE = """<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>The Book</dc:title>
<dc:creator>A. Writer</dc:creator><dc:language>en</dc:language></metadata><manifest>
<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>
<item id="two" href="text/two%20b.xhtml" media-type="application/xhtml+xml"/>
<item id="one" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="pic" href="a.png" media-type="image/png"/></manifest>
<spine><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/><itemref idref="pic"/></spine></package>"""
ONE = """<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head>
<body><h1>One</h1><p>First <i>par</i>agraph<br/>goes on.</p><pre>  kept
    spaces</pre></body></html>"""
TWO = "<html><body><p>Zweites Kapitel, größer.</p><ul><li>a</li><li>b</li></ul></body></html>"


def epub(**changed: str) -> bytes:
    files = {
        "META-INF/container.xml": CONTAINER,
        "OPS/p.opf": PACKAGE,
        "OPS/nav.xhtml": "<html><body>Contents</body></html>",
        "OPS/text/one.xhtml": ONE,
        "OPS/text/two b.xhtml": TWO,
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        for name, text in {**files, **changed}.items():
            if text:
                archive.writestr(name, text)
    return target.getvalue()


@pytest.mark.parametrize("kind", ["books", "documents"])
def test_an_epub_is_its_chapters_in_reading_order(tmp_path: Path, read_file: ReadFile, kind: str) -> None:
    (tmp_path / "a.epub").write_bytes(epub())
    (document,), rejected = read_file(kind, tmp_path / "a.epub")

    assert rejected == []
    assert document.text == (
        "One\n\nFirst paragraph\ngoes on.\n\n  kept\n    spaces\n\nZweites Kapitel, größer.\n\na\nb"
    )
    assert (document.title, document.metadata) == ("The Book", {"author": "A. Writer", "language": "en"})


def test_a_missing_chapter_is_counted(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.epub").write_bytes(epub(**{"OPS/text/one.xhtml": ""}))
    (document,), _ = read_file("books", tmp_path / "a.epub")

    assert document.text.startswith("Zweites Kapitel")
    assert document.metadata["lost_chapters"] == "1"


GUTENBERG = (
    "Title: Emma\n\n*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***\n\nThe book.\n\n"
    "*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***\nlicence\n"
)


def test_a_gutenberg_zip_is_its_book(tmp_path: Path, read_file: ReadFile) -> None:
    markup = f"<html><head><title>Emma</title></head><body><pre>{GUTENBERG}</pre><img src=a.png></body></html>"
    for name, text in (("158-0.txt", GUTENBERG), ("158-h/158-h.htm", markup)):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("158-h/images/a.png", b"\x89PNG\x00\x00")
            archive.writestr(name, text)
        documents, rejected = read_file("books", tmp_path / "a.zip")

        assert [(d.key, d.text, d.title) for d in documents] == [(name, "The book.", "Emma")]
        assert [(r.reason, r.skipped) for r in rejected] == [("not_text", True)]


def test_html_and_markdown_are_books_and_no_code_of_a_page(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.txt").write_text("<!DOCTYPE html><html><body><script>x()</script><p>Prose.</p></body></html>")
    (tmp_path / "a.md").write_text("# Title\n\nProse.\n")

    assert read_file("books", tmp_path / "a.txt")[0][0].text == "Prose."
    assert read_file("books", tmp_path / "a.md")[0][0].text == "# Title\n\nProse."
