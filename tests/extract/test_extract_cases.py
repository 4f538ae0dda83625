"""Pages that went wrong once, with the right result of each; and what becomes of readers' comments."""

from pathlib import Path

import pytest

from massivetext.extract import extract
from massivetext.extract.salient import extract_salient

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases" / "web"
SENTENCE = "The river rises in the hills and runs down to the sea, and the people of the valley live by it."
REMARK = "I have walked along this river for thirty years, and I have never seen it as low as in this summer."
# File -> what its text must hold, and what it must not hold.
WANTED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "after_end_of_html.html": (("The harbour town wakes early", "Visitors who arrive"), ()),
    "cells_49900_in_a_row.html": (("ab | ab | ab",), ()),
    "crowded_60kB.html": ((), ("<a",)),
    "depth300.html": (("The harbour town wakes early", "Visitors who arrive"), ()),
    "empty_cell.html": (("Year | Wheat | Rye\n1902 | | 52\n1903 | 131 |",), ()),
    "figcaption.html": (("A caption of boats in the harbour",), ()),
    "hidden_attribute.html": (("Visitors who arrive",), ("secret hidden words",)),
    "inline_q.html": (("and said, “It was enough”, before he went",), ()),
    "list_in_cell.html": (("Mon | 10:00 AM - 8:00 PM\nTue | Closed",), ()),
    "math_script.html": ((r"Then \(\frac{a}{b}\) and 10^3 holds",), ()),
    "pre_line_numbers.html": (("def f(x):\n    return x",), ("1\n2", "1 2")),
    "pre_text.html": (
        ("From: A. Person\nSubject: boats\n\n> quoted line one\n> quoted line two\n\nHello all,\nthe",),
        (),
    ),
    "qa_answers.html": (
        ("The pump leaks", "seal after ten minutes of running, and I changed the gasket twice.\n\nCheck"),
        (),
    ),
    "short_page.html": (("Tides\n\n- Monday 06:10\n- Tuesday 07:02",), ("Home",)),
    "superscript.html": (("holds 10^6 litres", "3 m^2 is"), ("text.12",)),
}


@pytest.mark.parametrize("name", WANTED)
def test_every_case_has_its_right_result(name: str) -> None:
    file = CASES / name
    if not file.is_file():
        pytest.skip(f"{file} is missing")
    wanted, unwanted = WANTED[name]
    text = extract_salient(file.read_text(encoding="utf-8", errors="replace")).text

    assert [each for each in wanted if each not in text] == []
    assert [each for each in unwanted if each in text] == []


def test_every_page_of_the_cases_has_an_expectation() -> None:
    if not CASES.is_dir():
        pytest.skip(f"{CASES} is missing")

    assert {file.name for file in CASES.glob("*.html")} == set(WANTED)


@pytest.mark.parametrize("extractor", ["salient", "trafilatura"])
def test_comments_of_readers_are_kept_or_dropped(extractor: str) -> None:
    paragraphs = f"<p>{SENTENCE} {SENTENCE}</p>" * 6
    remarks = f'<div class="comment"><p>{REMARK}</p></div>' * 2
    html = (
        f"<html><body><article><h1>A river</h1>{paragraphs}</article><div id='comments' class='comments'>"
        f"{remarks}</div></body></html>"
    )

    kept = extract(html, None, extractor, "keep").text  # type: ignore[arg-type]
    dropped = extract(html, None, extractor, "drop").text  # type: ignore[arg-type]

    assert REMARK in kept
    assert REMARK not in dropped
    assert SENTENCE in dropped


def test_a_page_of_comments_alone_is_not_emptied() -> None:
    html = f'<html><body><div class="comments">{f"<p>{REMARK}</p>" * 5}</div></body></html>'

    assert REMARK in extract(html, None, "salient", "drop").text
