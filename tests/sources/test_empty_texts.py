"""Documents without a character are rejections, so that a source of nothing else stops."""

from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]


@pytest.mark.parametrize("kind", ["documents", "books"])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", b'{"text": ""}\n'),
        ("a.jsonl", '{"text": " \\n\u00a0\ufeff"}\n'.encode()),
        ("a.jsonl", b'{"text": ["", ""]}\n'),
        ("a.csv", b'text,n\n"",1\n'),
        ("a.txt", b" \n\t\n"),
        ("a.txt", b"\xef\xbb\xbf"),
        ("a.txt", b"\xff\xfe"),
        ("a.html", b"<!DOCTYPE html><html><head><title></title></head><body></body></html>"),
        ("wiki_00", b'<doc id="1" url="u" title="t">\n\n</doc>\n'),
    ],
)
def test_a_text_without_characters_is_a_rejection(
    tmp_path: Path, read_file: ReadFile, kind: str, name: str, data: bytes
) -> None:
    (tmp_path / name).write_bytes(data)
    documents, rejected = read_file(kind, tmp_path / name)

    assert documents == []
    assert [(each.reason, each.skipped) for each in rejected] == [("empty", False)]


_DUMP = (
    "<mediawiki><siteinfo><base>https://en.wikipedia.org/wiki/Main_Page</base></siteinfo><page><title>A page</title>"
    "<ns>0</ns><id>1</id><revision><id>2</id><timestamp>2024-01-01T00:00:00Z</timestamp>{}</revision></page></mediawiki>"
)
_ENTERPRISE = '{{"name":"A page","identifier":1,"url":"https://x/A","article_body":{{"html":"{}"}}}}\n'


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.xml", _DUMP.format("<text></text>"), "empty"),
        ("a.xml", _DUMP.format('<text bytes="0" xml:space="preserve" />'), "empty"),
        ("a.xml", _DUMP.format("<text>[[Category:A]] &lt;!-- later --&gt; {{stub}}</text>"), "empty"),
        ("a.xml", _DUMP.format(""), "no_text"),
        ("a.ndjson", _ENTERPRISE.format("<html><body><div> </div></body></html>"), "empty"),
        ("a.ndjson", _ENTERPRISE.format(""), "no_text"),
    ],
)
def test_a_wiki_page_without_text_is_a_rejection(
    tmp_path: Path, read_file: ReadFile, name: str, data: str, reason: str
) -> None:
    (tmp_path / name).write_text(data)
    documents, rejected = read_file(
        "wikipedia", tmp_path / name, format="mediawiki" if name == "a.xml" else "wiki-enterprise"
    )

    assert documents == []
    assert [each.reason for each in rejected] == [reason]
