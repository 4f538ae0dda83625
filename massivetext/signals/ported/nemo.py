"""The Gopher rules as NeMo Curator's heuristic filters read them."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import regex

from massivetext.signals.definitions import DUPLICATE_SIZES, TOP_SIZES
from massivetext.signals.ported.gopher import STOP_WORDS
from massivetext.signals.ported.ngrams import Repeated, repeated

_ELLIPSES = ("...", "[...]", "…", "(...)", "[…]", "-»", "read more..", "read more")
_BULLETS = ("•", "‣", "⁃", "⁌", "⁍", "∙", "○", "●", "◘", "◦", "⦾", "⦿")
_HASHES = regex.compile("#+")


def measure(text: str) -> dict[str, float]:
    """The signals of NeMo's reading by name, without ``nemo_``; all 0 for an empty text."""
    if not text:
        return {}
    words = text.split()
    lines = [line for line in text.split("\n") if line.strip()]
    shown = [line.strip() for line in lines]
    found: dict[str, float] = {
        "symbol_to_word_ratio": sum(map(_is_symbol, words)) / max(len(words), 1),
        "bullet_line_frac": sum(line.startswith(_BULLETS) for line in shown) / max(len(lines), 1),
        "ellipsis_line_frac": sum(line.lower().endswith(_ELLIPSES) for line in shown) / max(len(lines), 1),
        "stop_word_count": sum(word in STOP_WORDS for word in words),
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
    """Whether a word is an ellipsis, or more than half of its characters begin a run of hashes: "#" does, "##" not."""
    return word in _ELLIPSES or 2 * len(_HASHES.findall(word)) > len(word)


def _top(text: str, words: Sequence[str], grams: Repeated) -> int:
    """Characters that vanish where the most frequent n-gram, joined by spaces, is taken out of the text.

    Of equally frequent ones the first; there it is another with every process.
    """
    if len(words) < grams.size:
        return len(text)
    first = int(grams.firsts[grams.top]) if len(grams.counts) else 0
    gram = " ".join(words[first : first + grams.size])
    return text.count(gram) * len(gram)


def _duplicate(grams: Repeated) -> int:
    """Characters of the n-grams that stood in the text before, each once, and one for every space within them."""
    starts = grams.starts[grams.starts != grams.firsts[grams.groups]]
    spaces = np.zeros(len(grams.ends), np.bool_)
    for place in range(grams.size - 1):
        spaces[starts + place] = True
    return grams.characters(grams.covered(later=True)) + int(spaces.sum())
