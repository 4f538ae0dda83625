"""Ported signals of datatrove: those of its GopherQualityFilter and GopherRepetitionFilter.

Its words are spaCy's tokens, which include punctuation marks; see :mod:`massivetext.signals.ported.english_tokens`.
"""

from collections import Counter
from collections.abc import Sequence

import regex

from massivetext.signals.definitions import DUPLICATE_SIZES, TOP_SIZES
from massivetext.signals.ported.english_tokens import tokens
from massivetext.signals.ported.gopher import GOPHER_STOP_WORDS

# A character that is not punctuation in datatrove. Its list of punctuation has ASCII marks, control characters, the
# marks below, and sentence ends of every script.
_NO_PUNCTUATION = regex.compile(
    r"[^\x00-/:-@\[-`{-\xa0«´»–—’“”„…∶━►、。〈〉《》「」【】！％（），．１：；？～\p{Sentence_Terminal}]"
)
_BLANK_LINES, _LINE_FEEDS = regex.compile(r"\n{2,}"), regex.compile(r"\n+")


def datatrove_signals(text: str) -> dict[str, float]:
    """Return the signals of datatrove by name, without ``datatrove_``; an empty dict, meaning 0, for an empty text."""
    if not text:
        return {}
    words = tokens(text)
    return _quality(text, words) | _repetition(text, words)


def _quality(text: str, words: Sequence[str]) -> dict[str, float]:
    counted = [word for word in words if _NO_PUNCTUATION.search(word)]
    lines, total = text.splitlines(), max(len(words), 1)
    return {
        "word_count": len(counted),
        "mean_word_length": sum(map(len, counted)) / max(len(counted), 1),
        "hash_to_word_ratio": text.count("#") / total,
        "ellipsis_to_word_ratio": (text.count("...") + text.count("…")) / total,
        "bullet_line_frac": sum(line.lstrip().startswith(("•", "-")) for line in lines) / len(lines),
        "ellipsis_line_frac": sum(line.rstrip().endswith(("...", "…")) for line in lines) / len(lines),
        "alphabetic_word_frac": sum(any(map(str.isalpha, word)) for word in words) / total,
        "stop_word_count": len(GOPHER_STOP_WORDS.intersection(words)),
    }


def _repetition(text: str, words: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, segments in (("paragraph", _BLANK_LINES.split(text.strip())), ("line", _LINE_FEEDS.split(text))):
        copies = Counter(segments)
        later = {segment: count - 1 for segment, count in copies.items() if count > 1}
        found[f"duplicate_{name}_frac"] = sum(later.values()) / len(segments)
        found[f"duplicate_{name}_char_frac"] = sum(len(each) * count for each, count in later.items()) / len(text)
    for size in TOP_SIZES:
        found[f"top_{size}_gram_char_frac"] = _top(words, size) / len(text)
    joined, ends = "".join(words), [0]
    for word in words:
        ends.append(ends[-1] + len(word))
    for size in DUPLICATE_SIZES:
        found[f"duplicate_{size}_gram_char_frac"] = _duplicate(joined, ends, size) / len(text)
    return found


def _top(words: Sequence[str], size: int) -> int:
    """Return the characters, with spaces, of the most frequent n-gram (the first of several), times its copies."""
    if len(words) < size:
        return 0
    gram, copies = Counter(zip(*(words[start:] for start in range(size)), strict=False)).most_common(1)[0]
    return (sum(map(len, gram)) + size - 1) * copies


def _duplicate(joined: str, ends: Sequence[int], size: int) -> int:
    """Return the characters of n-grams that occurred before, from left to right and without overlap.

    N-grams are compared by their characters without spaces, so "a bc" is a copy of "ab c".
    """
    seen: set[str] = set()
    characters = at = 0
    while at + size < len(ends):
        gram = joined[ends[at] : ends[at + size]]
        if gram in seen:
            characters += len(gram)
            at += size
        else:
            seen.add(gram)
            at += 1
    return characters
