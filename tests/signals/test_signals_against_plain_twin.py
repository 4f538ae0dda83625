"""The fast signals against plain Python written from the definitions, and laws that hold for every text."""

import gzip
import itertools
import json
import math
import time
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_signals import plain

from massivetext import signals
from massivetext.signals import registry

DATA = Path(__file__).resolve().parents[2] / "../shared/data"


def check_range(row: dict[str, float | int | str]) -> None:
    for name, value in row.items():
        signal = registry.SIGNALS[name]
        if signal.low is None or signal.high is None:
            assert value
        else:
            assert isinstance(value, int if pa.types.is_integer(signal.type) else float)
            assert math.isfinite(value)
            assert signal.low <= value <= signal.high, name


def check(texts: list[str]) -> None:
    for text, row in zip(texts, signals.measure(texts).to_pylist(), strict=True):
        expected = plain(text, row["language"])
        assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-9)
        assert set(row) == {*expected, "language", "language_score"}
        check_range(row)


_WORDS = st.sampled_from(
    [
        "a",
        "b",
        "the",
        "The,",
        "#",
        "...",
        "…",
        "- x",
        "•y",
        "-",
        "é",
        "\u0301",
        "\x00",
        "😀",
        "K",
        "\u0130stanbul",
        "ΟΔΟΣ",
        "\u01c5",
        "End.)",
        "“go!”",
        "privacy policy",
        "use cookies",
        "JAVASCRIPT:",
        "lorem ipsum",
        "x" * 70,
        "{}",
        "free",
        "sex",
        "cams",
        "porn",
    ]
)
_GAPS = st.sampled_from([" ", " ", " ", "\n", "\n\n", " \n \n", "\u3000", "\x85", "\t"])
_REPETITIVE = st.lists(st.tuples(_WORDS, _GAPS), max_size=60).map(lambda pairs: "".join(itertools.chain(*pairs)))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(_REPETITIVE, st.text(max_size=200)), min_size=1, max_size=4))
def test_generated_texts_measure_as_in_plain_python(texts: list[str]) -> None:
    check(texts)


@settings(max_examples=30, deadline=None)
@given(st.lists(_REPETITIVE, min_size=1, max_size=5))
def test_a_text_measures_the_same_whatever_stands_beside_it(texts: list[str]) -> None:
    alone = [signals.measure_text(text) for text in texts]

    assert signals.measure(texts).to_pylist() == alone


def read(name: str, wanted: int) -> list[str]:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"real texts are missing: {path}")
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        return [json.loads(line)["text"] for line in itertools.islice(handle, wanted)]


def test_real_news_measure_as_in_plain_python() -> None:
    check(read("news/news.jsonl.gz", 28_000)[::140])


def test_real_books_measure_as_in_plain_python() -> None:
    check([text[20_000:60_000] for text in read("books/books.jsonl.gz", 6)])


def test_a_text_of_several_pieces_and_batches_measures_as_in_plain_python() -> None:
    # 1.3 million characters: 100 lines that differ, over and over; then short texts in a batch of their own.
    page = "\n".join(f"line {number} " + "word " * 20 for number in range(100))
    text = page * 120

    row = signals.measure([text, "a b a b c"]).to_pylist()

    assert len(text) > 1 << 20
    assert row[0]["word_count"] == len(text.split())
    assert row[0]["line_count"] == 100 * 120 - 119  # the last line of a page and the first of the next are one
    assert row[0]["duplicate_5_gram_char_frac"] == 1.0
    assert row[1]["top_2_gram_char_frac"] == 0.8


_SIZE = 1_000_000
_PATHOLOGICAL = {
    "one character": "a" * _SIZE,
    "one word": "a " * (_SIZE // 2),
    "two words": "a b " * (_SIZE // 4),
    "newlines": "\n" * _SIZE,
    "newlines and spaces": "\n " * (_SIZE // 2),
    "blank runs": ("\n" + " " * 999 + "x") * (_SIZE // 1001),
    "combining marks": "\u0301" * _SIZE,
    "nul": "\x00" * _SIZE,
    "short lines": "x\n" * (_SIZE // 2),
    "short paragraphs": "ab\n\n" * (_SIZE // 4),
    "punctuation": "!a" * (_SIZE // 2),
    "dots": "." * _SIZE,
    "phrases": "free sex cams " * (_SIZE // 14),
    "all different": " ".join(map(str, range(_SIZE // 7))),
}


# Measured: at most 0.5 s. What is quadratic takes minutes.
@pytest.mark.parametrize("name", list(_PATHOLOGICAL))
def test_pathological_texts_take_linear_time_and_stay_in_range(name: str) -> None:
    began = time.process_time()
    row = signals.measure_text(_PATHOLOGICAL[name])

    assert time.process_time() - began < 8.0
    check_range(row)
