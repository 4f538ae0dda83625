from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.decontaminate.evaluation_items import EvaluationItem, read_items
from massivetext.decontaminate.index import NgramIndex, NgramOverlap
from massivetext.shingles import shingle_hashes

BENCH = Path(__file__).resolve().parents[2] / "../shared/data/bench"
TEXTS = st.lists(st.sampled_from("abc"), max_size=12).map(" ".join)


def index(*texts: str, n: int = 3, lowercase: bool = False) -> NgramIndex:
    return NgramIndex.build([EvaluationItem("set", str(i), text) for i, text in enumerate(texts)], n, lowercase)


def overlaps(built: NgramIndex, text: str) -> list[NgramOverlap]:
    return built.overlaps(shingle_hashes(text, built.n, lowercase=built.lowercase))


def test_overlap_is_exact() -> None:
    # 3-grams of the items: {abc, bcd, cde} and {xyz}; of the document: {bcd, cde, def, efg}. Common: bcd, cde.
    built = index("a b c d e", "x y z")

    assert overlaps(built, "b c d e f g") == [NgramOverlap(item=0, shared=2, jaccard=2 / 5, containment=2 / 3)]


def test_an_item_inside_a_long_document_is_contained_but_not_similar() -> None:
    # The item has 2 3-grams, the document 50.
    document = "a b c d " + " ".join(f"w{i}" for i in range(48))

    assert overlaps(index("a b c d"), document) == [NgramOverlap(item=0, shared=2, jaccard=2 / 50, containment=1.0)]


def test_every_item_with_a_common_ngram_is_told_by_number() -> None:
    built = index("q r s", "a b c", "a b c d", "a b c")

    assert [(o.item, o.shared) for o in overlaps(built, "a b c d")] == [(1, 1), (2, 2), (3, 1)]


def test_items_shorter_than_n_match_only_as_a_whole() -> None:
    built = index("a b")

    assert overlaps(built, "A, b!") == []
    assert overlaps(built, "a, b!") == [NgramOverlap(item=0, shared=1, jaccard=1.0, containment=1.0)]
    assert overlaps(built, "a b c d") == []


def test_case_is_ignored_on_request() -> None:
    assert overlaps(index("A b c", lowercase=True), "a B c") == [NgramOverlap(0, 1, 1.0, 1.0)]


def test_nothing_matches_nothing() -> None:
    assert overlaps(index(), "a b c") == []
    assert overlaps(index("", "..."), "") == []
    assert overlaps(index("a b c"), "") == []
    assert overlaps(index("", "a b c"), "a b c") == [NgramOverlap(1, 1, 1.0, 1.0)]


def test_items_keep_their_names() -> None:
    built = NgramIndex.build([EvaluationItem("gsm8k", "7", "a b c"), EvaluationItem("é", "x y", "")])

    assert built.names == (("gsm8k", "7"), ("é", "x y"))
    assert built.counts.tolist() == [1, 0]
    assert built.n == 13


def grams(text: str, n: int) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[i : i + n]) for i in range(max(1, len(words) - n + 1))} if words else set()


@given(st.lists(TEXTS, max_size=8), TEXTS, st.integers(1, 4))
def test_overlaps_equal_those_of_plain_sets(items: list[str], document: str, n: int) -> None:
    own = grams(document, n)
    expected = [
        NgramOverlap(number, len(own & its), len(own & its) / len(own | its), len(own & its) / len(its))
        for number, its in enumerate(grams(item, n) for item in items)
        if own & its
    ]

    assert overlaps(index(*items, n=n), document) == expected


@given(st.lists(TEXTS, max_size=8), TEXTS)
def test_an_index_survives_its_bytes(items: list[str], document: str) -> None:
    built = index(*items, n=2)
    data = built.to_bytes()
    loaded = NgramIndex.from_bytes(data)

    assert data == index(*items, n=2).to_bytes() == loaded.to_bytes()
    assert (loaded.n, loaded.lowercase, loaded.names) == (2, False, built.names)
    assert overlaps(loaded, document) == overlaps(built, document)


@given(st.lists(TEXTS, max_size=8), TEXTS)
def test_the_screen_lets_every_known_ngram_through(items: list[str], document: str) -> None:
    built = index(*items, n=2)
    shingles = shingle_hashes(document, 2)
    known = shingles[np.isin(shingles, built.hashes)]

    assert set(known.tolist()) <= set(built.screen(shingles).tolist()) <= set(shingles.tolist())


def test_the_screen_stops_most_foreign_ngrams() -> None:
    # 16 to 32 bits an n-gram: at most 1 in 16 gets through; 10,000 foreign ones, so 625 and five deviations of 24.
    built = index(" ".join(f"a{i}" for i in range(5_000)))
    foreign = shingle_hashes(" ".join(f"b{i}" for i in range(10_002)), 3)

    assert len(built.screen(foreign)) < 625 + 120
    assert built.overlaps(foreign) == []


@pytest.mark.parametrize(
    "change", [lambda d: d[:-1], lambda d: d + b"x", lambda d: d[:20], lambda d: b"", lambda d: d[1:]]
)
def test_damaged_bytes_are_refused(change: "object") -> None:
    assert callable(change)
    with pytest.raises(ValueError, match="NgramIndex: "):
        NgramIndex.from_bytes(change(index("a b c d e").to_bytes()))


def test_real_items_are_found_in_pages_that_quote_them() -> None:
    path = BENCH / "items.jsonl.gz"
    if not path.is_file():
        pytest.skip("the evaluation items are not here")
    items = read_items(path.name, path.read_bytes())[:3000]
    built = NgramIndex.build(items)
    long = [number for number, item in enumerate(items) if len(item.text.split()) > 40][:50]
    for number in long:
        page = f"Some words before. {items[number].text}\nAnd here is what the page itself has to say, at some length."
        found = {overlap.item: overlap for overlap in overlaps(built, page)}

        assert found[number].containment == 1.0
        assert 0.4 < found[number].jaccard < 1.0
    assert len(long) == 50
