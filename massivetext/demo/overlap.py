"""Similarity of texts, computed in the simplest way, and copies of a given similarity.

This does not use :mod:`massivetext.shingles` on purpose: the expected values must not come from the code they test.
"""

import unicodedata
from collections.abc import Sequence

from massivetext.demo import vocabulary
from massivetext.demo.chance import Chance

NGRAM = 13  # Rae et al. 2021, A.1.1


def shingles(text: str) -> set[tuple[str, ...]]:
    """Return the 13-grams of words of a text without punctuation: one for a shorter text, none for an empty one."""
    words = [word for raw in text.split() if (word := _bare(raw))]
    size = min(NGRAM, len(words))
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)} if words else set()


def jaccard(one: str, other: str) -> float:
    """Return the Jaccard similarity of the 13-grams of two texts, 0 to 1; 0.0 if neither text has words."""
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b) if a or b else 0.0


def containment(item: str, text: str) -> float:
    """Return the share of the 13-grams of ``item`` that ``text`` contains, 0 to 1; 0.0 for an item without words."""
    wanted = shingles(item)
    return len(wanted & shingles(text)) / len(wanted) if wanted else 0.0


def near_copy(chance: Chance, paragraphs: Sequence[str], target: float) -> list[str]:
    """Return the paragraphs with single words replaced, for a Jaccard similarity as close to ``target`` as possible.

    A replaced word changes the 13 shingles that contain it. With k of S shingles changed, the similarity is
    (S - k) / (S + k). Replaced words are more than 13 words apart; only the last one may be closer to its neighbour, to
    change fewer than 13 more.

    Raises:
        ValueError: the text is too short for so many changes.
    """
    tokens = [paragraph.split() for paragraph in paragraphs]
    positions = [(p, w) for p, words in enumerate(tokens) for w, word in enumerate(words) if _bare(word)]
    total = len(positions) - NGRAM + 1
    broken = round(total * (1 - target) / (1 + target))
    whole, rest = divmod(broken, NGRAM)
    gap = total // (whole + 1)
    if gap < 3 * NGRAM:
        raise ValueError(f"near_copy: want a longer text for a similarity of {target}, got {len(positions)} words")
    spots = [NGRAM + gap * number for number in range(whole)]
    if rest:
        spots.append(spots[-1] + rest if spots else rest - 1)
    for spot in spots:
        paragraph, word = positions[spot]
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
