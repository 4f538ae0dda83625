"""The verdict on a document: which items it holds, in which parts, and where."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.decontaminate.evaluation_items import EvaluationItem, read_items
from massivetext.decontaminate.index import ItemIndex
from massivetext.decontaminate.marking import mark_common
from massivetext.decontaminate.screen import NOTHING_FOUND, EvaluationScreen, ItemHit, article_titles
from massivetext.recipe import DecontaminateOptions

QUESTION = "A farmer packs nineteen crates of pears and sells seven of them at the market before lunch"  # 17 words
ANSWER = "Nineteen minus seven leaves twelve crates of pears for the rest of the working week, which is enough"  # 18
SHORT = "Which planet is known as the red planet?"  # 8 words
ROWS = (
    b'{"benchmark": "toy", "id": "q1", "question": "%s", "answer": "%s"}\n' % (QUESTION.encode(), ANSWER.encode())
    + b'{"benchmark": "toy", "id": "q2", "question": "%s", "choices": ["Mars", "Venus", "Pluto"], "answer": "Mars"}\n'
    % SHORT.encode()
    + b'{"benchmark": "toy", "id": "q3", "question": "Who painted the ceiling of the old chapel?", "answer": "B"}\n'
    + b'{"benchmark": "toy", "id": "q4", "question": "How many legs does a common garden spider have?"}\n'
)


def filler(count: int, name: str = "other") -> str:
    return " ".join(f"{name}{number}" for number in range(count))


def screen(*more: EvaluationItem, by_title: bool = False, **options: Any) -> EvaluationScreen:
    chosen = DecontaminateOptions(**options)
    built = ItemIndex.build([*read_items("toy.jsonl", ROWS), *more])
    return EvaluationScreen.for_index(built, chosen, by_title=by_title)


def hits(text: str, **options: Any) -> list[tuple[str, str, str, bool]]:
    return [(hit.item, hit.part, hit.method, hit.removes) for hit in screen(**options).screen(text, None).hits]


def test_a_question_within_a_long_page_is_found_with_its_place_and_words() -> None:
    page = f"é {filler(500)}. {QUESTION.upper()}! {filler(500, 'more')}"
    verdict = screen().screen(page, None)
    (hit,) = verdict.hits

    assert (verdict.leaked, verdict.containment, verdict.jaccard) == (True, 1.0, 0.0)
    assert (hit.test_set, hit.item, hit.part, hit.method, hit.removes) == ("toy", "q1", "question", "containment", True)
    assert hit.words == 17
    assert page[hit.start : hit.end] == hit.text == QUESTION.upper()
    assert (hit.item_start, hit.item_end, hit.item_text) == (0, len(QUESTION), QUESTION)


@pytest.mark.parametrize(
    ("page", "part"),
    [
        (f"{filler(9)} {ANSWER} {filler(9)}", "answer"),
        (f"{filler(9)} {QUESTION}\nAnswer: {ANSWER} {filler(9)}", "question+answer"),
        (f"{QUESTION} {filler(4000)} {ANSWER}", "question+answer"),
        (filler(5) + " **" + QUESTION.replace(" ", "**\n**") + "**", "question"),
        (QUESTION.replace("crates", "heavy crates"), "question"),
        (QUESTION.replace("nineteen", "19").replace("seven", "7"), "question"),
        (QUESTION[:47] + filler(60) + QUESTION[47:], "question"),
    ],
)
def test_the_verdict_says_which_part_was_found(page: str, part: str) -> None:
    assert hits(page) == [("q1", part, "containment", True)]


def test_fewer_than_half_of_the_words_are_not_enough() -> None:
    words = QUESTION.split()

    # 12 of 17 words are more than half, but fewer than the 13 that are always wanted.
    assert hits(f"{' '.join(words[:12])} {filler(20)}") == []
    assert hits(f"{' '.join(words[:13])} {filler(20)}") == [("q1", "question", "containment", True)]
    assert hits(f"{' '.join(words[:13])} {filler(20)}", containment=0.8) == [("q1", "full", "run", False)]


def test_thirteen_words_in_a_row_are_reported_and_removed_on_request() -> None:
    long = EvaluationItem("long", "0", filler(60, "deep"))
    page = f"{filler(30)} {filler(13, 'deep')} {filler(30)}"

    assert [(hit.method, hit.removes) for hit in screen(long).screen(page, None).hits] == [("run", False)]
    assert [(hit.method, hit.removes) for hit in screen(long, run_words=13).screen(page, None).hits] == [("run", True)]
    assert screen(long).screen(page.replace("deep7", "x"), None) == NOTHING_FOUND


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (f"{SHORT} {filler(20)}", [("q2", "question", "phrase", False)]),
        (f"{SHORT} It is Mars, {filler(20)}", [("q2", "question+answer", "phrase", True)]),
        (f"{SHORT} (a) Venus (b) Pluto", [("q2", "question+choices", "phrase", True)]),
        (f"{SHORT} Venus {filler(20)}", [("q2", "question", "phrase", False)]),
        (f"{SHORT} {filler(100)} Mars", [("q2", "question", "phrase", False)]),
        (SHORT.replace("red", "big red"), []),
        (f"{filler(3)} Mars {filler(3)}", []),
    ],
)
def test_a_short_question_needs_another_sign(page: str, expected: list[object]) -> None:
    assert hits(page) == expected


def test_short_questions_of_one_test_set_confirm_each_other() -> None:
    third = "Who painted the ceiling of the old chapel? B"
    fourth = "How many legs does a common garden spider have?"

    # "B" is no sign, and two questions are not enough.
    assert [hit[3] for hit in hits(f"{SHORT} {third}")] == [False, False]
    assert [hit[3] for hit in hits(f"{SHORT} {third} {filler(20)} {fourth}")] == [True, True, True]
    assert [hit[3] for hit in hits(f"{SHORT} {third} {filler(2000)} {fourth}")] == [False, False, False]


def test_items_of_a_test_set_that_is_only_marked_drop_nothing() -> None:
    other = EvaluationItem("other", "0", filler(30, "deep"))
    page = f"{QUESTION} {filler(30, 'deep')}"
    verdict = screen(other, actions={"t*": "mark"}).screen(page, None)

    assert [(hit.test_set, hit.removes) for hit in verdict.hits] == [("other", True), ("toy", False)]
    assert screen(other, action="mark").screen(page, None).leaked is False


def test_the_papers_test_alone_reports_what_it_lets_through() -> None:
    inside = f"{filler(80)} {QUESTION} {ANSWER}"

    assert hits(inside, methods=("jaccard",)) == [("q1", "question+answer", "containment", False)]
    assert hits(f"{QUESTION}\n{ANSWER}", methods=("jaccard",)) == [("q1", "question+answer", "jaccard", True)]


def test_the_similarity_is_that_of_the_paper() -> None:
    # 35 words and 23 13-grams of the item; one word more gives 24.
    (hit,) = screen().screen(f"{QUESTION} {ANSWER} yes", None).hits

    assert hit.jaccard == 23 / 24


def test_a_document_that_is_a_very_short_item_is_found() -> None:
    verdict = screen(EvaluationItem("tiny", "0", "Blue whale")).screen("Blue whale.", None)

    assert verdict.leaked
    assert [(hit.item, hit.part, hit.text) for hit in verdict.hits] == [("0", "full", "Blue whale")]


def test_a_row_that_repeats_itself_is_not_found_in_a_text_that_says_it_once() -> None:
    names = EvaluationItem("names", "0", "\n".join(["the one flew over the nest"] * 9))

    assert screen(names).screen(f"{filler(9)} The One Flew Over the Nest {filler(9)}", None) == NOTHING_FOUND


def test_a_phrase_that_an_item_repeats_counts_as_often_as_the_document_has_it() -> None:
    pangram = "The quick brown fox jumps over the lazy dog"
    item = EvaluationItem("code", "0", f"assert match('{pangram}', 'fox')\nassert match('{pangram}', 'cat')")

    assert not screen(item).screen(f"{filler(30)} {pangram} {filler(30)}", None).leaked
    assert screen(item).screen(f"{filler(30)} {item.text} {filler(30)}", None).leaked


def test_the_share_is_that_of_the_part_that_is_named() -> None:
    (hit,) = screen().screen(f"{filler(30)} {QUESTION} {filler(30)}", None).hits

    assert (hit.part, hit.containment) == ("question", 1.0)


@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_a_question_in_a_dump_of_json_is_found(ensure_ascii: bool) -> None:
    question = (
        "Марина каждое утро укладывает тридцать семь ящиков айвы, а днём пятьдесят два ящика груш; сколько всего?"
    )
    page = json.dumps({"prompt": question, "n": 1}, ensure_ascii=ensure_ascii)

    assert screen(EvaluationItem("ru", "0", question)).screen(f"{filler(30)} {page} {filler(30)}", None).leaked


def test_a_page_of_wikitext_goes_by_its_title_where_titles_count() -> None:
    bridge = EvaluationItem("wikitext.x", "The Bridge", filler(30, "bridge"))
    titled = screen(bridge, by_title=True)

    assert titled.screen("nothing alike", "The  Bridge!") == (
        True,
        0.0,
        0.0,
        (ItemHit("wikitext.x", "The Bridge", "title", "title", True, 0, 0.0, 0.0),),
        None,
    )
    assert screen(bridge).screen("nothing alike", "The Bridge") == NOTHING_FOUND
    assert titled.screen("nothing alike", None) == NOTHING_FOUND
    assert titled.screen("nothing alike", "q1") == NOTHING_FOUND  # an item of another test set


def test_a_title_of_punctuation_alone_is_no_title() -> None:
    items = [EvaluationItem("wikitext", "...", "x"), EvaluationItem("WikiText-103", "A b", "y")]

    assert article_titles(ItemIndex.build(items)) == {"A b": ("WikiText-103", "A b")}


def test_a_page_that_holds_a_whole_test_set_names_every_item() -> None:
    page = "\n".join([QUESTION, ANSWER, SHORT, "Mars", "Who painted the ceiling of the old chapel?"])
    page += "\nHow many legs does a common garden spider have?"

    assert [hit[0] for hit in hits(page)] == ["q1", "q2", "q3", "q4"]
    assert all(hit[3] for hit in hits(page))


@given(st.permutations(range(4)), st.sampled_from([f"{SHORT} Mars", f"{QUESTION} {SHORT}", f"x {ANSWER} y"]))
def test_the_order_of_items_does_not_count(order: list[int], page: str) -> None:
    items = read_items("toy.jsonl", ROWS)
    built = ItemIndex.build([items[number] for number in order])
    other = EvaluationScreen.for_index(built, DecontaminateOptions(), by_title=False)

    assert other.screen(page, None) == screen().screen(page, None)


@pytest.mark.parametrize(
    ("text", "other", "marked"),
    [
        ("Say: How many legs?", "how MANY legs", ["How many legs"]),
        ("a b é c d", "a b x c d", ["a b", "c d"]),
        ("one", "two", []),
    ],
)
def test_what_both_texts_have_is_marked(text: str, other: str, marked: list[str]) -> None:
    mine, theirs = mark_common(text, other)

    assert [piece for piece, is_common in mine if is_common] == marked
    assert "".join(piece for piece, _ in mine) == text
    assert "".join(piece for piece, _ in theirs) == other


FORMULA = "If $f(x)=ax^6-bx^4+x-1$ and $f(2)=5$, then what is the value of $f(-2)$ here"


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (FORMULA, True),
        # Marks within words left out: other words, the same letters.
        ("If fxax6bx4x1 and f25 then what is the value of f2 here", True),
        ("If fxax6bx4x1 and f25 then what is the value of f3 here", False),
        # Of 22 words 17 in a row are not four fifths of all.
        (" ".join(FORMULA.split()[3:]), False),
    ],
)
def test_a_formula_of_few_words_that_tell_is_found_as_a_whole(page: str, found: bool) -> None:
    item = EvaluationItem("math", "0", FORMULA)
    (whole,) = ItemIndex.build([item]).parts(0)
    verdict = screen(item).screen(f"{filler(50)} {page} {filler(50)}", None)

    assert (whole.is_long, whole.is_sparse) == (False, True)
    assert [(hit.item, hit.method, hit.removes) for hit in verdict.hits] == [("0", "containment", True)] * found


def test_letters_are_found_with_their_place() -> None:
    page = f"é {filler(50)} {re.sub('[^a-z0-9 ]', '', FORMULA, flags=re.IGNORECASE)} {filler(50)}"
    (hit,) = screen(EvaluationItem("math", "0", FORMULA)).screen(page, None).hits

    assert page[hit.start : hit.end] == "If fxax6bx4x1 and f25 then what is the value of f2 here"
    assert FORMULA[hit.item_start : hit.item_end] == FORMULA


def test_a_short_item_in_two_pieces_is_found_if_they_are_near_each_other() -> None:
    item = EvaluationItem("quiz", "0", "which small animals sleep all winter 1 2 3 4 bears 5 6 7")
    words = item.text.split()
    first, second = " ".join(words[:6]), " ".join(words[6:])

    assert screen(item).screen(f"{first} {filler(600)} {second}", None).leaked is True
    assert screen(item).screen(f"{first} {filler(1200)} {second}", None).leaked is False
    assert screen(item).screen(f"{first} {filler(600)}", None).leaked is False


def test_places_are_characters_wherever_in_a_long_text() -> None:
    # Two bytes per character, and 65,536 bytes per block that characters are counted by.
    page = f"{'é ' * 60_000}{QUESTION} {'ö ' * 60_000}"
    (hit,) = screen().screen(page, None).hits

    assert page[hit.start : hit.end] == QUESTION
    assert screen().screen(f"{'é ' * 60_000}{QUESTION}", None).hits[0].end == 120_000 + len(QUESTION)


def test_a_formula_without_a_telling_sequence_is_found_too() -> None:
    text = "Let $z = 1+i$ and $w = 3z+1 / 5z+7$. Find $|w|$ for z"
    item = EvaluationItem("math", "0", text)

    assert screen(item).screen(f"{filler(50)} {text} {filler(50)}", None).leaked is True
    assert screen(item).screen(f"{filler(50)} {text[:30]} {filler(50)}", None).leaked is False
    # Rows of digits and letters alone are in many texts.
    digits = EvaluationItem("math", "1", " ".join(map(str, range(20))))
    assert screen(digits).screen(f"{filler(50)} {digits.text} {filler(50)}", None).hits == ()
