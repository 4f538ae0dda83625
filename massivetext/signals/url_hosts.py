"""Hosts of URLs that are no plain names of ASCII, as the URL standard of WHATWG reads them; few URLs have one."""

import ipaddress
import urllib.parse

from massivetext.signals.urls import LONGEST

_DOTS = ".\u3002\uff0e\uff61"
_LONGEST_HOST = 1024  # most bytes of a host that is given to the library: names of the DNS have at most 253 characters


def canonical_host(host: bytes) -> bytes:
    """Return the ASCII form of a host that is no plain name; never raises.

    A host that the URL standard accepts gets the form that it gives: Punycode of what UTS #46 makes of a name, four
    decimal numbers for an IPv4 address. IPv6 addresses in brackets become eight groups of four digits, without a zone.
    Everything else is percent-encoded. A host that is only dots becomes one dot: if it became empty, the text after it
    would be read as the host.
    """
    text = _standard_host(host)
    if text is None:
        text = urllib.parse.unquote_to_bytes(host).decode("utf-8", "surrogateescape")
    # Several characters count as dots. At the end of a host they make empty labels, without which it may be an address.
    while text.endswith(tuple(_DOTS)):
        text = text.rstrip(_DOTS)
        text = _standard_host(text.encode("utf-8", "surrogateescape")) or text
    if not text:
        return b"."
    if text.startswith("["):
        address = ipv6(text[1:].removesuffix("]"))
        if address is not None:
            return address
    lowered = "".join(letter.lower() if letter.isascii() else letter for letter in text)
    return urllib.parse.quote_from_bytes(lowered.encode("utf-8", "surrogateescape"), safe="").encode()


def _standard_host(host: bytes) -> str | None:
    """Return a host as the URL standard of WHATWG serialises it; None if it refuses it."""
    import ada_url  # for few hosts only

    if len(host) > _LONGEST_HOST:
        return None
    try:
        return ada_url.URL(f"http://{host.decode()}/").hostname
    except ValueError:  # UnicodeDecodeError is one
        return None


def clean(url: bytes) -> bytes:
    """Return a URL without the white space and control characters around it, and without tabs and line breaks."""
    return url[:LONGEST].strip(bytes(range(33))).translate(None, b"\t\n\r")


def with_canonical_host(url: bytes, start: int, stop: int) -> bytes:
    """Return a URL with the host that :func:`normalise` found in canonical form; nothing in it is read as a scheme."""
    url = clean(url)
    return b"//" + canonical_host(url[start:stop]) + url[stop:]


def ipv6(text: str) -> bytes | None:
    """Return an IPv6 address in the form of hosts here, or None for other text."""
    try:
        address = ipaddress.IPv6Address(text.partition("%")[0])
    except ValueError:
        return None
    digits = f"{int(address):032x}"
    return f"[{':'.join(digits[at : at + 4] for at in range(0, 32, 4))}]".encode()
