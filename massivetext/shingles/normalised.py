"""The words of a text as shingles see them, as strings."""

import regex

# Scripts that are written without spaces between words. Unicode's property Script gives each character one; signs that
# several scripts share, such as the long vowel of kana, are words where they stand alone between such characters.
UNSPACED_SCRIPTS = ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan")
PUNCTUATION = r"\p{P}"
MARK = r"\p{M}"
UNSPACED = "[" + "".join(rf"\p{{Script={script}}}" for script in UNSPACED_SCRIPTS) + r"--[\p{M}\p{P}\s]]"

_PUNCTUATION = regex.compile(f"{PUNCTUATION}+")
_WORD = regex.compile(f"{UNSPACED}{MARK}*|(?:(?!{UNSPACED}).)+", regex.V1 | regex.DOTALL)


def normalised_words(text: str, lowercase: bool = False) -> list[str]:
    """Return the words of a text without characters of Unicode category P, and without words that are then empty.

    Words are what white space separates. Punctuation is removed, not turned into a space: "don't" gives "dont",
    "and/or" gives "andor". Symbols (category S, such as "$", "=" and "<") stay. In scripts that are written without
    spaces (:data:`UNSPACED_SCRIPTS`) every character is a word, with the combining marks after it. Empty for a text
    without words.
    """
    found: list[str] = []
    for raw in text.split():
        word = _PUNCTUATION.sub("", raw)
        found += [word] if word.isascii() and word else _WORD.findall(word)
    return [word.lower() for word in found] if lowercase else found
