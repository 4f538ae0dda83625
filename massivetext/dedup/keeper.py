"""The choice of the copy that is kept."""

import datetime
import email.utils
import hashlib
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from massivetext.schema import U64

_LAST = 2**64 - 1
_FIRST = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)
# Dates that Python does not take for ISO 8601, though they are, or nearly: years and months, UTC in words.
_SHORT = re.compile(r"\d{4}(-\d{2})?", re.ASCII)
_UTC = re.compile(r"(?<=\d) ?(?:UTC|GMT|z)$", re.ASCII)
_ARC = re.compile(r"(\d{8})(\d{6})", re.ASCII)
_UNIX_TIME = re.compile(r"\d{9,10}(?:\.\d+)?|\d{13}|\d{16}", re.ASCII)  # 9 digits: from 1973 on
_MONTH = re.compile("Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec")  # as HTTP and mail write it
_SECOND = 10  # most digits of seconds
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_DAY = 2 * 86_400 * 10**6  # a zone may put a moment of the first day before the year 1


def keeper_rank(document_ids: Sequence[str], seed: int) -> U64:
    """Return a pseudo-random number for each document; of several copies the one with the smallest number is kept.

    Rae et al. 2021, A.1.1: "randomly remove one of them". Here the choice is a keyed hash of the document id, so every
    worker and every rerun choose the same copy, and another seed chooses anew. Ties (probability 2**-64 per pair) go to
    the smaller document reference.

    Args:
        document_ids: ids that are stable across runs.
        seed: seed of the recipe, 0 to 2**64 - 1.

    Returns:
        One uint64 per document, in order; empty for no documents.

    Raises:
        ValueError: the seed is out of range.
    """
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"keeper_rank: want a seed of 0 to 2**64 - 1, got {seed}")
    hash_key = seed.to_bytes(8, "little")
    digests = b"".join(hashlib.blake2b(i.encode(), digest_size=8, key=hash_key).digest() for i in document_ids)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def combine_ranks(columns: Sequence[U64]) -> U64:
    """Return one rank per document by the first of several columns that tells documents apart, uint64[documents].

    The ranks are positions in that order; documents that are equal in all columns share one.
    """
    order = np.lexsort(tuple(reversed(columns)))
    new = np.zeros(len(order), np.uint64)
    for column in columns:
        new[1:] |= (column[order][1:] != column[order][:-1]).astype(np.uint64)
    ranks = np.empty(len(order), np.uint64)
    ranks[order] = np.cumsum(new)
    return ranks


def source_preference(source: str, preference: str) -> int:
    """Return the position of a source in a preference "source:A>B"; the number of names for any other source."""
    names = preference.removeprefix("source:").split(">")
    return names.index(source) if source in names else len(names)


def longest_first(sizes: npt.NDArray[np.int64]) -> U64:
    """Return a number for each text, given its UTF-8 bytes, that is smaller the longer it is."""
    return np.uint64(_LAST) - sizes.astype(np.uint64)


def latest_first(dates: Sequence[object]) -> U64:
    """Return a number for each date that is smaller the later it is; a date that cannot be read has the largest.

    Args:
        dates: a date of :mod:`datetime`; or text, or what has the text, in ISO 8601 (a year, a month, a date with or
            without a time; without a zone it is UTC); 14 digits, as in ARC files; as in HTTP and mail ("Wed, 01 Jan
            2025 00:00:00 GMT"); or Unix time: seconds (9 or 10 digits before the point), milliseconds (13) or
            microseconds (16).
    """
    return np.array([_LAST - _microseconds(date) for date in dates], np.uint64)


def earliest_first(dates: Sequence[object]) -> U64:
    """Return a number for each date that is smaller the earlier it is; a date that cannot be read has the largest.

    Args:
        dates: as for :func:`latest_first`.
    """
    return np.array([_microseconds(date) or _LAST for date in dates], np.uint64)


def is_unreadable(ranks: U64) -> npt.NDArray[np.bool_]:
    """Return which numbers of :func:`latest_first` or :func:`earliest_first` are those of dates that cannot be read."""
    unreadable: npt.NDArray[np.bool_] = ranks == np.uint64(_LAST)
    return unreadable


def _microseconds(date: object) -> int:
    """Return the microseconds from the year 1 to a date, more than 0; 0 if it cannot be read."""
    try:
        moment = _moment(date.isoformat() if isinstance(date, datetime.date) else str(date).strip())
        moment = moment.replace(tzinfo=datetime.UTC) if moment.tzinfo is None else moment
        return (moment - _FIRST) // datetime.timedelta(microseconds=1) + _DAY
    except (ValueError, OverflowError):
        return 0


def _moment(date: str) -> datetime.datetime:
    """Return the moment of a date; ValueError or OverflowError if it cannot be read."""
    if _SHORT.fullmatch(date):
        date += "-01-01"[len(date) - 4 :]
    elif found := _ARC.fullmatch(date):
        date = "T".join(found.groups())
    elif _UNIX_TIME.fullmatch(date):
        whole, _, rest = date.partition(".")
        seconds = whole[:_SECOND] if len(whole) > _SECOND else whole
        fraction = (whole[len(seconds) :] + rest)[:6].ljust(6, "0")
        return _EPOCH + datetime.timedelta(seconds=int(seconds), microseconds=int(fraction))
    elif _MONTH.search(date):
        return email.utils.parsedate_to_datetime(date)
    return datetime.datetime.fromisoformat(_UTC.sub("+00:00", date))
