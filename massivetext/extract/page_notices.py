"""Notices around the main text of a page that its words give away: cookies, copyright, and the line of its author."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from massivetext.extract.block_counts import BlockCount
from massivetext.extract.block_features import FIRST_HINT, FIRST_TEXT, PageBlocks
from massivetext.extract.hint_words import HINTS, TEXT_HINTS
from massivetext.extract.inline_text import plain_text
from massivetext.extract.tag_scanner import ScannedPage

_LONGEST_NOTICE, _LONGEST_BYLINE = 60, 14  # words
_COOKIES = re.compile(
    r"\b(?:we|our partners|(?:web)?sites?) (?:and our partners |also |may )?use[sd]? (?:\w+ )?cookies\b"
    r"|\buses cookies to\b|\baccept (?:all )?(?:the )?cookies\b|\b(?:use|usage) of cookies\b"
    r"|\bstores? (?:\w+ )?information on (?:your|a) device\b|\bour cookie policy\b",
    re.IGNORECASE,
)
_RIGHTS = re.compile(
    r"\A\W*(?:copyright|©|\(c\))\W*(?:©|\(c\)|copyright)?\W*(?:19|20)\d\d\b|\ball rights reserved\b", re.I
)
# "Posted by A. Person on 7 May 2019", "By A. Person, 7 May 2019", "Published on May 7, 2019".
_BYLINE = re.compile(
    r"\A\W*(?:(?:posted|published|written|submitted)\s+(?:by|on)\b|by\s+[^\W\d_]).*\b(?:19|20)\d\d\b", re.I | re.S
)


def _hint_columns(word: str) -> list[int]:
    return [FIRST_TEXT + bit for bit, words in enumerate(TEXT_HINTS) if word in words.split()]


_CONSENT = next(bit for bit, words in enumerate(HINTS) if "consent" in words.split())
_NOTICE_COLUMNS = [*_hint_columns("cookie"), *_hint_columns("copyright"), FIRST_HINT + _CONSENT]
_BYLINE_COLUMNS = _hint_columns("posted") + _hint_columns("-by-")


def without_notices(
    scanned: ScannedPage, page: bytes, blocks: PageBlocks, chosen: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Return the chosen blocks without notices about cookies and copyright and without a lone byline with a date.

    A page with several such bylines is a thread or a list, where they stay. Of 309 blocks of real pages that speak of
    cookies so, and of 1,539 about rights, 25 are in a main text made by hand, and nearly all of those are no notices.

    Args:
        scanned: the page.
        page: its bytes.
        blocks: its features.
        chosen: what the model has chosen.
    """
    judged = len(blocks.features)
    words = blocks.counts[:judged, BlockCount.WORDS]
    found = [
        number
        for number in _hinted(blocks, chosen, _NOTICE_COLUMNS, words <= _LONGEST_NOTICE)
        if _is_notice(plain_text(scanned, page, number))
    ]
    bylines = [
        number
        for number in _hinted(blocks, chosen, _BYLINE_COLUMNS, words <= _LONGEST_BYLINE)
        if _BYLINE.search(plain_text(scanned, page, number))
    ]
    found += bylines if len(bylines) == 1 else []
    if not found:
        return chosen
    left = chosen.copy()
    left[found] = False
    return left if left.any() else chosen


def _is_notice(text: str) -> bool:
    return _COOKIES.search(text) is not None or _RIGHTS.search(text) is not None


def _hinted(
    blocks: PageBlocks, chosen: npt.NDArray[np.bool_], columns: Sequence[int], short: npt.NDArray[np.bool_]
) -> list[int]:
    """Return the numbers of the short chosen blocks whose beginning has one of some hint words."""
    judged = len(blocks.features)
    candidates = np.flatnonzero(chosen[:judged] & short)
    hinted = blocks.features[candidates][:, columns].any(axis=1)
    numbers: list[int] = candidates[hinted].tolist()
    return numbers
