"""Fixed bins of every numeric signal, so that histograms of shards can be added exactly."""

import bisect
import functools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.formatting import format_border, format_tick
from massivetext.signals.registry import Signal

F64 = npt.NDArray[np.float64]

SHARE_BINS = 100
_COUNT_BINS_PER_DECADE, _COUNT_DECADES = 10, 10
_REAL_BINS_PER_DECADE, _REAL_DECADES = 40, (-3, 5)


@functools.cache
def edges(signal: Signal) -> F64:
    """Return the borders of a signal's bins: bin i holds values from ``edges[i]`` to just below ``edges[i + 1]``.

    Shares have 100 equal bins, so every limit of the paper is a border; the last bin includes 1.0. Signals without an
    upper end have bins of growing width. The first bin holds 0 (counts) or values below 0.001 (others). Then follow 10
    bins per decade for counts (one per value up to 10) and 40 per decade for others. The last bin has no upper end.

    Raises:
        ValueError: the signal is text.
    """
    if signal.high is None:
        raise ValueError(f"bins: want a signal that is a number, got {signal.name!r}, which is text")
    if math.isfinite(signal.high):
        return _constant(np.arange(SHARE_BINS + 1) / SHARE_BINS)
    if pa.types.is_integer(signal.type):
        steps = range(_COUNT_BINS_PER_DECADE * _COUNT_DECADES + 1)
        rounded = {float(round(10 ** (step / _COUNT_BINS_PER_DECADE))) for step in steps}
        borders = sorted(rounded.union(map(float, range(1, 11))))
    else:
        low, high = (decade * _REAL_BINS_PER_DECADE for decade in _REAL_DECADES)
        # Three digits are the same on every machine; the last bit of a power is not.
        borders = [float(f"{10 ** (step / _REAL_BINS_PER_DECADE):.3g}") for step in range(low, high + 1)]
    return _constant(np.array([0.0, *borders, math.inf]))


def _constant(borders: F64) -> F64:
    borders.flags.writeable = False  # all callers share it
    return borders


def bin_numbers(values: npt.NDArray[np.generic], borders: F64) -> npt.NDArray[np.int64]:
    """Return the number of the bin of each value, int64[values]; values beyond the ends are in the first or last."""
    exact = values.astype(np.float64)
    if borders[-1] == 1.0:
        return _share_numbers(exact, borders)
    numbers: npt.NDArray[np.int64] = np.searchsorted(borders[1:-1], exact, side="right")
    return numbers


def _share_numbers(values: F64, borders: F64) -> npt.NDArray[np.int64]:
    """Return what a search among equal bins from 0 to 1 returns, in a quarter of its time."""
    last = len(borders) - 2
    # Rounding may put a value one bin off; the borders themselves decide.
    within = np.fmax(np.fmin(values, 1.0), 0.0)
    numbers: npt.NDArray[np.int64] = np.minimum(within * (last + 1), last).astype(np.int64)
    numbers += (values >= borders[numbers + 1]) & (numbers < last)
    numbers -= (values < borders[numbers]) & (numbers > 0)
    return numbers


def count_bins(values: npt.NDArray[np.generic], borders: F64) -> npt.NDArray[np.int64]:
    """Return the number of values in each bin, int64[bins]. Values beyond the ends count to the first or last bin."""
    return np.bincount(bin_numbers(values, borders), minlength=len(borders) - 1)


def position(value: float, borders: Sequence[float]) -> float:
    """Return the position of a value on an axis where every bin is 1 wide: bin i reaches from i to i + 1."""
    last = len(borders) - 2
    index = min(max(bisect.bisect_right(borders, value) - 1, 0), last)
    low, high = borders[index], borders[index + 1]
    within = (value - low) / (high - low) if math.isfinite(high) else 0.5
    return index + min(max(within, 0.0), 1.0)


def ticks(borders: Sequence[float], first: int, stop: int) -> list[tuple[float, str]]:
    """Return at most 7 round values for an axis over the bins ``first`` to ``stop``, as (position, label), in order."""
    chosen: dict[float, float] = {}
    for value in _round_values(borders, first, stop):
        at = position(value, borders)
        if first <= at <= stop and all(abs(at - other) * 6 >= stop - first for other in chosen):
            chosen[at] = value
    return [(at, format_tick(value)) for at, value in sorted(chosen.items())]


def _round_values(borders: Sequence[float], first: int, stop: int) -> list[float]:
    """Return the candidates for a tick, in descending priority."""
    if math.isfinite(borders[-1]):
        percents = (stop - first) * 100 / SHARE_BINS
        step = next((step for step in (1, 2, 5, 10) if percents / step <= 6), 20)
        return [percent / 100 for percent in range(0, 101, step)]
    decades = [10.0**decade for decade in range(_REAL_DECADES[0], _COUNT_DECADES + 1)]
    return [0.0, *(digit * decade for digit in (1, 5, 2, 3, 7, 4, 6, 8) for decade in decades)]


def span(borders: Sequence[float], index: int) -> str:
    """Return the values that a bin holds, in words: "3", "10 to 13", "0.29 to 0.3", "1,000 or more"."""
    low, high = borders[index], borders[index + 1]
    if not math.isfinite(high):
        return f"{format_border(low)} or more"
    if low.is_integer() and high - low == 1 and not math.isfinite(borders[-1]):
        return format_border(low)
    return f"{format_border(low)} to {format_border(high)}"
