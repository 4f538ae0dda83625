"""Texts in the form that compiled code reads: their UTF-8, concatenated."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def utf8(texts: Sequence[str | bytes | None] | pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
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
