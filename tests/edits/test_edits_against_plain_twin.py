"""The built-in edits against line loops written from their papers, on made texts and on real ones."""

import gzip
import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext import edits

_COUNTED = {
    *("likes", "shares", "comments", "retweets", "reposts", "quotes", "bookmarks", "upvotes", "downvotes"),
    *("downloads", "views", "followers"),
}
_POLICIES = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")


def c4(line: str) -> str:
    """Return the line after the edits of C4; empty: dropped."""
    if any(len(word) > 1000 for word in line.split()):
        return ""
    line = re.sub(r"\[\d*\]|\[edit\]|\[citation needed\]", "", line).strip()
    ends = line[-1:] in tuple('.?!"') and line[-3:] != "..."
    noticed = any(phrase in line.lower() for phrase in ("javascript", *_POLICIES))
    return line if ends and len(line.split()) >= 5 and not noticed else ""


def refinedweb(line: str) -> str:
    """Return the line after the edits of RefinedWeb; empty: dropped."""
    number, *words = re.sub(r"^\W+|\W+$", "", line.lower()).split() or [""]
    counter = re.fullmatch(r"\d[\d,.]*[kmb]?", number) and len(words) == 1 and words[0] in _COUNTED
    upper = 2 * sum(character.isupper() for character in line) > len(line)
    if counter or upper or line.isdecimal() or len(line.split()) < 2:
        return ""
    if len(line.split()) <= 10 and line.lower().startswith("sign-in"):
        line = line[len("sign-in") :].strip()
    if len(line.split()) <= 10 and line.lower().endswith("read more..."):
        line = line[: -len("read more...")].strip()
    if len(line.split()) <= 10:
        line = re.sub(r"(?i)\s?items in cart", "", line).strip()
    return line


def check(text: str, name: str, twin: Callable[[str], str]) -> None:
    """Whether an edit leaves the lines that its twin leaves, and counts what is missing."""
    left, taken = edits.edit(text, edits.load_edit(name))
    expected = [kept for line in text.split("\n") if (kept := twin(line.strip()))]

    assert [line.strip() for line in left.split("\n") if line.strip()] == expected
    assert sum(each.words for each in taken) == len(text.split()) - sum(len(line.split()) for line in expected)


_WORDS = ["a", "Cat", "DOG", "Ä", "12", "3", "1.2k", "likes", "views.", "end.", '"so"', "...", "(", "m" * 1001]
_PHRASES = ["[1]", "[edit]", "[2", "]", "sign-in", "Read more...", "items in cart", "JavaScript", "use cookies"]
_LINES = st.lists(st.sampled_from(_WORDS + _PHRASES), max_size=13).flatmap(
    lambda words: st.sampled_from([" ".join(words), "".join(words)])
)
BUILT_IN = pytest.mark.parametrize(("name", "twin"), [("c4", c4), ("refinedweb", refinedweb)], ids=["c4", "refinedweb"])


@BUILT_IN
@given(text=st.lists(_LINES, max_size=6).map("\n".join))
def test_made_texts(text: str, name: str, twin: Callable[[str], str]) -> None:
    check(text, name, twin)


@BUILT_IN
def test_real_texts(shared_data: Path, name: str, twin: Callable[[str], str]) -> None:
    with gzip.open(shared_data / "news/news.jsonl.gz", "rt", encoding="utf-8") as news:
        texts = [json.loads(line)["text"] for line in itertools.islice(news, 0, None, 50)]

    assert len(texts) > 500
    for text in texts:
        check(text, name, twin)
