"""Exact counts of the hosts that lose most documents to the rules, in bounded memory.

Each shard counts its own hosts in a file. Only hosts that occur in a sample of the removed documents, drawn by a hash
of their ids, are then added up over all shards. Their counts are exact. A host with 1% of the removed documents is
missed with probability 0.99**1000, about 4 in 100,000; no host is missed if the removed documents fit in the sample.
"""

from collections.abc import Iterable

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.report import failures
from massivetext.report.tallies import GroupTally
from massivetext.runs.context import Mask

U64 = npt.NDArray[np.uint64]

SAMPLED_DOCUMENTS = 1000  # removed documents of a source in the sample
NAMED_HOSTS = 25  # hosts of a source in the report

# User and port do not belong to a host; an IPv6 address is in brackets. A name has at most 253 bytes and a final dot.
# Anything longer is not a host, and without the limit a page could make the samples arbitrarily large.
_HOST = (
    r"^(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#]*@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[^/?#:@\[\]\s]{1,254})(?:[/?#:]|$)"
)
# The same for URLs without "@" and "[", which are nearly all. It needs no second look at any character, so that the
# library runs it in one pass, in a fifteenth of the time; the length of the name is then looked at by itself.
_PLAIN_HOST = r"^(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?P<host>[^/?#:@\[\]\s]+)(?:[/?#:]|$)"
_LONGEST_HOST = 254


class SampledHost(msgspec.Struct, frozen=True, order=True):
    """Host of a removed document. The sample holds the documents with the smallest keys.

    Attributes:
        key: keyed hash of the id of the document.
        host: host of its URL.
    """

    key: int
    host: str


def url_hosts(urls: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the host of each URL in lower case, without a final dot; null if there is no URL or it has no host."""
    found = _plain_hosts(urls)
    others = np.flatnonzero(pc.or_(pc.match_substring(urls, "@"), pc.match_substring(urls, "[")).fill_null(False))
    if len(others):
        mask = np.zeros(len(urls), np.bool_)
        mask[others] = True
        exact = pc.struct_field(pc.extract_regex(urls.take(pa.array(others)), _HOST), "host")
        found = pc.replace_with_mask(found, pa.array(mask), exact.combine_chunks())
    bare = pc.utf8_rtrim(pc.utf8_lower(found), ".")
    return pc.if_else(pc.equal(bare, ""), None, bare)


def _plain_hosts(urls: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the host of each URL that has neither user nor IPv6 address; null also for what is no such URL."""
    found = pc.struct_field(pc.extract_regex(urls, _PLAIN_HOST), "host")
    return pc.if_else(pc.less_equal(pc.utf8_length(found), _LONGEST_HOST), found, None)


def sample_hosts(
    urls: pa.ChunkedArray, removed: Mask, sample_ranks: U64, size: int = SAMPLED_DOCUMENTS
) -> tuple[SampledHost, ...]:
    """Return the removed documents with a host that have the smallest ranks, at most ``size``, in order."""
    rows = np.flatnonzero(removed)
    hosts = url_hosts(urls.take(pa.array(rows))).to_pylist()
    picks = (
        SampledHost(key, host) for key, host in zip(sample_ranks[rows].tolist(), hosts, strict=True) if host is not None
    )
    return tuple(sorted(picks)[:size])


def merge_host_samples(
    a: tuple[SampledHost, ...], b: tuple[SampledHost, ...], size: int = SAMPLED_DOCUMENTS
) -> tuple[SampledHost, ...]:
    """Return the smallest of two samples, at most ``size``, in order."""
    return tuple(sorted(a + b)[:size])


def count_hosts(
    urls: pa.ChunkedArray, kept: Mask, words: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
) -> pa.Table:
    """Return what the rules removed of every host of a shard.

    Args:
        urls: URL of each document, or null.
        kept: whether the rules kept it, bool[rows].
        words: number of words of each document.
        sizes: number of UTF-8 bytes of each document.

    Returns:
        One row per host, in order: see :func:`massivetext.report.failures.tally_by_group`.
    """
    return failures.tally_by_group(url_hosts(urls), kept, words, sizes)


def most_removed(
    counts: Iterable[pa.Table], picks: Iterable[SampledHost], top: int = NAMED_HOSTS
) -> dict[str, GroupTally]:
    """Return the hosts of a source that lose most documents to the rules, in descending order, at most ``top``.

    Args:
        counts: counts of each shard, see :func:`count_hosts`; held one at a time, and not read if the sample is empty.
        picks: the sample of the source; only hosts that occur in it are added up.
        top: number of hosts to return.
    """
    drawn = pa.array(sorted({pick.host for pick in picks}), pa.string())
    found: dict[str, GroupTally] = {}
    for table in counts if len(drawn) else ():
        tallies = failures.group_tallies(table.filter(pc.is_in(table["part"], value_set=drawn)))
        found |= {host: found[host] + tally if host in found else tally for host, tally in tallies.items()}
    return dict(sorted(found.items(), key=lambda item: (-item[1].removed, item[0]))[:top])
