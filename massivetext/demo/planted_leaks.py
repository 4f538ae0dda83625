"""Articles that contain a test item, and articles that only look as if they did."""

import textwrap
from typing import NamedTuple

from massivetext.demo import overlap, prose
from massivetext.demo.bench import DemoItem
from massivetext.demo.chance import Chance
from massivetext.demo.prose import Article
from massivetext.demo.truth import Draft, Outcome

_LINE = 44  # characters per line of a rewrapped item
_OUTCOMES: dict[str, Outcome] = {
    "leak_verbatim": "contaminated",
    "leak_rewrapped": "contaminated",
    "leak_embedded": "contaminated",
    "leak_hard_negative": "kept",
}


class PlantedLeak(NamedTuple):
    """An article that contains an item, whole or in part, with its case."""

    article: Article
    draft: Draft


def leak(chance: Chance, kind: str, item: DemoItem) -> PlantedLeak:
    """Return an article that contains ``item`` in one of these ways.

    * ``leak_verbatim``: the item is the whole text;
    * ``leak_rewrapped``: the item is the whole text, in short lines;
    * ``leak_embedded``: the item is in the middle of a long text, so containment is 1 and Jaccard is low;
    * ``leak_hard_negative``: the text is on the same topic and has the item's question, but not its passage.
    """
    article = _article(chance, kind, item)
    return PlantedLeak(article, case(kind, item, article.text))


def case(kind: str, item: DemoItem, text: str) -> Draft:
    """Return the case of a text that contains an item, with the similarity of the two."""
    jaccard, containment = overlap.jaccard(item.text, text), overlap.containment(item.text, text)
    return Draft(kind, _OUTCOMES[kind], item=item.id, jaccard=jaccard, containment=containment)


def _article(chance: Chance, kind: str, item: DemoItem) -> Article:
    around = prose.essay(chance, item.topic, 420)
    inside = [item.passage, item.question]
    if kind == "leak_verbatim":
        return around.with_paragraphs(inside)
    if kind == "leak_rewrapped":
        return around.with_paragraphs(["\n".join(textwrap.wrap(text, _LINE)) for text in inside])
    paragraphs = [block.text for block in around.blocks]
    middle = len(paragraphs) // 2
    added = inside if kind == "leak_embedded" else [item.question]
    return around.with_paragraphs([*paragraphs[:middle], *added, *paragraphs[middle:]])
