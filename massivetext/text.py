"""Words, lines and paragraphs of a text, each defined once."""

import re

import regex

_LINE_BREAK = regex.compile(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")  # the newline functions of Unicode, section 5.8
_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")  # the white space of str.split
_UNWANTED = regex.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufeff]")


def words(text: str) -> list[str]:
    """The words of a text: runs between Unicode white space, punctuation and case kept.

    The paper names no segmentation; its bounds (80% of words with a letter, mean length 3 to 10) fit only this one.
    """
    return text.split()


def lines(text: str) -> list[str]:
    """The lines of a text, stripped, without blank ones."""
    return [line for part in text.split("\n") if (line := part.strip())]


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text: what stands between blank lines, stripped, without empty ones."""
    return [paragraph for part in _PARAGRAPH_BREAK.split(text) if (paragraph := part.strip())]


def printable(text: str) -> str:
    """The text as a terminal may be given it: what would steer it (escapes, marks of direction) becomes U+FFFD."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def clean(text: str) -> str:
    """The form in which every text is stored.

    Line ends, vertical tabs and form feeds among them, become line feeds; ASCII control characters other than tab, lone
    surrogates and byte-order marks are removed; white space at both ends is removed. Nothing else changes, so
    indentation and blank lines stay.
    """
    return _UNWANTED.sub("", _LINE_BREAK.sub("\n", text)).strip()
