"""Canonical URLs: by hand, and against ada-url, which reads URLs as the standard of WHATWG says."""

import string
from urllib.parse import unquote

import ada_url
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from massivetext.signals.canonical_urls import canonical_url, canonical_urls, parameters
from massivetext.signals.url_hosts import ipv6
from massivetext.signals.urls import LONGEST

# -- by hand -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("http://www.Example.com:80/a/?utm_source=x&b=1&gclid=2#part", "example.com/a?b=1"),
        ("https://example.com:443", "example.com"),
        ("//example.com/a", "example.com/a"),
        ("http:example.com", "example.com"),
        ("http://example.com:8080/A?B", "example.com:8080/A?B"),
        ("http://example.com/?utm_source=x&fbclid=y", "example.com"),
        ("http://example.com/?UTM_Medium=x&a&&b=utm_source&", "example.com?a&&b=utm_source&"),
        ("http://example.com/?utm%5Fid=1&utm=2&gclidx=3", "example.com?utm=2&gclidx=3"),
        ("http://example.com/utm_source=x", "example.com/utm_source=x"),
        ("http://example.com/?a=1;utm_source=x", "example.com?a=1;utm_source=x"),
        ("ht\ttps://exam\nple.com\r\n/a ", "example.com/a"),
        ("http://0x7f.1/a", "127.0.0.1/a"),
        ("http://user:secret@bücher.de/ü", "xn--bcher-kva.de/%C3%BC"),
        ("http://[::1]:90/", "[0000:0000:0000:0000:0000:0000:0000:0001]:90"),
        ("http://localhost/a", "localhost/a"),
    ],
)
def test_canonical_urls_by_hand(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


@pytest.mark.parametrize(
    "url",
    [
        *("", " ", "http://", "http:///?a", "/a/b", "index.html", "example.com/a", "a.test:80/x"),
        *("urn:isbn:0451450523", "doi:10.1000/182", "mailto:a@b.test", "ftp://a.test/b", "file:///etc/hosts"),
        *("data:text/html,a", "http://a.test:port/", "http://a.test:65536/", "http://a.test/" + "x" * LONGEST),
    ],
)
def test_what_names_no_page_has_no_canonical_url(url: str) -> None:
    # Such documents are never removed for their URLs: "urn:isbn:1" and "urn:isbn:2" must not be the same page.
    assert canonical_url(url) is None


def test_a_column_is_read_in_place_and_in_parts() -> None:
    urls = [None, "http://a.test/1", "", "http://ü.test/", "http://a\t.test/", "no", "http://\tü.test/?gclid=1"] * 6_000
    expected = [None, "a.test/1", None, "xn--tda.test", "a.test", None, "xn--tda.test"] * 6_000  # over 32,768

    assert canonical_urls(urls).to_pylist() == expected
    for kind in (pa.string(), pa.large_string()):
        assert canonical_urls(pa.array(["x", *urls, "y"], kind).slice(1, len(urls))).to_pylist() == expected
    assert canonical_urls([]).to_pylist() == []
    assert canonical_urls(urls).type == pa.string()


def test_the_list_of_parameters_is_in_lower_case_and_names_each_once() -> None:
    held = parameters()
    names = [bytes(held.names[first:last]).decode() for first, last in zip(held.bounds, held.bounds[1:], strict=False)]

    assert names == [name.lower() for name in names]
    assert len(set(names)) == len(names) > 50
    assert held.is_prefix.sum() >= 2
    assert all(names)


# -- against the standard ----------------------------------------------------------------------------------------------

_LABELS = st.sampled_from(
    [
        *("example", "EXAMPLE", "www", "a", "b-c", "d_e", "-", "xn--bcher-kva", "XN--FA-HIA", "xn--", "0", "1", "255"),
        *("256", "0x7f", "0X", "017", "09", "4294967295", "4294967296", "bücher", "BÜCHER", "faß", "☃", "日本", "ｅｘ"),
        *("ex\u00adample", "\u200d", "नी\u200d", "אב", "١", "%61", "%C3%BC", "%FC", "%2e", "%00", "", "é"),
        *("!", "a'b", "a|b", "a<b", "a b", "a^b", "a{b", "com", "test", "jp"),
    ]
)
_HOSTS = (
    st.builds(str.join, st.sampled_from([".", "。", "．", "%2E"]), st.lists(_LABELS, min_size=1, max_size=4))
    | st.sampled_from(["[::1]", "[::ffff:1.2.3.4]", "[2001:DB8::]", "[::1", "[1::2::3]", "[::]."])
    | st.text(max_size=8)
)
_PIECES = st.sampled_from(
    [
        *(
            "/",
            "\\",
            "//",
            "a",
            "B",
            ".",
            "..",
            "%2e",
            "%2E%2e",
            "...",
            "%41",
            "%2f",
            "%",
            "%zz",
            "ä",
            " ",
            "'",
            '"',
            "|",
        ),
        *(
            "^",
            "`",
            "{",
            "[",
            "]",
            "~",
            "+",
            "*",
            ";",
            ":",
            "@",
            "?",
            "&",
            "=",
            "utm_source=1",
            "utm_x",
            "\t",
            "\n",
            "#",
        ),
    ]
)
_URLS = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", " ", "\x01\t"]),
        st.sampled_from(["http://", "https://", "HTTP:", "http:/", "https:\\\\", "h\nttp:///"]),
        st.sampled_from(["", "", "user@", "u:p@w@"]),
        _HOSTS,
        st.sampled_from(["", "", ":", ":80", ":0443", ":8080", ":65535", ":65536", ":x"]),
        st.lists(_PIECES, max_size=8).map(lambda pieces: "/" + "".join(pieces) if pieces else ""),
        st.sampled_from(["", "\n", " \t"]),
    ),
)


def parsed(url: str) -> ada_url.URL | None:
    try:
        return ada_url.URL(url)
    except ValueError:
        return None


@settings(max_examples=600, deadline=None)
@given(_URLS)
@example("http://1.2.3")
@example("http://a.0x")
@example("http://a.1.")
@example("http://%E2%80%A6/")
@example("http://a/b/../../..//c/./?'")
def test_a_url_and_its_serialisation_have_one_canonical_url(url: str) -> None:
    standard = parsed(url)
    if standard is None or not standard.hostname.strip("."):
        return
    found = canonical_url(url)

    assert found == canonical_url(standard.href)
    assert found is not None
    host = standard.hostname.rstrip(".")
    whole = (ipv6(host[1:-1]) or b"").decode() if host.startswith("[") else host
    while whole.startswith("www.") and "." in whole[4:]:
        whole = whole[4:]
    own = unquote(found.partition("/")[0].partition("?")[0].removesuffix(f":{standard.port}"))

    assert own.removesuffix(".") == whole


@settings(max_examples=300, deadline=None)
@given(_URLS)
def test_a_canonical_url_is_its_own_canonical_url(url: str) -> None:
    found = canonical_url(url)
    if found is not None:
        assert canonical_url(f"//{found}") == found
        assert set(found) <= set(string.printable) - set(string.whitespace)


@settings(max_examples=200, deadline=None)
@given(st.lists(_URLS | st.none(), max_size=12))
def test_the_canonical_url_of_a_document_does_not_depend_on_others(urls: list[str | None]) -> None:
    assert canonical_urls(urls).to_pylist() == [None if url is None else canonical_url(url) for url in urls]
