"""The verdict on a document from its overlaps with evaluation items."""

import pytest

from massivetext.decontaminate.evaluation_items import EvaluationItem
from massivetext.decontaminate.index import NgramIndex
from massivetext.decontaminate.screen import EvaluationScreen, ItemHit, article_titles
from massivetext.recipe import DecontaminateOptions

ITEMS = [
    EvaluationItem("bench", "0", "a b c d"),
    EvaluationItem("bench", "1", "c d e"),
    EvaluationItem("wikitext.x", "The Bridge", "x y z"),
]


def screen(by_title: bool = False, jaccard: float = 0.8, containment: float | None = None) -> EvaluationScreen:
    chosen = DecontaminateOptions(ngram=2, jaccard=jaccard, containment=containment)
    return EvaluationScreen.for_index(NgramIndex.build(ITEMS, 2), chosen, by_title=by_title)


def test_the_verdict_takes_the_highest_of_all_items_and_names_each() -> None:
    # Bigrams: 4 of the document (bc cd de ef), 3 of item 0 (2 shared), 2 of item 1 (both shared).
    leaked, jaccard, containment, hits = screen().screen("b c d e f", None)

    assert hits == (ItemHit("bench", "0", 2, 2 / 5, 2 / 3), ItemHit("bench", "1", 2, 2 / 4, 1.0))
    assert (leaked, jaccard, containment) == (False, 0.5, 1.0)


@pytest.mark.parametrize(
    ("jaccard", "containment", "leaked"), [(0.5, None, False), (0.49, None, True), (0.8, 1.0, False), (0.8, 0.99, True)]
)
def test_a_document_goes_when_it_exceeds_a_bound(jaccard: float, containment: float | None, leaked: bool) -> None:
    assert screen(jaccard=jaccard, containment=containment).screen("b c d e f", None).leaked is leaked


def test_a_page_of_wikitext_goes_by_its_title_where_titles_count() -> None:
    assert screen(by_title=True).screen("nothing alike", "The  Bridge!") == (
        True,
        0.0,
        0.0,
        (ItemHit("wikitext.x", "The Bridge", 0, 0.0, 0.0),),
    )
    assert screen().screen("nothing alike", "The Bridge") == (False, 0.0, 0.0, ())
    assert not screen(by_title=True).screen("nothing alike", None).leaked
    assert not screen(by_title=True).screen("nothing alike", "0").leaked  # an item of another test set


def test_a_title_of_punctuation_alone_is_no_title() -> None:
    assert article_titles([("wikitext", "..."), ("WikiText-103", "A b")]) == {"A b": ("WikiText-103", "A b")}
