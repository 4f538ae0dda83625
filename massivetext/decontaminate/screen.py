"""What a document has in common with the evaluation items, and whether it goes for that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from massivetext.decontaminate.index import NgramIndex
from massivetext.recipe import DecontaminateOptions
from massivetext.shingles import normalised_words, shingle_hashes


class Hit(NamedTuple):
    """An evaluation item that a document overlaps.

    Attributes:
        test_set: name of the benchmark.
        item: its id there.
        shared: n-grams in common; 0 where the document goes by its title alone.
        jaccard: shared n-grams over all n-grams of both, 0 to 1.
        containment: shared n-grams over those of the item, 0 to 1.
    """

    test_set: str
    item: str
    shared: int
    jaccard: float
    containment: float


class Screened(NamedTuple):
    """The verdict on one document.

    Attributes:
        leaked: whether it goes.
        jaccard: highest of all hits; 0.0 without any.
        containment: highest of all hits; 0.0 without any.
        hits: every item that it overlaps, the one with its title first, then in the order of the items.
    """

    leaked: bool
    jaccard: float
    containment: float
    hits: tuple[Hit, ...]


@dataclass(frozen=True, eq=False)
class Screen:
    """The evaluation items as a function from documents to verdicts.

    Attributes:
        index: the items' n-grams, built with the options' ``ngram`` and ``lowercase``.
        options: what is too much.
        titles: normalised titles of the pages that go whatever their text, with (test set, item).
    """

    index: NgramIndex
    options: DecontaminateOptions
    titles: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, index: NgramIndex, options: DecontaminateOptions, *, by_title: bool) -> Self:
        """The screen for documents of one kind; those of Wikipedia go by their titles too."""
        return cls(index, options, article_titles(index.names) if by_title else {})

    def screen(self, text: str, title: str | None) -> Screened:
        """The verdict on one document."""
        hits = []
        article = self.titles.get(_normalised(title or ""))
        if article is not None:
            hits.append(Hit(*article, 0, 0.0, 0.0))
        shingles = shingle_hashes(text, self.options.ngram, lowercase=self.options.lowercase)
        hits += [
            Hit(*self.index.names[overlap.item], overlap.shared, overlap.jaccard, overlap.containment)
            for overlap in self.index.overlaps(shingles)
        ]
        jaccard = max((hit.jaccard for hit in hits), default=0.0)
        containment = max((hit.containment for hit in hits), default=0.0)
        leaked = article is not None or jaccard > self.options.jaccard
        if self.options.containment is not None:
            leaked |= containment > self.options.containment
        return Screened(leaked, jaccard, containment, tuple(hits))


def article_titles(names: Iterable[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Titles of the WikiText articles among the items, normalised: Wikipedia loses these pages whatever their text.

    WikiText's own preprocessing defeats the n-gram test, so Rae et al. 2021, A.1.1, remove the pages themselves.

    Args:
        names: (test set, item) of every item; the item of a WikiText article is its title.
    """
    articles = (name for name in names if name[0].lower().startswith("wikitext"))
    titles = {_normalised(item): (test_set, item) for test_set, item in articles}
    titles.pop("", None)
    return titles


def _normalised(title: str) -> str:
    return " ".join(normalised_words(title))
