"""The choice of the copy that is kept."""

import datetime
import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from massivetext.schema import U64

_LAST = 2**64 - 1
_FIRST = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)
_ARC_DIGITS = len("20061231235959")  # dates of ARC files
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


def latest_first(dates: Sequence[str]) -> U64:
    """Return a number for each date that is smaller the later it is; a date that cannot be read has the largest.

    Args:
        dates: ISO 8601, a date with or without a time; a time without a zone is UTC. Or 14 digits, as in ARC files.
    """
    return np.array([_LAST - _microseconds(date) for date in dates], np.uint64)


def earliest_first(dates: Sequence[str]) -> U64:
    """Return a number for each date that is smaller the earlier it is; a date that cannot be read has the largest.

    Args:
        dates: as for :func:`latest_first`.
    """
    return np.array([_microseconds(date) or _LAST for date in dates], np.uint64)


def _microseconds(date: str) -> int:
    """Return the microseconds from the year 1 to a date, more than 0; 0 if it cannot be read."""
    date = date.strip()
    if len(date) == _ARC_DIGITS and date.isdecimal():
        date = f"{date[:8]}T{date[8:]}"
    try:
        moment = datetime.datetime.fromisoformat(date)
        moment = moment.replace(tzinfo=datetime.UTC) if moment.tzinfo is None else moment
        return (moment - _FIRST) // datetime.timedelta(microseconds=1) + _DAY
    except (ValueError, OverflowError):
        return 0
