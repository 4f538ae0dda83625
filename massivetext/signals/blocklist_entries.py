"""The entries of block lists of hosts and URLs as hashes: compiled code reads, checks and normalises the lines.

White space around a line is ignored, and so is everything after a ``#`` at its beginning or after white space. Lists of
hosts can have lines of hosts files: an IP address, then one or more hosts; names of one label there, such as
``localhost``, are local names and not entries.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from massivetext.compiled import compiled, compiled_and_cached
from massivetext.errors import UserError
from massivetext.signals.blocklist_files import chunks, quote_line
from massivetext.signals.hash_set import U64
from massivetext.signals.scan import I64, U8
from massivetext.signals.url_hosts import canonical_host, ipv6, with_canonical_host
from massivetext.signals.urls import LONGEST, ROOM_BYTES, host_hash, normalise, url_hash, without_www
from massivetext.utf8 import utf8

_IPV4 = re.compile(rb"[0-9.]+")
_ENTRY, _ODD, _WRONG = range(3)  # has a hash; its host must be made canonical first; is not an entry


def hashes(paths: Sequence[str], *, hosts: bool) -> U64:
    """Return the hashes of all entries of lists of hosts, or of URLs, in any order; a hash can occur twice.

    Raises:
        UserError: a list is missing, damaged or empty, or has a line that is not an entry; names file and line.
    """
    found = bytearray()
    for path in paths:
        before, line = len(found), 0
        for chunk in chunks(path):
            found += _hash_lines(path, line, chunk, hosts).tobytes()
            line += chunk.count(b"\n")
        if len(found) == before:
            raise UserError(f"{path}: want a list of {'hosts' if hosts else 'URLs'}, found no entry")
    return np.frombuffer(found, np.uint64)


def _hash_lines(path: str, line: int, chunk: bytes, hosts: bool) -> U64:
    """Return the hashes of the entries in whole lines; ``line`` is the number of lines before them."""
    data = np.frombuffer(chunk, np.uint8)
    spans = np.empty((len(chunk) // 2 + 1, 3), np.int64)
    spans = spans[: _find(data, hosts, spans)]
    entries = _Entries.allocate(len(spans))
    _hash(data, spans, hosts, False, entries)
    (odd,) = np.nonzero(entries.states == _ODD)
    if len(odd):
        again = [_canonical(chunk, spans[row], entries.hosts[row], hosts) for row in odd]
        data, ends = utf8(again)
        some = _Entries.allocate(len(odd))
        _hash(data, np.stack([ends[:-1], ends[1:], spans[odd, 2]], axis=1), hosts, True, some)
        entries.hashes[odd], entries.states[odd] = some.hashes, some.states
    wrong = entries.states == _WRONG
    if wrong.any():
        start, stop, number = spans[int(np.argmax(wrong))]
        wanted = "a host such as example.com, or a line of a hosts file" if hosts else "a URL such as example.com/page"
        raise UserError(f"{path}, line {line + number + 1}: want {wanted}, got {quote_line(chunk[start:stop])}")
    return entries.hashes


def _canonical(chunk: bytes, span: I64, host: I64, hosts: bool) -> bytes:
    """Return an entry with its host in canonical form; an entry without a host stays as it is."""
    entry = chunk[span[0] : span[1]]
    if not hosts:
        return with_canonical_host(entry, host[0], host[1])
    if b":" in entry:
        return ipv6(entry.decode("utf-8", "replace").removeprefix("[").removesuffix("]")) or entry
    canonical = canonical_host(entry)
    # In a list of hosts, a number such as 1.2.3 is rather a mistake than the address 1.2.0.3.
    return entry if _IPV4.fullmatch(canonical) and entry.count(b".") != 3 else canonical


class _Entries(NamedTuple):
    """Results for entries: uint64 hashes, int64 states, and int64[entries, 2], begin and end of each host."""

    hashes: U64
    states: I64
    hosts: I64

    @classmethod
    def allocate(cls, count: int) -> "_Entries":
        """Return empty arrays for this number of entries."""
        return cls(np.empty(count, np.uint64), np.empty(count, np.int64), np.empty((count, 2), np.int64))


@compiled
def _trimmed(data: U8, start: int, stop: int) -> tuple[int, int]:
    while start < stop and data[start] <= 32:
        start += 1
    while start < stop and data[stop - 1] <= 32:
        stop -= 1
    return start, stop


@compiled
def _without_comment(data: U8, start: int, stop: int) -> int:
    for at in range(start, stop):
        if data[at] == 35 and (at == start or data[at - 1] <= 32):
            return at
    return stop


@compiled
def _after_address(data: U8, start: int, stop: int) -> int:
    """Return the index after the IP address at the beginning of a line, or ``start`` if there is none."""
    at, colons, digits = start, 0, True
    while at < stop and data[at] > 32:
        colons += data[at] == 58
        digits = digits and (data[at] == 46 or 48 <= data[at] <= 57)
        at += 1
    # No name has a colon, so it marks an IPv6 address, and the address itself is not used.
    return at if at < stop and (digits or colons > 0) else start


@compiled
def _put_hosts(data: U8, start: int, stop: int, number: int, spans: I64, count: int) -> int:
    """Fill the spans of the host of a line, or of the hosts after an IP address; return the new number of spans."""
    at = _after_address(data, start, stop)
    if at == start:
        spans[count, 0], spans[count, 1], spans[count, 2] = start, stop, number
        return count + 1
    while at < stop:
        while data[at] <= 32:  # ends, because the line is trimmed and a name follows
            at += 1
        begin, dotted = at, False
        while at < stop and data[at] > 32:
            dotted = dotted or data[at] in (46, 58)
            at += 1
        if dotted:
            spans[count, 0], spans[count, 1], spans[count, 2] = begin, at, number
            count += 1
    return count


@compiled
def _state(data: U8, start: int, stop: int, hosts: bool, canonical: bool) -> int:
    """Return _WRONG or _ODD if the bytes of an entry show it, otherwise _ENTRY: then its normal form decides."""
    if stop - start > LONGEST:
        return _WRONG
    for at in range(start, stop):
        byte = int(data[at])
        if byte <= 32 or (hosts and (byte in (47, 63, 64, 92))):  # / ? @ \
            return _WRONG
        if hosts and byte == 58 and not (canonical and data[start] == 91):
            return _WRONG if canonical else _ODD
    return _ENTRY


@compiled
def _is_host(host: U8, size: int) -> bool:
    """Return whether these bytes are a name of two or more labels, or an IP address."""
    if host[0] == 91:
        return True
    labels = numbers = label = digits = 0
    for at in range(size + 1):
        byte = int(host[at]) if at < size else 46
        if byte == 46:
            if label == 0:
                return False
            labels += 1
            numbers += digits == label
            if at < size:
                label = digits = 0
        elif 97 <= byte <= 122 or 48 <= byte <= 57 or byte in (45, 95):
            label += 1
            digits += 48 <= byte <= 57
        else:
            return False
    if digits == label:  # no name ends in a number
        return labels == 4 and numbers == 4
    return labels > 1 and size <= 253


@compiled_and_cached
def _find(data: U8, hosts: bool, spans: I64) -> int:
    """Fill the span (begin, end, number of the line) of every entry in some whole lines; return how many there are."""
    at = number = count = 0
    while at < len(data):
        end = at
        while data[end] != 10:  # the last line ends in a line feed too
            end += 1
        start, stop = _trimmed(data, at, end)
        start, stop = _trimmed(data, start, _without_comment(data, start, stop))
        if start < stop and hosts:
            count = _put_hosts(data, start, stop, number, spans, count)
        elif start < stop:
            spans[count, 0], spans[count, 1], spans[count, 2] = start, stop, number
            count += 1
        at = end + 1
        number += 1
    return count


@compiled_and_cached
def _hash(data: U8, spans: I64, hosts: bool, canonical: bool, entries: _Entries) -> None:
    """Fill the hashes, states and hosts of the entries in these spans."""
    out = np.empty(ROOM_BYTES, np.uint8)
    for row in range(len(spans)):
        start, stop = spans[row, 0], spans[row, 1]
        entries.states[row] = _state(data, start, stop, hosts, canonical)
        if entries.states[row] == _ENTRY:
            host, size, entries.hosts[row, 0], entries.hosts[row, 1] = normalise(data, start, stop, canonical, out)
            if host < 0:
                entries.states[row] = _ODD
            elif host == 0 or not _is_host(out, host) or (hosts and size > host):
                entries.states[row] = _WRONG
            else:
                whole = url_hash(out, without_www(out, host), size)
                entries.hashes[row] = host_hash(out, host) if hosts else whole
