"""Signals of lines and paragraphs: bullets, ellipses at line ends, duplicates."""

import re

import numpy as np

from massivetext import text
from massivetext.signals.batch import Batch, Columns, pieces, ratios

# The paper names no characters. The first group are bullets wherever they begin a line; the second also begin words
# ("-5", "**bold**"), so they count only before white space or at the end of the line.
BULLETS = frozenset("•‣⁃▪▫■□●○◦·▶")
SPACED_BULLETS = frozenset("-*–")
ELLIPSES = ("...", "…")

_LINE = re.compile(r"\n")
_PARAGRAPH = re.compile(r"\n\n")


def measure(batch: Batch) -> Columns:
    """Line count, shares of bullets and ellipses, and shares of duplicate lines and paragraphs of each text."""
    rows = np.array([_count_lines(one) for one in batch.texts], np.int64).reshape(-1, 6)
    line_count, bullets, ellipses, later_lines, line_characters, later_line_characters = rows.T
    paragraphs = np.array([_count_paragraphs(one) for one in batch.texts], np.int64).reshape(-1, 4)
    paragraph_count, later, characters, later_characters = paragraphs.T
    return {
        "line_count": line_count,
        "bullet_line_frac": ratios(bullets, line_count),
        "ellipsis_line_frac": ratios(ellipses, line_count),
        "duplicate_line_frac": ratios(later_lines, line_count),
        "duplicate_line_char_frac": ratios(later_line_characters, line_characters),
        "duplicate_paragraph_frac": ratios(later, paragraph_count),
        "duplicate_paragraph_char_frac": ratios(later_characters, characters),
    }


def starts_with_bullet(line: str) -> bool:
    """Whether a stripped, non-empty line begins with a bullet point."""
    first = line[0]
    return first in BULLETS or (first in SPACED_BULLETS and (len(line) == 1 or line[1].isspace()))


def _count_lines(whole: str) -> tuple[int, int, int, int, int, int]:
    """Lines, bullets, ellipses, later copies, characters of lines, characters of later copies."""
    seen: set[str] = set()
    count = bullets = ellipses = characters = 0
    for piece in pieces(whole, _LINE):
        lines = text.lines(piece)
        count += len(lines)
        characters += sum(map(len, lines))
        bullets += sum(map(starts_with_bullet, lines))
        ellipses += sum(line.endswith(ELLIPSES) for line in lines)
        seen.update(lines)
    return count, bullets, ellipses, count - len(seen), characters, characters - sum(map(len, seen))


def _count_paragraphs(whole: str) -> tuple[int, int, int, int]:
    """Paragraphs, later copies, characters of paragraphs, characters of later copies."""
    seen: set[str] = set()
    count = characters = 0
    for piece in pieces(whole, _PARAGRAPH):
        paragraphs = text.paragraphs(piece)
        count += len(paragraphs)
        characters += sum(map(len, paragraphs))
        seen.update(paragraphs)
    return count, count - len(seen), characters, characters - sum(map(len, seen))
