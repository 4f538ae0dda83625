"""Canonical URLs: documents with the same one are versions of the same page.

The canonical URL is the normal form (:mod:`massivetext.signals.urls`) without the parameters of its query that only say
how a reader came to the page (``filters/lists/tracking_parameters.txt``).
"""

import functools
import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext import assets
from massivetext.compiled import compiled, compiled_and_cached
from massivetext.signals.scan import I64, U8
from massivetext.signals.url_hosts import clean, with_canonical_host
from massivetext.signals.urls import LONGEST, ROOM_BYTES, is_page, normalise, without_www
from massivetext.utf8 import utf8

_PARAMETERS = assets.folder("filters") / "lists" / "tracking_parameters.txt"
_FOUND, _NONE, _ODD, _UNCLEAN = range(4)  # states of a URL
_ROWS = 1 << 15  # URLs that are processed at a time
_QUERY, _AND, _EQUALS = map(int, b"?&=")


class Parameters(NamedTuple):
    """Names of query parameters in lower case: bytes of all, bounds, and whether each is the beginning of names."""

    names: U8
    bounds: I64
    is_prefix: npt.NDArray[np.bool_]


class _Forms(NamedTuple):
    states: I64
    bounds: I64  # of each form in `data`
    data: U8


def canonical_url(url: str) -> str | None:
    """Return the canonical URL of one URL; see :func:`canonical_urls`."""
    found: str | None = canonical_urls([url])[0].as_py()
    return found


def canonical_urls(urls: Sequence[str | bytes | None] | pa.Array) -> pa.Array:
    """Return the canonical URL of each URL, ``host[:port][/path][?query]`` in ASCII, as an Arrow array of strings.

    It is null for what does not name a page: None, a URL that begins neither with ``http:`` or ``https:`` nor with two
    slashes, one without a host, with a port that is no number of at most 65535, or of more than 64 KiB.

    Args:
        urls: URLs as strings, or as an Arrow array of strings, which is not copied.
    """
    data, bounds = utf8(urls)
    return pa.concat_arrays(
        [
            pa.array([], pa.string()),
            *(_canonical(data, bounds[first : first + _ROWS + 1]) for first in range(0, len(urls), _ROWS)),
        ]
    )


def _canonical(data: U8, bounds: I64) -> pa.Array:
    states, hosts, found = _forms(data, bounds, canonical=False)
    odd, unclean = np.flatnonzero(states == _ODD), np.flatnonzero(states == _UNCLEAN)
    if not len(odd) + len(unclean):
        return found
    raw = {row: data[bounds[row] : bounds[row + 1]].tobytes() for row in (*odd.tolist(), *unclean.tolist())}
    again = utf8([with_canonical_host(raw[row], *hosts[row].tolist()) for row in odd.tolist()])
    others = canonical_urls([clean(raw[row]) for row in unclean.tolist()])
    places = np.arange(len(states))
    places[odd] = len(states) + np.arange(len(odd))
    places[unclean] = len(states) + len(odd) + np.arange(len(unclean))
    return pa.concat_arrays([found, _forms(*again, canonical=True)[2], others]).take(pa.array(places))


def _forms(data: U8, bounds: I64, *, canonical: bool) -> tuple[I64, I64, pa.Array]:
    """Return the states of URLs, the bounds of their hosts, and the canonical URLs of those that are found."""
    rows = len(bounds) - 1
    room = int(np.minimum(np.diff(bounds), LONGEST).sum()) * 3 + rows * 2
    forms = _Forms(np.empty(rows, np.int64), np.zeros(rows + 1, np.int64), np.empty(room, np.uint8))
    hosts = np.empty((rows, 2), np.int64)
    _write_forms(data, bounds, canonical, parameters(), forms, hosts)
    missing = pa.array(forms.states == _FOUND).buffers()[1]
    text = [missing, pa.py_buffer(forms.bounds), pa.py_buffer(forms.data[: forms.bounds[-1]])]
    return forms.states, hosts, pa.Array.from_buffers(pa.large_string(), rows, text).cast(pa.string())


@compiled_and_cached
def _write_forms(data: U8, bounds: I64, canonical: bool, tracking: Parameters, forms: _Forms, hosts: I64) -> None:
    out = np.empty(ROOM_BYTES, np.uint8)
    end = 0
    for row in range(len(bounds) - 1):
        start, stop = bounds[row], bounds[row + 1]
        forms.states[row] = _FOUND if canonical else _state(data, start, stop)
        if forms.states[row] == _FOUND:
            host, size, hosts[row, 0], hosts[row, 1] = normalise(data, start, stop, canonical, out)
            if host <= 0:
                forms.states[row] = _ODD if host < 0 else _NONE
            else:
                size = _without_parameters(out, host, size, tracking)
                for at in range(without_www(out, host), size):
                    forms.data[end] = out[at]
                    end += 1
        forms.bounds[row + 1] = end


@compiled
def _state(data: U8, start: int, stop: int) -> int:
    for at in range(start, min(stop, start + LONGEST)):
        if data[at] == 9 or data[at] == 10 or data[at] == 13:
            return _UNCLEAN if stop - start <= LONGEST else _NONE
    return _FOUND if is_page(data, start, stop) else _NONE


@compiled
def _without_parameters(url: U8, host: int, size: int, tracking: Parameters) -> int:
    """Remove tracking parameters from the query of a normal form, in place; return its new size."""
    first = host
    while first < size and url[first] != _QUERY:
        first += 1
    write, at, kept = first + 1, first + 1, 0
    while at <= size and first < size:
        equals = end = at
        while end < size and url[end] != _AND:
            end += 1
        while equals < end and url[equals] != _EQUALS:
            equals += 1
        if not _is_tracking(url, at, equals, tracking):
            if kept > 0:
                url[write] = _AND
                write += 1
            for index in range(at, end):
                url[write] = url[index]
                write += 1
            kept += 1
        at = end + 1
    return first if write == first + 1 or first == size else write


@compiled
def _is_tracking(url: U8, start: int, stop: int, tracking: Parameters) -> bool:
    for number in range(len(tracking.is_prefix)):
        first, last = tracking.bounds[number], tracking.bounds[number + 1]
        longer = (stop - start) - (last - first)
        equal = longer == 0 or (longer > 0 and tracking.is_prefix[number])
        at = 0
        while equal and at < last - first:
            byte = url[start + at]
            equal = (byte + 32 if 65 <= byte <= 90 else byte) == tracking.names[first + at]
            at += 1
        if equal:
            return True
    return False


@functools.cache
def parameters() -> Parameters:
    """Return the tracking parameters of ``filters/lists/tracking_parameters.txt``."""
    names = _names()
    data, bounds = utf8([name.removesuffix("*") for name in names])
    return Parameters(data, bounds, np.array([name.endswith("*") for name in names]))


def parameters_digest() -> str:
    """Return a hash of the tracking parameters, whatever their order and comments."""
    return hashlib.sha256("\n".join(sorted(_names())).encode()).hexdigest()


def _names() -> list[str]:
    lines = _PARAMETERS.read_text(encoding="utf-8").splitlines()
    return [name for line in lines if (name := line.partition("#")[0].strip())]
