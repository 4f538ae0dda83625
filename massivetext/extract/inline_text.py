"""The text of the blocks of a page: its lines, with formulas, raised text, and what a style sheet hides or parts."""

import functools
import html
import re
from collections.abc import Sequence
from html import escape
from itertools import accumulate, chain

import numpy as np
import numpy.typing as npt

from massivetext.extract.formulas import formula_text
from massivetext.extract.page_scan import CLOSING_QUOTE, OPENING_QUOTE, Records
from massivetext.extract.tag_scanner import ScannedPage
from massivetext.extract.tags import IS_HEADING, tag_number

# Signs that stand for what the renderer would fold or leave out; no page can contain them.
INDENT, EMPTY = "\x01", "\x02"
_HIDDEN_WORDS = 300  # bytes; of a longer text that is hidden within a line a link mostly shows the rest
_MATH, _DT = tag_number("math"), tag_number("dt")
_QUOTES = {OPENING_QUOTE: "“".encode(), CLOSING_QUOTE: "”".encode()}
_NUMBER = re.compile(rb"\s*(?:[+-]|\xe2\x88\x92)?\d")
# A number, a closing bracket, or a symbol or unit of at most three letters.
_MAY_BE_RAISED = re.compile(rb"[\d)\]]\Z|(?:\A|[^A-Za-z])[A-Za-z]{1,3}\Z")
# Between two inline elements that follow each other at once: what a browser mostly shows apart, by its style sheet.
_BETWEEN_SPANS = re.compile(
    rb"(?:</(?:a|label|small|span|time)\s*>)+(?:<(?:a|label|small|span|time)\b[^<>]*>)+", re.IGNORECASE
)
_LETTER = re.compile(rb"\s*(?:[A-Za-z])\s*")
_SYMBOL = re.compile(rb"(?:\A|[^A-Za-z])[A-Za-z]\Z|[)\]]\Z")
_EXPRESSION = re.compile(rb"\s*[A-Za-z0-9]{1,3}\s*(?:[-+*/]|\xe2\x88\x92)\s*[A-Za-z0-9]{1,3}\s*")
_INDEX = re.compile(rb"\s*[A-Za-z]{2,5}\s*")
_ABBREVIATED = re.compile(rb"(?:\A|[^A-Za-z])(?:[nN][o\xba]s?|M[ers])\Z")  # in French
_BEGUN = re.compile(rb"<[A-Za-z][^<>]*>\s*\Z")
_STOPS, _PRICES = frozenset("!?,:)"), frozenset("0123456789$€£¥")
# What a link from a heading or definition to itself shows; browsers show it under the pointer alone.
_PILCROW = re.compile(rb"\s*(?:\xc2\xb6|&para;|&#182;|&#[xX][bB]6;)\s*")
_PERMALINK = re.compile(rb"\s*(?:#|\xc2\xa7|&sect;|\xf0\x9f\x94\x97)\s*")
_FOREIGN_SIGNS = INDENT + EMPTY + "\xad"  # the last one is a soft hyphen
_FOREIGN = str.maketrans("", "", _FOREIGN_SIGNS)
_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)")  # as html.unescape has it
_INDENTED = re.compile(r"\s*?\xa0\s+")
_CODE_BITS = np.int64(1 << tag_number("pre") % 64 | 1 << tag_number("code") % 64)


def plain_text(scanned: ScannedPage, page: bytes, block: int) -> str:
    """Return the text of a block without marks."""
    return "\n".join(block_lines(scanned, page, scanned.blocks[block : block + 1])[0])


def block_lines(scanned: ScannedPage, page: bytes, blocks: Records) -> list[list[str]]:
    """Return the lines of each of some blocks."""
    firsts, lasts = blocks["first"].tolist(), blocks["last"].tolist()
    pieces = scanned.pieces[np.fromiter(chain.from_iterable(map(range, firsts, lasts)), np.int64)]
    elements = pieces["element"]
    tags, raised, links, paths = (scanned.elements[name][elements] for name in ("tag", "raised", "link", "path"))
    exact = (paths & _CODE_BITS != 0) | (raised != 0)
    lengths = blocks["last"] - blocks["first"]
    hidden = _hidden_within(scanned, pieces, np.repeat(blocks["element"], lengths), tags)
    pieces["end"][hidden] = pieces["start"][hidden]
    columns = (pieces["start"], pieces["end"], tags, raised, links, exact)
    places = list(zip(*(column.tolist() for column in columns), strict=True))
    ends = list(accumulate(last - first for first, last in zip(firsts, lasts, strict=True)))
    bounds = zip([0, *ends], ends, scanned.elements["tag"][blocks["element"]].tolist(), strict=False)
    return [_lines(page, places[begin:end], block) for begin, end, block in bounds]


def _hidden_within(
    scanned: ScannedPage, pieces: Records, around: npt.NDArray[np.int32], tags: npt.NDArray[np.uint8]
) -> npt.NDArray[np.bool_]:
    """Return which pieces are a few words that are hidden within a block; not the formulas, whose picture is shown.

    Nor are the hidden parts of one inline element, of which a script shows one: "Command" and "Ctrl" in a manual.

    Args:
        scanned: the page.
        pieces: the pieces.
        around: element of the block of each piece.
        tags: tag of each piece.
    """
    hidden = scanned.elements["hidden"]
    own = hidden[pieces["element"]]
    found: npt.NDArray[np.bool_] = (own != hidden[around]) & (pieces["end"] > 0) & (tags != _MATH)
    if not found.any():
        return found
    parents = scanned.elements["parent"]
    sizes = np.bincount(own, weights=np.where(found, pieces["end"] - pieces["start"], 0))
    outermost = np.flatnonzero((hidden == np.arange(len(hidden))) & (hidden > 0))
    within, times = np.unique(parents[outermost], return_counts=True)
    choices = np.isin(parents[own], within[times > 1]) & (parents[own] != around)
    few: npt.NDArray[np.bool_] = found & (sizes[own] < _HIDDEN_WORDS) & ~choices
    return few


def _lines(page: bytes, places: Sequence[tuple[int, int, int, int, int, bool]], block: int) -> list[str]:
    """Return the texts of a block between its line breaks, without the sign of a link to the block itself.

    Args:
        page: the bytes of the page.
        places: (start, end, tag, raised, link, whether it is code or raised) of its pieces.
        block: tag of the block.
    """
    is_named = IS_HEADING[block] or block == _DT  # pages link to such blocks
    before = 0  # where the piece before ends, if the next one may have to be set apart from it
    lines: list[str] = []
    run: list[bytes] = []
    raised_before = 0
    for start, end, tag, raised, link, exact in places:
        if end == 0:
            lines.append(unescaped_bytes(b"".join(run)))
            run = []
        elif end < 0:
            run.append(_QUOTES[end])
        elif tag == _MATH:
            run.append(escape(formula_text(page[start:end].decode("utf-8", "replace"))).encode())
        else:
            text = page[start:end]
            if link and (_PILCROW.fullmatch(text) or (is_named and _PERMALINK.fullmatch(text))):
                continue
            if raised and raised != raised_before and run:
                mark = raised_mark(b"".join(run[-4:])[-8:], text, raised)
                text = b"%s(%s)" % (mark, text.strip()) if mark.strip() and _EXPRESSION.fullmatch(text) else mark + text
            elif before and not exact and are_apart(page[before:start], run[-1], text):
                text = b" " + text
            raised_before = raised
            before = 0 if exact else end
            run.append(text)
            continue
        raised_before = before = 0
    lines.append(unescaped_bytes(b"".join(run)))
    return [_INDENTED.sub(_keep_indent, line, count=1) for line in lines] if len(lines) > 1 else lines


def _keep_indent(white: re.Match[str]) -> str:
    """Return the signs for the indentation of a line, as in verse; what is not at its beginning stays."""
    return white[0] if white.start() else INDENT * len(white[0].lstrip(" \t\r\n"))


def raised_mark(before: bytes, text: bytes, raised: int) -> bytes:
    """Return what parts a superscript (1) or subscript (2) from the text before it where both would read as one.

    Digits become an exponent or an index; behind a full stop or a word they are the mark of a footnote, and set apart.
    So do letters and short expressions behind a symbol; a few letters above the line make no abbreviation an exponent.
    """
    mark = b"^" if raised == 1 else b"_"
    if raised == 1 and _ABBREVIATED.search(before + text.strip()):
        return b""
    if _NUMBER.match(text):
        if _MAY_BE_RAISED.search(before):
            return mark
        return b" " if before[-1:].strip() else b""
    if _EXPRESSION.fullmatch(text) and _MAY_BE_RAISED.search(before):
        return mark
    is_symbol = _LETTER.fullmatch(text) or (raised == 2 and _INDEX.fullmatch(text))
    return mark if is_symbol and _SYMBOL.search(before) else b""


def are_apart(between: bytes, left: bytes, right: bytes) -> bool:
    """Return whether the texts of two elements, one behind the other, are parted by a style sheet alone.

    That is when they would read as one word which ends like one and goes on like another: ``itemsPrice``. At 299 of 307
    such places in real pages the main text that was made by hand has two words. Numbers are parted where elements other
    than bold and italic ones end and begin, single digits not, as they may be those of a counter: of 66 kinds of such
    places two were within one number.

    Args:
        between: what stands between the texts in the page.
        left: the text before.
        right: the text behind.
    """
    if not between.startswith(b"</") or not _BEGUN.search(between):
        return False
    last, first = left[-4:].decode(errors="ignore")[-1:], right[:8].decode(errors="ignore")
    if last.isdigit() and first[:1].isdigit():
        return len(left) + len(right) > 2 and _BETWEEN_SPANS.fullmatch(between) is not None
    if last.islower():
        return first[:1].isupper() or first[:1] in _PRICES
    if last.isdigit() or last == ".":
        return first[:1].isupper() and first[1:2].islower()
    return last in _STOPS and first[:1].isalpha()


def unescaped_bytes(data: bytes) -> str:
    """Return the characters of a piece of a page, with its character references replaced."""
    text = data.decode("utf-8", "replace")
    if "&" in text:
        text = _REFERENCE.sub(_referred, text)
    return text.translate(_FOREIGN) if any(sign in text for sign in _FOREIGN_SIGNS) else text


def _referred(reference: re.Match[str]) -> str:
    return _unescaped(reference[0])


_unescaped = functools.lru_cache(4096)(html.unescape)  # pages use few of them, and often
