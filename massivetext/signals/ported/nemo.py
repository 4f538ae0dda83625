"""Ported signals of NeMo Curator: those of its heuristic filters."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import regex

from massivetext.signals.definitions import DUPLICATE_SIZES, TOP_SIZES
from massivetext.signals.ported.gopher import GOPHER_STOP_WORDS
from massivetext.signals.ported.ngrams import RepeatedNgrams, repeated

_ELLIPSES = ("...", "[...]", "…", "(...)", "[…]", "-»", "read more..", "read more")
_BULLETS = ("•", "‣", "⁃", "⁌", "⁍", "∙", "○", "●", "◘", "◦", "⦾", "⦿")
_HASHES = regex.compile("#+")


def nemo_signals(text: str) -> dict[str, float]:
    """Return the signals of NeMo by name, without ``nemo_``; an empty dict, meaning 0, for an empty text."""
    if not text:
        return {}
    words = text.split()
    lines = [line for line in text.split("\n") if line.strip()]
    shown = [line.strip() for line in lines]
    found: dict[str, float] = {
        "symbol_to_word_ratio": sum(map(_is_symbol, words)) / max(len(words), 1),
        "bullet_line_frac": sum(line.startswith(_BULLETS) for line in shown) / max(len(lines), 1),
        "ellipsis_line_frac": sum(line.lower().endswith(_ELLIPSES) for line in shown) / max(len(lines), 1),
        "stop_word_count": sum(word in GOPHER_STOP_WORDS for word in words),
    }
    for name, segments in (("line", lines), ("paragraph", text.split("\n\n"))):
        later = {segment: count - 1 for segment, count in Counter(segments).items()}
        characters = sum(len(segment) * count for segment, count in later.items())
        found[f"duplicate_{name}_frac"] = sum(later.values()) / max(len(segments), 1)
        found[f"duplicate_{name}_char_frac"] = characters / max(sum(map(len, segments)), 1)
    for grams in repeated(words, DUPLICATE_SIZES[-1]):
        if grams.size in TOP_SIZES:
            found[f"top_{grams.size}_gram_char_frac"] = _top(text, words, grams) / len(text)
        else:
            found[f"duplicate_{grams.size}_gram_char_frac"] = _duplicate(grams) / len(text)
    return found


def _is_symbol(word: str) -> bool:
    """Return whether a word is an ellipsis, or has more runs of "#" than half its characters: "#" has, "##" has not."""
    return word in _ELLIPSES or 2 * len(_HASHES.findall(word)) > len(word)


def _top(text: str, words: Sequence[str], grams: RepeatedNgrams) -> int:
    """Return how many characters the text loses if the most frequent n-gram, joined by spaces, is removed from it.

    Of several, the first n-gram counts; in NeMo the choice differs between processes.
    """
    if len(words) < grams.size:
        return len(text)
    first = int(grams.firsts[grams.top]) if len(grams.counts) else 0
    gram = " ".join(words[first : first + grams.size])
    return text.count(gram) * len(gram)


def _duplicate(grams: RepeatedNgrams) -> int:
    """Return the characters of n-grams that occurred before, each counted once, and one per space within them."""
    starts = grams.starts[grams.starts != grams.firsts[grams.groups]]
    spaces = np.zeros(len(grams.ends), np.bool_)
    for offset in range(grams.size - 1):
        spaces[starts + offset] = True
    return grams.characters(grams.covered(later=True)) + int(spaces.sum())
