"""How much two texts have in common, worked out the plain way, and copies that have just so much in common.

This is on purpose not :mod:`massivetext.shingles`: the truth is to be found by other code than the one it tests.
"""

import unicodedata
from collections.abc import Sequence

from massivetext.demo import vocabulary
from massivetext.demo.chance import Chance

NGRAM = 13  # Rae et al. 2021, A.1.1


def shingles(text: str) -> set[tuple[str, ...]]:
    """The word 13-grams of a text without punctuation; a shorter text is one shingle, an empty one has none."""
    words = [word for raw in text.split() if (word := _bare(raw))]
    size = min(NGRAM, len(words))
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)} if words else set()


def jaccard(one: str, other: str) -> float:
    """Shared 13-grams over all 13-grams of two texts, 0 to 1; 0.0 where neither has any."""
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b) if a or b else 0.0


def containment(item: str, text: str) -> float:
    """Share of the 13-grams of ``item`` that ``text`` holds, 0 to 1; 0.0 for an item without words."""
    wanted = shingles(item)
    return len(wanted & shingles(text)) / len(wanted) if wanted else 0.0


def near_copy(chance: Chance, paragraphs: Sequence[str], target: float) -> list[str]:
    """The paragraphs with single words replaced, so that the Jaccard similarity is as near to ``target`` as can be.

    A replaced word breaks the 13 shingles that hold it; k broken of S leave (S - k) / (S + k). The words lie more than
    13 apart, but for one that lies so close to another as to break the remainder.

    Raises:
        ValueError: the text is too short for that many changes.
    """
    tokens = [paragraph.split() for paragraph in paragraphs]
    places = [(p, w) for p, words in enumerate(tokens) for w, word in enumerate(words) if _bare(word)]
    total = len(places) - NGRAM + 1
    broken = round(total * (1 - target) / (1 + target))
    whole, rest = divmod(broken, NGRAM)
    gap = total // (whole + 1)
    if gap < 3 * NGRAM:
        raise ValueError(f"near_copy: want a longer text for a similarity of {target}, got {len(places)} words")
    spots = [NGRAM + gap * number for number in range(whole)]
    if rest:
        spots.append(spots[-1] + rest if spots else rest - 1)
    for spot in spots:
        paragraph, word = places[spot]
        tokens[paragraph][word] = _other_word(chance, tokens[paragraph][word])
    return [" ".join(words) for words in tokens]


def _other_word(chance: Chance, raw: str) -> str:
    core = raw.strip("".join(char for char in raw if _is_punctuation(char)))
    new = chance.pick([adverb for adverb in vocabulary.general().adverbs if adverb != core.lower()])
    return raw.replace(core, new.capitalize() if core[:1].isupper() else new, 1)


def _bare(word: str) -> str:
    return word if word.isalnum() else "".join(char for char in word if not _is_punctuation(char))


def _is_punctuation(char: str) -> bool:
    return unicodedata.category(char).startswith("P")
