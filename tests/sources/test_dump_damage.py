"""Damage of a dump costs the pages in it, not those behind it."""

import bz2
import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.schema import Document, Rejected
from massivetext.sources.wiki.mediawiki import Dump, DumpPage, LostPiece

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

HEAD = '<mediawiki xml:lang="de"><siteinfo><base>https://de.wiki.example/wiki/A</base></siteinfo>\n'


def page(number: int, text: str = "Text.") -> str:
    return (
        f"<page><title>P{number}</title><ns>0</ns><id>{number}</id>"
        f"<revision><id>9</id><text>{text}</text></revision></page>\n"
    )


def keys(documents: list[Document]) -> list[int]:
    return [int(document.key) for document in documents]


@pytest.mark.parametrize("compress", [bz2.compress, gzip.compress])
def test_a_damaged_stream_of_many_costs_its_own_pages(
    tmp_path: Path, read_file: ReadFile, compress: Callable[[bytes], bytes]
) -> None:
    pages = ["".join(page(n, f"{n * 7919} " * 30) for n in range(start, start + 10)) for start in range(0, 50, 10)]
    streams = [compress(text.encode()) for text in (HEAD, *pages, "</mediawiki>")]
    streams[2] = streams[2][:60] + bytes(byte ^ 0x55 for byte in streams[2][60:70]) + streams[2][70:]
    (tmp_path / "a").write_bytes(b"".join(streams))
    documents, rejected = read_file("wikipedia", tmp_path / "a")

    assert keys(documents)[:10] == list(range(10))
    assert keys(documents)[-30:] == list(range(20, 50))
    assert [r.reason for r in rejected] == ["damaged"]


def test_a_damaged_block_of_a_single_stream_costs_its_own_pages(tmp_path: Path, read_file: ReadFile) -> None:
    digits = np.random.default_rng(7).integers(0, 10**9, (800, 40))
    texts = [" ".join(map(str, row)) + f" end{number}." for number, row in enumerate(digits)]
    plain = HEAD + "".join(page(number, text) for number, text in enumerate(texts)) + "</mediawiki>"
    data = bytearray(bz2.compress(plain.encode(), 1))
    data[len(data) // 2] ^= 0x55
    (tmp_path / "a.bz2").write_bytes(data)
    documents, rejected = read_file("wikipedia", tmp_path / "a.bz2")

    assert 400 < len(documents) < 800  # a block of level 1 has 100,000 bytes
    assert all(document.text.endswith(f"end{document.key}.") for document in documents)
    assert (keys(documents)[0], keys(documents)[-1]) == (0, 799)
    assert [r.reason for r in rejected] == ["damaged"]


def test_bad_bytes_and_bare_ampersands_stay_in_their_text(tmp_path: Path, read_file: ReadFile) -> None:
    text = HEAD.encode() + page(1, "Bonnie & Clyde <3 &lt;b>x&lt;/b> &nbsp;y").encode() + b"<page><title>\xff</title>"
    text += b"<ns>0</ns><id>2</id><revision><text>caf\xe9 &#x41;&amp;#66;</text></revision></page></mediawiki>"
    (tmp_path / "a").write_bytes(text)
    documents, rejected = read_file("wikipedia", tmp_path / "a")

    assert [d.text for d in documents] == ["P1\n\nBonnie & Clyde <3 x \u00a0y", "\ufffd\n\ncaf\ufffd AB"]
    assert rejected == []


def test_character_data_without_an_end_is_text(tmp_path: Path, read_file: ReadFile) -> None:
    pages = page(1, "a <![CDATA[b & <i>c</i>]]> d") + page(2, "a <![CDATA[ b &amp; c") + page(3)
    (tmp_path / "a").write_text(HEAD + pages + "</mediawiki>")
    documents, rejected = read_file("wikipedia", tmp_path / "a")

    assert keys(documents) == [1, 2, 3]
    assert documents[0].text == "P1\n\na b & c d"
    assert documents[1].text.endswith("b & c")
    assert rejected == []


def test_a_page_without_an_end_costs_itself(tmp_path: Path, read_file: ReadFile) -> None:
    cut = page(2).replace("</revision></page>", "")
    (tmp_path / "a").write_text(HEAD + page(1) + cut + page(3) + "</mediawiki>")
    documents, rejected = read_file("wikipedia", tmp_path / "a")

    assert keys(documents) == [1, 3]
    assert [r.reason for r in rejected] == ["broken_xml"]


def test_a_slice_of_a_dump_needs_no_beginning_and_no_end(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "dewiki-20240101-pages.xml").write_text("ext</text></revision></page>" + page(1) + page(2))
    documents, rejected = read_file("wikipedia", tmp_path / "dewiki-20240101-pages.xml")

    assert keys(documents) == [1, 2]
    assert len(rejected) == 1


@pytest.mark.parametrize(
    "word",
    ["#REDIRECT", "#WEITERLEITUNG", "# перенаправление", "#転送", "\uff03重定向", "#redirect:", "#PĀRADRESĀCIJA"],
)
def test_redirects_of_every_language(tmp_path: Path, read_file: ReadFile, word: str) -> None:
    (tmp_path / "a").write_text(
        HEAD + page(1, f"{word} [[X]]") + page(2, "# Redirects [[are]] listed.") + "</mediawiki>"
    )
    documents, rejected = read_file("wikipedia", tmp_path / "a")

    assert keys(documents) == [2]
    assert [r.reason for r in rejected] == ["redirect"]


TAGS = [
    "<page>",
    "</page>",
    "<text>",
    "</text>",
    "<revision>",
    "<id>1</id>",
    "&",
    "<",
    "<!--",
    "<![CDATA[",
    "]]>",
    "x",
    page(1),
    "\x00é",
]


@given(pieces=st.lists(st.sampled_from(TAGS), max_size=12), size=st.integers(1, 40))
@settings(max_examples=80)
def test_pages_do_not_depend_on_how_the_dump_is_cut_into_pieces(pieces: list[str], size: int) -> None:
    data = "".join(pieces).encode()
    whole = list(Dump(1000).pages([data]))
    cut = list(Dump(1000).pages(data[start : start + size] for start in range(0, len(data), size)))

    assert cut == whole
    assert all(isinstance(item, DumpPage | LostPiece) for item in whole)
    assert all(item.fields() is not None for item in whole if isinstance(item, DumpPage))
