import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.report.bins import F64, bin_numbers, count_bins, edges, position, span, ticks
from massivetext.signals.registry import SIGNALS, Signal

NUMERIC = [signal for signal in SIGNALS.values() if signal.high is not None]
SHARE = edges(SIGNALS["duplicate_line_frac"])
COUNT = edges(SIGNALS["word_count"])
RATIO = edges(SIGNALS["hash_to_word_ratio"])


@pytest.mark.parametrize("signal", NUMERIC, ids=lambda signal: signal.name)
def test_edges_ascend_from_the_signals_lowest_value_to_its_highest(signal: Signal) -> None:
    borders = edges(signal)

    assert borders[0] == signal.low
    assert borders[-1] == signal.high
    assert (np.diff(borders) > 0).all()


@given(st.lists(st.floats() | st.integers(0, 1000).map(lambda number: number / 1000) | st.sampled_from(SHARE.tolist())))
def test_a_share_is_in_the_bin_that_a_search_finds(values: list[float]) -> None:
    array = np.concatenate([np.array(values), np.nextafter(values, -1.0), np.nextafter(values, 2.0)])

    assert bin_numbers(array, SHARE).tolist() == np.searchsorted(SHARE[1:-1], array, side="right").tolist()


def test_text_has_no_bins() -> None:
    with pytest.raises(ValueError, match="'language', which is text"):
        edges(SIGNALS["language"])


# Limits of the paper are borders, so that no bin holds documents of both sides (but for those on the limit itself).
@pytest.mark.parametrize(
    ("borders", "limit"),
    [
        *((SHARE, each / 100) for each in (10, 11, 12, 13, 14, 15, 16, 18, 20, 30, 65, 80, 90)),
        *((COUNT, each) for each in (2.0, 50.0, 1000.0, 100_000.0)),
        *((RATIO, each) for each in (0.1, 10.0)),
    ],
)
def test_limits_are_borders(borders: F64, limit: float) -> None:
    assert limit in borders.tolist()


def test_a_value_on_a_border_counts_to_the_bin_above_it() -> None:
    # 0.29 and 0.2999 lie in [0.29, 0.30), 0.30 in [0.30, 0.31), 1.0 in the last bin.
    counts = count_bins(np.array([0.29, 0.2999, 0.30, 1.0, 0.0]), SHARE)

    assert {int(at): int(counts[at]) for at in np.flatnonzero(counts)} == {0: 1, 29: 2, 30: 1, 99: 1}


def test_values_without_end_have_a_last_bin() -> None:
    counts = count_bins(np.array([10**15, 2**62]), COUNT)

    assert counts[-1] == 2


def test_no_values_give_empty_bins() -> None:
    assert count_bins(np.array([]), SHARE).tolist() == [0] * 100


@given(st.lists(st.floats(0, 1e12), max_size=30), st.sampled_from([SHARE, COUNT, RATIO]))
def test_every_value_is_counted_once(values: list[float], borders: F64) -> None:
    assert count_bins(np.array(values), borders).sum() == len(values)


@given(st.lists(st.integers(0, 10**9), max_size=20), st.lists(st.integers(0, 10**9), max_size=20))
def test_histograms_of_shards_add_up(left: list[int], right: list[int]) -> None:
    whole = count_bins(np.array(left + right), COUNT)

    assert (count_bins(np.array(left), COUNT) + count_bins(np.array(right), COUNT) == whole).all()


# Bin 29 is [0.29, 0.30): its middle lies at 29.5. Counts have bins 0, 1, 2, ... of width 1 up to 10.
@pytest.mark.parametrize(
    ("value", "borders", "expected"),
    [
        (0.0, SHARE, 0.0),
        (0.295, SHARE, 29.5),
        (1.0, SHARE, 100.0),
        (7, COUNT, 7.0),
        (math.inf, COUNT, len(COUNT) - 1.5),
    ],
)
def test_position(value: float, borders: F64, expected: object) -> None:
    assert position(value, borders.tolist()) == pytest.approx(expected)


@given(st.sampled_from([SHARE, COUNT, RATIO]), st.data())
def test_ticks_lie_within_the_axis_in_order_and_apart(borders: F64, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(borders) - 3))
    stop = data.draw(st.integers(first + 1, len(borders) - 1))

    found = [at for at, _ in ticks(borders.tolist(), first, stop)]

    assert found == sorted(found)
    assert all(first <= at <= stop for at in found)
    assert all(b - a >= (stop - first) / 6 - 1e-9 for a, b in itertools.pairwise(found))


def test_ticks_of_counts_are_powers_of_ten_where_they_fit() -> None:
    stop = COUNT.tolist().index(100_000.0)

    assert [label for _, label in ticks(COUNT.tolist(), 10, stop)] == ["10", "100", "1k", "10k", "100k"]


# The last bin has no end; one of width 1 holds a single count; shares are ranges.
@pytest.mark.parametrize(
    ("borders", "at", "expected"),
    [
        (COUNT, 3, "3"),
        (COUNT, len(COUNT) - 2, "10,000,000,000 or more"),
        (SHARE, 29, "0.29 to 0.3"),
        (COUNT, 10, "10 to 13"),
    ],
)
def test_span(borders: F64, at: int, expected: object) -> None:
    assert span(borders.tolist(), at) == expected
