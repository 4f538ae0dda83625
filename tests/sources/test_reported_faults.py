"""Inputs that broke other readers, as their users reported them; each is read or refused with its reason."""

import codecs
import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from builders import licence_text

from massivetext.schema import Document, Rejected
from massivetext.sources.http import decode_body, parse_response

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

# -- zip ---------------------------------------------------------------------------------------------------------------


def zip_of_names(local: bytes, central: bytes, body: bytes = b"some text") -> bytes:
    """Return a zip archive of one file with a name in its local header and one in the directory, both called UTF-8."""
    flag, check = 0x800, zlib.crc32(body)
    sizes = (check, len(body), len(body))
    header = struct.pack("<4s2B4HL2L2H", b"PK\x03\x04", 20, 0, flag, 0, 0, 0, *sizes, len(local), 0) + local + body
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 0, 20, 0, flag, 0, 0, 0, *sizes, len(central), *[0] * 6)
    entry += central
    return header + entry + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(header), 0)


# https://github.com/python/cpython/issues/153426
@pytest.mark.parametrize("central", [b"\xff\xfe.txt", b"a.txt"])
@pytest.mark.parametrize("kind", ["documents", "books", "code", "web"])
def test_a_name_in_a_zip_archive_that_is_not_utf8_is_damage(
    tmp_path: Path, read_file: ReadFile, kind: str, central: bytes
) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of_names(b"\xff\xfe.txt", central))
    documents, rejected = read_file(kind, tmp_path / "a.zip")

    assert documents == []
    assert {each.reason for each in rejected} <= {"damaged", "licence"}
    assert len(rejected) == 1


# https://github.com/python/cpython/issues/117779
def test_two_entries_of_one_file_are_two_files(tmp_path: Path, read_file: ReadFile) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("a.txt")
        archive.writestr(info, "first")
        archive.filelist.append(info)
        archive.writestr("b.txt", "second")
    documents, rejected = read_file("documents", tmp_path / "a.zip")

    assert {each.key: each.text for each in documents}["b.txt"] == "second"
    assert len(documents) + len(rejected) == 3


# -- EPUB --------------------------------------------------------------------------------------------------------------

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OPS/p.opf"/>'
    "</rootfiles></container>"
)


def package(hrefs: tuple[str, ...], prefix: str = "") -> str:
    mark = f"{prefix}:" if prefix else ""
    items = "".join(f'<{mark}item id="i{n}" href="{href}" media-type="text/html"/>' for n, href in enumerate(hrefs))
    spine = "".join(f'<{mark}itemref idref="i{n}"/>' for n in range(len(hrefs)))
    name = f"xmlns:{prefix}" if prefix else "xmlns"
    return (
        f'<{mark}package {name}="http://www.idpf.org/2007/opf"><{mark}manifest>{items}</{mark}manifest>'
        f"<{mark}spine>{spine}</{mark}spine></{mark}package>"
    )


def chapter(text: str) -> str:
    return f"<html><body><p>{text}</p></body></html>"


def epub(files: Mapping[str, str | bytes], opf: str | bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OPS/p.opf", opf)
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()


LATIN = ('<?xml version="1.0" encoding="iso-8859-1"?>' + chapter("café")).encode("latin-1")
WIDE = ('<?xml version="1.0" encoding="utf-16"?>' + chapter("één")).encode("utf-16")


@pytest.mark.parametrize(
    ("files", "opf", "text"),
    [
        # https://github.com/virgiliojr94/book-to-skill/issues/230
        ({"OPS/Chapter 1.html": chapter("one")}, package(("Chapter%201.html#part",)), "one"),
        # https://github.com/aerkalov/ebooklib/issues/121
        ({"one.html": chapter("one")}, package(("../one.html",)), "one"),
        # https://github.com/aedocw/epub2tts/issues/280
        ({"OPS/Text/one.html": chapter("one")}, package(("Text\\one.html",)), "one"),
        ({"OPS/Text/One.html": chapter("one")}, package(("text/one.html",)), "one"),
        # https://github.com/aerkalov/ebooklib/issues/281
        ({"OPS/one.html": chapter("one")}, package(("one.html", "missing.html")), "one"),
        # https://github.com/koreader/crengine/issues/448
        ({"OPS/one.html": "\ufeff" + chapter("one")}, "\ufeff" + package(("one.html",)), "one"),
        # https://github.com/readium/r2-testapp-swift/issues/254
        ({"OPS/one.html": chapter("one")}, package(("one.html",), "opf"), "one"),
        # https://github.com/xberg-io/xberg/issues/1494
        ({"OPS/a.html": LATIN, "OPS/b.html": WIDE}, package(("a.html", "b.html")), "café\n\néén"),
    ],
)
def test_an_epub_is_read_whatever_its_names_and_encodings(
    tmp_path: Path, read_file: ReadFile, files: dict[str, str | bytes], opf: str, text: str
) -> None:
    (tmp_path / "a.epub").write_bytes(epub(files, opf))
    documents, rejected = read_file("books", tmp_path / "a.epub")

    assert ([each.text for each in documents], rejected) == ([text], [])


def encryption(algorithm: str, path: str) -> str:
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        'xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
        f'<e:EncryptionMethod Algorithm="{algorithm}"/><e:CipherData><e:CipherReference URI="{path}"/></e:CipherData>'
        "</e:EncryptedData></encryption>"
    )


AES = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
FONT = "http://www.idpf.org/2008/embedding"
RANDOM = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(200))


# https://github.com/xberg-io/xberg/issues/1494
def test_encrypted_chapters_are_no_text(tmp_path: Path, read_file: ReadFile) -> None:
    opf = package(("one.html", "two.html"))
    one: dict[str, str | bytes] = {"META-INF/encryption.xml": encryption(AES, "OPS/one.html"), "OPS/one.html": RANDOM}
    (tmp_path / "a.epub").write_bytes(epub(one, opf))
    documents, rejected = read_file("books", tmp_path / "a.epub")

    assert (documents, [each.reason for each in rejected]) == ([], ["bad_epub"])
    assert "its chapters are encrypted; OPS/one.html: is encrypted" in rejected[0].detail

    (tmp_path / "a.epub").write_bytes(epub({**one, "OPS/two.html": chapter("two")}, opf))
    (document,), rejected = read_file("books", tmp_path / "a.epub")
    assert (document.text, document.metadata["lost_chapters"], rejected) == ("two", "1", [])


def test_encrypted_fonts_do_not_matter(tmp_path: Path, read_file: ReadFile) -> None:
    files = {"META-INF/encryption.xml": encryption(FONT, "OPS/f.otf"), "OPS/one.html": chapter("one")}
    (tmp_path / "a.epub").write_bytes(epub(files, package(("one.html",))))
    (document,), _ = read_file("books", tmp_path / "a.epub")

    assert document.text == "one"


# -- tables of text ----------------------------------------------------------------------------------------------------

ROWS = "".join(f'{number},"row {number}, quoted"\n' for number in range(2))


# https://github.com/cldf/csvw/issues/52, https://github.com/python/cpython/issues/74220
def test_a_quotation_mark_without_its_end_costs_its_row(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.csv").write_text(f'id,text\n{ROWS}2,"an unclosed comment”\n3,Lorem ipsum\n4,dolor\n')
    documents, rejected = read_file("documents", tmp_path / "a.csv")
    slices = [read_file("documents", tmp_path / "a.csv", slice_index=index, slice_count=2) for index in range(2)]

    assert {each.key: each.text for each in documents} == {
        "0": "row 0, quoted",
        "1": "row 1, quoted",
        "3": "Lorem ipsum",
        "4": "dolor",
    }
    # "id,text" and its line end have 8 bytes, each of the two rows 18, the third 26.
    assert [(each.offset, each.reason, each.length) for each in rejected] == [("2", "bad_csv", 26)]
    assert "the row at byte 44: a quotation mark begins a cell that has no end" in rejected[0].detail
    assert sorted(each.key for piece in slices for each in piece[0]) == ["0", "1", "3", "4"]
    assert [each for piece in slices for each in piece[1]] == rejected


def test_the_paragraphs_of_an_unclosed_text_are_no_rows(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.csv").write_text(f'id,text\n{ROWS}2,"A first paragraph\n\nDear Sir, hello\nAnd, so, on\n')
    documents, rejected = read_file("documents", tmp_path / "a.csv")

    assert [each.key for each in documents] == ["0", "1"]
    assert [(each.offset, each.reason) for each in rejected] == [("2", "bad_csv")]


def test_a_last_row_without_a_line_end_is_whole(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.csv").write_text(f'id,text\n{ROWS}2,"two\nlines"')
    documents, rejected = read_file("documents", tmp_path / "a.csv")

    assert ([each.text for each in documents][2:], rejected) == (["two\nlines"], [])


# https://github.com/Unstructured-IO/unstructured/issues/4443: the byte of a line feed is part of other characters.
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_bytes_of_line_ends_within_characters_of_utf16_end_no_line(
    tmp_path: Path, read_file: ReadFile, encoding: str
) -> None:
    mark = codecs.BOM_UTF16_LE if encoding == "utf-16-le" else codecs.BOM_UTF16_BE
    (tmp_path / "a.csv").write_bytes(mark + "id,text\r\n1,ਊ Ċ ഊ\r\n2,b\r\n".encode(encoding))
    documents, rejected = read_file("documents", tmp_path / "a.csv")

    assert ([each.text for each in documents], rejected) == (["ਊ Ċ ഊ", "b"], [])


# -- zero bytes --------------------------------------------------------------------------------------------------------

SENTENCES = "A plain sentence about birds that fly over the roof of the old mill in the valley. " * 4


# https://github.com/scrapy/parsel/issues/123, https://github.com/OpenRefine/OpenRefine/issues/653
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.html", f"<!doctype html>\0<html><head>\0</head><body><p>{SENTENCES}</p><p>The end.</p></body></html>"),
        ("a.txt", f"{SENTENCES}\0 The end."),
        ("a.csv", f'id,text\n1,"{SENTENCES}\0 The end."\n'),
    ],
)
def test_a_stray_zero_byte_costs_itself(tmp_path: Path, read_file: ReadFile, name: str, data: str) -> None:
    (tmp_path / name).write_bytes(data.encode())
    (document,), rejected = read_file("documents", tmp_path / name)

    assert rejected == []
    assert document.text.startswith("A plain sentence")
    assert document.text.endswith("The end.")


# -- JSON --------------------------------------------------------------------------------------------------------------


# https://github.com/daaain/claude-code-log/issues/139, https://github.com/jeroen/jsonlite/issues/281
@pytest.mark.parametrize(
    ("line", "text"),
    [
        (r'{"text": "a \ud83d b"}', "a  b"),
        (r'{"te\ud800xt": 1, "text": "a"}', "a"),
        ('{"text": "a", "n": NaN, "m": -Infinity}', "a"),
        ('{"text": "a", "n": 123456789012345678901234567890, "m": 1e999}', "a"),
        (r'{"text": "a\u0000b"}', "ab"),
        (json.dumps({"text": "a\u2028b"}, ensure_ascii=False), "a\nb"),
    ],
)
def test_json_that_other_readers_refuse_is_read(tmp_path: Path, read_file: ReadFile, line: str, text: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(f'{line}\n{{"text": "next"}}\n'.encode())
    documents, rejected = read_file("documents", tmp_path / "a.jsonl")

    assert ([each.text for each in documents], rejected) == ([text, "next"], [])


# -- HTTP --------------------------------------------------------------------------------------------------------------

PAGE = b"<!doctype html><title>t</title><p>Some text.</p>"


# Servers send "deflate" without the header of zlib, and crawlers store pages decoded with the headers of the wire:
# https://github.com/iipc/openwayback/pull/395, https://github.com/internetarchive/warctools/pull/14
@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("Content-Encoding: deflate", zlib.compress(PAGE)),
        ("Content-Encoding: deflate", zlib.compress(PAGE)[2:-4]),
        ("Content-Encoding: br", PAGE),
        ("Content-Encoding: gzip", PAGE),
        ("Transfer-Encoding: chunked", PAGE),
        ("Set-Cookie: \xb3\xd2=1", PAGE),
    ],
)
def test_a_body_is_decoded_although_its_headers_are_wrong(field: str, body: bytes) -> None:
    head = f"HTTP/1.1 200 Artículo\r\nContent-Type: text/html\r\n{field}\r\n\r\n".encode("latin-1")

    assert decode_body(parse_response(head + body), 1000).data == PAGE


# -- source code -------------------------------------------------------------------------------------------------------


def test_the_licence_of_an_archive_with_a_bad_name_is_not_guessed(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of_names(b"\xff", b"LICENSE", licence_text("MIT").encode()))
    documents, rejected = read_file("code", tmp_path / "a.zip")

    assert (documents, [each.reason for each in rejected]) == ([], ["damaged"])
