"""The work of the extractors is bounded by the bytes of a page, whatever is in it: counted, not timed."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

import pytest

from massivetext.extract import salient_tree, table_rows
from massivetext.extract.extractors import MAX_LIBRARY_CHARACTERS, MAX_LIBRARY_TAGS, ExtractorName, extract_page
from massivetext.extract.salient import extract_salient, read_blocks
from massivetext.extract.tag_scanner import MAX_ELEMENTS, MAX_PIECES, MAX_TAGS, scan_page

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SMALL = 1 << 13


@pytest.fixture
def shapes(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Callable[[int], str]]:
    monkeypatch.syspath_prepend(BENCHMARKS)
    from bad_shapes import SHAPES

    return SHAPES


def calls(html: str, extractor: ExtractorName) -> int:
    """How many functions, of Python and of its libraries, are called to extract a page."""
    count = 0

    def see(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(see)
    try:
        extract_page(html, None, extractor)
    finally:
        sys.setprofile(None)
    return count


def test_work_grows_no_faster_than_the_page(shapes: Mapping[str, Callable[[int], str]]) -> None:
    extract_page("<p>x", None, "salient")  # loads the model
    grown = {}
    for name, make in shapes.items():
        few, many = calls(make(2 * SMALL), "salient"), calls(make(8 * SMALL), "salient")
        if many > 8 * few + 2_000:  # one quadratic step: 16 times
            grown[name] = (few, many)

    assert grown == {}


@pytest.mark.parametrize(
    "name", ["cells in a row", "240 deep with branches", "nested lists", "tables", "misnested formatting", "paragraphs"]
)
def test_work_of_the_library_grows_little_faster(shapes: Mapping[str, Callable[[int], str]], name: str) -> None:
    extract_page("<p>x", None, "trafilatura")
    few, many = calls(shapes[name](SMALL), "trafilatura"), calls(shapes[name](4 * SMALL), "trafilatura")

    assert many < 8 * few + 10_000  # beyond its bounds a page goes to `salient`


def test_the_scan_ends_at_its_bounds() -> None:
    tags = scan_page(b"<p>x" * (MAX_ELEMENTS + 10))
    assert len(tags.elements) == MAX_ELEMENTS
    assert len(tags.pieces) > MAX_ELEMENTS  # the text of further elements stays
    assert len(scan_page(b"x<i></i>" * (MAX_PIECES + 10)).pieces) == MAX_PIECES
    breaks = scan_page(b"<br>" * MAX_TAGS + b"<p>last")
    assert len(breaks.pieces) == 0  # what is behind the last tag is dropped


def test_of_too_many_blocks_the_first_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salient_tree, "MAX_KEPT", 3)
    html = "".join(f"<p>The river rises in the hills and runs down to the sea, {number}.</p>" for number in range(6))

    assert extract_salient(html).text.count("\n\n") == 2


def test_empty_cells_of_a_row_without_end_are_left_out() -> None:
    cells = "<td>a<td><td>b" + "<td>" * table_rows.MAX_CELLS

    assert extract_salient(f"<table><tr>{cells}</table>").text == "a | b"
    assert extract_salient("<table><tr><td>a<td><td>b<td></table>").text == "a | | b |"


@pytest.mark.parametrize("shape", ["<p>x", "x "])
def test_a_page_above_the_bounds_of_a_library_is_not_given_to_it(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from massivetext.extract import page

    monkeypatch.setattr(page, "extract", None)  # would fail
    count = MAX_LIBRARY_TAGS + 1 if "<" in shape else MAX_LIBRARY_CHARACTERS

    assert extract_page(shape * count, None, "trafilatura").text.startswith("x")


def test_blocks_of_a_page_are_not_more_than_its_pieces() -> None:
    page = b"<div>a<p>b</div>" * 1_000
    scanned, blocks = read_blocks(page, None)

    assert len(scanned.blocks) == len(blocks.counts) == 2_000
