"""WARC/1.1 records (ISO 28500); the caller compresses each as its own gzip member."""

import base64
import hashlib
import uuid
from collections.abc import Mapping

_DATE = "2023-06-{day:02}T{hour:02}:{minute:02}:00Z"


def warcinfo(file_name: str) -> bytes:
    """Return the first record of a file."""
    fields = b"software: massivetext demo\r\nformat: WARC File Format 1.1\r\n"
    return _record("warcinfo", file_name, 0, "application/warc-fields", fields, {"WARC-Filename": file_name})


def request(url: str, number: int) -> bytes:
    """Return the record of a request for a URL; ``number`` decides its time."""
    host, _, path = url.partition("://")[2].partition("/")
    block = f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: massivetext-demo/1\r\nAccept: */*\r\n\r\n".encode()
    return _record("request", url, number, "application/http;msgtype=request", block, {"WARC-Target-URI": url})


def response(
    url: str, number: int, payload: bytes, *, content_type: str, status: str = "200 OK", more: str = ""
) -> bytes:
    """Return the record of an HTTP response.

    Args:
        url: URL of the response.
        number: number of the response, which decides its time.
        payload: body of the response.
        content_type: value of the HTTP header.
        status: HTTP status code and text.
        more: further HTTP header lines, each ending in CR LF.
    """
    head = f"HTTP/1.1 {status}\r\nServer: demo\r\nContent-Type: {content_type}\r\n{more}"
    block = f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload
    fields = {"WARC-Target-URI": url, "WARC-Payload-Digest": _digest(payload)}
    return _record("response", url, number, "application/http;msgtype=response", block, fields)


def _record(kind: str, name: str, number: int, content_type: str, block: bytes, more: Mapping[str, str]) -> bytes:
    identity = uuid.UUID(bytes=hashlib.blake2b(f"{kind} {name} {number}".encode(), digest_size=16).digest(), version=4)
    minutes = number % (27 * 24 * 60)
    fields = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<urn:uuid:{identity}>",
        "WARC-Date": _DATE.format(day=1 + minutes // 1440, hour=minutes // 60 % 24, minute=minutes % 60),
        **more,
        "WARC-Block-Digest": _digest(block),
        "Content-Type": content_type,
        "Content-Length": str(len(block)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"WARC/1.1\r\n{head}\r\n".encode() + block + b"\r\n\r\n"


def _digest(data: bytes) -> str:
    sha1 = hashlib.sha1(data, usedforsecurity=False).digest()
    return f"sha1:{base64.b32encode(sha1).decode()}"
