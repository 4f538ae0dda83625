"""URLs and block lists in plain Python, written from their definitions: the reference for the compiled code."""

import re
import string
import urllib.parse
from collections.abc import Collection
from typing import NamedTuple

from massivetext.signals.url_hosts import canonical_host

UNRESERVED = set(string.ascii_letters + string.digits + "-._~")
ALLOWED = UNRESERVED | set(":/?#[]@!$&'()*+,;=")


class Normal(NamedTuple):
    host: str  # with every "www."
    url: str  # the normal form


def coded(data: bytes) -> str:
    """Percent-encode characters that are not allowed, and decode those that need no encoding."""
    pieces = re.split(rb"(%[0-9a-fA-F]{2})", data)
    found = ""
    for number, piece in enumerate(pieces):
        if number % 2:
            letter = chr(int(piece[1:], 16))
            found += letter if letter in UNRESERVED else f"%{ord(letter):02X}"
        else:
            found += "".join(chr(byte) if chr(byte) in ALLOWED else f"%{byte:02X}" for byte in piece)
    return found


def is_address(host: bytes) -> bool:
    """Return whether a host of ASCII is an IPv4 address by the URL standard: its last label is a number."""
    return re.fullmatch(rb"([0-9]+|0[xX][0-9a-fA-F]*)", host.rstrip(b".").rpartition(b".")[2]) is not None


def without_dot_segments(path: str) -> str:
    segments: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            segments[-1:] = []
        elif segment != ".":
            segments.append(segment)
    return "".join(f"/{segment}" for segment in segments)


def groups(pattern: bytes, text: bytes) -> tuple[bytes, ...]:
    """Return the groups of a pattern that matches the whole text."""
    match = re.fullmatch(pattern, text, re.DOTALL)
    assert match is not None
    return match.groups()


def normal(url: bytes) -> Normal:
    url = url.strip(bytes(range(33)))
    url = url.translate(None, b"\t\n\r")
    url = re.sub(rb"^(?:[A-Za-z0-9+.-]+:(?=[/\\]{2})|(?i:https?|wss?|ftp):)", b"", url).lstrip(b"/\\")
    authority, rest = groups(rb"([^/?#\\]*)(.*)", url)
    host_and_port = authority.rpartition(b"@")[2]
    raw, port = groups(rb"(\[[^\]]*[^:]*|[^:]*)(.*)", host_and_port)
    simple = raw.isascii() and not set(raw) & set(b"%[") and not is_address(raw)
    host = urllib.parse.quote(raw.lower(), safe="") if simple else canonical_host(raw).decode()
    host = host.rstrip(".")
    if not host:
        return Normal("", "")
    digits = port[1:].lstrip(b"0")
    shown = f":{digits.decode()}" if re.fullmatch(rb"[0-9]+", digits) and digits not in (b"80", b"443") else ""
    if shown and host in ("http", "https", "ws", "wss", "ftp"):
        shown = f".{shown}"  # or it would be read as a scheme
    path, _, query = rest.partition(b"#")[0].partition(b"?")
    tail = without_dot_segments(coded(path.replace(b"\\", b"/"))).rstrip("/")
    tail += f"?{coded(query)}".replace("'", "%27") if query else ""
    short = host
    while short.startswith("www.") and "." in short[4:]:
        short = short[4:]
    return Normal(host, short + shown + tail)


def blocked(url: bytes, hosts: Collection[str], urls: Collection[str], words: Collection[str]) -> tuple[int, int, int]:
    """Return 1 or 0 for a listed host and a listed URL, and the number of words that are runs in host and path."""
    host, address = normal(url)
    wwws = host[: len(host) - len(re.sub("^(www[.])*", "", host))] if not address.startswith("www.") else ""
    labels = host.split(".")
    suffixes = {".".join(labels[first:]) for first in range(len(labels))}
    listed = suffixes & set(hosts)
    path = re.sub("%[0-9A-F]{2}", " ", (wwws + address).partition("?")[0]).lower()
    return (
        int(bool(listed)),
        int(address in urls and address != ""),
        len(set(re.findall("[a-z0-9]+", path)) & set(words)),
    )
