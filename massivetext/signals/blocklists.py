"""Signals of block lists: whether the URL of a document is listed, by its host or as a whole, and keywords in it.

A listed host includes all its subdomains. Hosts and URLs are compared by 63 bits of a hash of their normal form (see
:mod:`massivetext.signals.urls`): with a million listed hosts, the chance that a URL whose host has four labels is
matched by mistake is 3 * 10**6 / 2**63, one in three million million. Keywords are compared letter by letter.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from massivetext.compiled import compiled, compiled_and_cached
from massivetext.recipe import BlocklistOptions
from massivetext.signals import blocklist_entries, blocklist_files, url_keywords
from massivetext.signals.blocklist_files import ListFiles
from massivetext.signals.definitions import URL_KEYWORDS
from massivetext.signals.hash_set import HashSet, contains_hash, hash_set
from massivetext.signals.scan import I64, U8
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import SignalGroup
from massivetext.signals.url_hosts import with_canonical_host
from massivetext.signals.url_keywords import UrlKeywords, count_keywords
from massivetext.signals.urls import (
    EMPTY_HASH,
    ROOM_BYTES,
    extend_url_hash,
    normalise,
    url_hash,
    without_www,
)
from massivetext.signals.word_hash import finish_hash
from massivetext.utf8 import utf8

HOST, URL, KEYWORDS = range(3)  # columns of the matches of a URL
_blocked = functools.partial(
    describe,
    family="safety",
    source=(
        "ours: the lists of a recipe's `[blocklists]`, by the address of a page alone; hosts and keywords after "
        "RefinedWeb (Penedo et al. 2023, G.1)"
    ),
)

GROUP = SignalGroup(
    signals=(
        _blocked(
            "blocked_host",
            "count",
            "1 where the host of its URL, or one that it lies below, is on a list of hosts of the recipe; else 0.",
        ),
        _blocked(
            "blocked_url",
            "count",
            "1 where its URL is on a list of URLs of the recipe; else 0. Scheme, `www.`, user, fragment and the slash "
            "at the end do not count.",
        ),
        _blocked(
            "blocked_url_keyword_count",
            "count",
            "Distinct words of `filters/lists/explicit_url_keywords.txt` and of the recipe's lists in host and path of "
            "its URL, as whole runs of letters and digits, or anywhere where the recipe wants that; case does not "
            "count.",
        ),
    )
)
NAMES = tuple(signal.name for signal in GROUP.signals)


class Blocklists(NamedTuple):
    """Lists that URLs are compared with.

    Attributes:
        hosts: hashes of listed hosts, from the last byte to the first.
        urls: hashes of listed URLs.
        keywords: keywords to find in URLs.
    """

    hosts: HashSet
    urls: HashSet
    keywords: UrlKeywords


def load(options: BlocklistOptions, root: str) -> Blocklists:
    """Return the lists that a recipe in this folder names, and the shipped keywords.

    A process reads them once, and again if a file has changed.

    Raises:
        UserError: a list is missing, damaged or empty, or has a line that is not an entry of its kind; names file and
            line.
    """
    return _load(blocklist_files.find(options, root), options.shipped_keywords)


@functools.lru_cache(maxsize=2)
def _load(files: ListFiles, shipped_keywords: bool) -> Blocklists:
    whole = [str(URL_KEYWORDS)] * shipped_keywords + [info.path for info in files.url_keywords]
    wanted = {word: True for path in whole for word in url_keywords.read_keywords(path)}
    wanted |= {word: False for info in files.url_substrings for word in url_keywords.read_keywords(info.path)}
    return Blocklists(
        hosts=hash_set(blocklist_entries.hashes([info.path for info in files.hosts], hosts=True)),
        urls=hash_set(blocklist_entries.hashes([info.path for info in files.urls], hosts=False)),
        keywords=url_keywords.keyword_tables(wanted),
    )


def built_in() -> Blocklists:
    """Return the shipped keywords only. Raises UserError if they are missing or damaged."""
    return load(BlocklistOptions(), "")


def match_urls(urls: Sequence[str | None] | pa.Array, lists: Blocklists) -> dict[str, I64]:
    """Return for each URL 1 or 0 for a listed host and for a listed URL, and its number of keywords, by signal name.

    The values of a URL do not depend on other URLs. All values of None are 0.

    Args:
        urls: URLs as strings, or as an Arrow array of strings, which is not copied.
        lists: the lists.
    """
    found = np.zeros((len(urls), len(NAMES)), np.int64)
    data, offsets = utf8(urls)
    if offsets[-1] > offsets[0]:
        hosts = np.empty((len(urls), 2), np.int64)
        _match_all(data, offsets, False, lists, found, hosts)
        (odd,) = np.nonzero(found[:, HOST] < 0)
        if len(odd):
            again = [_with_canonical_host(data, offsets, row, hosts[row]) for row in odd.tolist()]
            data, offsets = utf8(again)
            rows = np.zeros((len(odd), len(NAMES)), np.int64)
            _match_all(data, offsets, True, lists, rows, np.empty((len(odd), 2), np.int64))
            found[odd] = rows
    return {name: found[:, column] for column, name in enumerate(NAMES)}


def _with_canonical_host(data: U8, offsets: I64, row: int, host: I64) -> bytes:
    return with_canonical_host(data[offsets[row] : offsets[row + 1]].tobytes(), host[0], host[1])


@compiled
def _has_host(hosts: HashSet, url: U8, host: int) -> bool:
    """Return whether a host or a parent domain is listed. Lists have no hosts of one label, so those are not tried."""
    state, dots = EMPTY_HASH, 0
    for at in range(host - 1, -1, -1):
        if url[at] == 46:
            if dots > 0 and contains_hash(hosts, finish_hash(state)):
                return True
            dots += 1
        state = extend_url_hash(state, url[at])
    return contains_hash(hosts, finish_hash(state))


@compiled_and_cached
def _match_all(data: U8, offsets: I64, canonical: bool, lists: Blocklists, found: I64, hosts: I64) -> None:
    out = np.empty(ROOM_BYTES, np.uint8)
    seen = np.zeros(len(lists.keywords.whole), np.int64)
    for row in range(len(offsets) - 1):
        host, size, hosts[row, 0], hosts[row, 1] = normalise(data, offsets[row], offsets[row + 1], canonical, out)
        found[row, HOST] = host
        if host > 0:
            found[row, HOST] = _has_host(lists.hosts, out, host)
            if len(lists.urls.hashes) > 0:  # without a list of URLs the hash of a URL is not needed
                found[row, URL] = contains_hash(lists.urls, url_hash(out, without_www(out, host), size))
            found[row, KEYWORDS] = count_keywords(out, size, lists.keywords, seen, row + 1)
