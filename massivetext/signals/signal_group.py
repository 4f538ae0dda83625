"""A group of signals: declared, counted by compiled code and computed from the counts in one module."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from massivetext.signals.scan import F64, I64
from massivetext.signals.signal import Signal

Columns = dict[str, npt.NDArray[np.generic]]


class KernelCounts:
    """Everything that the kernel has counted for a batch of texts.

    ``counts[WordCount.WORDS]`` is float64[texts]: that number for every text. Whole numbers are exact up to 2**53.

    Attributes:
        sizes: int64[texts], number of bytes of each text.
    """

    def __init__(self, matrix: F64, first_columns: Mapping[type[IntEnum], int], sizes: I64) -> None:
        self.sizes = sizes
        self._matrix = matrix
        self._first_columns = first_columns

    def __getitem__(self, column: IntEnum) -> F64:
        columns = type(column)
        if columns not in self._first_columns:
            raise KeyError(f"{columns.__name__}: no group of the registry counts it; add the group to the registry")
        counted: F64 = self._matrix[:, self._first_columns[columns] + column]
        return counted


@dataclass(frozen=True, kw_only=True, eq=False)
class SignalGroup:
    """Signals that are measured together.

    A group of the kernel has all fields. A group without a counter computes its columns from counts of other groups.
    A group without formulas is measured in another way: by a model, or from other columns of the documents.

    Attributes:
        signals: the signals, in the order of their columns.
        columns: names of the numbers that the counter writes, numbered from 0.
        count: compiled function ``count(text, counts)`` that fills float64[columns], zeros before, for one
            :class:`massivetext.signals.scanned_text.ScannedText`; ``count(text, counts, tables)`` with tables.
        tables: returns what the counter looks up, arrays in a NamedTuple; called once per batch, so it must be cheap.
        formulas: returns the column of every signal by name, from the counts of a batch.
    """

    signals: Sequence[Signal]
    columns: type[IntEnum] | None = None
    count: Callable[..., None] | None = None
    tables: Callable[[], tuple[object, ...]] | None = None
    formulas: Callable[[KernelCounts], Columns] | None = None

    def __post_init__(self) -> None:
        if (self.columns is None) != (self.count is None):
            raise ValueError(f"signal group of {self.signals[0].name}: want a counter and its columns, got one of them")
        if self.columns is not None and [*self.columns] != [*range(len(self.columns))]:
            raise ValueError(f"{self.columns.__name__}: want columns numbered 0 to {len(self.columns) - 1}, in order")


def ratios(numerators: npt.ArrayLike, denominators: npt.ArrayLike) -> F64:
    """Return the quotients, 0.0 where the denominator is 0."""
    top, bottom = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
