"""The verdict of test-set filtering on a document, from its overlaps with the items of the test sets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from massivetext.decontaminate.index import NgramIndex
from massivetext.recipe import DecontaminateOptions
from massivetext.shingles import normalised_words, shingle_hashes


class ItemHit(NamedTuple):
    """An item that a document overlaps.

    Attributes:
        test_set: name of the test set.
        item: id of the item in the test set.
        shared: number of n-grams in common; 0 if only the title matches.
        jaccard: shared n-grams divided by all n-grams of both, 0 to 1.
        containment: shared n-grams divided by those of the item, 0 to 1.
    """

    test_set: str
    item: str
    shared: int
    jaccard: float
    containment: float


class ContaminationVerdict(NamedTuple):
    """The verdict of test-set filtering on one document.

    Attributes:
        leaked: whether the document is dropped.
        jaccard: highest value of all hits; 0.0 without hits.
        containment: highest value of all hits; 0.0 without hits.
        hits: every item that the document overlaps: first the one with its title, then the others in index order.
    """

    leaked: bool
    jaccard: float
    containment: float
    hits: tuple[ItemHit, ...]


@dataclass(frozen=True, eq=False)
class EvaluationScreen:
    """Gives the verdict of test-set filtering on documents.

    Attributes:
        index: n-grams of the items, built with the ``ngram`` and ``lowercase`` of the options.
        options: limits of the overlap.
        titles: (test set, item) by the normalised titles of pages that are dropped whatever their text.
    """

    index: NgramIndex
    options: DecontaminateOptions
    titles: Mapping[str, tuple[str, str]]

    @classmethod
    def for_index(cls, index: NgramIndex, options: DecontaminateOptions, *, by_title: bool) -> Self:
        """Return the screen for documents of one kind; ``by_title`` drops pages by title too and is for Wikipedia."""
        return cls(index, options, article_titles(index.names) if by_title else {})

    def screen(self, text: str, title: str | None) -> ContaminationVerdict:
        """Return the verdict on one document."""
        hits = []
        article = self.titles.get(_normalised(title or ""))
        if article is not None:
            hits.append(ItemHit(*article, 0, 0.0, 0.0))
        shingles = shingle_hashes(text, self.options.ngram, lowercase=self.options.lowercase)
        hits += [
            ItemHit(*self.index.names[overlap.item], overlap.shared, overlap.jaccard, overlap.containment)
            for overlap in self.index.overlaps(shingles)
        ]
        jaccard = max((hit.jaccard for hit in hits), default=0.0)
        containment = max((hit.containment for hit in hits), default=0.0)
        leaked = article is not None or jaccard > self.options.jaccard
        if self.options.containment is not None:
            leaked |= containment > self.options.containment
        return ContaminationVerdict(leaked, jaccard, containment, tuple(hits))


def article_titles(names: Iterable[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Return (test set, item) by the normalised title of every WikiText article among the items.

    The preprocessing of WikiText defeats the n-gram test, so Rae et al. 2021, A.1.1, remove these pages of Wikipedia
    whatever their text.

    Args:
        names: (test set, item) of every item; the item id of a WikiText article is its title.
    """
    articles = (name for name in names if name[0].lower().startswith("wikitext"))
    titles = {_normalised(item): (test_set, item) for test_set, item in articles}
    titles.pop("", None)
    return titles


def _normalised(title: str) -> str:
    return " ".join(normalised_words(title))
