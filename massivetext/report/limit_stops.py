"""The values at which the sliders of the page stop, and signal values as numbers that compare with them exactly."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.signals.registry import ALL

F64 = npt.NDArray[np.float64]
_SMALLEST = -3  # decade of the first stop above 0 of a signal that is no count


def limit_stops(signal: str, limits: Sequence[float], lowest: float, highest: float) -> tuple[float, ...]:
    """Return the stops of a signal, in order.

    Shares have one at each percent, others at each value of two digits (counts: at each whole one). Every limit is a
    stop. The first and the last are the smallest and the largest of limits and values.

    Args:
        signal: name of a signal that is a number.
        limits: limits of the rules.
        lowest: smallest value that occurs.
        highest: largest value that occurs.
    """
    low, high = min([lowest, *limits]), max([highest, *limits])
    found = sorted({*_round_values(signal, high), *limits, low, high})
    return tuple(stop for stop in map(float, found) if low <= stop <= high)


def _round_values(signal: str, high: float) -> set[float]:
    if math.isfinite(ALL[signal].high or 0.0):
        return {percent / 100 for percent in range(101)}
    # Decimals are read, since 11 * 0.001 is not 0.011.
    decades = range(_SMALLEST, math.ceil(math.log10(max(high, 1))) + 1)
    values = {float(f"{digits}e{decade - 1}") for decade in decades for digits in range(10, 101)}
    return {value for value in values if value.is_integer()} if pa.types.is_integer(ALL[signal].type) else values


def stop_codes(values: F64, stops: tuple[float, ...]) -> npt.NDArray[np.int64]:
    """Return each value as a number: 2 i if it is stop i, 2 i + 1 if it lies between stop i and the next one.

    A value is at least (at most) stop i if and only if its number is at least (at most) 2 i.

    Raises:
        ValueError: a value is not within the stops.
    """
    borders = np.array(stops)
    if len(values) and not (borders[0] <= values.min() and values.max() <= borders[-1]):
        raise ValueError(f"stop_codes: want values from {borders[0]:g} to {borders[-1]:g}, got others")
    at = np.searchsorted(borders, values, side="left")
    codes: npt.NDArray[np.int64] = np.where(borders[at] == values, 2 * at, 2 * at - 1)
    return codes
