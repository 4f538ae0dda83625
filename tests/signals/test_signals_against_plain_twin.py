"""The fast signals against plain Python written from the definitions, and laws that hold for every text."""

import gzip
import itertools
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_signals import plain

from massivetext import signals
from massivetext.schema import Document, documents_table
from massivetext.signals import blocklists, registry

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
LANGUAGE = {name for name, signal in registry.SIGNALS.items() if signal.family == "language"}
PAGE = {name for name, signal in registry.SIGNALS.items() if signal.family == "page"}


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
        assert set(row) == {*expected, *LANGUAGE, *PAGE, "unsafe_score", *blocklists.NAMES}
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
        "dÃ©jÃ ",
        "Ã\xa0",
        "â€™",
        "â€\ufffd",
        "à\xa0»",
        "ðŸ˜€",
        "ô",
        "РџСЂРё",
        "Р»",
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
def test_the_signals_of_a_text_do_not_depend_on_other_texts(texts: list[str]) -> None:
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


def test_the_code_gives_the_same_uncompiled(tmp_path: Path) -> None:
    # The same functions without numba: what it takes a type for could differ from what Python does.
    texts = [*read("news/news.jsonl.gz", 20_000)[::4_000], "", "a b a b\u2028\u0130 \U0010ffff {} lorem ipsum"]
    texts += ["'''a'''\n# é\n'#' \\' # @generated", "0x1f, " * 9 + "\\u12ab" * 8 + "A+/=" * 16, '"' * 9]
    (tmp_path / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    script = (
        "import json; from massivetext.signals import measure;"
        "from massivetext.schema import Document, documents_table;"
        "texts = json.load(open('texts.json')); known = {'language': 'Python'};"
        "documents = documents_table('code', [Document(text, 'a', '0', metadata=known) for text in texts]);"
        "print(measure(texts, documents).to_pylist())"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    documents = [Document(text, "a", "0", metadata={"language": "Python"}) for text in texts]
    found = signals.measure(texts, documents_table("code", documents)).to_pylist()

    assert found[-3]["comment_frac"] > 0
    assert done.stdout == f"{found}\n"


def test_a_large_text_and_a_small_one_measure_as_in_plain_python() -> None:
    # 1.3 million characters: 100 lines that differ, over and over; its words are counted before it is measured.
    page = "\n".join(f"line {number} " + "word " * 20 for number in range(100))
    text = page * 120

    row = signals.measure([text, "a b a b c"]).to_pylist()

    assert len(text) > 1 << 20
    assert row[0]["word_count"] == len(text.split())
    assert row[0]["line_count"] == 100 * 120 - 119  # the last line of a page and the first of the next are one
    assert row[0]["duplicate_5_gram_char_frac"] == 1.0
    assert row[1]["top_2_gram_char_frac"] == 0.8


_WHITE = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_PATHOLOGICAL: dict[str, Callable[[int], str]] = {
    "one character": lambda size: "a" * size,
    "one word": lambda size: "a " * (size // 2),
    "two words": lambda size: "a b " * (size // 4),
    "newlines": lambda size: "\n" * size,
    "newlines and spaces": lambda size: "\n " * (size // 2),
    "blank runs": lambda size: ("\n" + " " * 999 + "x") * (size // 1001),
    "combining marks": lambda size: "\u0301" * size,
    "nul": lambda size: "\x00" * size,
    "short lines": lambda size: "x\n" * (size // 2),
    "short paragraphs": lambda size: "ab\n\n" * (size // 4),
    "punctuation": lambda size: "!a" * (size // 2),
    "dots": lambda size: "." * size,
    "phrases": lambda size: "free sex cams " * (size // 14),
    "all different": lambda size: " ".join(map(str, range(size // 7))),
    "every white space": lambda size: _WHITE * (size // len(_WHITE)),
    "mixed scripts": lambda size: "The fox и лиса 和狐狸 και η αλεπού والثعلب " * (size // 40),
}
_SIZE = 1_000_000


# What is quadratic takes 64 times as long for eight times the text; tables that leave the cache, some 12 times.
@pytest.mark.parametrize("name", list(_PATHOLOGICAL))
def test_pathological_texts_take_linear_time_and_stay_in_range(name: str) -> None:
    check_range(signals.measure_text(_PATHOLOGICAL[name](_SIZE)))

    def seconds(size: int) -> float:
        text = _PATHOLOGICAL[name](size)
        began = time.process_time()
        signals.measure_text(text)
        return time.process_time() - began

    small = min(seconds(_SIZE) for _ in range(3))
    assert seconds(8 * _SIZE) < 24 * small + 0.1
