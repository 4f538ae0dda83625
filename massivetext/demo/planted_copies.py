"""Articles that occur more than once, unchanged or slightly changed."""

from collections.abc import Iterator
from typing import NamedTuple

from massivetext.demo import overlap, prose
from massivetext.demo.chance import Chance
from massivetext.demo.prose import Article
from massivetext.demo.truth import Draft

# Above a similarity of 0.8 one of the two is removed (Rae et al. 2021, A.1.1); below it both stay.
TARGETS = (0.95, 0.9, 0.85, 0.75, 0.6)
THRESHOLD = 0.8
_WORDS = 430  # at least: near copies need distance between the changed words


class PlantedCopy(NamedTuple):
    """One article of a group of copies, with its case."""

    article: Article
    draft: Draft


def exact_copies(chance: Chance, topic: str, group: str, count: int) -> list[PlantedCopy]:
    """Return one article ``count`` times."""
    article = prose.essay(chance, topic, 260)
    return [PlantedCopy(article, Draft("exact_copy", "copies", (), group, "exact", 1.0)) for _ in range(count)]


def near_copies(chance: Chance, topic: str, group: str, target: float) -> list[PlantedCopy]:
    """Return an article and a near copy; the case holds their measured similarity, not ``target``."""
    base = prose.essay(chance, topic, _WORDS)
    paragraphs = overlap.near_copy(chance, [block.text for block in base.blocks], target)
    other = base.with_paragraphs(paragraphs)
    similarity = overlap.jaccard(base.text, other.text)
    kind = f"near_copy_{round(100 * target)}"
    draft = Draft(kind, "kept", group=group)
    if similarity > THRESHOLD:
        draft = draft._replace(outcome="copies", duplicate="near")
    return [
        PlantedCopy(base, draft._replace(similarity=1.0)),
        PlantedCopy(other, draft._replace(similarity=similarity)),
    ]


def all_near_copies(seed: int, source: str, topics: tuple[str, ...], pairs: int) -> Iterator[list[PlantedCopy]]:
    """Yield ``pairs`` pairs for each similarity of :data:`TARGETS`."""
    for target in TARGETS:
        for number in range(pairs):
            group = f"{source}/near/{round(100 * target)}/{number}"
            chance = Chance(seed, group)
            yield near_copies(chance, chance.pick(topics), group, target)
