"""Fixed bins of every numeric signal, so that histograms of any two shards add up exactly."""

import bisect
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.signals.registry import Signal

F64 = npt.NDArray[np.float64]

SHARE_BINS = 100
_COUNTS_A_DECADE, _COUNT_DECADES = 10, 10
_REALS_A_DECADE, _REAL_DECADES = 40, (-3, 5)


def edges(signal: Signal) -> F64:
    """Borders of a signal's bins: bin i holds what is at least ``edges[i]`` and below ``edges[i + 1]``.

    Shares have 100 equal bins, the last of which holds 1.0 as well, so every limit of the paper is a border. What has
    no upper end has bins of growing width: one for 0 (of counts) or below 0.001 (of others), then 10 a decade for
    counts (up to 10 one for each) and 40 a decade for others, and a last one without end.

    Raises:
        ValueError: the signal is text.
    """
    if signal.high is None:
        raise ValueError(f"bins: want a signal that is a number, got {signal.name!r}, which is text")
    if math.isfinite(signal.high):
        return np.arange(SHARE_BINS + 1) / SHARE_BINS
    if pa.types.is_integer(signal.type):
        steps = range(_COUNTS_A_DECADE * _COUNT_DECADES + 1)
        rounded = {float(round(10 ** (step / _COUNTS_A_DECADE))) for step in steps}
        borders = sorted(rounded.union(map(float, range(1, 11))))
    else:
        low, high = (decade * _REALS_A_DECADE for decade in _REAL_DECADES)
        # Three digits are the same on every machine, the last bit of a power is not.
        borders = [float(f"{10 ** (step / _REALS_A_DECADE):.3g}") for step in range(low, high + 1)]
    return np.array([0.0, *borders, math.inf])


def histogram(values: npt.NDArray[np.generic], borders: F64) -> npt.NDArray[np.int64]:
    """How many values each bin holds; zeros for no values. Values beyond the ends count to the first or last bin."""
    bins = np.clip(np.searchsorted(borders, values.astype(np.float64), side="right") - 1, 0, len(borders) - 2)
    return np.bincount(bins, minlength=len(borders) - 1)


def position(value: float, borders: Sequence[float]) -> float:
    """Where a value lies on an axis on which every bin is 1 wide: bin i reaches from i to i + 1."""
    last = len(borders) - 2
    index = min(max(bisect.bisect_right(borders, value) - 1, 0), last)
    low, high = borders[index], borders[index + 1]
    within = (value - low) / (high - low) if math.isfinite(high) else 0.5
    return index + min(max(within, 0.0), 1.0)


def ticks(borders: Sequence[float], first: int, stop: int) -> list[tuple[float, str]]:
    """Round values for an axis over the bins ``first`` to ``stop``, as (position, label), in order; at most 7."""
    chosen: dict[float, float] = {}
    for value in _round_values(borders, first, stop):
        at = position(value, borders)
        if first <= at <= stop and all(abs(at - other) * 6 >= stop - first for other in chosen):
            chosen[at] = value
    return [(at, _label(value)) for at, value in sorted(chosen.items())]


def _round_values(borders: Sequence[float], first: int, stop: int) -> list[float]:
    """Candidates, the roundest first."""
    if math.isfinite(borders[-1]):
        percents = (stop - first) * 100 / SHARE_BINS
        step = next((step for step in (1, 2, 5, 10) if percents / step <= 6), 20)
        return [percent / 100 for percent in range(0, 101, step)]
    decades = [10.0**decade for decade in range(_REAL_DECADES[0], _COUNT_DECADES + 1)]
    return [0.0, *(digit * decade for digit in (1, 5, 2, 3, 7, 4, 6, 8) for decade in decades)]


def _label(value: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def span(borders: Sequence[float], index: int) -> str:
    """The values that a bin holds, in words."""
    low, high = borders[index], borders[index + 1]
    if not math.isfinite(high):
        return f"{_written(low)} or more"
    if low.is_integer() and high - low == 1 and not math.isfinite(borders[-1]):
        return _written(low)
    return f"{_written(low)} to {_written(high)}"


def _written(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() else f"{value:g}"
