"""Cutting items out of documents: what goes, what stays, and by which test set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.decontaminate.cutting import cut_out, join_pieces
from massivetext.decontaminate.evaluation_items import EvaluationItem, ItemPart
from massivetext.decontaminate.index import ItemIndex
from massivetext.decontaminate.screen import ContaminationVerdict, EvaluationScreen
from massivetext.recipe import DecontaminateOptions


def filler(count: int, stem: str = "word") -> str:
    return " ".join(f"{stem}{at}" for at in range(count))


def occurrences(pattern: str):  # type: ignore[no-untyped-def]
    def find(text: str) -> list[tuple[int, int]]:
        at = text.find(pattern)
        return [] if at < 0 else [(at, at + len(pattern))]

    return find


# Both sides of the cut have two words: they stay if that is enough, and are joined by an empty line.
@pytest.mark.parametrize(("least", "left"), [(1, "a b\n\nc d"), (2, "a b\n\nc d"), (3, "")])
def test_pieces_that_are_long_enough_stay(least: int, left: str) -> None:
    text = "a b XX c d"

    assert join_pieces(text, cut_out(text, occurrences("XX"), least)) == left


def test_what_is_found_again_is_cut_again() -> None:
    text = "one XX two XX three"
    ranges = cut_out(text, occurrences("XX"), 1)

    assert join_pieces(text, ranges) == "one\n\ntwo\n\nthree"
    assert [text[slice(*each)] for each in ranges] == ["one", "two", "three"]


def test_what_comes_together_is_searched_too() -> None:
    # Cutting B brings A and C together.
    assert (
        join_pieces(
            "x A B C y",
            cut_out(
                "x A B C y",
                lambda text: [(at, at + len(bad)) for bad in ("B", "A\n\nC") if (at := text.find(bad)) >= 0],
                1,
            ),
        )
        == "x\n\ny"
    )


@given(st.text(alphabet="ab X\n", max_size=40), st.integers(1, 3))
def test_pieces_are_ranges_of_the_text_without_what_is_found(text: str, least: int) -> None:
    ranges = cut_out(text, occurrences("X"), least)

    pieces = [text[start:end] for start, end in ranges]
    assert list(ranges) == sorted(ranges)
    assert "X" not in "".join(pieces)
    if "X" in text:
        assert all(len(piece.split()) >= least and piece == piece.strip() for piece in pieces)
    else:
        assert pieces == [text]


ITEM = EvaluationItem(
    "quiz", "7", f"{filler(20, 'ask')}\n{filler(4, 'reply')}", (ItemPart("question", 0, len(filler(20, "ask"))),)
)
OTHER = EvaluationItem("exam", "1", filler(20, "exam"))


def screened(text: str, **options: object) -> ContaminationVerdict:
    chosen = DecontaminateOptions(test_sets=("x",), **options)  # type: ignore[arg-type]
    return EvaluationScreen.for_index(ItemIndex.build([ITEM, OTHER]), chosen, by_title=False).screen(text, None)


def page(*items: str) -> str:
    return (
        f"{filler(100, 'before')}\n\n" + f"\n\n{filler(100, 'between')}\n\n".join(items) + f"\n\n{filler(100, 'after')}"
    )


def test_the_passage_goes_with_so_many_words_around_it() -> None:
    text = page(ITEM.text)
    verdict = screened(text, action="cut", cut_words=10)
    assert verdict.left is not None

    # The item has 24 words, of which the question has 20: ten words go before it, and four of the answer and six after.
    assert not verdict.leaked
    assert [hit.cuts for hit in verdict.hits] == [True]
    kept = join_pieces(text, verdict.left).split()
    assert kept == [*filler(90, "before").split(), *filler(100, "after").split()[10:]]
    (hit,) = verdict.hits
    assert text[hit.start : hit.end].startswith("ask0 ")  # of the text that is stored


@pytest.mark.parametrize(
    ("options", "leaked", "is_cut"),
    [
        ({}, True, False),
        ({"action": "mark"}, False, False),
        ({"action": "cut"}, False, True),
        ({"actions": {"qu*": "cut"}}, False, True),
        ({"actions": {"quiz": "mark", "*": "drop"}, "action": "cut"}, False, False),
        ({"actions": {"quiz": "mark"}, "action": "cut"}, False, False),
        ({"action": "cut", "methods": ("jaccard",)}, False, False),  # this method does not find it
    ],
)
def test_the_action_is_that_of_the_test_set(options: dict[str, object], leaked: bool, is_cut: bool) -> None:
    verdict = screened(page(ITEM.text), **options)

    assert (verdict.leaked, verdict.left is not None) == (leaked, is_cut)
    assert len(verdict.hits) == 1


def test_a_document_with_an_item_to_drop_is_dropped_whole() -> None:
    verdict = screened(page(ITEM.text, OTHER.text), actions={"quiz": "cut"})

    assert (verdict.leaked, verdict.left) == (True, None)
    assert [(hit.test_set, hit.removes, hit.cuts) for hit in verdict.hits] == [
        ("exam", True, False),
        ("quiz", False, True),
    ]


def test_a_document_of_which_no_piece_is_left_is_dropped() -> None:
    verdict = screened(f"{filler(40, 'before')} {ITEM.text} {filler(40, 'after')}", action="cut")

    assert (verdict.leaked, verdict.left) == (True, None)


def test_an_item_that_stands_twice_is_cut_twice() -> None:
    text = page(ITEM.text, ITEM.text)
    verdict = screened(text, action="cut")
    assert verdict.left is not None

    kept = join_pieces(text, verdict.left)
    # Of the 100 words between the two, 40 are left, too few for a piece.
    assert kept.split() == [*filler(70, "before").split(), *filler(100, "after").split()[30:]]
