"""The normal form of URLs, in compiled code: two URLs count as the same if their normal forms are equal.

The normal form is ``host[:port][/path][?query]`` in ASCII. A URL is read as the URL standard of WHATWG says:

* White space and control characters around it are removed, tabs and line breaks everywhere. After ``http:`` comes any
  number of slashes and backslashes. A URL without a scheme begins with its host.
* Hosts: names in other scripts are in Punycode (UTS #46, as for IDNA 2008), IPv4 addresses in any notation (``0x7f.1``)
  have four decimal numbers, percent-encoded characters are decoded; see :mod:`massivetext.signals.url_hosts`.
* In a path ``.`` and ``..`` are resolved, and a backslash is a slash.

Further steps follow RFC 3986 (6.2.2, 6.2.3), because lists and links differ in irrelevant ways:

* Scheme, user and password, fragment, dots at the end of the host and slashes at the end of the path, an empty query,
  and a port that is 80, 443 or not a number are removed. Every ``www.`` at the beginning is removed from the URL, but
  not from the host when it is compared with listed hosts. IPv6 addresses are written in full.
* In path and query, percent-encoded letters, digits and ``-._~`` are decoded, other codes are in upper case, and
  characters that RFC 3986 does not allow are percent-encoded. Case stays.

The hosts of nearly all URLs are plain names, which compiled code reads as the standard says; the others are given to
ada-url. It does not take the place of this module: it refuses URLs without a scheme, codes such as ``b%FCcher.de`` and
ports above 65535; it keeps user, fragment, ``www.``, final dots and slashes and ``%7e``; and called once per URL it
takes four times as long (``benchmarks/urls.py``). What it refuses is percent-encoded here.

A URL without a host has the empty normal form. Of a longer URL only the first 64 KiB are read.
"""

import numpy as np

from massivetext import hashing
from massivetext.compiled import compiled, inlined
from massivetext.signals.scan import U8
from massivetext.signals.word_hash import finish_hash

LONGEST = 1 << 16  # bytes; crawlers and browsers accept far fewer
# Size of the longest normal form, in which every byte is percent-encoded, and of a URL without tabs and line breaks.
ROOM_BYTES = 4 * LONGEST
EMPTY_HASH = hashing.GOLDEN  # state of a hash before the first byte
_STEP = hashing.CHARACTER

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
_CLOSING, _QUOTE = map(int, b"]'")
_H = int(b"h"[0])
_WWW = np.frombuffer(b"www.", np.uint8)
_NAMES = (b"http", b"https", b"ws", b"wss", b"ftp")
_WEB_SCHEMES = np.array([list(name.ljust(5)) for name in _NAMES], np.uint8)
_WEB_LENGTHS = np.array([len(name) for name in _NAMES], np.int64)


@compiled
def normalise(data: U8, start: int, stop: int, canonical: bool, out: U8) -> tuple[int, int, int, int]:
    """Write the host of a URL, with every ``www.``, and the rest of its normal form.

    Args:
        data: bytes of many URLs.
        start: index of the first byte of this URL.
        stop: index after its last byte.
        canonical: whether the host is already in the form of :mod:`massivetext.signals.url_hosts`.
        out: uint8[ROOM_BYTES], filled.

    Returns:
        Number of bytes of the host, number of all bytes written, and begin and end of the host in the URL as
        :func:`massivetext.signals.url_hosts.clean` returns it. The first number is -1 if the host must be made
        canonical first.
    """
    start, stop = trimmed(data, start, min(stop, start + LONGEST))
    for at in range(start, stop):
        if data[at] == 9 or data[at] == 10 or data[at] == 13:
            stop = _copy_clean(data, start, stop, out)
            return _normalise(out, ROOM_BYTES - LONGEST, stop, canonical, out)
    return _normalise(data, start, stop, canonical, out)


@compiled
def trimmed(data: U8, start: int, stop: int) -> tuple[int, int]:
    """Return begin and end of a URL without the white space and control characters around it."""
    while start < stop and data[start] <= 32:
        start += 1
    while start < stop and data[stop - 1] <= 32:
        stop -= 1
    return start, stop


@compiled
def _copy_clean(data: U8, start: int, stop: int, out: U8) -> int:
    """Copy a URL without tabs and line breaks to the end of ``out``; return the index after its last byte."""
    end = ROOM_BYTES - LONGEST
    for at in range(start, stop):
        if data[at] != 9 and data[at] != 10 and data[at] != 13:
            out[end] = data[at]
            end += 1
    return end


@compiled
def _normalise(data: U8, start: int, stop: int, canonical: bool, out: U8) -> tuple[int, int, int, int]:
    at, colon, rest = _host_and_port(data, start, stop)
    host = _put_host(data, at, colon, canonical, out)
    if host <= 0:
        return host, 0, at - start, colon - start
    size = _put_port(data, colon, rest, out, host)
    return host, _put_path(data, rest, stop, out, size), at - start, colon - start


@compiled
def is_page(data: U8, start: int, stop: int) -> bool:
    """Return whether a URL without tabs and line breaks names a page on the web, as far as its bytes show.

    It does if it begins with ``http:``, ``https:`` or two slashes, has at most LONGEST bytes, and its port, if it has
    one, is a number up to 65535.
    """
    start, stop = trimmed(data, start, stop)
    if stop - start > LONGEST:
        return False
    at = start
    while at < stop and _KINDS[data[at]] & _SCHEME:
        at += 1
    is_web = at < stop and data[at] == _COLON and data[start] | 32 == _H and is_web_scheme(data, start, at)
    if not is_web and not (stop - start > 1 and _is_slash(data[start]) and _is_slash(data[start + 1])):
        return False
    at, colon, rest = _host_and_port(data, start, stop)
    port = 0
    for index in range(colon + 1, rest):
        if not 48 <= data[index] <= 57:
            return False
        port = min(port * 10 + int(data[index]) - 48, 1 << 20)
    return port < 1 << 16


@compiled
def _host_and_port(data: U8, start: int, stop: int) -> tuple[int, int, int]:
    """Return where the host of a URL begins, where it ends, and where its path, query or fragment begins."""
    at = _authority(data, start, stop)
    rest = at
    while rest < stop and not _ends_authority(data[rest]):
        if data[rest] == _AT:
            at = rest + 1
        rest += 1
    return at, _host_end(data, at, rest), rest


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
    return -1 if not canonical and _ends_in_number(out, host) and not _is_ipv4(out, host) else host


@compiled
def _ends_in_number(host: U8, size: int) -> bool:
    """Return whether the last label of a host is a number, decimal or hexadecimal: then it is an IPv4 address."""
    first = size
    while first > 0 and host[first - 1] != _DOT:
        first -= 1
    hexadecimal = size - first >= 2 and host[first] == 48 and host[first + 1] == 120  # 0x
    digits = True
    for at in range(first + 2 if hexadecimal else first, size):
        byte = host[at]
        digits = digits and (48 <= byte <= 57 or (hexadecimal and 97 <= byte <= 102))
    return digits and first < size


@compiled
def _is_ipv4(host: U8, size: int) -> bool:
    """Return whether a host is an IPv4 address of four decimal numbers as they are usually written."""
    at = labels = 0
    while at < size:
        first, number = at, 0
        while at < size and host[at] != _DOT:
            if not 48 <= host[at] <= 57 or at - first == 3:
                return False
            number = number * 10 + int(host[at]) - 48
            at += 1
        if at == first or number > 255 or (host[first] == 48 and at - first > 1):
            return False
        labels += 1
        at += 1
    return labels == 4 and host[size - 1] != _DOT


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
    found = at > start and at < stop and data[at] == _COLON and (slashed or is_web_scheme(data, start, at))
    at = at + 1 if found else start
    while at < stop and _is_slash(data[at]):
        at += 1
    return at


@compiled
def is_web_scheme(data: U8, start: int, stop: int) -> bool:
    """Return whether these bytes are a scheme after which the standard wants no slashes (http, https, ws, wss, ftp)."""
    for scheme in range(len(_WEB_SCHEMES)):
        equal = stop - start == _WEB_LENGTHS[scheme]
        for at in range(start, stop if equal else start):
            equal = equal and data[at] | 32 == _WEB_SCHEMES[scheme, at - start]
        if equal:
            return True
    return False


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
    if is_web_scheme(out, 0, size):  # in the normal form this host and the colon would be read as a scheme
        out[size] = _DOT
        size += 1
    out[size] = _COLON
    for index in range(first, rest):
        out[size + 1 + index - first] = data[index]
    return size + 1 + rest - first


@compiled
def _put_path(data: U8, at: int, stop: int, out: U8, size: int) -> int:
    path, query = size, -1  # their indices in `out`
    while at < stop and data[at] != _FRAGMENT:
        byte = int(data[at])
        if _KINDS[byte] & _PLAIN:  # most are
            out[size] = byte
            size += 1
            at += 1
            continue
        if query < 0 and (byte in (_SLASH, _BACKSLASH)):
            resolved = _without_dots(out, path, size)
            if resolved == size:
                out[size] = _SLASH
                resolved += 1
            size = resolved
            at += 1
            continue
        if byte == _QUERY and query < 0:
            size = _without_slashes(out, _without_dots(out, path, size))
            query = size
        elif byte == _PERCENT and at + 2 < stop and _KINDS[data[at + 1]] & _KINDS[data[at + 2]] & _HEX:
            byte = _hex(data[at + 1]) << 4 | _hex(data[at + 2])
            size = _put(out, size, byte, _PLAIN)
            at += 3
            continue
        size = _put(out, size, byte, _PLAIN if byte == _QUOTE and query >= 0 else _SAFE)
        at += 1
    if query < 0:
        return _without_slashes(out, _without_dots(out, path, size))
    return size - 1 if size == query + 1 else size


@compiled
def _without_dots(out: U8, path: int, size: int) -> int:
    """Return the size without the last segment of the path if it is ``.``; if it is ``..``, without the one before too.

    What is left then ends in a slash.
    """
    if size == path or out[size - 1] != _DOT:
        return size
    first = size - 1
    if out[first - 1] == _DOT:
        first -= 1
    if out[first - 1] != _SLASH:
        return size
    if size - first == 1:
        return first
    end = first - 1  # the slash before it
    while end > path and out[end - 1] != _SLASH:
        end -= 1
    return max(end, path + 1)


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
