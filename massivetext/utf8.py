"""Texts in the form that compiled code reads: their UTF-8, concatenated, and the characters in it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.compiled import compiled

U8 = npt.NDArray[np.uint8]


def utf8(texts: Sequence[str | bytes | None] | pa.Array) -> tuple[U8, npt.NDArray[np.int64]]:
    """Return the bytes of all texts, uint8[bytes], and their bounds, int64[texts + 1]; None is an empty text.

    Text ``i`` is in the bytes ``bounds[i]`` to ``bounds[i + 1]``. An Arrow array is not copied.
    """
    if isinstance(texts, pa.Array):
        array = texts.cast(pa.large_string())
        if array.null_count:
            array = array.fill_null("")
    else:  # a lone surrogate cannot be stored, but must not make measuring fail
        encoded = [text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text or b"" for text in texts]
        array = pa.array(encoded, pa.large_binary())
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return np.frombuffer(data if data is not None else b"", np.uint8), ends


@compiled
def decode_character(data: U8, at: int, stop: int) -> tuple[int, int]:
    """Return (code point, number of bytes) of the character at a byte; other bytes are their own code point."""
    first = int(data[at])
    if first >= 0xF0 and at + 3 < stop:
        code = (first & 7) << 18 | int(data[at + 1] & 63) << 12
        return code | int(data[at + 2] & 63) << 6 | int(data[at + 3] & 63), 4
    if first >= 0xE0 and at + 2 < stop:
        return (first & 15) << 12 | int(data[at + 1] & 63) << 6 | int(data[at + 2] & 63), 3
    if first >= 0xC0 and at + 1 < stop:
        return (first & 31) << 6 | int(data[at + 1] & 63), 2
    return first, 1
