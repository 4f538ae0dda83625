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
