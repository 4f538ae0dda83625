import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext import formatting


# One digit after the point from 1,000 on; the report knows no petabytes.
@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0"),
        (999, "999"),
        (999.6, "1,000"),
        (1000, "1.0 k"),
        (1_250_000, "1.2 M"),
        (5.6e9, "5.6 G"),
        (3e12, "3.0 T"),
        (5e16, "50000.0 T"),
    ],
)
def test_counts_have_a_unit(count: float, expected: str) -> None:
    assert formatting.format_count(count) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (99.9e9, "99.9 GB"),
        (100e9, "100.0 GB"),
        (5e16, "50000.0 TB"),
    ],
)
def test_bytes_have_a_unit(count: float, expected: str) -> None:
    assert formatting.format_bytes(count) == expected


def test_bytes_of_a_plan_reach_petabytes() -> None:
    assert formatting.format_bytes(5e16, petabytes=True) == "50.0 PB"
    assert formatting.format_bytes(9.99e14, petabytes=True) == "999.0 TB"


@given(st.integers(0, 10**15 - 1))
def test_petabytes_change_nothing_below_one(count: int) -> None:
    assert formatting.format_bytes(count, petabytes=True) == formatting.format_bytes(count)


@pytest.mark.parametrize(
    ("numerator", "whole", "expected"),
    [(0, 0, "–"), (0, 5, "0.0%"), (1, 3, "33.3%"), (1, 100, "1.0%"), (1, 1000, "0.1%"), (1, 30000, "0.0033%")],
)
def test_shares_have_two_digits_where_they_are_small(numerator: int, whole: int, expected: str) -> None:
    assert formatting.format_share(numerator, whole) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("en", "en"), (0, "0"), (12345.0, "12,345"), (0.123456, "0.1235"), (12345.6, "1.235e+04"), (0.5, "0.5")],
)
def test_values_of_signals(value: float | str, expected: str) -> None:
    assert formatting.format_value(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(10_000.0, "10,000"), (0.29, "0.29"), (0.00316, "0.00316")])
def test_borders_of_bins(value: float, expected: str) -> None:
    assert formatting.format_border(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0.05, "0.05"), (700, "700"), (1500, "1.5k"), (2e6, "2M"), (3e9, "3G"), (2e13, "20000G")]
)
def test_ticks_are_short(value: float, expected: str) -> None:
    assert formatting.format_tick(value) == expected


@pytest.mark.parametrize(
    ("count", "many", "expected"), [(1, None, "1 document"), (0, None, "0 documents"), (2000, "papers", "2,000 papers")]
)
def test_nouns_follow_their_count(count: int, many: str | None, expected: str) -> None:
    assert formatting.count_noun(count, "document", many) == expected


# Rounded to whole seconds below a minute, to minutes below two days, then to hours.
@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (0.04, "0.0 s"),
        (0.4, "0.4 s"),
        (0.94, "0.9 s"),
        (0.95, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3600, "1 h 00 min"),
        (172_799, "47 h 59 min"),
        (90_000 * 2, "2 d 02 h"),
    ],
)
def test_durations_have_two_units(seconds: float, expected: str) -> None:
    assert formatting.format_duration(seconds) == expected


@pytest.mark.parametrize(("hours", "expected"), [(0.44, "0.4 h"), (9.94, "9.9 h"), (12, "12 h"), (3400, "3,400 h")])
def test_hours_of_work(hours: float, expected: str) -> None:
    assert formatting.format_hours(hours) == expected
