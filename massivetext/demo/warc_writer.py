"""Records of a WARC/1.1 file (ISO 28500), each to be its own gzip member."""

import base64
import hashlib
import uuid
from collections.abc import Mapping

_DATE = "2023-06-{day:02}T{hour:02}:{minute:02}:00Z"


def warcinfo(file_name: str) -> bytes:
    """The record that opens a file."""
    fields = b"software: massivetext demo\r\nformat: WARC File Format 1.1\r\n"
    return _record("warcinfo", file_name, 0, "application/warc-fields", fields, {"WARC-Filename": file_name})


def request(url: str, number: int) -> bytes:
    """The request for an address; ``number`` sets the time."""
    host, _, path = url.partition("://")[2].partition("/")
    block = f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: massivetext-demo/1\r\nAccept: */*\r\n\r\n".encode()
    return _record("request", url, number, "application/http;msgtype=request", block, {"WARC-Target-URI": url})


def response(
    url: str, number: int, payload: bytes, *, content_type: str, status: str = "200 OK", more: str = ""
) -> bytes:
    """An HTTP response; ``number`` sets the time, ``more`` is further HTTP header lines, each ending in CR LF."""
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
