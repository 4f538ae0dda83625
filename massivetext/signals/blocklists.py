"""Which URLs are on lists: by host, as a whole, or by keywords in them.

A listed host stands for all hosts below it. Hosts and URLs are told by 63 bits of a hash of their normal form (see
:mod:`massivetext.signals.urls`): against a million listed hosts, a URL of four labels that is not listed is taken for a
listed one with a chance of 3 * 10**6 / 2**63, one in three million million. Keywords are compared letter by letter.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from massivetext.recipe import BlocklistOptions
from massivetext.signals import blocklist_entries, blocklist_files, url_keywords
from massivetext.signals.blocklist_files import ListFiles
from massivetext.signals.buffers import utf8
from massivetext.signals.compiled import compiled, compiled_and_cached
from massivetext.signals.definitions import URL_KEYWORDS
from massivetext.signals.hash_set import HashSet, hash_set, holds
from massivetext.signals.scan import I64, U8
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import SignalGroup
from massivetext.signals.url_keywords import Keywords, count_keywords
from massivetext.signals.urls import EMPTY, ROOM_BYTES, longer, normalise, url_hash, with_canonical_host, without_www
from massivetext.signals.word_hash import finish_hash

HOST, URL, KEYWORDS = range(3)  # what is found of a URL: the columns
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
    """What URLs are held against.

    Attributes:
        hosts: hashes of listed hosts, read backwards.
        urls: hashes of listed URLs.
        keywords: to be found in URLs.
    """

    hosts: HashSet
    urls: HashSet
    keywords: Keywords


def load(options: BlocklistOptions, root: str) -> Blocklists:
    """The lists that a recipe in this folder names, and the shipped keywords.

    A process reads them once, and again where a file has changed.

    Raises:
        UserError: a list is missing, damaged or empty, or a line is not what its kind of list holds; names file and
            line.
    """
    return _load(blocklist_files.find(options, root), options.shipped_keywords)


@functools.lru_cache(maxsize=2)
def _load(files: ListFiles, shipped_keywords: bool) -> Blocklists:
    whole = [str(URL_KEYWORDS)] * shipped_keywords + [info.path for info in files.url_keywords]
    wanted = {word: True for path in whole for word in url_keywords.read(path)}
    wanted |= {word: False for info in files.url_substrings for word in url_keywords.read(info.path)}
    return Blocklists(
        hosts=hash_set(blocklist_entries.hashes([info.path for info in files.hosts], hosts=True)),
        urls=hash_set(blocklist_entries.hashes([info.path for info in files.urls], hosts=False)),
        keywords=url_keywords.keywords(wanted),
    )


def built_in() -> Blocklists:
    """The shipped keywords alone. Raises UserError where they are missing or damaged."""
    return load(BlocklistOptions(), "")


def measure(addresses: Sequence[str | None] | pa.Array, lists: Blocklists) -> dict[str, I64]:
    """For each URL 1 or 0 for a listed host and for a listed URL, and how many keywords it has, by signal.

    A URL's values do not depend on the other URLs; those of None are 0.

    Args:
        addresses: URLs as strings, or as an Arrow array of them, which is read where it lies.
        lists: what they are held against.
    """
    found = np.zeros((len(addresses), len(NAMES)), np.int64)
    data, offsets = utf8(addresses)
    if offsets[-1] > offsets[0]:
        hosts = np.empty((len(addresses), 2), np.int64)
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
    return with_canonical_host(data[host[0] : host[1]].tobytes(), data[host[1] : offsets[row + 1]].tobytes())


@compiled
def _has_host(hosts: HashSet, url: U8, host: int) -> bool:
    """Whether a host, or one that it lies below, is listed; no list has one of a single label."""
    state, dots = EMPTY, 0
    for at in range(host - 1, -1, -1):
        if url[at] == 46:
            if dots > 0 and holds(hosts, finish_hash(state)):
                return True
            dots += 1
        state = longer(state, url[at])
    return holds(hosts, finish_hash(state))


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
                found[row, URL] = holds(lists.urls, url_hash(out, without_www(out, host), size))
            found[row, KEYWORDS] = count_keywords(out, size, lists.keywords, seen, row + 1)
