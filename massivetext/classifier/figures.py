"""Figures about how well scores separate unsafe from safe texts; every share has its counts and a 95% interval.

A text is classified as unsafe if its score is above the threshold, as by a rule ``max = threshold``. A false alarm is a
safe text that is classified as unsafe.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from massivetext.wilson import wilson_interval

Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


class ShareWithInterval(msgspec.Struct, frozen=True):
    """`count` of `total` as a share, 0 to 1, with Wilson's 95% interval; 0 with the interval 0 to 1 if `total` is 0."""

    count: int
    total: int
    value: float
    low: float
    high: float


class ScoreBin(msgspec.Struct, frozen=True):
    """Texts with scores from `low` to below `high` (the last bin: to 1): number, mean score, share of unsafe texts."""

    low: float
    high: float
    count: int
    mean_score: float
    unsafe_frac: float


class ThresholdFigures(msgspec.Struct, frozen=True):
    """Figures of the classification at a threshold; F1 is the harmonic mean of precision and recall."""

    threshold: float
    precision: ShareWithInterval
    recall: ShareWithInterval
    false_alarms: ShareWithInterval
    f1: float


class Calibration(msgspec.Struct, frozen=True):
    """How well scores agree with probabilities: expected calibration error and Brier score, both 0 (best) to 1."""

    bins: tuple[ScoreBin, ...]
    expected_error: float
    brier: float


def wilson_share(count: int, total: int) -> ShareWithInterval:
    """Return `count` of `total` with Wilson's interval (1927)."""
    if not total:
        return ShareWithInterval(0, 0, 0.0, 0.0, 1.0)
    low, high = wilson_interval(count, total)
    return ShareWithInterval(count, total, count / total, low, high)


def threshold_at(scores: Scores, labels: Labels, false_alarm_rate: float) -> float:
    """Return the smallest score of a safe text such that at most this share of the safe texts have a higher score.

    Args:
        scores: scores of all texts, `[N]`.
        labels: 0 or 1, `[N]`; at least one is 0.
        false_alarm_rate: share from 0 to below 1.
    """
    safe = np.sort(scores[labels == 0])[::-1]
    return float(safe[math.floor(false_alarm_rate * len(safe))])


def figures_at_threshold(scores: Scores, labels: Labels, threshold: float) -> ThresholdFigures:
    """Return the figures of the classification of texts `[N]` with labels `[N]` at a threshold."""
    positive = scores > threshold
    hits, alarms = int((positive & (labels == 1)).sum()), int((positive & (labels == 0)).sum())
    unsafe = int((labels == 1).sum())
    f1 = 2 * hits / (hits + alarms + unsafe) if hits else 0.0
    return ThresholdFigures(
        threshold,
        wilson_share(hits, hits + alarms),
        wilson_share(hits, unsafe),
        wilson_share(alarms, len(labels) - unsafe),
        f1,
    )


def calibration(scores: Scores, labels: Labels, bins: int = 10) -> Calibration:
    """Return how well scores `[N]`, N at least 1, agree with the labels, in bins of equal width, without empty bins."""
    numbers = np.minimum((scores * bins).astype(np.int64), bins - 1)
    found = []
    for number in range(bins):
        inside = numbers == number
        if count := int(inside.sum()):
            found.append(
                ScoreBin(
                    number / bins,
                    (number + 1) / bins,
                    count,
                    float(scores[inside].mean()),
                    float(labels[inside].mean()),
                )
            )
    error = sum(one.count * abs(one.mean_score - one.unsafe_frac) for one in found) / len(scores)
    return Calibration(tuple(found), error, float(((scores - labels) ** 2).mean()))


def by_value(
    values: Sequence[str], scores: Scores, labels: Labels, threshold: float
) -> dict[str, tuple[ShareWithInterval, ShareWithInterval]]:
    """Return (false alarms, recall) for each non-empty value, sorted by value."""
    named = np.array(values, dtype=object)
    found = {}
    for value in sorted(set(values) - {""}):
        inside = named == value
        one = figures_at_threshold(scores[inside], labels[inside], threshold)
        found[value] = (one.false_alarms, one.recall)
    return found


def platt(odds: Scores, labels: Labels, steps: int = 100) -> tuple[float, float]:
    """Return slope and intercept of the logistic curve from log-odds to labels (Platt 1999, with his smoothed targets).

    The method is Newton's; a step that does not lower the loss is halved.
    """
    unsafe = int((labels == 1).sum())
    targets = np.where(labels == 1, (unsafe + 1) / (unsafe + 2), 1 / (len(labels) - unsafe + 2))
    design = np.stack([odds, np.ones_like(odds)], axis=1)

    def loss(weights: Scores) -> float:
        line = design @ weights
        return float((np.logaddexp(0.0, line) - targets * line).sum())

    weights = np.zeros(2)
    for _ in range(steps):
        fitted = 1.0 / (1.0 + np.exp(-(design @ weights)))
        curvature = design.T @ (design * (fitted * (1 - fitted))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, design.T @ (fitted - targets))
        while loss(weights - step) > loss(weights) and np.abs(step).max() > 1e-9:
            step /= 2
        weights = weights - step
        if np.abs(step).max() <= 1e-9:
            break
    return float(weights[0]), float(weights[1])
