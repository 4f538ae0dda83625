"""What is left of a text after spans of it are cut out, as ranges of its characters."""

from collections.abc import Callable, Sequence

Ranges = tuple[tuple[int, int], ...]  # (first character, the one after the last), ascending, disjoint

# Between pieces: a gap that reads as one between paragraphs. The pieces stay one document, with one id and one row.
JOINT = "\n\n"
_MAX_ROUNDS = 20


def join_pieces(text: str, ranges: Ranges) -> str:
    """Return the pieces of a text, joined by an empty line."""
    return JOINT.join(text[start:end] for start, end in ranges)


def cut_out(text: str, find: Callable[[str], Sequence[tuple[int, int]]], least_words: int) -> Ranges:
    """Return what is left of a text after everything that ``find`` finds is cut out, again and again.

    What is left is searched once more, because a text may hold an item twice, and because pieces come together. After
    twenty rounds nothing is left.

    Args:
        text: the text.
        find: returns the spans of characters to cut from a text; empty: there is nothing to cut.
        least_words: shorter pieces, in words, are cut as well.
    """
    ranges: Ranges = ((0, len(text)),)
    for _ in range(_MAX_ROUNDS):
        spans = find(join_pieces(text, ranges))
        if not spans:
            return ranges
        ranges = _without(text, ranges, spans, least_words)
        if not ranges:
            break
    return ()


def _without(text: str, ranges: Ranges, spans: Sequence[tuple[int, int]], least_words: int) -> Ranges:
    """Return the ranges without some spans of their joined pieces."""
    found: list[tuple[int, int]] = []
    at = 0
    for start, end in ranges:
        begin = start
        for low, high in sorted(spans):
            cut_from, cut_to = start + low - at, start + high - at
            if cut_to <= begin or cut_from >= end:
                continue
            found.append((begin, max(begin, cut_from)))
            begin = min(end, cut_to)
        found.append((begin, end))
        at += end - start + len(JOINT)
    stripped = (_stripped(text, start, end) for start, end in found)
    return tuple(piece for piece in stripped if len(text[slice(*piece)].split()) >= max(1, least_words))


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    return start, max(start, start + len(piece.strip()))
