"""Parse HTTP responses as crawlers store them: status, media type and decoded body."""

import io
import re
import zlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

from fastwarc.stream_io import BrotliReader, ChunkedReader, GzipReader, WarcReader, ZstdReader

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(r"HTTP/\d+(?:\.\d+)?\s+(\d{3})(?:\s|$)", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
_PLAIN_AS_IS = re.compile(rb"[\s\xef\xbb\xbf]*<")
_PIECE = 1 << 16
_MOST_ENCODINGS = 5  # applied one after the other; the limit of curl

_DECODERS: Mapping[str, Callable[[io.BytesIO], WarcReader]] = {
    "chunked": ChunkedReader,
    "gzip": GzipReader,
    "x-gzip": GzipReader,
    "deflate": lambda inner: GzipReader(inner, zlib=True),
    "br": BrotliReader,
    "zstd": ZstdReader,
}


class Response(NamedTuple):
    """An HTTP response.

    Attributes:
        status: status code, or None if the status line cannot be read.
        content_type: media type in lower case without parameters; "" if the header is missing.
        charset: charset in the Content-Type header, or None.
        headers: all header fields, names in lower case; the first of equal names.
        body: the body as it was sent.
    """

    status: int | None
    content_type: str
    charset: str | None
    headers: dict[str, str]
    body: bytes


class UndecodableError(ValueError):
    """A body that is not encoded as its headers say, or was encoded too many times."""


def parse_response(block: bytes) -> Response:
    """Return the response in the content of a WARC or ARC record; never fails."""
    end = _HEAD_END.search(block)
    head, body = (block[: end.start()], block[end.end() :]) if end else (block, b"")
    first, *lines = head.decode("utf-8", "replace").split("\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    status = _STATUS_LINE.match(first)
    content_type, charset = media_type(headers.get("content-type", ""))
    return Response(int(status[1]) if status else None, content_type, charset, headers, body)


def media_type(value: str) -> tuple[str, str | None]:
    """Return the media type, in lower case, and the charset of a Content-Type field."""
    charset = _CHARSET.search(value)
    return re.split(r"[;,\s]", value.strip(), maxsplit=1)[0].lower(), charset[1] if charset else None


def decode_body(response: Response, limit: int) -> bytes:
    """Return the body without its transfer and content encodings: at most ``limit`` + 1 bytes.

    A result of more than ``limit`` bytes was cut. A truncated body is returned as far as it can be decoded. A body that
    begins like HTML although the headers call it encoded is returned as it is: many crawlers store pages decoded and
    leave the headers.

    Raises:
        UndecodableError: nothing of the body can be decoded, or it was encoded too many times.
    """
    body = response.body
    for field in ("transfer-encoding", "content-encoding"):
        # the encodings of a field were applied in the order of their names
        named = re.split(r"[,\s]+", response.headers.get(field, "").lower())
        encodings = [encoding for encoding in reversed(named) if encoding in _DECODERS]
        if len(encodings) > _MOST_ENCODINGS:
            raise UndecodableError(f"{field} names {len(encodings)} encodings, one upon the other")
        for encoding in encodings:
            body = _decode(body, encoding, limit)
    return body[: limit + 1]


def _decode(body: bytes, encoding: str, limit: int) -> bytes:
    if not body:
        return body
    reader = _DECODERS[encoding](io.BytesIO(body))
    decoded = bytearray()
    try:
        # Twice the limit, since the output may be encoded again.
        while len(decoded) <= 2 * limit and (piece := reader.read(_PIECE)):
            decoded += piece
    except OSError as error:
        if not decoded and encoding == "deflate" and (raw := _inflate_raw(body, limit)):
            return raw
        if not decoded and not _PLAIN_AS_IS.match(body):
            raise UndecodableError(f"the body is not {encoding}: {error}") from error
    return bytes(decoded) or body


def _inflate_raw(body: bytes, limit: int) -> bytes:
    """Return what a deflate stream without the header of zlib holds, as some servers send it; b"" if it is none."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(body, 2 * limit + 1)
    except zlib.error:
        return b""
