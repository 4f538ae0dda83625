"""The normal form of URLs, in compiled code: two URLs count as the same if their normal forms are equal.

The normal form is ``host[:port][/path][?query]`` in ASCII, as in RFC 3986 (6.2.2, 6.2.3), with further steps because
lists and links differ in irrelevant ways:

* White space and control characters around the URL, its scheme, user and password, and its fragment are removed.
* The host is in lower case, without dots at its end. Other scripts are in Punycode, IPv6 addresses are written in full,
  and percent-encoded characters are decoded; see :func:`canonical_host`. Every ``www.`` at its beginning is removed
  from the URL, but not from the host when it is compared with listed hosts.
* The port is removed if it is 80, 443 or not a number.
* In path and query, percent-encoded letters, digits and ``-._~`` are decoded, other codes are in upper case, and
  characters that RFC 3986 does not allow are percent-encoded. A backslash in a path is a slash, as in browsers. Case
  stays.
* Slashes at the end of the path, and an empty query, are removed.

A WHATWG parser (ada-url) would not shorten this module: it refuses URLs without a scheme, codes such as ``b%FCcher.de``
and ports above 65535; it keeps user, fragment, ``www.``, final dots and slashes and ``%7e``; and called once per URL it
takes five to eight times as long.

A URL without a host has the empty normal form. Of a longer URL only the first 64 KiB are read.
"""

import ipaddress
import urllib.parse

import numpy as np

from massivetext import hashing
from massivetext.compiled import compiled, inlined
from massivetext.signals.scan import U8
from massivetext.signals.word_hash import finish_hash

LONGEST = 1 << 16  # bytes; crawlers and browsers accept far fewer
ROOM_BYTES = 3 * LONGEST  # size of the longest normal form, in which every byte is percent-encoded
EMPTY_HASH = hashing.GOLDEN  # state of a hash before the first byte
_STEP = hashing.CHARACTER
_DOTS = ".\u3002\uff0e\uff61"
_LONGEST_NAME = 255  # most characters of a host that is converted to Punycode

_UNRESERVED = b"-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ALLOWED = _UNRESERVED + b":/?@!$&'()*+,;=" + b"[]"
_PLAIN, _SAFE, _SCHEME, _HEX = 1, 2, 4, 8


def _kinds() -> U8:
    table = np.zeros(256, np.uint8)
    letters_and_digits = bytes(byte for byte in _UNRESERVED if chr(byte).isalnum())
    hexadecimal = b"0123456789abcdefABCDEF"
    for bit, members in (
        (_PLAIN, _UNRESERVED),
        (_SAFE, _ALLOWED),
        (_SCHEME, letters_and_digits + b"+-."),
        (_HEX, hexadecimal),
    ):
        table[list(members)] |= bit
    return table


_KINDS = _kinds()
_DIGITS = np.frombuffer(b"0123456789ABCDEF", np.uint8)
_DOT, _SLASH, _COLON, _AT, _PERCENT, _QUERY, _FRAGMENT, _BRACKET, _BACKSLASH = map(int, b"./:@%?#[\\")
_CLOSING = int(b"]"[0])
_WWW = np.frombuffer(b"www.", np.uint8)


@compiled
def normalise(data: U8, start: int, stop: int, canonical: bool, out: U8) -> tuple[int, int, int, int]:
    """Write the host of a URL, with every ``www.``, and the rest of its normal form.

    Args:
        data: bytes of many URLs.
        start: index of the first byte of this URL.
        stop: index after its last byte.
        canonical: whether the host is already in the form of :func:`canonical_host`.
        out: uint8[ROOM_BYTES], filled.

    Returns:
        Number of bytes of the host, number of all bytes written, and begin and end of the host in ``data``. The first
        number is -1 if the host must be made canonical first.
    """
    stop = min(stop, start + LONGEST)
    while start < stop and data[start] <= 32:
        start += 1
    while start < stop and data[stop - 1] <= 32:
        stop -= 1
    at = _authority(data, start, stop)
    rest = at
    while rest < stop and not _ends_authority(data[rest]):
        if data[rest] == _AT:
            at = rest + 1
        rest += 1
    colon = _host_end(data, at, rest)
    host = _put_host(data, at, colon, canonical, out)
    if host <= 0:
        return host, 0, at, colon
    size = _put_port(data, colon, rest, out, host)
    return host, _put_path(data, rest, stop, out, size), at, colon


@compiled
def _put_host(data: U8, start: int, stop: int, canonical: bool, out: U8) -> int:
    """Write the host and return its number of bytes, -1 if it must be made canonical first."""
    host = 0
    for index in range(start, stop):
        byte = int(data[index])
        if canonical:
            out[host] = byte
            host += 1
        elif byte >= 128 or byte in (_PERCENT, _BRACKET):
            return -1
        else:
            host = _put(out, host, byte + 32 if 65 <= byte <= 90 else byte, _PLAIN)
    while host > 0 and out[host - 1] == _DOT:
        host -= 1
    return host


@inlined
def _ends_authority(byte: int) -> bool:
    return byte in (_SLASH, _QUERY, _FRAGMENT, _BACKSLASH)


@compiled
def _authority(data: U8, start: int, stop: int) -> int:
    """Return where user, host and port begin: after the scheme and all slashes."""
    at = start
    while at < stop and _KINDS[data[at]] & _SCHEME:
        at += 1
    slashed = at + 2 < stop and _is_slash(data[at + 1]) and _is_slash(data[at + 2])
    at = at + 1 if at > start and slashed and data[at] == _COLON else start
    while at < stop and _is_slash(data[at]):
        at += 1
    return at


@inlined
def _is_slash(byte: int) -> bool:
    return byte in (_SLASH, _BACKSLASH)


@compiled
def _host_end(data: U8, at: int, rest: int) -> int:
    """Return the index of the colon before the port, or ``rest`` without a port."""
    if at < rest and data[at] == _BRACKET:
        while at < rest and data[at] != _CLOSING:
            at += 1
    while at < rest and data[at] != _COLON:
        at += 1
    return at


@inlined
def _put(out: U8, size: int, byte: int, kind: int) -> int:
    """Write a byte, percent-encoded if it is not of this kind, and return the new size."""
    if _KINDS[byte] & kind:
        out[size] = byte
        return size + 1
    out[size], out[size + 1], out[size + 2] = _PERCENT, _DIGITS[byte >> 4], _DIGITS[byte & 15]
    return size + 3


@compiled
def _put_port(data: U8, colon: int, rest: int, out: U8, size: int) -> int:
    first = colon + 1
    while first < rest and data[first] == 48:  # leading zeros
        first += 1
    number = 0
    for index in range(first, rest):
        if not 48 <= data[index] <= 57:
            return size
        number = min(number * 10 + int(data[index]) - 48, 1 << 20)
    if number in (0, 80, 443):
        return size
    out[size] = _COLON
    for index in range(first, rest):
        out[size + 1 + index - first] = data[index]
    return size + 1 + rest - first


@compiled
def _put_path(data: U8, at: int, stop: int, out: U8, size: int) -> int:
    query = -1  # index of the query in `out`
    while at < stop and data[at] != _FRAGMENT:
        byte = int(data[at])
        if _KINDS[byte] & _PLAIN:  # most are
            out[size] = byte
            size += 1
            at += 1
            continue
        if byte == _QUERY and query < 0:
            size = _without_slashes(out, size)
            query = size
        elif byte == _BACKSLASH and query < 0:
            byte = _SLASH
        elif byte == _PERCENT and at + 2 < stop and _KINDS[data[at + 1]] & _KINDS[data[at + 2]] & _HEX:
            byte = _hex(data[at + 1]) << 4 | _hex(data[at + 2])
            size = _put(out, size, byte, _PLAIN)
            at += 3
            continue
        size = _put(out, size, byte, _SAFE)
        at += 1
    if query < 0:
        return _without_slashes(out, size)
    return size - 1 if size == query + 1 else size


@inlined
def _without_slashes(out: U8, size: int) -> int:
    while out[size - 1] == _SLASH:  # ends at the host at the latest
        size -= 1
    return size


@inlined
def _hex(digit: int) -> int:
    value = int(digit)
    return value - 48 if value <= 57 else (value | 32) - 87


@compiled
def without_www(out: U8, host: int) -> int:
    """Return the number of bytes of every ``www.`` at the beginning of a host; ``www.org``, of two labels, has 0."""
    skipped = 0
    while skipped + 4 < host:
        for index in range(4):
            if out[skipped + index] != _WWW[index]:
                return skipped
        dots = 0
        for index in range(skipped + 4, host):
            dots += out[index] == _DOT
        if dots == 0:
            return skipped
        skipped += 4
    return skipped


@inlined
def extend_url_hash(state: np.uint64, byte: int) -> np.uint64:
    """Return the state of a hash after one more byte; see :func:`massivetext.signals.word_hash.finish_hash`."""
    return (state ^ np.uint64(byte)) * _STEP


@compiled
def host_hash(host: U8, size: int) -> np.uint64:
    """Return the hash of a host, read from its last byte to its first: so the hashes of its suffixes are on the way."""
    state = EMPTY_HASH
    for at in range(size - 1, -1, -1):
        state = extend_url_hash(state, host[at])
    return finish_hash(state)


@compiled
def url_hash(url: U8, start: int, stop: int) -> np.uint64:
    """Return the hash of the normal form of a URL."""
    state = EMPTY_HASH
    for at in range(start, stop):
        state = extend_url_hash(state, url[at])
    return finish_hash(state)


def canonical_host(host: bytes) -> bytes:
    """Return the ASCII form of a host with other characters than ASCII letters, digits and punctuation; never raises.

    Names in other scripts become Punycode as in IDNA 2003 (RFC 3490); IPv6 addresses in brackets become eight groups of
    four digits, without a zone. Everything else is percent-encoded. A host that is only dots becomes one dot: if it
    became empty, the text after it would be read as the host.
    """
    # Several characters count as dots; at the end of a host they would make empty labels.
    text = urllib.parse.unquote_to_bytes(host).decode("utf-8", "surrogateescape").rstrip(_DOTS)
    if not text:
        return b"."
    if text.startswith("["):
        address = ipv6(text[1:].removesuffix("]"))
        if address is not None:
            return address
    if len(text) <= _LONGEST_NAME:
        try:
            name = text.encode("idna").lower()
        except UnicodeError:
            name = b""
        if name and all(_KINDS[byte] & _PLAIN for byte in name):
            return name
    lowered = "".join(letter.lower() if letter.isascii() else letter for letter in text)
    return urllib.parse.quote_from_bytes(lowered.encode("utf-8", "surrogateescape"), safe="").encode()


def with_canonical_host(host: bytes, rest: bytes) -> bytes:
    """Return a URL with its host in canonical form; it begins with slashes, so that nothing is read as its scheme."""
    return b"//" + canonical_host(host) + rest


def ipv6(text: str) -> bytes | None:
    """Return an IPv6 address in the form of hosts here, or None for other text."""
    try:
        address = ipaddress.IPv6Address(text.partition("%")[0])
    except ValueError:
        return None
    digits = f"{int(address):032x}"
    return f"[{':'.join(digits[at : at + 4] for at in range(0, 32, 4))}]".encode()
