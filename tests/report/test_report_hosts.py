"""The hosts that lose most documents to the rules."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.report import failures
from massivetext.report.accumulate import count_hosts, read_columns
from massivetext.report.hosts import SampledHost, merge_host_samples, most_removed, sample_hosts, url_hosts
from massivetext.report.tallies import GroupTally
from massivetext.runs.context import Context
from massivetext.runs.store import Shard

_DEFINITION = (
    r"^(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#]*@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[^/?#:@\[\]\t\n\f\r ]{1,254})(?:[/?#:]|\Z)"
)


@given(
    st.lists(st.none() | st.text("aB.:/@[]?# \té9\n\u2028", max_size=12).map(lambda rest: f"http://{rest}"), max_size=8)
)
def test_hosts_are_those_of_the_definition(urls: list[str | None]) -> None:
    found = [None if url is None else re.match(_DEFINITION, url) for url in urls]
    hosts = [match["host"].lower().rstrip(".") or None if match else None for match in found]

    assert url_hosts(chunked(urls)).to_pylist() == hosts


def chunked(values: Sequence[str | None]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, pa.string())])


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.com/page", "example.com"),
        ("https://WWW.Example.COM", "www.example.com"),
        ("http://user:secret@example.com:8080/?a=b@c", "example.com"),
        ("//example.com?q", "example.com"),
        ("http://example.com./", "example.com"),
        ("http://[2001:db8::1]:80/", "[2001:db8::1]"),
        ("http://bücher.example/", "bücher.example"),
        ("http://a@b@example.com/", "example.com"),
        ("http://" + "a" * 253 + "./", "a" * 253),
        ("http://" + "a" * 255 + "/", None),
        ("http://two words/", None),
        ("http:///path", None),
        ("http://./", None),
        ("mailto:someone@example.com", None),
        ("example.com/page", None),
        ("http://[broken/", None),
        ("", None),
        (None, None),
    ],
)
def test_the_host_of_a_url(url: str | None, host: str | None) -> None:
    assert url_hosts(chunked([url])).to_pylist() == [host]


def test_no_urls_have_no_hosts() -> None:
    assert len(url_hosts(pa.chunked_array([], pa.string()))) == 0


def test_the_hosts_of_a_shard_are_counted(context: Context) -> None:
    # Two pages of example.com, one of them removed, with 10 words of 6 bytes; one of other.example, removed as well.
    assert failures.group_tallies(count_hosts(read_columns(context, Shard("web", 0, 2)))) == {
        "example.com": GroupTally(2, 1, 10, 60),
        "other.example": GroupTally(1, 0, 10, 60),
    }
    assert count_hosts(read_columns(context, Shard("wikipedia", 0, 1))).num_rows == 0


_PICKS = st.sets(st.builds(SampledHost, st.integers(0, 99), st.sampled_from("abc")), max_size=8).map(
    lambda picks: tuple(sorted(picks)[:3])
)


@given(_PICKS, _PICKS, _PICKS)
def test_samples_of_hosts_add_in_any_order(
    a: tuple[SampledHost, ...], b: tuple[SampledHost, ...], c: tuple[SampledHost, ...]
) -> None:
    both, others = merge_host_samples(a, b, size=3), merge_host_samples(b, c, size=3)

    assert both == merge_host_samples(b, a, size=3)
    assert merge_host_samples(both, c, size=3) == merge_host_samples(a, others, size=3)
    assert len(both) <= 3


def test_a_sample_holds_the_removed_documents_with_the_smallest_ranks() -> None:
    urls = chunked(["http://a/", "http://b/", None, "http://c/", "http://d/"])
    removed, sample_ranks = np.array([True, True, True, True, False]), np.array([30, 10, 1, 20, 2], np.uint64)

    assert sample_hosts(urls, removed, sample_ranks, size=2) == (SampledHost(10, "b"), SampledHost(20, "c"))


_SHARDS = st.lists(
    st.lists(st.tuples(st.sampled_from([None, "http://a/", "http://b/", "http://c/", "http://d/"]), st.booleans())),
    min_size=1,
    max_size=4,
)


@settings(deadline=None)
@given(_SHARDS, st.integers(1, 4))
def test_what_the_sample_holds_is_counted_exactly_whatever_the_shards(
    shards: list[list[tuple[str | None, bool]]], top: int
) -> None:
    sample_ranks = iter(range(10**6))
    tables: list[pa.Table] = []
    picks: list[SampledHost] = []
    for rows in shards:
        urls, kept = chunked([url for url, _ in rows]), np.array([kept for _, kept in rows], np.bool_)
        ones = np.ones(len(rows), np.int64)
        tables.append(failures.tally_by_group(url_hosts(urls), kept, ones, ones))
        picks += sample_hosts(urls, ~kept, np.array([next(sample_ranks) for _ in rows], np.uint64))
    everything = [row for rows in shards for row in rows]
    removed = Counter(url[-2] for url, kept in everything if url and not kept)
    documents = Counter(url[-2] for url, _ in everything if url)
    expected = sorted(removed, key=lambda host: (-removed[host], host))[:top]

    found = most_removed(tables, picks, top)

    assert list(found) == expected
    assert found == {
        host: GroupTally(documents[host], documents[host] - removed[host], removed[host], removed[host])
        for host in expected
    }


def test_without_a_sample_no_counts_are_read() -> None:
    def read(shard: int) -> pa.Table:
        raise AssertionError(shard)

    assert most_removed(map(read, range(3)), ()) == {}
