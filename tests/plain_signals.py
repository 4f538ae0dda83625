"""The signals in plain Python, written from their definitions: what the compiled code is held to."""

import math
import statistics
from collections import Counter
from collections.abc import Iterator

import regex

from massivetext.signals import definitions, safety, stop_lists
from massivetext.text import lines, paragraphs

PHRASES = safety.read_phrases(definitions.UNSAFE_PHRASES)
STOPS = stop_lists.built_in()
POLICIES = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")


def edges_off(word: str) -> str:
    inside = [index for index, character in enumerate(word) if character.isalnum()]
    return "".join(character.lower()[0] for character in word[inside[0] : inside[-1] + 1]) if inside else ""


def part(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else 0.0


def later_copies(segments: list[str]) -> tuple[float, float]:
    distinct = dict.fromkeys(segments)
    characters = sum(map(len, segments))
    return part(len(segments) - len(distinct), len(segments)), part(characters - sum(map(len, distinct)), characters)


def covered(words: list[str], grams: list[tuple[str, ...]], wanted: set[tuple[str, ...]]) -> float:
    inside = {at + step for at, gram in enumerate(grams) if gram in wanted for step in range(len(gram))}
    return part(sum(len(words[index]) for index in inside), sum(map(len, words)))


def repeated_n_grams(words: list[str]) -> Iterator[tuple[str, float]]:
    for size in range(2, 11):
        grams = [tuple(words[at : at + size]) for at in range(len(words) - size + 1)]
        repeated = {gram: count for gram, count in Counter(grams).items() if count > 1}
        if size <= 4:
            most = max(repeated.values(), default=0)
            best = [gram for gram, count in repeated.items() if count == most]
            yield f"top_{size}_gram_char_frac", max((covered(words, grams, {gram}) for gram in best), default=0.0)
        else:
            yield f"duplicate_{size}_gram_char_frac", covered(words, grams, set(repeated))


def phrases_in(forms: list[str]) -> list[tuple[str, ...]]:
    hits, at = [], 0
    longest = max(map(len, PHRASES))
    while at < len(forms):
        fits = [size for size in range(longest, 0, -1) if tuple(forms[at : at + size]) in PHRASES]
        if fits:
            hits.append(tuple(forms[at : at + fits[0]]))
        at += fits[0] if fits else 1
    return hits


def starts_with_bullet(line: str) -> bool:
    return line[0] in "•‣⁃▪▫■□●○◦·▶" or (line[0] in "-*–" and not line[1:2].strip())


def ends_sentence(word: str) -> bool:
    after = len(word) - next((at for at, character in enumerate(reversed(word)) if character.isalnum()), len(word))
    return after > 0 and regex.search(r"[\p{Sentence_Terminal}…]", word[after:]) is not None


def ends_line(line: str) -> bool:
    return regex.search(r"""[\p{Sentence_Terminal}…"'”’»]$""", line) is not None


def entropy(forms: list[str]) -> float:
    shares = [count / len(forms) for count in Counter(forms).values()]
    return -sum(share * math.log(share) for share in shares)


def plain(text: str, language: str) -> dict[str, float]:
    """Every signal that needs no model."""
    words = text.split()
    forms = [edges_off(word) for word in words]
    named = list(filter(None, forms))
    stops = STOPS.words[STOPS.number(language)]
    letters = [character for character in text if character.isalpha()]
    small = text.translate({code: code + 32 for code in range(ord("A"), ord("Z") + 1)})
    ends = sum(map(ends_sentence, words[:-1])) + bool(words)
    kept = lines(text)
    raw = text.split("\n")
    hits = phrases_in(forms)
    line_frac, line_char_frac = later_copies(kept)
    paragraph_frac, paragraph_char_frac = later_copies(paragraphs(text))
    return {
        "word_count": len(words),
        "mean_word_length": part(sum(map(len, words)), len(words)),
        "alphabetic_word_frac": part(sum(any(c.isalpha() for c in word) for word in words), len(words)),
        "stop_word_count": len(set(forms) & set(stops)),
        "stop_word_frac": part(sum(form in stops for form in forms), len(words)),
        "median_word_length": statistics.median(map(len, words)) if words else 0.0,
        "all_caps_word_frac": part(sum(len(word) > 1 and word.isupper() for word in words), len(words)),
        "unique_word_frac": part(len(set(named)), len(named)),
        "unigram_entropy": entropy(named),
        "sentence_count": ends,
        "mcalpine_eflaw": part(len(named) + sum(len(form) <= 3 for form in named), ends),
        "curly_bracket_frac": part(text.count("{") + text.count("}"), len(text)),
        "uppercase_letter_frac": part(sum(letter.isupper() for letter in letters), len(letters)),
        "digit_frac": part(sum(character.isdecimal() for character in text), sum(map(len, words))),
        "hash_to_word_ratio": part(text.count("#"), len(words)),
        "ellipsis_to_word_ratio": part(text.count("...") + text.count("…"), len(words)),
        "character_count": len(text),
        "byte_count": len(text.encode()),
        "line_count": len(kept),
        "bullet_line_frac": part(sum(map(starts_with_bullet, kept)), len(kept)),
        "ellipsis_line_frac": part(sum(line.endswith(("...", "…")) for line in kept), len(kept)),
        "paragraph_count": len(paragraphs(text)),
        "mean_line_words": part(len(words), len(kept)),
        "terminal_line_frac": part(sum(map(ends_line, kept)), len(kept)),
        "short_line_frac": part(sum(len(line) <= 30 for line in kept), len(kept)),
        "javascript_line_count": sum("javascript" in line for line in lines(small)),
        "policy_line_count": sum(any(policy in line for policy in POLICIES) for line in lines(small)),
        "lorem_ipsum_count": small.count("lorem ipsum"),
        "duplicate_line_frac": line_frac,
        "duplicate_line_char_frac": line_char_frac,
        "duplicate_paragraph_frac": paragraph_frac,
        "duplicate_paragraph_char_frac": paragraph_char_frac,
        **dict(repeated_n_grams(words)),
        "unsafe_phrase_count": len(set(hits)),
        "unsafe_phrase_weight": 1000 * part(sum(PHRASES[hit] for hit in hits), len(words)),
        "edited_word_frac": 0,
        "alphanumeric_frac": part(sum(c.isalnum() for c in text), len(text)),
        "longest_line_length": max(map(len, raw)),
        "mean_line_length": sum(map(len, raw)) / len(raw),
    }
