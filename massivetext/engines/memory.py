"""Memory that a process holds but does not use, returned to the system."""

import ctypes
import sys

import pyarrow as pa


def release_memory() -> None:
    """Return to the system the free memory that Arrow and the C library keep for later use.

    A worker processes shards of all stages one after the other, and fragments left by parsing pages are of no use for
    measuring; without this call the peaks of all stages add up. It takes some milliseconds.
    """
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # only glibc has it
        if trim is not None:
            trim(0)
