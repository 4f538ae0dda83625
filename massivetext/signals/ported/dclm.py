"""Ported signals of DCLM: those of its content filters."""

from collections import Counter
from collections.abc import Sequence

import regex

from massivetext.signals.definitions import DUPLICATE_SIZES, TOP_SIZES
from massivetext.signals.ported.gopher import GOPHER_STOP_WORDS
from massivetext.signals.ported.ngrams import RepeatedNgrams, repeated

_SYMBOLS = ("#", "...", ". . .", "…")
_ELLIPSES = ("...", ". . .", "…")
_BULLETS = ("●", "•", "*", "-")
_FASTTEXT_SPACE = regex.compile(r"[ \t\n\v\f\r\0]+")  # the characters that separate words in fastText
_WORD_BOUNDARY = regex.compile(r"(?wV1)\b")  # Unicode's (UAX 29), as of the uniseg package


def dclm_signals(text: str) -> dict[str, float]:
    """Return the signals of DCLM by name, without ``dclm_``; all 0 for an empty text."""
    words = text.split()
    lines, paragraphs = _stripped(text, "\n"), _stripped(text, "\n\n")
    found: dict[str, float] = {
        "word_count": sum(word[:1].isalnum() for word in _FASTTEXT_SPACE.split(text)),
        "symbol_to_word_ratio": sum(map(text.count, _SYMBOLS)) / max(len(words), 1),
        "bullet_line_frac": sum(line.startswith(_BULLETS) for line in lines) / max(len(lines), 1),
        "ellipsis_line_frac": sum(line.endswith(_ELLIPSES) for line in lines) / max(len(lines), 1),
        "stop_word_count": sum(word.lower() in GOPHER_STOP_WORDS for word in words),
    }
    for name, segments in (("line", lines), ("paragraph", paragraphs)):
        copies = {segment: count for segment, count in Counter(segments).items() if count > 1}
        characters = sum(len(segment) * count for segment, count in copies.items())
        found[f"duplicate_{name}_frac"] = sum(copies.values()) / max(len(segments), 1)
        found[f"duplicate_{name}_char_frac"] = characters / max(sum(map(len, segments)), 1)
    return found | _repetition([word for word in _WORD_BOUNDARY.split(text) if word[:1].isalnum()])


def _stripped(text: str, end: str) -> list[str]:
    return [segment for each in text.split(end) if (segment := each.strip())]


def _repetition(words: Sequence[str]) -> dict[str, float]:
    total = max(sum(map(len, words)), 1)
    found: dict[str, float] = {}
    for grams in repeated(words, DUPLICATE_SIZES[-1]):
        if grams.size in TOP_SIZES:
            found[f"top_{grams.size}_gram_char_frac"] = _top(grams) / total
        else:
            found[f"duplicate_{grams.size}_gram_char_frac"] = grams.characters(grams.covered()) / total
    return found


def _top(grams: RepeatedNgrams) -> int:
    """Return the characters of the most frequent n-gram (the longest of several), times its copies."""
    if not len(grams.counts):
        return 0
    most = grams.counts.max()
    return int(most * grams.lengths[grams.counts == most].max())
