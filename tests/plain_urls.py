"""URLs and block lists in plain Python, written from their definitions: what the compiled code is held to."""

import re
import string
import urllib.parse
from collections.abc import Collection
from typing import NamedTuple

from massivetext.signals.urls import canonical_host

UNRESERVED = set(string.ascii_letters + string.digits + "-._~")
ALLOWED = UNRESERVED | set(":/?#[]@!$&'()*+,;=")


class Normal(NamedTuple):
    host: str  # with every "www."
    url: str  # the normal form


def coded(data: bytes) -> str:
    """Percent-encodes what may not stand, and decodes what need not be encoded."""
    parts = re.split(rb"(%[0-9a-fA-F]{2})", data)
    found = ""
    for number, part in enumerate(parts):
        if number % 2:
            letter = chr(int(part[1:], 16))
            found += letter if letter in UNRESERVED else f"%{ord(letter):02X}"
        else:
            found += "".join(chr(byte) if chr(byte) in ALLOWED else f"%{byte:02X}" for byte in part)
    return found


def normal(url: bytes) -> Normal:
    url = url.strip(bytes(range(33)))
    url = re.sub(rb"^[A-Za-z0-9+.-]+:(?=[/\\]{2})", b"", url).lstrip(b"/\\")
    authority, rest = re.fullmatch(rb"([^/?#\\]*)(.*)", url, re.DOTALL).groups()  # type: ignore[union-attr]
    place = authority.rpartition(b"@")[2]
    raw, port = re.fullmatch(rb"(\[[^\]]*[^:]*|[^:]*)(.*)", place, re.DOTALL).groups()  # type: ignore[union-attr]
    simple = raw.isascii() and not set(raw) & set(b"%[")
    host = urllib.parse.quote(raw.lower(), safe="") if simple else canonical_host(raw).decode()
    host = host.rstrip(".")
    if not host:
        return Normal("", "")
    digits = port[1:].lstrip(b"0")
    shown = f":{digits.decode()}" if re.fullmatch(rb"[0-9]+", digits) and digits not in (b"80", b"443") else ""
    path, _, query = rest.partition(b"#")[0].partition(b"?")
    tail = coded(path.replace(b"\\", b"/")).rstrip("/") + (f"?{coded(query)}" if query else "")
    short = host
    while short.startswith("www.") and "." in short[4:]:
        short = short[4:]
    return Normal(host, short + shown + tail)


def blocked(url: bytes, hosts: Collection[str], urls: Collection[str], words: Collection[str]) -> tuple[int, int, int]:
    """Whether a host or URL is listed, in normal form both; and how many words are whole runs in host and path."""
    host, address = normal(url)
    wwws = host[: re.match("(www[.])*", host).end()] if not address.startswith("www.") else ""  # type: ignore[union-attr]
    labels = host.split(".")
    suffixes = {".".join(labels[first:]) for first in range(len(labels))}
    listed = suffixes & set(hosts)
    path = re.sub("%[0-9A-F]{2}", " ", (wwws + address).partition("?")[0]).lower()
    return (
        int(bool(listed)),
        int(address in urls and address != ""),
        len(set(re.findall("[a-z0-9]+", path)) & set(words)),
    )
