"""The parts of a text that a signal counts, to be shown marked."""

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from massivetext.signals import stop_lists
from massivetext.signals.definitions import (
    BULLETS_ALONE,
    BULLETS_ANYWHERE,
    DUPLICATE_SIZES,
    LOREM_IPSUM,
    TOP_SIZES,
    UNSAFE_PHRASES,
)
from massivetext.signals.forms import form

Span = tuple[int, int]  # first character, and the one after the last
_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")
_LINE_BREAK = re.compile(r"\n")
_WORD = re.compile(r"\S+")
_ELLIPSIS = re.compile(r"\.\.\.|…")


class _Text(NamedTuple):
    """A text with its language, which decides what its stop words are."""

    text: str
    language: str

    @property
    def words(self) -> list[Span]:
        """Spans of the words, which :func:`massivetext.text.words` returns."""
        # \S of `re` and the white space of str.split differ in four control characters.
        return [
            (hit.start() + at, hit.start() + at + len(word))
            for hit in _WORD.finditer(self.text)
            for at, word in _split(hit[0])
        ]

    def forms(self) -> list[str]:
        """Return the words as stop words and phrases are compared."""
        return [form(self.text[begin:end]) for begin, end in self.words]


def mark_signal(signal: str, text: str, language: str = stop_lists.DEFAULT) -> tuple[Span, ...] | None:
    """Return the parts of a text that a signal counts, in order and apart from each other.

    Args:
        signal: name of the signal.
        text: the text.
        language: its language, as the signal ``language`` has it.

    Returns:
        Spans of characters; None for a signal that is not about parts of a text, such as the mean length of words.
    """
    find = _FINDERS.get(signal)
    return None if find is None else tuple(find(_Text(text, language)))


def _split(run: str) -> Iterator[tuple[int, str]]:
    at = 0
    for word in run.split():
        at = run.index(word, at)
        yield at, word
        at += len(word)


def _segments(text: str, separator: re.Pattern[str]) -> Iterator[Span]:
    """Yield the spans of lines or paragraphs, stripped, without blank ones."""
    begin = 0
    for stop, after in [*((hit.start(), hit.end()) for hit in separator.finditer(text)), (len(text), len(text))]:
        segment = text[begin:stop]
        if stripped := segment.strip():
            first = begin + len(segment) - len(segment.lstrip())
            yield first, first + len(stripped)
        begin = after


def _later_copies(text: _Text, separator: re.Pattern[str]) -> Iterator[Span]:
    seen: set[str] = set()
    for begin, end in _segments(text.text, separator):
        segment = text.text[begin:end]
        if segment in seen:
            yield begin, end
        seen.add(segment)


def _duplicate_lines(text: _Text) -> Iterator[Span]:
    return _later_copies(text, _LINE_BREAK)


def _duplicate_paragraphs(text: _Text) -> Iterator[Span]:
    return _later_copies(text, _PARAGRAPH_BREAK)


def _bullets(text: _Text) -> Iterator[Span]:
    for begin, end in _segments(text.text, _LINE_BREAK):
        line = text.text[begin:end]
        if line[0] in BULLETS_ANYWHERE or (line[0] in BULLETS_ALONE and not line[1:2].strip()):
            yield begin, begin + 1


def _ellipsis_ends(text: _Text) -> Iterator[Span]:
    for begin, end in _segments(text.text, _LINE_BREAK):
        line = text.text[begin:end]
        if line.endswith(("...", "…")):
            yield end - (1 if line.endswith("…") else 3), end


def _found(pattern: re.Pattern[str], text: _Text) -> Iterator[Span]:
    return (hit.span() for hit in pattern.finditer(text.text))


def _words_without_letters(text: _Text) -> Iterator[Span]:
    return (span for span in text.words if not any(map(str.isalpha, text.text[slice(*span)])))


def _stop_words(text: _Text) -> Iterator[Span]:
    lists = stop_lists.built_in()
    stops = frozenset(lists.words[lists.list_number(text.language)])
    return (span for span, word in zip(text.words, text.forms(), strict=True) if word in stops)


def _unsafe_phrases(text: _Text) -> Iterator[Span]:
    from massivetext.signals.safety import read_phrases  # needs a compiler

    phrases = read_phrases(UNSAFE_PHRASES)
    longest, words, forms = max(map(len, phrases)), text.words, text.forms()
    at = 0
    while at < len(forms):
        size = next((size for size in range(longest, 0, -1) if tuple(forms[at : at + size]) in phrases), 0)
        if size:
            yield words[at][0], words[min(at + size, len(words)) - 1][1]
        at += size or 1


def _n_grams(text: _Text, size: int) -> tuple[list[Span], list[tuple[str, ...]]]:
    spans = text.words
    words = [text.text[begin:end] for begin, end in spans]
    return spans, [tuple(words[at : at + size]) for at in range(len(words) - size + 1)]


def _covered(spans: Sequence[Span], grams: Sequence[tuple[str, ...]], wanted: set[tuple[str, ...]]) -> list[Span]:
    inside = {at + step for at, gram in enumerate(grams) if gram in wanted for step in range(len(gram))}
    return [spans[index] for index in sorted(inside)]


def _duplicate_n_grams(size: int, text: _Text) -> Sequence[Span]:
    spans, grams = _n_grams(text, size)
    return _covered(spans, grams, {gram for gram, count in Counter(grams).items() if count > 1})


def _top_n_gram(size: int, text: _Text) -> Sequence[Span]:
    spans, grams = _n_grams(text, size)
    counts = Counter(grams)
    most = max(counts.values(), default=0)
    best = [_covered(spans, grams, {gram}) for gram, count in counts.items() if count == most > 1]
    return max(best, key=lambda found: sum(end - begin for begin, end in found), default=[])


def _pattern(pattern: str) -> Callable[[_Text], Iterator[Span]]:
    return functools.partial(_found, re.compile(pattern, re.IGNORECASE | re.ASCII))


_FINDERS: dict[str, Callable[[_Text], Iterator[Span] | Sequence[Span]]] = {
    "duplicate_line_frac": _duplicate_lines,
    "duplicate_line_char_frac": _duplicate_lines,
    "duplicate_paragraph_frac": _duplicate_paragraphs,
    "duplicate_paragraph_char_frac": _duplicate_paragraphs,
    "bullet_line_frac": _bullets,
    "ellipsis_line_frac": _ellipsis_ends,
    "hash_to_word_ratio": _pattern("#"),
    "ellipsis_to_word_ratio": functools.partial(_found, _ELLIPSIS),
    "curly_bracket_frac": _pattern("[{}]"),
    "lorem_ipsum_count": _pattern(LOREM_IPSUM),
    "alphabetic_word_frac": _words_without_letters,
    "stop_word_count": _stop_words,
    "stop_word_frac": _stop_words,
    "unsafe_phrase_count": _unsafe_phrases,
    "unsafe_phrase_weight": _unsafe_phrases,
    **{f"top_{size}_gram_char_frac": functools.partial(_top_n_gram, size) for size in TOP_SIZES},
    **{f"duplicate_{size}_gram_char_frac": functools.partial(_duplicate_n_grams, size) for size in DUPLICATE_SIZES},
}
