"""Fences: an attempt that comes too late does not write over what has been made since.

An engine may start a work item twice, and a driver that lost its folder may still have workers. Each of them works
within a fence: before a file gets its final name, publishing looks whether the marker file of the stage is still there.
"""

import contextlib
import contextvars
import time
from collections.abc import Iterator
from dataclasses import dataclass

from massivetext.storage.file_reading import exists
from massivetext.storage.paths import is_local

# A marker on an object store that was seen so recently is there. An upload takes as long as that, and is not stopped.
_SEEN_SECONDS = 1.0


@dataclass(slots=True)
class _Marker:
    path: str
    seen: float | None = None  # when it was there, by the monotonic clock


_marker: contextvars.ContextVar[_Marker | None] = contextvars.ContextVar("fence", default=None)


@contextlib.contextmanager
def fenced(marker: str) -> Iterator[None]:
    """Make :func:`massivetext.storage.publishing.publish` fail within this block once the file ``marker`` is gone.

    A late attempt, whose work was completed by another attempt or given up, therefore cannot overwrite newer files. On
    object stores an upload that has already started is not stopped.
    """
    token = _marker.set(_Marker(marker))
    try:
        yield
    finally:
        _marker.reset(token)


def is_marker_gone(*, now: bool = False) -> bool:
    """Return whether the marker of the fence around this call has been removed; False without a fence.

    Args:
        now: look again even if the marker was seen a moment ago.
    """
    marker = _marker.get()
    if marker is None:
        return False
    if not now and marker.seen is not None and time.monotonic() - marker.seen < _SEEN_SECONDS:
        return False
    if not exists(marker.path):
        return True
    marker.seen = None if is_local(marker.path) else time.monotonic()
    return False
