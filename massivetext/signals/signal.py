"""What a signal is: the description of one column of the signals data set."""

import math
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from massivetext.signals.definitions import UNDETERMINED

Value = float | int | str
Unit = Literal["count", "characters", "bytes", "share", "ratio", "nats", "weight per 1,000 words", "code"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Description of one column of the signals.

    Attributes:
        name: name of the column.
        family: heading in ``docs/signals.md``.
        unit: unit of the value.
        low: smallest possible value; None for a code.
        high: largest possible value, infinite if there is none; None for a code.
        type: Arrow type of the column.
        empty: value for an empty text.
        meaning: what is measured, in one sentence.
        source: paper and section, or "ours: reason".
    """

    name: str
    family: str
    unit: Unit
    low: float | None
    high: float | None
    type: pa.DataType
    empty: Value
    meaning: str
    source: str


def describe(
    name: str,
    unit: Unit,
    meaning: str,
    *,
    family: str,
    source: str,
    whole: bool | None = None,
    empty: float | None = None,
) -> Signal:
    """Return the description of a signal, with range, type and empty value as its unit implies them.

    Args:
        name: name of the column.
        unit: unit of the value. A share is from 0 to 1, a code is a string, everything else is from 0.
        meaning: one sentence.
        family: heading in ``docs/signals.md``.
        source: paper and section, or "ours: reason".
        whole: whether values are integers; None: counts and bytes are.
        empty: value for an empty text; None: 0, or "und" for a code.
    """
    low: float | None = 0.0
    high: float | None = 1.0 if unit == "share" else math.inf
    kind: pa.DataType = pa.float64()
    nothing: Value = 0.0
    if unit == "code":
        low = high = None
        kind, nothing = pa.string(), UNDETERMINED
    elif whole or (whole is None and unit in ("count", "bytes")):
        kind, nothing = pa.int64(), 0
    return Signal(
        name=name,
        family=family,
        unit=unit,
        low=low,
        high=high,
        type=kind,
        empty=nothing if empty is None else empty,
        meaning=meaning,
        source=source,
    )
