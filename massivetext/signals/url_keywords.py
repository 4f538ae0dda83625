"""Keywords in URLs: found as whole runs of letters and digits, or anywhere, and compared byte by byte."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, inlined
from massivetext.errors import UserError
from massivetext.signals.blocklist_files import chunks, quote_line
from massivetext.signals.scan import I64, U8

SHORTEST = 3  # bytes that choose the bucket of a keyword
_BUCKETS = 1 << 14
_FIRST, _SECOND = 1 << 4, 1 << 9


class UrlKeywords(NamedTuple):
    """Keywords, sorted by the bucket of their first three letters.

    Attributes:
        letters: uint8, the letters of all keywords, in lower case.
        offsets: int64[keywords + 1], index of the first letter of each keyword, and the number of letters.
        whole: uint8[keywords], 1 if a keyword counts only as a whole run of letters and digits.
        starts: int32[buckets + 1], number of the first keyword of each bucket, and the number of keywords.
        anywhere: whether any keyword counts within longer runs too.
    """

    letters: U8
    offsets: I64
    whole: U8
    starts: npt.NDArray[np.int32]
    anywhere: bool


def read_keywords(path: str) -> list[bytes]:
    """Return the keywords of a list, one per line, in lower case; ``#`` begins a comment.

    Raises:
        UserError: the list is missing, damaged or empty, or a line is not a keyword; names file and line.
    """
    found = []
    for number, line in enumerate((line for chunk in chunks(path) for line in chunk.split(b"\n")[:-1]), start=1):
        word = line.partition(b"#")[0].strip().lower()
        if word and (len(word) < SHORTEST or not word.isalnum()):  # bytes.isalnum accepts ASCII only
            raise UserError(
                f"{path}, line {number}: want {SHORTEST} or more letters and digits of ASCII, got {quote_line(line)}"
            )
        if word:
            found.append(word)
    if not found:
        raise UserError(f"{path}: want a list of words, found no entry")
    return found


def keyword_tables(wanted: Mapping[bytes, bool]) -> UrlKeywords:
    """Return the tables of some keywords.

    Args:
        wanted: ASCII letters and digits in lower case -> whether the keyword counts only as a whole run.
    """
    ordered = sorted((_bucket(*word[:SHORTEST]), word) for word in wanted)
    words = [word for _, word in ordered]
    return UrlKeywords(
        letters=np.array(list(b"".join(words)), np.uint8),
        offsets=np.cumsum([0, *map(len, words)], dtype=np.int64),
        whole=np.array([wanted[word] for word in words], np.uint8),
        starts=np.searchsorted([bucket for bucket, _ in ordered], np.arange(_BUCKETS + 1)).astype(np.int32),
        anywhere=not all(wanted.values()),
    )


def _bucket(first: int, second: int, third: int) -> int:
    return (first * _SECOND ^ second * _FIRST ^ third) & (_BUCKETS - 1)


@inlined
def _lower(byte: int) -> int:
    value = int(byte)
    return value + 32 if 65 <= value <= 90 else value


@inlined
def _is_alphanumeric(byte: int) -> bool:
    return 97 <= (byte | 32) <= 122 or 48 <= byte <= 57


@compiled
def count_keywords(url: U8, size: int, wanted: UrlKeywords, seen: I64, number: int) -> int:
    """Return the number of distinct keywords in host and path of a URL.

    Args:
        url: normal form of the URL: ASCII, where every percent sign begins a code of three bytes.
        size: number of its bytes.
        wanted: the keywords.
        seen: int64[keywords], number of the URL in which each keyword was found last.
        number: number of this URL, above 0 and different for every URL.
    """
    found = at = 0
    first = True  # whether a run of letters and digits begins here
    while at < size and url[at] != 63:  # a query shows what a user searched for, not what the page is about
        if url[at] == 37:
            at, first = at + 3, True
            continue
        if (first or wanted.anywhere) and at + SHORTEST <= size:
            one, two, three = _lower(url[at]), _lower(url[at + 1]), _lower(url[at + 2])
            bucket = (one * _SECOND ^ two * _FIRST ^ three) & (_BUCKETS - 1)
            for keyword in range(wanted.starts[bucket], wanted.starts[bucket + 1]):
                if (first or not wanted.whole[keyword]) and _keyword_matches_at(url, at, size, wanted, keyword):
                    found += seen[keyword] != number
                    seen[keyword] = number
        first = not _is_alphanumeric(url[at])
        at += 1
    return found


@compiled
def _keyword_matches_at(url: U8, at: int, size: int, wanted: UrlKeywords, keyword: int) -> bool:
    """Return whether a keyword matches here; if only whole runs count, the run must end after it."""
    begin, end = wanted.offsets[keyword], wanted.offsets[keyword + 1]
    after = at + end - begin
    if after > size:
        return False
    for index in range(end - begin):
        if _lower(url[at + index]) != wanted.letters[begin + index]:
            return False
    return not (wanted.whole[keyword] and after < size and _is_alphanumeric(url[after]))
