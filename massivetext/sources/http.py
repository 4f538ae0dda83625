"""Parse HTTP responses as crawlers store them: status, media type and decoded body."""

import contextlib
import io
import re
import zlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec
from fastwarc.stream_io import BrotliReader

from massivetext.sources.streams.compressed import PlainStream

_HEAD_END = re.compile(rb"\r?\n\r?\n")
# "ICY" is the protocol of old streaming servers; tools for HTTP/2 write its pseudo-header in place of the line.
_STATUS_LINE = re.compile(r"(?:HTTP/\d+(?:\.\d+)?|ICY|:status:)\s+(\d{3})(?:\s|$)", re.IGNORECASE)
_NEXT_STATUS_LINE = re.compile(rb"HTTP/\d+(?:\.\d+)?[ \t]+\d{3}[ \t\r\n]", re.IGNORECASE)
_FIELD_LINE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}:[ \t]")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
_OF_ENCODINGS = ("transfer-encoding", "content-encoding")
# What makes a chunk's head: its size, extensions, the end of the line. Some servers pad the size with blanks.
_CHUNK_HEAD = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]{0,4096})?\r?\n")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_TEXT_CONTROLS = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_NO_TYPES = frozenset({"unknown/unknown", "application/unknown", "application/x-unknown-content-type", "*/*"})
_WIDE = (b"\xff\xfe", b"\xfe\xff")  # byte-order marks of UTF-16 and UTF-32, whose characters of ASCII have zero bytes
_HEAD_BYTES = 1 << 10
_INTERIM = range(100, 200)
_PIECE = 1 << 16
_SALVAGE_PIECE, _SALVAGE_STEP = 1 << 6, 1 << 12
_MOST_ENCODINGS = 5  # applied one after the other; the limit of curl
_MOST_INTERIM = 5  # responses before the one with the page
_UNDECLARED: Mapping[bytes, str] = {b"\x1f\x8b\x08": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
# What other files than pages begin with; the first bytes of those that have controls are found by these, too.
_OTHER_FILES = re.compile(
    rb"\s{0,64}(?:%PDF-|%!PS-Adobe|\{\\rtf|PK\x03\x04|\x89PNG|GIF8[79]a[^\s,.:)]|\xff\xd8\xff|\xd0\xcf\x11\xe0|Rar!\x1a"
    rb"|7z\xbc\xaf|wOF[F2]\0|RIFF.{4}(?:WEBP|AVI |WAVE)|OggS\0|ID3[\x02-\x04]|fLaC\0|.{4}ftyp"
    rb"|[CF]WS[\x03-\x08\x0e-\x1f]|\x7fELF|\xca\xfe\xba\xbe)",
    re.DOTALL,
)
_FEED = re.compile(
    rb"[\s\xef\xbb\xbf]*(?:<\?[^<>]{0,1000}\?>\s*|<!--[^<>]{0,1000}-->\s*|<!DOCTYPE\s[^<>]{0,1000}>\s*)*"
    rb"<(?:rss|feed|rdf:RDF|urlset|sitemapindex|opml|svg|kml|gpx)[\s>]",
    re.IGNORECASE,
)
_LOOKED_AT = 4096  # characters of a decoded text
_MOST_CONTROLS, _MOST_ZEROS = 0.02, 0.2


class Response(NamedTuple):
    """An HTTP response.

    Attributes:
        status: status code, 200 for a head with a Content-Type that has lost its first line; None if there is none.
        content_type: media type in lower case without parameters; "" if the header is missing or names none.
        charset: charset in the Content-Type header, or None.
        headers: all header fields, names in lower case; of equal names the first, of those that name encodings all,
            joined by a comma.
        body: the body as it was sent.
    """

    status: int | None
    content_type: str
    charset: str | None
    headers: dict[str, str]
    body: bytes


class DecodedBody(NamedTuple):
    """A body without its encodings.

    Attributes:
        data: as much of it as can be decoded.
        damage: what is wrong with its encodings; "" if nothing is.
    """

    data: bytes
    damage: str


class UndecodableError(ValueError):
    """A body that is not encoded as its headers say, or was encoded too many times."""


def parse_response(block: bytes) -> Response:
    """Return the response in the content of a WARC or ARC record; never fails.

    Interim responses, and that of a proxy to CONNECT, are passed over: they come before the one with the page.
    """
    for _ in range(_MOST_INTERIM):
        response = _parse_one(block.lstrip(b"\r\n"))
        if not _NEXT_STATUS_LINE.match(response.body) or not (
            response.status in _INTERIM or (response.status == 200 and not response.content_type)
        ):
            break
        block = response.body
    return response


def _parse_one(block: bytes) -> Response:
    end = _HEAD_END.search(block)
    head, body = (block[: end.start()], block[end.end() :]) if end else (block, b"")
    first, *lines = head.decode("utf-8", "replace").split("\n")
    headers: dict[str, str] = {}
    status = _STATUS_LINE.match(first)
    if status is None and end and _FIELD_LINE.match(first):  # the first line is lost
        lines.insert(0, first)
    for line in lines:
        name, colon, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if colon and name in _OF_ENCODINGS and name in headers:
            headers[name] += f", {value}"
        elif colon:
            headers.setdefault(name, value)
    status = status or _STATUS_LINE.match(f":status: {headers.get('status', '')}")
    known = int(status[1]) if status else 200 if "content-type" in headers else None
    content_type, charset = media_type(headers.get("content-type", ""))
    return Response(known, content_type, charset, headers, body)


def media_type(value: str) -> tuple[str, str | None]:
    """Return the media type, in lower case, and the charset of a Content-Type field."""
    charset = _CHARSET.search(value)
    name = re.split(r"[;,\s]", value.strip(), maxsplit=1)[0].lower()
    return "" if name in _NO_TYPES or (name and "/" not in name) else name, charset[1] if charset else None


def describe_other_file(body: bytes, text: str, *, html: bool) -> str | None:
    """Return what a body is, whatever its headers call it, if it is no text; None for text.

    Args:
        body: the bytes, decoded.
        text: their characters. Random bytes are 10% controls, pages have hardly any; the zero bytes of UTF-16 are gone.
        html: whether it is called HTML; then data in JSON and feeds are no pages either.
    """
    if _OTHER_FILES.match(body):
        return f"begins with {body[:8]!r}, as no text does"
    head = text[:_LOOKED_AT]
    zeros = head.count("\0")
    if len(_TEXT_CONTROLS.findall(head)) > _MOST_CONTROLS * len(head) or zeros > _MOST_ZEROS * len(head):
        return "has too many controls for a text"
    if html and _FEED.match(body[:_LOOKED_AT]):
        return "is a feed, a list of URLs or a drawing in XML"
    if html and text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        with contextlib.suppress(msgspec.DecodeError):
            msgspec.json.decode(text.strip("\ufeff \t\r\n"), type=msgspec.Raw)
            return "is JSON"
    return None


def decode_body(response: Response, limit: int) -> DecodedBody:
    """Return the body without its transfer and content encodings: at most ``limit`` + 1 bytes.

    A result of more than ``limit`` bytes was cut. A body that breaks off, or is damaged at some place, is given as far
    as it can be decoded, with what is wrong. A body that is text although the headers call it encoded is given as it
    is: many crawlers store pages decoded and leave the headers. One that begins as gzip or zstd does is decoded
    although no header says so, and one that is whole in another encoding than its headers name as what it is.

    Raises:
        UndecodableError: nothing of the body can be decoded, or it was encoded too many times.
    """
    body, damages = response.body, []
    for field in _OF_ENCODINGS:
        # the encodings of a field were applied in the order of their names
        named = re.split(r"[,\s]+", response.headers.get(field, "").lower())
        encodings = [encoding for encoding in reversed(named) if encoding in _DECODERS]
        if len(encodings) > _MOST_ENCODINGS:
            raise UndecodableError(f"{field} names {len(encodings)} encodings, one upon the other")
        for encoding in encodings:
            body, damage = _decode(body, encoding, limit)
            damages.append(damage)
    undeclared = next((name for magic, name in _UNDECLARED.items() if body.startswith(magic)), None)
    if undeclared is not None:
        body, damage = _decode(body, undeclared, limit)
        damages.append(damage)
    return DecodedBody(body[: limit + 1], "; ".join(filter(None, damages)))


def _decode(body: bytes, encoding: str, limit: int) -> DecodedBody:
    """Undo one encoding: up to twice the limit, since the output may be encoded again. Raises UndecodableError."""
    found = _DECODERS[encoding](body, 2 * limit)
    if found.data or not body:
        return found._replace(damage=found.damage and f"{encoding}: {found.damage}")
    if _is_text(body) or any(body.startswith(magic) for magic in _UNDECLARED):
        return DecodedBody(body, "")
    for other in _OTHERS if encoding != "chunked" else ():
        other_found = _DECODERS[other](body, 2 * limit)
        if other_found.data and not other_found.damage and _is_text(other_found.data):
            return other_found
    raise UndecodableError(f"the body is not {encoding}: {found.damage or 'nothing is in it'}")


def _is_text(body: bytes) -> bool:
    return body.startswith(_WIDE) or _CONTROLS.search(body[:_HEAD_BYTES]) is None


def _join_chunks(body: bytes, most: int) -> DecodedBody:
    """Return the chunks that are there (RFC 9112, section 7.1), without extensions and trailers."""
    found, at = bytearray(), 0
    while len(found) <= most and (head := _CHUNK_HEAD.match(body, at)):
        size = int(head[1], 16)
        chunk = body[head.end() : head.end() + size]
        found += chunk
        if size == 0 or len(chunk) < size:
            return DecodedBody(bytes(found), "it breaks off" if size else "")
        at = head.end() + size
        at += 2 if body.startswith(b"\r\n", at) else int(body.startswith(b"\n", at))
    if at == len(body):
        return DecodedBody(bytes(found), "the last chunk is missing")
    return DecodedBody(bytes(found), "" if len(found) > most else f"no chunk begins at byte {at:,}")


def _decompress(body: bytes, name: str, most: int) -> DecodedBody:
    """Return what the members of a gzip or zstd stream hold, up to ``most`` + 1 bytes, as a file is read."""
    stream, found = PlainStream(io.BytesIO(body)), bytearray()
    if stream.compression != name:
        return DecodedBody(b"", "its first bytes are others" if body else "")
    while len(found) <= most and (piece := stream.read(_PIECE)):
        found += piece
    data, damage = bytes(found[: most + 1]), stream.damage
    if damage is None or len(found) > most:
        return DecodedBody(data, "")
    rest = body[damage.offset :].lstrip(b"\0\r\n")
    if damage.offset == damage.member and found:  # behind the last member
        return DecodedBody(data, f"{len(rest):,} bytes follow it" if rest else "")
    return DecodedBody(data, "it breaks off" if damage.truncated else damage.error)


def _inflate(body: bytes, window_bits: int, most: int) -> DecodedBody:
    """Return what a zlib or deflate stream holds, up to ``most`` + 1 bytes."""
    found, stream = bytearray(), zlib.decompressobj(window_bits)
    try:
        found += stream.decompress(body, most + 1)
    except zlib.error as error:
        return DecodedBody(_inflate_before_damage(body, window_bits, most), str(error))
    if not stream.eof:
        return DecodedBody(bytes(found), "" if len(found) > most else "it breaks off")
    rest = stream.unused_data.lstrip(b"\0\r\n")
    return DecodedBody(bytes(found), f"{len(rest):,} bytes follow it" if rest else "")


def _inflate_zlib(body: bytes, most: int) -> DecodedBody:
    """Return what a body of the encoding "deflate" holds; some servers leave the header of zlib out."""
    found = _inflate(body, zlib.MAX_WBITS, most)
    return found if found.data else _inflate(body, -zlib.MAX_WBITS, most)


def _inflate_before_damage(body: bytes, window_bits: int, most: int) -> bytes:
    """Return what is before the damage: a call that meets it gives nothing, so the last step is taken byte by byte."""
    found, member = bytearray(), zlib.decompressobj(window_bits)
    for start in range(0, len(body), _SALVAGE_STEP):
        step, before = body[start : start + _SALVAGE_STEP], member.copy()
        try:
            found += member.decompress(step, most + 1 - len(found))
        except zlib.error:
            with contextlib.suppress(zlib.error):
                for byte in step:
                    found += before.decompress(bytes((byte,)), most + 1 - len(found))
            break
        if len(found) > most:
            break
    return bytes(found)


def _decompress_brotli(body: bytes, most: int) -> DecodedBody:
    """Return what a brotli stream holds, up to about ``most`` bytes, or what small reads give before an error."""
    damage = ""
    for piece_bytes in (_PIECE, _SALVAGE_PIECE):
        found, stream = bytearray(), BrotliReader(io.BytesIO(body))
        try:
            while len(found) <= most and (piece := stream.read(piece_bytes)):
                found += piece
        except OSError as error:
            damage = str(error)
        else:
            break
    return DecodedBody(bytes(found), damage)


_DECODERS: Mapping[str, Callable[[bytes, int], DecodedBody]] = {
    "chunked": _join_chunks,
    "gzip": lambda body, most: _decompress(body, "gzip", most),
    "x-gzip": lambda body, most: _decompress(body, "gzip", most),
    "deflate": _inflate_zlib,
    "br": _decompress_brotli,
    "zstd": lambda body, most: _decompress(body, "zstd", most),
}
_OTHERS = ("deflate", "br")  # nothing in the first bytes tells these
