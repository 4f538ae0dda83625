"""Settings before a text in Markdown are not part of the text."""

from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]
BODY = "# Heading\n\nSome *text*.\n\n---\n\nMore of it: a line."


@pytest.mark.parametrize("kind", ["documents", "books"])
@pytest.mark.parametrize(
    ("settings", "title"),
    [
        ('---\ntitle: "My: title"\ndate: 2020-01-01\ntags: [a, b]\n---\n', "My: title"),
        ("---\r\nlayout: post\r\ntags:\r\n- a\r\n  - b\r\n# remark\r\n\r\ntitle: Mine\r\n---\r\n\r\n", "Mine"),
        ("---\ndescription: >\n  over\n  lines\n...\n", None),
        ('+++\ntitle = "T"\ntags = [\n "a",\n]\n[extra]\nx = 1\n+++\n', "T"),
        ("\ufeff---\nlang: en\n---\n", None),
        ("", None),
    ],
)
def test_settings_are_taken_out_and_give_the_title(
    tmp_path: Path, read_file: ReadFile, kind: str, settings: str, title: str | None
) -> None:
    (tmp_path / "a.md").write_text(settings + BODY)
    ((document,), rejected) = read_file(kind, tmp_path / "a.md")

    assert (document.text, document.title, rejected) == (BODY, title, [])


@pytest.mark.parametrize(
    "text",
    [
        "---\nA line of prose.\n---\nMore.",
        "---\n\n---\nBetween rules.",
        "---\nkey: value\nno end of it",
        "+++\nNot settings.\n+++\nMore.",
    ],
)
def test_prose_between_rules_stays(tmp_path: Path, read_file: ReadFile, text: str) -> None:
    (tmp_path / "a.md").write_text(text)

    assert [each.text for each in read_file("documents", tmp_path / "a.md")[0]] == [text]
