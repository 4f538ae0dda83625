"""Memory that a process holds without need, given back."""

import ctypes
import sys

import pyarrow as pa


def release() -> None:
    """Gives back to the system what Arrow and the C library keep for later.

    A worker processes shards of all kinds one after the other, and what parsing pages has left in pieces is of no use
    to measuring: without this its largest moments add up. It takes some milliseconds.
    """
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc alone has it
        if trim is not None:
            trim(0)
