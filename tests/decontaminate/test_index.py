import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.decontaminate.evaluation_items import EvaluationItem, ItemPart, read_items
from massivetext.decontaminate.index import (
    COMMON_POSITIONS,
    IndexedPart,
    ItemCounts,
    ItemIndex,
    sizes_of_test_sets,
    split_document,
)

TEXTS = st.lists(st.sampled_from(["aa", "bb", "cc"]), max_size=14).map(" ".join)


def index(*texts: str) -> ItemIndex:
    return ItemIndex.build([EvaluationItem("set", str(number), text) for number, text in enumerate(texts)])


def numbered(count: int, first: int = 0) -> str:
    return " ".join(f"word{number}" for number in range(first, first + count))


def items_found(built: ItemIndex, text: str) -> list[int]:
    return np.unique(built.matches(split_document(text)[1])[:, 0]).tolist()  # type: ignore[no-any-return]


def test_matches_tell_item_and_places_of_five_words() -> None:
    built = index(numbered(13), numbered(13, 100))
    text = f"before {numbered(13)} after"

    # The item begins at the second word of the text, and has 9 sequences of five words.
    assert built.matches(split_document(text)[1]).tolist() == [[0, 1 + at, at] for at in range(9)]


def test_a_text_that_shares_too_little_has_no_match() -> None:
    # Of 13 words and 9 sequences, a fifth is 2 when rounded up: 6 words in a row have 2, 5 words have 1.
    built = index(numbered(13))

    assert items_found(built, numbered(6)) == [0]
    assert items_found(built, numbered(5)) == []


def test_items_have_their_parts_as_ranges_of_words() -> None:
    text = "Question: é owl cat horse goat\nbird"
    parts = (ItemPart("question", 10, 30), ItemPart("answer", 31, 35))
    built = ItemIndex.build([EvaluationItem("set", "7", text, parts), EvaluationItem("other", "é x", "")])

    assert built.name(0) == ("set", "7")
    assert built.name(1) == ("other", "é x")
    assert built.text_of(0) == text
    # 7 words; all their sequences are tested; the answer is too short for one.
    assert built.parts(0) == [
        IndexedPart("full", 0, 7, 7),
        IndexedPart("question", 1, 6, 5),
        IndexedPart("answer", 6, 7, 0),
    ]
    assert built.parts(1) == [IndexedPart("full", 0, 0, 0)]


def test_a_sequence_at_very_many_places_is_common_and_not_compared() -> None:
    phrase = numbered(13)
    few = index(*[phrase] * COMMON_POSITIONS)
    many = index(*[phrase] * (COMMON_POSITIONS + 1))

    assert len(items_found(few, phrase)) == COMMON_POSITIONS
    assert items_found(many, phrase) == []
    assert many.parts(0)[0].tested == 0
    assert sizes_of_test_sets(many) == {"set": ItemCounts(COMMON_POSITIONS + 1, 0, COMMON_POSITIONS + 1)}


def test_what_is_not_tested_is_counted() -> None:
    built = index("a b", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", "1 2 3 4 5 6 7 8 9 0 1 2 3 4", numbered(5), "")

    # Two items are too short; one has single digits only, and one six words of two digits among fifteen.
    assert sizes_of_test_sets(built) == {"set": ItemCounts(items=5, short=2, common=2)}


def test_short_items_are_found_where_they_are_the_whole_text() -> None:
    built = index("Paris!", "two words", "")

    assert built.equal_items(split_document("paris")[1]) == [0]
    assert built.equal_items(split_document("Paris or")[1]) == []
    assert built.equal_items(split_document("")[1]) == []


def plain_matches(items: list[str], text: str) -> set[tuple[int, int, int]]:
    words = text.split()
    return {
        (number, place, at)
        for number, item in enumerate(items)
        for place in range(len(words) - 4)
        for at in range(len(item.split()) - 4)
        if words[place : place + 5] == item.split()[at : at + 5]
    }


@given(st.lists(TEXTS, max_size=5), TEXTS)
def test_matches_are_those_of_plain_loops(items: list[str], text: str) -> None:
    built = index(*items)
    found = built.matches(split_document(text)[1])
    expected = plain_matches(items, text)

    assert {tuple(row) for row in found.tolist()} == {row for row in expected if row[0] in set(found[:, 0].tolist())}
    assert found.tolist() == sorted(found.tolist())


@given(st.lists(TEXTS, max_size=5), st.lists(TEXTS, min_size=1, max_size=5))
def test_candidates_are_the_texts_with_matches_and_very_short_ones(items: list[str], texts: list[str]) -> None:
    built = index(*items)
    encoded = [text.encode() for text in texts]
    data = np.frombuffer(b"".join(encoded), np.uint8)
    offsets = np.cumsum([0, *map(len, encoded)])
    offsets.flags.writeable = False
    found = built.candidates(data, offsets, np.ones(len(texts), np.bool_)).tolist()

    has_tiny = any(0 < len(item.split()) < 5 for item in items)
    tiny = [has_tiny and 0 < len(text.split()) < 5 for text in texts]
    assert found == [bool(items_found(built, text)) or short for text, short in zip(texts, tiny, strict=True)]
    assert not built.candidates(data, offsets, np.zeros(len(texts), np.bool_)).any()


@given(st.lists(TEXTS, max_size=5), TEXTS)
def test_an_index_survives_its_bytes(items: list[str], text: str) -> None:
    built = index(*items)
    data = built.to_bytes()
    loaded = ItemIndex.from_bytes(data)

    assert data == index(*items).to_bytes() == loaded.to_bytes()
    assert [loaded.name(item) for item in range(len(loaded))] == [("set", str(item)) for item in range(len(items))]
    words = split_document(text)[1]
    assert loaded.matches(words).tolist() == built.matches(words).tolist()


@pytest.mark.parametrize(
    "change", [lambda d: d[:-1], lambda d: d + b"x", lambda d: d[:20], lambda d: b"", lambda d: d[1:]]
)
def test_damaged_bytes_are_refused(change: "object") -> None:
    assert callable(change)
    with pytest.raises(ValueError, match="ItemIndex: "):
        ItemIndex.from_bytes(change(index(numbered(9)).to_bytes()))


def test_an_item_of_fifty_thousand_words_and_one_in_chinese_are_indexed() -> None:
    chinese = "".join(chr(0x4E00 + number) for number in range(20))
    built = ItemIndex.build([*read_items("x.txt", numbered(50_000).encode()), EvaluationItem("set", "c", chinese)])

    assert built.parts(0)[0].tested == 50_000
    assert built.parts(1)[0].tested == 20
    assert items_found(built, f"x {chinese} y") == [1]
    assert items_found(built, numbered(40_000)) == [0]


def test_a_phrase_that_a_text_repeats_without_end_takes_no_memory() -> None:
    built = ItemIndex.build([EvaluationItem("set", str(at), f"{numbered(8)} and {at} more") for at in range(100)])
    words = split_document(f"{numbered(8)} " * 5000)[1]
    matches = built.matches(words)

    # 100 items with 4 sequences of these words, each at the first 256 of 5,000 places.
    assert len(matches) == 100 * 4 * 256
    assert np.array_equal(built.matches(words), matches)  # the room is empty again
