"""Words to be found in URLs: as whole runs of letters and digits, or anywhere, compared byte by byte."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.errors import UserError
from massivetext.signals.blocklist_files import chunks, shown
from massivetext.signals.compiled import compiled, inlined
from massivetext.signals.scan import I64, U8

SHORTEST = 3  # bytes: their hash leads to the keywords that begin with them
_BUCKETS = 1 << 14
_FIRST, _SECOND = 1 << 4, 1 << 9


class Keywords(NamedTuple):
    """Keywords in the order of the buckets of their first three letters.

    Attributes:
        letters: of all keywords, in lower case.
        offsets: int64[keywords + 1], where each begins, and the last ends.
        whole: uint8[keywords], 1 for what counts only as a whole run of letters and digits.
        starts: int32[buckets + 1], the first keyword of each bucket.
        anywhere: whether one of them counts anywhere.
    """

    letters: U8
    offsets: I64
    whole: U8
    starts: npt.NDArray[np.int32]
    anywhere: bool


def read(path: str) -> list[bytes]:
    """The keywords of a list, one a line, in lower case; ``#`` begins a comment.

    Raises:
        UserError: the list is missing, damaged or empty, or a line is no keyword; names file and line.
    """
    found = []
    for number, line in enumerate((line for chunk in chunks(path) for line in chunk.split(b"\n")[:-1]), start=1):
        word = line.partition(b"#")[0].strip().lower()
        if word and (len(word) < SHORTEST or not word.isalnum()):  # of bytes: ASCII alone
            raise UserError(
                f"{path}, line {number}: want {SHORTEST} or more letters and digits of ASCII, got {shown(line)}"
            )
        if word:
            found.append(word)
    if not found:
        raise UserError(f"{path}: want a list of words, found no entry")
    return found


def keywords(wanted: Mapping[bytes, bool]) -> Keywords:
    """The tables of some keywords: letters and digits of ASCII in lower case -> whether only whole runs count."""
    ordered = sorted((_bucket(*word[:SHORTEST]), word) for word in wanted)
    words = [word for _, word in ordered]
    return Keywords(
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
def count_keywords(url: U8, size: int, wanted: Keywords, seen: I64, number: int) -> int:
    """Distinct keywords in host and path of a URL.

    Args:
        url: its normal form, which is ASCII, and where every percent sign begins a code.
        size: bytes of it.
        wanted: what is looked for.
        seen: int64[keywords], the URL in which each was seen last.
        number: of this one, above 0 and another for every URL.
    """
    found = at = 0
    first = True  # whether a run of letters and digits begins here
    while at < size and url[at] != 63:  # the query is what somebody looked for
        if url[at] == 37:
            at, first = at + 3, True
            continue
        if (first or wanted.anywhere) and at + SHORTEST <= size:
            one, two, three = _lower(url[at]), _lower(url[at + 1]), _lower(url[at + 2])
            bucket = (one * _SECOND ^ two * _FIRST ^ three) & (_BUCKETS - 1)
            for keyword in range(wanted.starts[bucket], wanted.starts[bucket + 1]):
                if (first or not wanted.whole[keyword]) and _stands(url, at, size, wanted, keyword):
                    found += seen[keyword] != number
                    seen[keyword] = number
        first = not _is_alphanumeric(url[at])
        at += 1
    return found


@compiled
def _stands(url: U8, at: int, size: int, wanted: Keywords, keyword: int) -> bool:
    """Whether a keyword stands at a place, and ends its run of letters and digits if it must."""
    begin, end = wanted.offsets[keyword], wanted.offsets[keyword + 1]
    after = at + end - begin
    if after > size:
        return False
    for index in range(end - begin):
        if _lower(url[at + index]) != wanted.letters[begin + index]:
            return False
    return not (wanted.whole[keyword] and after < size and _is_alphanumeric(url[after]))
