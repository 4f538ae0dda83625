"""Numbers as text, in one form for the report, the terminal and the plans.

The HTML report is written with :func:`format_count`, :func:`format_bytes`, :func:`format_share`, :func:`format_value`,
:func:`format_border`, :func:`format_tick` and :func:`count_noun`: another text would change its bytes.
"""

from collections.abc import Sequence

_THOUSANDS = ((1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T"), (1e15, "P"))
_REPORT_UNITS = _THOUSANDS[:4]  # the report has no petabytes
_TICK_UNITS = _THOUSANDS[:3]


def _unit_of(number: float, units: Sequence[tuple[float, str]]) -> tuple[float, str] | None:
    return next((unit for unit in reversed(units) if number >= unit[0]), None)


def _with_unit(count: float, units: Sequence[tuple[float, str]]) -> str:
    unit = _unit_of(count, units)
    return f"{count:,.0f}" if unit is None else f"{count / unit[0]:.1f} {unit[1]}"


def format_count(count: float) -> str:
    """Return a count with one digit after the point and a decimal unit: 1.2 k, 3.4 M; whole below 1,000."""
    return _with_unit(count, _REPORT_UNITS)


def format_bytes(count: float, *, petabytes: bool = False) -> str:
    """Return a number of bytes with a decimal unit: 999 bytes, 1.2 kB, 3.4 TB; above that PB only if wanted."""
    return (
        f"{count:,.0f} bytes" if count < 1000 else f"{_with_unit(count, _THOUSANDS if petabytes else _REPORT_UNITS)}B"
    )


def format_share(numerator: float, whole: float) -> str:
    """Return a percentage, with two significant digits below 1%; an en dash if the whole is 0."""
    if whole == 0:
        return "–"
    percent = 100 * numerator / whole
    return f"{percent:.1f}%" if percent >= 1 or numerator == 0 else f"{percent:.2g}%"


def format_value(value: float | str) -> str:
    """Return the value of a signal: text unchanged, whole numbers with separators, others with four digits."""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def format_border(value: float) -> str:
    """Return the border of a bin: whole numbers with separators, others with up to six digits."""
    return f"{value:,.0f}" if value.is_integer() else f"{value:g}"


def format_tick(value: float) -> str:
    """Return a label of an axis, as short as possible: 0.05, 700, 1.5k, 2M."""
    unit = _unit_of(value, _TICK_UNITS)
    return f"{value:g}" if unit is None else f"{value / unit[0]:g}{unit[1]}"


def count_noun(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: "1 document", "2 documents"; ``many`` is the plural if it is irregular."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def format_duration(seconds: float) -> str:
    """Return a time in at most two units: ``0.4 s``, ``45 s``, ``3 min 20 s``, ``7 h 05 min``, ``12 d 03 h``."""
    if 0 < seconds < 0.95:  # rounded to whole seconds it would be 0 or 1
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600:02d} h"


def format_hours(hours: float) -> str:
    """Return hours of work (CPU time, not time that passes): 0.4 h, 12 h, 3,400 h."""
    return f"{hours:,.0f} h" if hours >= 10 else f"{hours:.1f} h"
