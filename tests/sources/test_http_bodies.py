import gzip
import io
import random
import zlib

import pytest
import zstandard
from fastwarc.stream_io import BrotliWriter

from massivetext.sources import http

PAGE = b"<html>" + b"some text of a page " * 50 + b"</html>"


def compress_brotli(body: bytes) -> bytes:
    target = io.BytesIO()
    writer = BrotliWriter(target)
    writer.write(body)
    writer.close()
    return target.getvalue()


def raw_chunks(body: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n"


def response(body: bytes, *headers: str) -> http.Response:
    return http.parse_response("\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode() + body)


@pytest.mark.parametrize(
    ("head", "status", "content_type", "charset"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n", 200, "text/html", "UTF-8"),
        (b"HTTP/1.0 404 Not Found\ncontent-type:TEXT/HTML;Charset='utf-8'\n\n", 404, "text/html", "utf-8"),
        (b"HTTP/2 200\r\nContent-Type: text/plain,text/html\r\n\r\n", 200, "text/plain", None),
        (b"HTTP/1.1 200 OK\r\nX: \xff\r\n\r\n", 200, "", None),
        (b"HTTP/1.1 OK\r\n\r\n", None, "", None),
        (b"<html>\r\n\r\n", None, "", None),
        (b"", None, "", None),
    ],
)
def test_the_head_of_a_response(head: bytes, status: int | None, content_type: str, charset: str | None) -> None:
    found = http.parse_response(head + b"body" if head else b"")

    assert (found.status, found.content_type, found.charset) == (status, content_type, charset)
    assert found.body == (b"body" if head else b"")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (PAGE, ()),
        (PAGE, ("Content-Encoding: identity",)),
        (PAGE, ("Content-Encoding: utf-8",)),  # some servers say so; it is no encoding of the body
        (gzip.compress(PAGE, mtime=0), ("Content-Encoding: gzip",)),
        (gzip.compress(PAGE, mtime=0), ("Content-Encoding: X-GZIP",)),
        (zlib.compress(PAGE), ("Content-Encoding: deflate",)),
        (compress_brotli(PAGE), ("Content-Encoding: br",)),
        (zstandard.compress(PAGE), ("Content-Encoding: zstd",)),
        (raw_chunks(PAGE), ("Transfer-Encoding: chunked",)),
        (raw_chunks(gzip.compress(PAGE, mtime=0)), ("Transfer-Encoding: chunked", "Content-Encoding: gzip")),
        (raw_chunks(gzip.compress(PAGE, mtime=0)), ("Transfer-Encoding: gzip, chunked",)),
        (PAGE, ("Content-Encoding: gzip",)),  # stored decoded, with the headers left
        (PAGE, ("Transfer-Encoding: chunked", "Content-Encoding: br")),
        (zlib.compress(PAGE)[2:-4], ("Content-Encoding: deflate",)),  # without the header of zlib
        (gzip.compress(PAGE, mtime=0), ()),  # undeclared
        (zstandard.compress(PAGE), ("Content-Encoding: identity",)),
        (gzip.compress(zlib.compress(PAGE), mtime=0), ("Content-Encoding: deflate", "Content-Encoding: gzip")),
        (gzip.compress(PAGE[:99], mtime=0) + gzip.compress(PAGE[99:], mtime=0) + b"\r\n", ("Content-Encoding: gzip",)),
        (raw_chunks(PAGE).replace(b"7\r\n", b'7 ;name="a value"\r\n', 1), ("Transfer-Encoding: chunked",)),
        (raw_chunks(PAGE).replace(b"\r\n", b"\n"), ("Transfer-Encoding: chunked",)),
        (b"Chunked once, text now. " * 9, ("Transfer-Encoding: chunked", "Content-Encoding: gzip")),
    ],
)
def test_encodings_are_undone(body: bytes, headers: tuple[str, ...]) -> None:
    assert http.decode_body(response(body, *headers), 1 << 20) == (PAGE if body[:7] != b"Chunked" else body, "")


def test_a_body_without_a_byte_is_empty() -> None:
    assert http.decode_body(response(b"", "Content-Encoding: gzip"), 1 << 20) == (b"", "")


LONG = b"".join(b"<p>%d " % number for number in random.Random(1).choices(range(10**6), k=60_000))


@pytest.mark.parametrize(
    ("encoded", "header"),
    [
        (gzip.compress(LONG, mtime=0), "Content-Encoding: gzip"),
        (zlib.compress(LONG), "Content-Encoding: deflate"),
        (zlib.compress(LONG)[2:-4], "Content-Encoding: deflate"),
        (compress_brotli(LONG), "Content-Encoding: br"),
        (zstandard.compress(LONG), "Content-Encoding: zstd"),
        (
            b"".join(b"3E8\r\n%s\r\n" % LONG[at : at + 1000] for at in range(0, 300_000, 1000)),
            "Transfer-Encoding: chunked",
        ),
    ],
)
def test_a_body_that_breaks_off_gives_what_is_there(encoded: bytes, header: str) -> None:
    found, damage = http.decode_body(response(encoded[: len(encoded) * 6 // 10], header), 1 << 20)

    assert len(found) > 100_000
    assert LONG.startswith(found)
    assert damage.startswith(f"{header.partition(': ')[2]}: ")


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_damaged_body_gives_what_is_before_the_damage(encoding: str) -> None:
    encoded = (
        gzip.compress(LONG, mtime=0)
        if encoding == "gzip"
        else zstandard.ZstdCompressor(write_checksum=True).compress(LONG)
    )
    middle = len(encoded) // 2
    damaged = encoded[:middle] + b"\xff" * 50 + encoded[middle + 50 :]
    found, damage = http.decode_body(response(damaged, f"Content-Encoding: {encoding}"), 1 << 20)

    assert found[:100_000] == LONG[:100_000]
    assert damage.startswith(f"{encoding}: ")


@pytest.mark.parametrize(
    ("ending", "damage"),
    [(b"junk", "gzip: 4 bytes follow it"), (b"\0\0\r\n", ""), (None, "gzip: error: Error -3")],
)
def test_a_page_with_a_wrong_ending_is_whole(ending: bytes | None, damage: str) -> None:
    encoded = gzip.compress(PAGE, mtime=0)
    body = encoded + ending if ending is not None else encoded[:-8] + b"12345678"  # a wrong checksum
    found = http.decode_body(response(body, "Content-Encoding: gzip"), 1 << 20)

    assert found.data == PAGE
    assert found.damage.startswith(damage)
    assert bool(found.damage) == bool(damage)


@pytest.mark.parametrize("header", ["Content-Encoding: gzip", "Content-Encoding: zstd", "Transfer-Encoding: chunked"])
def test_a_body_that_is_nothing_of_what_it_says_is_told(header: str) -> None:
    with pytest.raises(http.UndecodableError, match=header.partition(": ")[2]):
        http.decode_body(response(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", header), 1 << 20)


def test_a_bomb_is_stopped_at_the_limit() -> None:
    bomb = gzip.compress(b"\x00" * 50_000_000, mtime=0)

    assert len(http.decode_body(response(bomb, "Content-Encoding: gzip"), 1000).data) == 1001


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
        b"HTTP/1.0 200 Connection established\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
        b":status: 200\r\ncontent-type: text/html\r\n\r\n",
        b"ICY 200 OK\r\nContent-Type: text/html\r\n\r\n",
        b"\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
        b"Content-Type: text/html\r\nServer: a\r\n\r\n",
    ],
)
def test_heads_of_other_protocols_and_before_the_one_of_the_page_are_read(head: bytes) -> None:
    found = http.parse_response(head + PAGE)

    assert (found.status, found.content_type, found.body) == (200, "text/html", PAGE)


def test_a_page_that_shows_a_response_is_not_taken_apart() -> None:
    shown = b"HTTP/1.1 404 Not Found\r\n\r\nnothing"
    found = http.parse_response(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + shown)

    assert (found.status, found.body) == (200, shown)


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (compress_brotli(PAGE), "Content-Encoding: gzip"),
        (zlib.compress(PAGE), "Content-Encoding: gzip"),
        (gzip.compress(PAGE, mtime=0), "Content-Encoding: br"),
        (gzip.compress(PAGE, mtime=0), "Content-Encoding: deflate"),
        (gzip.compress(PAGE, mtime=0), "Transfer-Encoding: chunked"),
        (zstandard.compress(PAGE), "Content-Encoding: br"),
    ],
)
def test_a_body_in_another_encoding_than_its_headers_name_is_read(body: bytes, header: str) -> None:
    assert http.decode_body(response(body, header), 1 << 20) == http.DecodedBody(PAGE, "")


@pytest.mark.parametrize(
    "body",
    [
        b"%PDF-1.4\n1 0 obj text of a file",
        b"\x89PNG\r\n\x1a\n",
        b"PK\x03\x04",
        random.Random(3).randbytes(5000),
        b'<?xml version="1.0"?>\n<!-- a --><rss version="2.0"><channel>',
        b' {"items": [1, 2, {"name": "a"}]}\n',
    ],
)
def test_what_is_no_text_is_told_whatever_its_type_says(body: bytes) -> None:
    assert http.describe_other_file(body, body.decode("cp1252", "replace"), html=True)


@pytest.mark.parametrize(
    "body",
    [PAGE, b"", b"[a] note in brackets", b"{broken", b"MZ is short for megazone", b"a page \x0c of \x1b[0m 1995"],
)
def test_text_is_no_other_file(body: bytes) -> None:
    assert http.describe_other_file(body, body.decode(), html=True) is None


def test_data_in_json_is_text_where_it_is_called_text() -> None:
    assert http.describe_other_file(b"[1]", "[1]", html=False) is None
