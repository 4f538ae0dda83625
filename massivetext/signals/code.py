"""Signals of source code: long lines and little text are the marks of generated files and data."""

import functools
import re

import numpy as np
import numpy.typing as npt

from massivetext.signals.batch import Batch, Columns, pieces, ratios

_LINE = re.compile(r"\n")
_CHUNK = 1 << 20
_ASCII_OTHERS = bytes(code for code in range(128) if not chr(code).isalnum())


def measure(batch: Batch) -> Columns:
    """Share of letters and digits, and longest and mean line, of each text.

    Lines here are all that stands between line feeds, blank ones and indentation included.
    """
    alphanumeric = [_alphanumeric_count(text) for text in batch.texts]
    breaks = np.array([text.count("\n") for text in batch.texts], np.int64)
    characters = np.array([len(text) for text in batch.texts], np.int64)
    return {
        "alphanumeric_frac": ratios(alphanumeric, characters),
        "longest_line_length": np.array([_longest_line(text) for text in batch.texts], np.int64),
        "mean_line_length": ratios(characters - breaks, breaks + 1),
    }


def _longest_line(text: str) -> int:
    return max(max(map(len, piece.split("\n"))) for piece in pieces(text, _LINE))


def _alphanumeric_count(text: str) -> int:
    if text.isascii():
        return len(text.encode("ascii").translate(None, _ASCII_OTHERS))
    table = _alphanumeric_table()
    count = 0
    for start in range(0, len(text), _CHUNK):
        codes = np.frombuffer(text[start : start + _CHUNK].encode("utf-32-le", "surrogatepass"), np.uint32)
        count += int(np.count_nonzero(table[codes]))
    return count


@functools.cache
def _alphanumeric_table() -> npt.NDArray[np.bool_]:
    return np.fromiter((chr(code).isalnum() for code in range(0x110000)), np.bool_, 0x110000)
