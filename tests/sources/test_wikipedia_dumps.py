import bz2
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.recipe import IngestOptions
from massivetext.schema import Document, Rejected
from massivetext.sources.wiki.mediawiki import Dump, DumpPage

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/" xml:lang="de">
<siteinfo><base>https://de.wiki.example/wiki/Hauptseite</base>
<namespaces><namespace key="6">Datei</namespace><namespace key="0"/></namespaces></siteinfo>
"""


def page(number: int, text: str | None = "Text.", *, namespace: int = 0, more: str = "", title: str = "") -> str:
    body = "" if text is None else f'<text xml:space="preserve">{text}</text>'
    return (
        f"<page><title>{title or f'Seite {number}'}</title><ns>{namespace}</ns><id>{number}</id>{more}<revision>"
        f"<id>9{number}</id><timestamp>2024-01-01T00:00:00Z</timestamp>{body}</revision></page>\n"
    )


def write(path: Path, *pages: str, end: str = "</mediawiki>", encoding: str = "utf-8") -> Path:
    path.write_bytes((HEAD + "".join(pages) + end).encode(encoding))
    return path


def test_an_article(tmp_path: Path, read_file: ReadFile) -> None:
    text = "[[Datei:A.jpg|mini|Bild]]Der '''Fluss'''."
    documents, rejected = read_file("wikipedia", write(tmp_path / "a.xml", page(7, text, title="Der Fluß &amp; Co?")))

    assert rejected == []
    assert documents == [
        Document(
            text="Der Fluß & Co?\n\nDer Fluss.",
            origin="a.xml",
            key="7",
            url="https://de.wiki.example/wiki/Der_Flu%C3%9F_%26_Co%3F",
            title="Der Fluß & Co?",
            metadata={"date": "2024-01-01T00:00:00Z"},
        )
    ]


@pytest.mark.parametrize(
    ("bad", "reason", "skipped"),
    [
        (page(1, namespace=4), "namespace", True),
        (page(1, more='<redirect title="X"/>'), "redirect", True),
        (page(1, "#REDIRECT [[X]]"), "redirect", True),
        (page(1, "x { }").replace("<timestamp>", "<model>sanitized-css</model><timestamp>"), "not_wikitext", True),
        (page(1, None), "no_text", False),
        (page(1, "x" * 101), "record_too_large", False),
    ],
)
def test_pages_that_are_no_articles(
    tmp_path: Path, read_file: ReadFile, bad: str, reason: str, *, skipped: bool
) -> None:
    path = write(tmp_path / "a", page(0), bad, page(2, "x" * 100))
    documents, rejected = read_file("wikipedia", path, limits=IngestOptions(max_record_bytes=100))

    assert [document.key for document in documents] == ["0", "2"]
    assert [(r.offset, r.reason, r.skipped) for r in rejected] == [("1", reason, skipped)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(tmp_path: Path, read_file: ReadFile, encoding: str) -> None:
    documents, _ = read_file("wikipedia", write(tmp_path / "a", page(1, "Übergröße."), encoding=encoding))

    assert documents[0].text == "Seite 1\n\nÜbergröße."


def test_pages_without_an_id_have_an_ordinal_and_equal_ids_differ(tmp_path: Path, read_file: ReadFile) -> None:
    without = page(5).replace("<id>5</id>", "")
    documents, _ = read_file("wikipedia", write(tmp_path / "a", without, page(5), page(5)))

    assert [document.key for document in documents] == ["ordinal-0", "5", "5#2"]


def test_the_last_revision_counts(tmp_path: Path, read_file: ReadFile) -> None:
    two = page(1, "Old.").replace("</page>", "<revision><id>9</id><text>New.</text></revision></page>")
    documents, _ = read_file("wikipedia", write(tmp_path / "a", two))

    assert [(document.key, document.text) for document in documents] == [("1", "Seite 1\n\nNew.")]


@pytest.mark.parametrize("end", ["", "<page><title>cut o", "<page></wrong>", "\x01</mediawiki>"])
def test_a_broken_tail_keeps_what_came_before(tmp_path: Path, read_file: ReadFile, end: str) -> None:
    path = write(tmp_path / "a", page(1), page(2), end=end)
    documents, rejected = read_file("wikipedia", path)

    assert [document.key for document in documents] == ["1", "2"]
    assert [r.reason for r in rejected] == ["broken_xml"]
    assert len(HEAD) < int(rejected[0].offset) <= path.stat().st_size
    assert rejected[0].length == path.stat().st_size - int(rejected[0].offset)
    assert "XML is broken" in rejected[0].detail


def test_a_truncated_archive_is_told_as_such(tmp_path: Path, read_file: ReadFile) -> None:
    pages = "".join(page(n, f"{n * 7919 % 10007} " * 50) for n in range(4000))
    data = bz2.compress((HEAD + pages + "</mediawiki>").encode(), 1)
    (tmp_path / "a").write_bytes(data[: len(data) // 2])
    documents, rejected = read_file("wikipedia", tmp_path / "a")

    assert 100 < len(documents) < 4000
    assert [r.reason for r in rejected] == ["truncated"]


def test_entities_are_refused(tmp_path: Path, read_file: ReadFile) -> None:
    laughs = '<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    (tmp_path / "a").write_text(laughs + HEAD + page(1, "&b;") + "</mediawiki>")
    documents, rejected = read_file("wikipedia", tmp_path / "a")

    assert documents == []
    assert [r.reason for r in rejected] == ["broken_xml"]
    assert "entity 'a'" in rejected[0].detail


def test_the_parts_of_a_dump_are_the_dump(tmp_path: Path, read_file: ReadFile) -> None:
    path = write(tmp_path / "a", *[page(n, namespace=n % 2) for n in range(10)], end="")
    whole = read_file("wikipedia", path)
    slices = [read_file("wikipedia", path, slice_index=index, slice_count=3) for index in range(3)]

    assert sorted(d.key for piece in slices for d in piece[0]) == sorted(d.key for d in whole[0])
    assert sorted(r for piece in slices for r in piece[1]) == sorted(whole[1])


def test_a_huge_page_is_never_held() -> None:
    huge = page(1, "x" * 20_000_000)
    dump = Dump(1000)
    data = (HEAD + huge + "</mediawiki>").encode()
    (found,) = dump.pages(data[start : start + 65_536] for start in range(0, len(data), 65_536))

    assert isinstance(found, DumpPage)
    assert len(found.data) < 100_000
    assert len(found.fields()["text"]) + found.left_out == 20_000_000


def test_real_dumps(shared_data: Path, read_file: ReadFile) -> None:
    reasons: Counter[str] = Counter()
    texts = []
    for name in ("smallwiki-pages-articles.xml", "bgwiki-pages-articles-shortened.xml.bz2", "zhwiki-broken-1.xml",
                 "zhwiki-broken-2.xml", "zhwiki-broken-3.xml", "dbpedia-minidump-de.xml.bz2"):  # fmt: skip
        documents, rejected = read_file("wikipedia", shared_data / "wikipedia" / name)
        texts += [document.text for document in documents]
        reasons.update(r.reason for r in rejected)

    assert len(texts) == 895 + 1 + 1 + 1 + 0 + 2
    assert reasons == {"namespace": 954 + 2 + 2 + 2 + 2, "redirect": 147, "empty": 8, "no_text": 1}
    left = [text for text in texts if any(mark in text for mark in ("<ref", "[[", "{{"))]
    assert len(left) < 0.01 * len(texts)  # markup that is itself broken
