import zipfile
from pathlib import Path

import pytest
from builders import read_file
from hypothesis import given
from hypothesis import strategies as st

from massivetext.extract.publication_date import publication_date
from massivetext.schema import Document

LINKED = '<script type="application/ld+json">{"dateModified": "2024-05-09", "datePublished" : "2024-05-01"}</script>'


@pytest.mark.parametrize(
    ("html", "day"),
    [
        ('<meta property="article:published_time" content="2024-05-01T10:00:00+02:00">', "2024-05-01"),
        ("<META content='20240501' name=DC.Date.issued>", "2024-05-01"),
        ("<meta itemprop=datePublished content=2024/05/01>", "2024-05-01"),
        ('<meta name="date" content="May 1st"><time datetime="2024-05-02">', "2024-05-02"),
        ('<meta name="date" content="2020-01-01"><meta name="pubdate" content="2024-05-01">', "2024-05-01"),
        (LINKED, "2024-05-01"),
        (f'<time datetime="2020-01-01"></time>{LINKED}', "2024-05-01"),
        ('<time datetime="2024-05-01T10:00">x</time><time datetime="2024-05-01T12:00">y</time>', "2024-05-01"),
        ('<time datetime="2024-05-01">x</time><time class="entry published" datetime="2024-05-02">', "2024-05-02"),
        ('<time datetime="2024-05-01">x</time><time datetime="2024-05-02">y</time>', None),  # posts of a thread
        ('<meta name="date" content="2023-02-30">', None),
        ('<meta name="date" content="202405010">', None),
        ('<meta name="description" content="2024-05-01">', None),
        ("<p>Published 2024-05-01</p>", None),
        ("", None),
    ],
)
def test_the_day_is_what_the_page_states_for_machines(html: str, day: str | None) -> None:
    assert publication_date(f"<html><head>{html}</head></html>") == day


@given(
    st.lists(
        st.sampled_from(['<meta name="', "date", '" content="', "2024-05-01", ">", "<time ", "datetime=", "'", "\n"])
    )
)
def test_no_page_raises(pieces: list[str]) -> None:
    assert publication_date("".join(pieces)) in (None, "2024-05-01")


def test_a_page_from_a_file_has_its_day(tmp_path: Path) -> None:
    page = f"<html><head><title>A</title>{LINKED}</head><body><p>{'The river runs to the sea. ' * 9}</p></body></html>"
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.html", page)
        archive.writestr("b.html", page.replace(LINKED, ""))
    found = read_file("web", tmp_path / "a.zip")

    assert [item.metadata for item in found if isinstance(item, Document)] == [{"date": "2024-05-01"}, {}]
