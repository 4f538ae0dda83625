"""The articles of WikiExtractor are documents of their own."""

import gzip
from collections.abc import Callable
from pathlib import Path

from massivetext.recipe import IngestOptions
from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]
TWO = """<doc id="12" url="https://en.wikipedia.org/wiki?curid=12" title="Town &amp; "river"">
Town

The town is old.
</doc>

<doc id="13" url="https://en.wikipedia.org/wiki?curid=13" title="Größe">
Größe
</doc>
"""


def test_each_element_is_a_document_with_its_url_and_title(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "wiki_00").write_text(TWO)
    (tmp_path / "wiki_00.gz").write_bytes(gzip.compress(TWO.encode()))
    for name in ("wiki_00", "wiki_00.gz"):
        documents, rejected = read_file("documents", tmp_path / name)

        assert rejected == []
        assert [(each.key, each.text, each.title, each.metadata) for each in documents] == [
            ("0", "Town\n\nThe town is old.", 'Town & "river"', {"id": "12"}),
            ("1", "Größe", "Größe", {"id": "13"}),
        ]
        assert documents[0].url == "https://en.wikipedia.org/wiki?curid=12"
    second = read_file("documents", tmp_path / "wiki_00", slice_index=1, slice_count=2)[0]
    assert [each.key for each in second] == ["1"]


def test_an_element_without_its_end_and_text_outside_cost_nothing_else(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a").write_text(TWO.replace("</doc>\n\n", "", 1) + "stray\n" + TWO)
    documents, rejected = read_file("documents", tmp_path / "a")

    assert [each.title for each in documents] == ['Town & "river"', "Größe"] * 2
    assert [(each.offset, each.reason) for each in rejected] == [("2", "no_element")]


def test_an_element_that_is_too_long_is_left_out(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a").write_text(TWO)
    # With its tag the first element has 114 bytes, the second 82.
    documents, rejected = read_file("documents", tmp_path / "a", IngestOptions(max_record_bytes=100))

    assert [each.key for each in documents] == ["1"]
    assert [(each.offset, each.reason) for each in rejected] == [("0", "record_too_large")]
