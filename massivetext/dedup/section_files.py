"""Files of sections: what one worker writes for each of several readers, one section per reader, and read back.

A file begins with the bounds of its sections in bytes, 8 bytes each, so a reader reads these and its own section.
"""

from collections.abc import Sequence
from typing import IO

import numpy as np

_NUMBER = np.dtype("<u8")


def pack_sections(sections: Sequence[bytes]) -> bytes:
    """Return a file with these sections."""
    bounds = np.cumsum([header_size(len(sections)), *map(len, sections)]).astype(_NUMBER)
    return b"".join([bounds.tobytes(), *sections])


def header_size(sections: int) -> int:
    """Return the number of bytes before the first of so many sections."""
    return (sections + 1) * _NUMBER.itemsize


def section_size(handle: IO[bytes], number: int) -> int:
    """Return the number of bytes of one section; reads nothing but its bounds."""
    low, high = _bounds(handle, number)
    return high - low


def read_section(handle: IO[bytes], number: int) -> bytes:
    """Return one section of a file of :func:`pack_sections`; reads nothing else of the file but its bounds."""
    low, high = _bounds(handle, number)
    handle.seek(low)
    return handle.read(high - low)


def _bounds(handle: IO[bytes], number: int) -> tuple[int, int]:
    handle.seek(number * _NUMBER.itemsize)
    low, high = np.frombuffer(handle.read(2 * _NUMBER.itemsize), _NUMBER).tolist()
    return low, high
