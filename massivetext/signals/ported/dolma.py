"""Ported signals of Dolma: those of its tagger ``gopher_v1``."""

from collections import Counter

from massivetext.signals.definitions import DUPLICATE_SIZES, TOP_SIZES
from massivetext.signals.ported.gopher import GOPHER_STOP_WORDS
from massivetext.signals.ported.ngrams import RepeatedNgrams, repeated


def dolma_signals(text: str) -> dict[str, float]:
    """Return the signals of Dolma by name, without ``dolma_``; all 0 for an empty text."""
    words = text.split()
    characters = sum(map(len, words))
    lines = text.split("\n") if text else []
    copies = {line: count for line, count in Counter(lines).items() if count > 1}
    total, shown = max(len(lines), 1), max(characters, 1)
    found = {
        "symbol_to_word_ratio": sum("#" in word or "…" in word for word in words) / max(len(words), 1),
        "stop_word_count": sum(word in GOPHER_STOP_WORDS for word in words),
        "bullet_line_frac": sum(line.startswith(("*", "-")) for line in lines) / total,
        "ellipsis_line_frac": sum(line.endswith("…") for line in lines) / total,
        "duplicate_line_frac": sum(copies.values()) / total,
        "duplicate_line_char_frac": sum(len(line) * count for line, count in copies.items()) / shown,
    }
    for grams in repeated(words, DUPLICATE_SIZES[-1]):
        if grams.size in TOP_SIZES:
            found[f"top_{grams.size}_gram_char_frac"] = _top(grams) / shown
        else:
            found[f"duplicate_{grams.size}_gram_char_frac"] = _duplicate(grams)
    return found


def _top(grams: RepeatedNgrams) -> int:
    """Return the characters of the most frequent n-gram (the first of several), times its copies."""
    if not len(grams.counts):  # all occur once: the first n-gram of the text counts, if there is one
        return int(grams.ends[grams.size]) if len(grams.ends) > grams.size else 0
    return int(grams.lengths[grams.top] * grams.counts[grams.top])


def _duplicate(grams: RepeatedNgrams) -> float:
    """Return the share of repeated n-grams in the characters of all n-grams; overlapping n-grams count in full."""
    every = int((grams.ends[grams.size :] - grams.ends[: -grams.size]).sum()) if len(grams.ends) > grams.size else 0
    return int((grams.lengths * grams.counts).sum()) / max(every, 1)
