"""Figures of a classifier, on tables worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.classifier import figures


# Wilson 1927 with z = 1.96: 0 of 10 reaches up to z2 / (10 + z2) = 3.8415 / 13.8415; 5 of 10 is symmetric about 0.5.
@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (0, 0, 0.0, 1.0)],
)
def test_wilson_intervals(count: int, total: int, low: float, high: float) -> None:
    found = figures.wilson_share(count, total)

    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


@given(total=st.integers(1, 10**6), data=st.data())
def test_an_interval_holds_its_share(total: int, data: st.DataObject) -> None:
    found = figures.wilson_share(data.draw(st.integers(0, total)), total)

    assert 0.0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1.0


# Above 0.5 are the unsafe 0.9 and 0.6 and the safe 0.7: precision 2/3, recall 2/4, false alarms 1/3, F1 4/7.
SCORES = np.array([0.9, 0.6, 0.5, 0.1, 0.7, 0.5, 0.2])
LABELS = np.array([1, 1, 1, 1, 0, 0, 0])


def test_figures_at_a_threshold() -> None:
    found = figures.figures_at_threshold(SCORES, LABELS, 0.5)

    assert (found.precision.count, found.precision.total) == (2, 3)
    assert (found.recall.count, found.recall.total) == (2, 4)
    assert (found.false_alarms.count, found.false_alarms.total) == (1, 3)
    assert found.f1 == pytest.approx(4 / 7)


def test_a_threshold_above_all_scores_classifies_nothing_as_unsafe() -> None:
    found = figures.figures_at_threshold(SCORES, LABELS, 1.0)

    assert (found.recall.value, found.precision.total, found.f1) == (0.0, 0, 0.0)


# Three safe texts: no false alarm above 0.7; a third of them above 0.5.
@pytest.mark.parametrize(("rate", "expected"), [(0.0, 0.7), (0.33, 0.7), (0.34, 0.5)])
def test_the_threshold_of_a_false_alarm_rate(rate: float, expected: float) -> None:
    assert figures.threshold_at(SCORES, LABELS, rate) == expected


@given(
    scores=st.lists(st.integers(0, 5).map(lambda n: n / 5), min_size=1, max_size=40),
    rate=st.floats(0.0, 0.5),
)
def test_no_more_false_alarms_than_wanted_and_no_smaller_threshold(scores: list[float], rate: float) -> None:
    array, labels = np.array(scores), np.zeros(len(scores), np.int64)
    threshold = figures.threshold_at(array, labels, rate)

    assert (array > threshold).sum() <= rate * len(scores)
    assert (array >= threshold).sum() > rate * len(scores)


# Bins of a half: 0.2 and 0.4 (mean 0.3, half unsafe), and 1.0 (unsafe): the error is that of two texts, 0.2 each; the
# squares of the distances are 0.04, 0.36 and 0.
def test_reliability() -> None:
    found = figures.calibration(np.array([0.2, 0.4, 1.0]), np.array([0, 1, 1]), bins=2)

    assert [(one.low, one.high, one.count) for one in found.bins] == [(0.0, 0.5, 2), (0.5, 1.0, 1)]
    assert [one.unsafe_frac for one in found.bins] == [0.5, 1.0]
    assert found.expected_error == pytest.approx(0.4 / 3)
    assert found.brier == pytest.approx(0.4 / 3)


def test_figures_by_value_are_sorted_and_leave_out_the_unnamed() -> None:
    found = figures.by_value(["b", "a", "", "a", "b", "a", ""], SCORES, LABELS, 0.5)

    assert list(found) == ["a", "b"]
    assert [(one.count, one.total) for one in found["a"]] == [(0, 1), (1, 2)]
    assert [(one.count, one.total) for one in found["b"]] == [(1, 1), (1, 1)]


def test_platt_finds_the_curve_that_the_labels_were_made_from() -> None:
    # 1,000 / (1 + exp(-(0.5 x - 1))) of 1,000 texts with log-odds x are unsafe.
    odds, labels = [], []
    for x in (-4.0, -1.0, 0.0, 2.0, 6.0):
        unsafe = round(1000 / (1 + np.exp(-(0.5 * x - 1))))
        odds += [x] * 1000
        labels += [1] * unsafe + [0] * (1000 - unsafe)

    assert figures.platt(np.array(odds), np.array(labels)) == pytest.approx((0.5, -1.0), abs=0.01)


def test_platt_stays_finite_for_perfectly_separated_labels() -> None:
    slope, intercept = figures.platt(np.array([-11.5, -11.5, 11.5, 11.5]), np.array([0, 0, 1, 1]))

    assert 0 < slope < 1
    assert abs(intercept) < 1e-6
