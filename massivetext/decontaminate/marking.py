"""The words that a passage and a test item have in common, for people who compare the two."""

import difflib

import numpy as np
import numpy.typing as npt

from massivetext.decontaminate.index import split_document

_FEWEST_WORDS = 2  # in a row that are marked


def mark_common(text: str, other: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Return both texts in pieces: (piece, whether its words are in the other text, in the same order).

    The pieces of each give the text when they are joined. Words are compared as test-set filtering does: case, accents
    and punctuation do not count.
    """
    (words, starts, ends), (others, other_starts, other_ends) = _word_characters(text), _word_characters(other)
    matcher = difflib.SequenceMatcher(None, words, others, autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size >= min(_FEWEST_WORDS, len(words))]
    mine = [(starts[block.a], ends[block.a + block.size - 1]) for block in blocks if block.size]
    theirs = [(other_starts[block.b], other_ends[block.b + block.size - 1]) for block in blocks if block.size]
    return _pieces(text, mine), _pieces(other, theirs)


def _word_characters(text: str) -> tuple[list[int], list[int], list[int]]:
    """Return hash, first character and end of each word."""
    data, words, firsts, lasts = split_document(text)
    before: npt.NDArray[np.int64] = np.append(0, np.cumsum((data & 0xC0) != 0x80))
    return words.tolist(), before[firsts].tolist(), before[lasts].tolist()


def _pieces(text: str, marked: list[tuple[int, int]]) -> list[tuple[str, bool]]:
    pieces, at = [], 0
    for start, end in marked:
        pieces += [(text[at:start], False), (text[start:end], True)]
        at = end
    return [piece for piece in [*pieces, (text[at:], False)] if piece[0]]
