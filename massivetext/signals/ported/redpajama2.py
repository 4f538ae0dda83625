"""Ported signals of RedPajama-V2: those of its quality signals."""

import string
import unicodedata
from collections.abc import Sequence

import regex

from massivetext.signals.definitions import DUPLICATE_SIZES, TOP_SIZES
from massivetext.signals.ported.ngrams import repeated

_SYMBOLS = ("#", "...", "…")
_ELLIPSES = ("...", "…")
_BULLETS = ("•", "‣", "▶", "◀", "◦", "■", "□", "▪", "▫", "–")
_TOKEN = regex.compile(r"\w+|[^\w\s]+")  # NLTK's WordPunctTokenizer
_LATIN_LETTER = regex.compile("[a-zA-Z]")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


def redpajama2_signals(text: str) -> dict[str, float]:
    """Return the signals of RedPajama-V2 by name, without ``redpajama2_``; all 0 for an empty text."""
    tokens = _TOKEN.findall(text)
    words = unicodedata.normalize("NFD", text.translate(_WITHOUT_PUNCTUATION).lower()).split()
    lines = text.removesuffix("\n").split("\n") if text else []
    return {
        "word_count": len(words),
        "mean_word_length": sum(map(len, words)) / max(len(words), 1),
        "symbol_to_word_ratio": sum(map(text.count, _SYMBOLS)) / max(len(tokens), 1),
        "bullet_line_frac": sum(line.lstrip().startswith(_BULLETS) for line in lines) / max(len(lines), 1),
        "ellipsis_line_frac": sum(line.rstrip().endswith(_ELLIPSES) for line in lines) / max(len(lines), 1),
        "alphabetic_word_frac": sum(_LATIN_LETTER.search(token) is not None for token in tokens) / max(len(tokens), 1),
        **_repetition(words),
    }


def _repetition(words: Sequence[str]) -> dict[str, float]:
    total = max(sum(map(len, words)), 1)
    found: dict[str, float] = {}
    for grams in repeated(words, DUPLICATE_SIZES[-1]):
        if grams.size not in TOP_SIZES:
            found[f"duplicate_{grams.size}_gram_char_frac"] = grams.characters(grams.covered()) / total
        else:
            top = grams.lengths[grams.top] * grams.counts[grams.top] if len(grams.counts) else 0
            found[f"top_{grams.size}_gram_char_frac"] = int(top) / total
    return found
