"""URLs and block lists: the normal form, the three kinds of lists, and every error in a list."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st
from plain_urls import blocked, normal

from massivetext import signals
from massivetext.errors import UserError
from massivetext.recipe import BlocklistOptions
from massivetext.signals import blocklist_files, blocklists
from massivetext.signals.blocklists import Blocklists
from massivetext.signals.hash_set import contains_hash, hash_set

KINDS = ("hosts", "urls", "url_keywords", "url_substrings")


def lists(folder: Path, **lines: str) -> Blocklists:
    """Lists of these contents, and no others."""
    for kind, content in lines.items():
        (folder / kind).write_bytes(content.encode("utf-8", "surrogatepass"))
    return blocklists.load(
        BlocklistOptions(**{kind: (kind,) for kind in lines}, shipped_keywords=False),
        str(folder),
    )


def found(url: str | None, held: Blocklists) -> tuple[int, ...]:
    return tuple(int(column[0]) for column in blocklists.match_urls([url], held).values())


# -- the normal form ---------------------------------------------------------------------------------------------------

SAME = [
    ("http://example.com/", "https://example.com"),
    ("HTTP://EXAMPLE.com.:80/", "example.com"),
    ("http://user:pa@ss@example.com:443/a", "//example.com/a"),
    ("http://www.example.com/a/", "http://www.www.example.com/a#part"),
    ("example.com:08080/a?", "http://example.com:8080/a"),
    ("http://example.com/%7euser/%41%2f%e4", "http://example.com/~user/A%2F%E4"),
    ("http://example.com/ä b|", "http://example.com/%C3%A4%20b%7C"),
    ("http://example.com\\a\\b", "http:\\\\example.com/a/b"),
    ("http://bücher.de/", "http://xn--bcher-kva.de"),
    ("http://B%C3%9CCHER.de./", "http://xn--bcher-kva.de"),
    ("http://bücher。de", "http://xn--bcher-kva.de"),
    ("http://[2001:DB8::1]/x", "http://[2001:db8:0:0:0:0:0:1%25eth0]:80/x"),
    ("  \t http://example.com/a\n", "example.com/a"),
    ("http://exa%6Dple.com", "http://example.com"),
    ("http://example.com//a//?q#x", "http://example.com//a?q"),
    ("http://example.com/100%", "http://example.com/100%25"),
    # what the URL standard of WHATWG says of hosts, schemes and paths
    ("ht\ttp://exa\nmple.com/a\r\n/b", "http://example.com/a/b"),
    ("http:example.com/a", "https:/\\example.com/a"),
    ("http://0x7F.1/a", "http://127.0.0.1/a"),
    ("http://2130706433/", "http://0177.0.0.1"),
    ("http://１２７.0.0.1/", "127.0.0.1"),
    ("http://faß.de/", "http://xn--fa-hia.de"),  # IDNA 2003 had fass.de
    ("http://☃.net/", "http://xn--n3h.net"),
    ("http://exam\u00adple.com/", "http://example.com"),
    ("http://example.com/a/./b/../c", "http://example.com/a/c"),
    ("http://example.com/../a/%2E%2e/..", "http://example.com"),
    ("http://example.com/a//../b/.", "http://example.com/a/b"),
    ("http://example.com/?it's", "http://example.com/?it%27s"),
]
OTHER = [
    ("http://example.com/a", "http://example.com/A"),
    ("http://example.com/a", "http://example.com/a?b"),
    ("http://example.com/a%2Fb", "http://example.com/a/b"),
    ("http://example.com:8080/", "http://example.com/"),
    ("http://org/", "http://www.org/"),
    ("http://example.com/a/b", "http://example.com/a"),
    ("http://example.com/?a\\b", "http://example.com/?a/b"),
    ("http://b%FCcher.de", "http://bücher.de"),
    ("http://fass.de/", "http://faß.de/"),
    ("http://1.2.3.256/", "http://1.2.4.0/"),
    ("http://example.com/a/.../b", "http://example.com/a/b"),
    ("http://example.com/?a/../b", "http://example.com/?b"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_urls_that_are_the_same_have_one_normal_form(one: str, other: str, tmp_path: Path) -> None:
    assert normal(one.encode()).url == normal(other.encode()).url != ""
    for listed, asked in ((one.strip(), other), (other.strip(), one)):
        if not set(listed) & set(" \t\r\n"):  # no list can contain such a line
            assert found(asked, lists(tmp_path, urls=f"{listed}\n"))[1] == 1


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_urls_that_differ_have_two(one: str, other: str, tmp_path: Path) -> None:
    assert normal(one.encode()).url != normal(other.encode()).url
    assert found(one, lists(tmp_path, urls=f"{other}\n"))[1] == 0


_PARTS = st.sampled_from(
    [
        *(
            " ",
            "\t",
            "\x00",
            "\ud800",
            "|",
            "http://",
            "https:",
            "//",
            "/",
            "\\",
            ":",
            "80",
            "8080",
            "0",
            "@",
            "?",
            "#",
        ),
        *("%", "%41", "%2f", "%E4", "[", "]", "::1", "[::1]", "ü", "ß", "。", "xn--", "www.", "A", ".", "..", "-foo_"),
        *("a.test", "bad.test", "1.2.3.4", "foo", "Foo", "foobar"),
        *("\n", "http:", "0x", "/..", "/.", "%2e", "'", "\xad"),
    ]
)
_URLS = st.lists(_PARTS, max_size=9).map("".join) | st.text(max_size=12)


@settings(max_examples=300, deadline=None)
@given(_URLS)
@example("[::1].")
@example("http://https:8080/")  # a host that could be read as a scheme
def test_the_normal_form_of_a_normal_form_is_itself(url: str) -> None:
    form = normal(url.encode("utf-8", "surrogatepass")).url

    assert form.isascii()
    assert normal(form.encode()).url == form


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Blocklists:
    return lists(
        tmp_path_factory.mktemp("lists"),
        hosts="a.test\n1.2.3.4\n[::1]\nxn--tda.test\n",
        urls="bad.test\nbad.test/foo\na.test?a.test\n1.2.3.4:8080/Foo\n[::1]/foo\n",
        url_keywords="foo\nwww\nA80\n",
    )


HOSTS = ("a.test", "1.2.3.4", "[0000:0000:0000:0000:0000:0000:0000:0001]", "xn--tda.test")
URLS = ("bad.test", "bad.test/foo", "a.test?a.test", "1.2.3.4:8080/Foo", f"{HOSTS[2]}/foo")


@settings(max_examples=400, deadline=None)
@given(urls=st.lists(_URLS, min_size=1, max_size=8))
@example(urls=["ühttp://a.test", "。//-foo_", "。", "。/foo", "http://。/foo", "%2e//foo"])
def test_generated_urls_are_found_as_in_plain_python(held: Blocklists, urls: list[str]) -> None:
    columns = blocklists.match_urls(urls, held)
    rows = [tuple(int(column[row]) for column in columns.values()) for row in range(len(urls))]

    assert rows == [blocked(url.encode("utf-8", "surrogatepass"), HOSTS, URLS, ("foo", "www", "a80")) for url in urls]


def test_the_code_gives_the_same_uncompiled(tmp_path: Path) -> None:
    urls = [*(url for pair in SAME + OTHER for url in pair), "", "http://x.b.test/foo/%20foobar", "a.test/foo"]
    held = lists(tmp_path, hosts="# ours\n0.0.0.0 b.test\n", urls="example.com/a\n", url_keywords="foo\n")
    script = """if True:
        import json
        from massivetext.recipe import BlocklistOptions
        from massivetext.signals import blocklists
        options = {kind: (kind,) for kind in ("hosts", "urls", "url_keywords")}
        held = blocklists.load(BlocklistOptions(**options, shipped_keywords=False), ".")
        print({name: column.tolist() for name, column in blocklists.match_urls(json.load(open("all")), held).items()})
    """
    (tmp_path / "all").write_text(json.dumps(urls), encoding="utf-8")
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "ignore", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    expected = {name: column.tolist() for name, column in blocklists.match_urls(urls, held).items()}

    assert sum(map(sum, expected.values())) > 5
    assert done.stdout == f"{expected}\n"


# -- what is found -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "listed"),
    [
        ("http://example.com", 1),
        ("https://user@a.b.EXAMPLE.com.:8080/x?y", 1),
        ("http://notexample.com", 0),
        ("http://example.com.evil.test", 0),
        ("http://com", 0),
        ("http://elsewhere.test/example.com", 0),
        ("http://10.1.2.3/", 0),
        ("http://1.2.3.4/", 1),
        ("http://[2001:db8::0:1]:90/", 1),
        ("http://sub.bücher.de/", 1),
        ("", 0),
        (None, 0),
    ],
)
def test_a_listed_host_includes_its_subdomains(tmp_path: Path, url: str | None, listed: int) -> None:
    held = lists(tmp_path, hosts="example.com\n1.2.3.4\n2001:db8::1\nbücher.de\n")

    assert found(url, held) == (listed, 0, 0)


def test_hosts_files_are_lists_of_hosts(tmp_path: Path) -> None:
    content = (
        "# hosts\r\n127.0.0.1\tlocalhost localhost.localdomain\r\n::1 ip6-localhost\r\nfe80::1%lo0 localhost\r\n\r\n"
        "0.0.0.0 bad.test  www.Worse.test # both\r\n  :: six.test\r\nplain.test   # alone"
    )
    held = lists(tmp_path, hosts=content)

    listed = ["localhost.localdomain", "bad.test", "www.worse.test", "six.test", "plain.test"]
    assert [found(host, held)[0] for host in listed] == [1, 1, 1, 1, 1]
    assert [found(host, held)[0] for host in ("worse.test", "localhost", "0.0.0.0", "test")] == [0, 0, 0, 0]
    assert len(held.hosts.hashes) == len(listed)


@pytest.mark.parametrize(
    ("url", "count"),
    [
        ("http://x.test/foo", 1),
        ("http://foo.test/FOO/foo", 1),  # distinct
        ("http://x.test/foo-bar_%62az.html", 1),  # "baz" is only counted as a substring of its own below
        ("http://x.test/seafood", 0),
        ("http://x.test/%20foo%20", 1),
        ("http://x.test/?foo", 0),  # a search query does not count
        ("http://x.test/#foo", 0),
        ("http://x.test/aquxz", 1),
        ("http://x.test/foo/qux", 2),
        ("http://x.test/fo", 0),
    ],
)
def test_keywords_are_whole_runs_and_substrings_are_not(tmp_path: Path, url: str, count: int) -> None:
    held = lists(tmp_path, url_keywords="foo # ours\n\nbar1\n", url_substrings="qux\n")

    assert found(url, held) == (0, 0, count)


def test_a_word_on_lists_of_both_kinds_counts_once_and_anywhere(tmp_path: Path) -> None:
    held = lists(tmp_path, url_keywords="foo\n", url_substrings="FOO\n")

    assert found("http://x.test/foo/seafoody", held) == (0, 0, 1)


@pytest.mark.parametrize(
    ("url", "fails"),
    [
        ("http://x.test/porn/xxx", True),
        ("http://news.test/2019/porn-law", False),
        ("http://x.test/popcorn/essex", False),
    ],
)
def test_the_shipped_keywords_want_two_to_fail(url: str, fails: bool) -> None:
    assert (int(signals.measure_text("The law is new.", url)["blocked_url_keyword_count"]) > 1) == fails


def test_garbage_gives_numbers(held: Blocklists) -> None:
    monsters = [
        "\x00",
        "\ud800",
        "http://\ud800/\ud800",
        "http://" + "é." * 40_000,
        "%" * 99,
        "@:@:/",
        "[" * 9,
        "http://",
    ]
    monsters += ["http://a.test/" + "x" * 10_000_000, "http://" + "a." * 5_000_000 + "a.test"]
    columns = blocklists.match_urls(monsters, held)

    assert columns["blocked_host"].tolist() == [0] * 8 + [1, 0]  # 64 KiB of the last are no listed host
    assert all(((column >= 0) & (column < 4)).all() for column in columns.values())


def test_arrow_arrays_are_read_without_a_copy(held: Blocklists) -> None:
    urls = ["http://a.test/foo", None, "http://b.test/", "bad.test"]
    plain_lists = {name: column.tolist() for name, column in blocklists.match_urls(urls, held).items()}
    for kind in (pa.string(), pa.large_string()):
        array = pa.array(["first", *urls, "last"], kind).slice(1, 4)

        assert {name: column.tolist() for name, column in blocklists.match_urls(array, held).items()} == plain_lists
    assert plain_lists["blocked_host"] == [1, 0, 0, 0]


# -- files -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_lists_may_have_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "hosts").write_bytes("a.test\r\nbücher.test\r\n".encode(encoding))
    held = blocklists.load(BlocklistOptions(hosts=("hosts",), shipped_keywords=False), str(tmp_path))

    assert [found(url, held)[0] for url in ("http://a.test/", "http://bücher.test/", "http://b.test/")] == [1, 1, 0]


def test_lists_may_be_compressed_and_many(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"a.test\nboth.test\n"))
    (tmp_path / "b.zst").write_bytes(zstandard.compress(b"b.test\nboth.test"))
    options = BlocklistOptions(hosts=("*.gz", "*.zst"), shipped_keywords=False)
    held = blocklists.load(options, str(tmp_path))

    assert [found(host, held)[0] for host in ("a.test", "b.test", "both.test", "c.test")] == [1, 1, 1, 0]
    assert len(held.hosts.hashes) == 3


def test_lines_across_chunks_are_whole(tmp_path: Path) -> None:
    names = [f"host-{number}.with.a.longer.name.test" for number in range(20_000)]
    held = lists(tmp_path, hosts="\n".join(names))

    assert len(held.hosts.hashes) == 20_000
    assert blocklists.match_urls(names, held)["blocked_host"].all()
    assert held.hosts.bytes_held < 10 * 20_000


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("hosts", "a.test\n# b\nnot a host\n", "hosts, line 3: want a host such as example.com"),
        ("hosts", "com\n", "line 1: want a host such as example.com, or a line of a hosts file, got 'com'"),
        (
            "hosts",
            "0.0.0.0 a.test b..test\n",
            "line 1: want a host such as example.com, or a line of a hosts file, got 'b..test'",
        ),
        ("hosts", "a.test/page\n", "got 'a.test/page'"),
        ("hosts", "\n\na.test:80\n", "line 3: "),
        ("hosts", "me@a.test\n", "got 'me@a.test'"),
        ("hosts", "a\x00b.test\n", "line 1: "),
        ("hosts", "1.2.3\n", "got '1.2.3'"),
        ("hosts", "::zz\n", "got '::zz'"),
        ("hosts", f"{'a' * 300}.test\n", "a…'"),
        ("hosts", "b\ud800.test\n", "line 1: "),
        ("hosts", "", "hosts: want a list of hosts, found no entry"),
        ("hosts", "# nothing\n\n127.0.0.1 localhost\n", "hosts: want a list of hosts, found no entry"),
        ("hosts", "a" * (1 << 21), "got a line of more than 1,048,576 bytes"),
        ("urls", "a.test/x\nhttp:///\n", "urls, line 2: want a URL such as example.com/page, got 'http:///'"),
        ("urls", "a.test/x y\n", "got 'a.test/x y'"),
        ("urls", f"a.test/{'x' * 70_000}\n", "line 1: "),
        ("urls", "\n", "urls: want a list of URLs, found no entry"),
        ("url_keywords", "foo\nto\n", "line 2: want 3 or more letters and digits of ASCII, got 'to'"),
        ("url_keywords", "foo-bar\n", "got 'foo-bar'"),
        ("url_keywords", "größe\n", "got 'größe'"),
        ("url_substrings", "# none\n", "url_substrings: want a list of words, found no entry"),
    ],
    ids=lambda value: str(value)[:24] if str(value).isascii() and "\x00" not in str(value) else "odd",
)
def test_an_error_in_a_list_names_file_and_line(tmp_path: Path, kind: str, content: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        lists(tmp_path, **{kind: content})

    assert str(tmp_path / kind) in str(raised.value)
    assert message in str(raised.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_list_is_an_error(tmp_path: Path, kind: str) -> None:
    options = msgspec.convert({kind: ["nowhere/*.txt"]}, BlocklistOptions)
    with pytest.raises(UserError, match=rf"blocklists\.{kind}: nowhere/\*\.txt: no such file below "):
        blocklist_files.find(options, str(tmp_path))


def test_a_damaged_list_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_bytes(gzip.compress(b"a.test\n" * 1000)[:-20])
    with pytest.raises(UserError, match=r"hosts: the block list is damaged: .*; get it again"):
        blocklists.load(BlocklistOptions(hosts=("hosts",)), str(tmp_path))


def test_digests_are_of_contents_alone(tmp_path: Path) -> None:
    for folder, name in (("one", "a"), ("two", "b")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text("a.test\n")
    options = BlocklistOptions(hosts=("*",))
    one, two = (blocklist_files.digests(blocklist_files.find(options, str(tmp_path / each))) for each in ("one", "two"))
    (tmp_path / "two" / "b").write_text("b.test\n")

    assert one == two
    assert blocklist_files.digests(blocklist_files.find(options, str(tmp_path / "two"))) != one


def test_a_changed_list_is_read_again(tmp_path: Path) -> None:
    assert found("a.test", lists(tmp_path, hosts="a.test\n"))[0] == 1
    assert found("a.test", lists(tmp_path, hosts="other.test\n"))[0] == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), max_size=80), st.lists(st.integers(0, 2**64 - 1), max_size=8))
def test_a_hash_set_contains_its_members_only(members: list[int], others: list[int]) -> None:
    made = hash_set(np.array(members * 2, np.uint64))

    assert made.hashes.tolist() == sorted(set(members))
    for number in members + others:
        assert contains_hash(made, np.uint64(number)) == (number in set(members))
