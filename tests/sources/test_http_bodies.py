import gzip
import io
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
        (b"", ("Content-Encoding: gzip",)),
    ],
)
def test_encodings_are_undone(body: bytes, headers: tuple[str, ...]) -> None:
    assert http.decode_body(response(body, *headers), 1 << 20) == (PAGE if body else b"")


def test_a_body_that_breaks_off_gives_what_is_there() -> None:
    body = b"".join(b"%d " % (n * 7919 % 10007) for n in range(60_000))
    found = http.decode_body(response(gzip.compress(body, mtime=0)[:100_000], "Content-Encoding: gzip"), 1 << 20)

    assert len(found) > 100_000
    assert body.startswith(found)


@pytest.mark.parametrize("header", ["Content-Encoding: gzip", "Content-Encoding: zstd", "Transfer-Encoding: chunked"])
def test_a_body_that_is_nothing_of_what_it_says_is_told(header: str) -> None:
    with pytest.raises(http.UndecodableError, match=header.partition(": ")[2]):
        http.decode_body(response(b"\x89PNG no such thing", header), 1 << 20)


def test_a_bomb_is_stopped_at_the_limit() -> None:
    bomb = gzip.compress(b"\x00" * 50_000_000, mtime=0)

    assert len(http.decode_body(response(bomb, "Content-Encoding: gzip"), 1000)) == 1001
