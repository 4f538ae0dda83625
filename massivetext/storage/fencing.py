"""Fences: an attempt that comes too late does not write over what has been made since.

An engine may start a work item twice, and a driver that lost its folder may still have workers. Each of them works
within a fence: before a file gets its final name, publishing looks whether the marker file of the stage is still there.
"""

import contextlib
import contextvars
from collections.abc import Iterator

from massivetext.storage.file_reading import exists

_marker: contextvars.ContextVar[str | None] = contextvars.ContextVar("fence", default=None)


@contextlib.contextmanager
def fenced(marker: str) -> Iterator[None]:
    """Make :func:`massivetext.storage.publishing.publish` fail within this block once the file ``marker`` is gone.

    A late attempt, whose work was completed by another attempt or given up, therefore cannot overwrite newer files. On
    object stores an upload that has already started is not stopped.
    """
    token = _marker.set(marker)
    try:
        yield
    finally:
        _marker.reset(token)


def is_marker_gone() -> bool:
    """Return whether the marker of the fence around this call has been removed; False without a fence."""
    marker = _marker.get()
    return marker is not None and not exists(marker)
