"""Texts that differ from a document by a known amount, as functions of the document and a hash key."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.dedup.near_duplicates import near_shingles
from massivetext.dedup.similarity import similarity
from massivetext.hashing import derive_hash_key, splitmix64
from massivetext.recipe import NearOptions
from massivetext.schema import U64

I64 = npt.NDArray[np.int64]

FEWEST_WORDS = 100  # of a text that is altered: in a shorter one every changed word costs too much similarity
_WORD = re.compile(r"\S+")
_LINE_WORDS = 8
_TOLERANCE = 0.04  # between the similarity that is asked for and the one that a copy has
_SCATTERED_EDITS = 5  # fewest single words that are changed: below, a block of words gives finer steps
_PHRASE_EVERY = 12  # words between two unsafe phrases
_MENU_LINES, _MENU_REPEATS = 12, 5
_MENU = (
    "Home",
    "About us",
    "Contact",
    "Sign in",
    "Register",
    "My account",
    "Cart",
    "Checkout",
    "Help",
    "Search",
    "Site map",
    "Terms of use",
    "Privacy policy",
    "Cookie settings",
    "Newsletter",
    "Follow us",
    "Share this page",
    "Print",
    "Back to top",
    "Next page",
    "Previous page",
    "All rights reserved",
    "Read more",
    "Show all",
)


class AlteredCopy(NamedTuple):
    """A copy of a text with other words in places, and its Jaccard similarity with the text, by shingles."""

    text: str
    jaccard: float


def order_of(count: int, *purpose: str | int) -> I64:
    """Return the numbers below ``count`` in a keyed order."""
    seed = int.from_bytes(derive_hash_key("canary", *purpose)[:8], "little")
    return np.argsort(splitmix64(seed, count), kind="stable").astype(np.int64)


BLOCK_AT_START, BLOCK_AT_END, SCATTERED = range(3)


def altered_copy(
    text: str, wanted: float, near: NearOptions, *purpose: str | int, style: int | None = None
) -> AlteredCopy | None:
    """Return a copy of about the wanted similarity; None if the text is too short or too repetitive for one.

    Words are replaced by other words of the text, either in one block at its beginning or end or one here and one
    there; white space stays. The similarity lies on the wanted side of the threshold.

    Args:
        text: the text.
        wanted: Jaccard similarity of the shingles of text and copy, above 0 and below 1.
        near: what shingles are, and the threshold.
        purpose: names what the copy is for: the same names give the same copy.
        style: where words are replaced: :data:`BLOCK_AT_START`, :data:`BLOCK_AT_END`, or :data:`SCATTERED`, which long
            texts allow; None: by the hash key.
    """
    words = _WORD.findall(text)
    if len(words) < FEWEST_WORDS:
        return None
    shingles = near_shingles(text, near)
    replaced = round(len(shingles) * (1 - wanted) / (1 + wanted))
    style = int(order_of(3, "style", *purpose)[0]) if style is None else style
    if style == SCATTERED and replaced // near.ngram >= _SCATTERED_EDITS:
        places = order_of(len(words), "places", *purpose)
    else:
        places = np.arange(len(words)) if style == BLOCK_AT_START else np.arange(len(words))[::-1]
    others = [words[at] for at in order_of(len(words), "words", *purpose).tolist()]

    def copy(count: int) -> AlteredCopy:
        changed = dict(zip(places[:count].tolist(), others, strict=False))
        altered = replace_words(text, changed)
        return AlteredCopy(altered, _jaccard(shingles, altered, near))

    found = _search(copy, len(words), wanted)
    same_side = (found.jaccard > near.threshold) == (wanted > near.threshold)
    return found if same_side and abs(found.jaccard - wanted) <= _TOLERANCE else None


def _search(copy: Callable[[int], AlteredCopy], most: int, wanted: float) -> AlteredCopy:
    """Return the copy whose similarity is nearest to the wanted one; it falls, about steadily, with changed words."""
    low, high = 1, most
    best = copy(low)
    while low <= high:
        middle = (low + high) // 2
        found = copy(middle)
        if abs(found.jaccard - wanted) < abs(best.jaccard - wanted):
            best = found
        if found.jaccard > wanted:
            low = middle + 1
        else:
            high = middle - 1
    return best


def _jaccard(shingles: U64, text: str, near: NearOptions) -> float:
    return similarity(shingles, near_shingles(text, near)).jaccard


def jaccard_of(text: str, other: str, near: NearOptions) -> float:
    """Return the Jaccard similarity of two texts, by their shingles."""
    return _jaccard(near_shingles(text, near), other, near)


def replace_words(text: str, changed: dict[int, str]) -> str:
    """Return a text with some words replaced, by their numbers; white space stays as it is."""
    pieces, at = [], 0
    for number, word in enumerate(_WORD.finditer(text)):
        if number in changed:
            pieces += [text[at : word.start()], changed[number]]
            at = word.end()
    return "".join([*pieces, text[at:]])


def shuffled_words(text: str, *purpose: str | int) -> str:
    """Return a text with its words in another order, within every line: the same words, and no sentence of it."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        words = _WORD.findall(line)
        order = order_of(len(words), "shuffle", number, *purpose).tolist()
        lines[number] = replace_words(line, {place: words[other] for place, other in enumerate(order)})
    return "\n".join(lines)


def embed(host: str, passage: str, *purpose: str | int) -> str:
    """Return a text with a passage as a paragraph of its own, between two lines of it."""
    lines = host.split("\n")
    at = int(order_of(len(lines) + 1, "place", *purpose)[0])
    return "\n".join([*lines[:at], "", passage, "", *lines[at:]])


def rewrapped(text: str) -> str:
    """Return a text in lines of eight words."""
    words = text.split()
    return "\n".join(" ".join(words[at : at + _LINE_WORDS]) for at in range(0, len(words), _LINE_WORDS))


def with_word_inserted(text: str, word: str) -> str:
    """Return a text with one more word in its middle."""
    words = list(_WORD.finditer(text))
    if not words:
        return word
    at = words[len(words) // 2].start()
    return f"{text[:at]}{word} {text[at:]}"


def unsafe_text(text: str, phrases: Sequence[str], *purpose: str | int) -> str:
    """Return a text with unsafe phrases between its words, a different one at a time."""
    order = order_of(len(phrases), "phrases", *purpose).tolist()
    words = list(_WORD.finditer(text))[_PHRASE_EVERY::_PHRASE_EVERY]
    pieces, at = [], 0
    for number, word in enumerate(words):
        pieces += [text[at : word.start()], f"{phrases[order[number % len(order)]]} "]
        at = word.start()
    return "".join([*pieces, text[at:]])


def boilerplate_text(*purpose: str | int) -> str:
    """Return the menus of a site, over and over, without a sentence."""
    lines = [_MENU[at] for at in order_of(len(_MENU), "menu", *purpose)[:_MENU_LINES].tolist()]
    return "\n".join(lines * _MENU_REPEATS)
