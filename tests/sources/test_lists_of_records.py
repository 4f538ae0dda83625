"""JSON whose records are in a list of one object, or whose fields are columns."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]
RECORDS = [{"text": "one", "url": "u1", "n": 1}, {"text": "two", "url": "u2", "n": 2}]
PARAGRAPHS = [{"text": "one"}, {"text": "two"}]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    ("value", "text_field", "found"),
    [
        ({"data": RECORDS}, "data.text", [("0.0", "one", "u1"), ("0.1", "two", "u2")]),
        ({"rows": [{"row": each} for each in RECORDS]}, "rows.row.text", [("0.0", "one", None), ("0.1", "two", None)]),
        # The paragraphs of an article are one text, and so are those of a record that is in a list.
        ({"url": "u", "body": PARAGRAPHS}, "body.text", [("0", "one\n\ntwo", "u")]),
        ({"data": [{"url": "u", "body": PARAGRAPHS}]}, "data.body.text", [("0.0", "one\n\ntwo", "u")]),
        ({"data": {"text": "one"}}, "data.text", [("0", "one", None)]),
        ({"text": ["one", "two"], "url": "u"}, "text", [("0", "one\n\ntwo", "u")]),
    ],
)
def test_a_list_of_records_is_not_one_document(
    tmp_path: Path,
    read_file: ReadFile,
    value: object,
    text_field: str,
    found: list[tuple[str, str, str | None]],
    indent: int | None,
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(value, indent=indent))
    documents, rejected = read_file("documents", tmp_path / "a.json", text_field=text_field)

    assert rejected == []
    assert [(each.key, each.text, each.url) for each in documents] == found


def test_columns_are_refused(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.json").write_text('{"text": ["one", "two"], "url": ["u1", "u2"]}')
    documents, (rejected,) = read_file("documents", tmp_path / "a.json")

    assert (documents, rejected.reason) == ([], "columns")
    assert "the fields 'text' and 'url' are lists of 2 values each" in rejected.detail
