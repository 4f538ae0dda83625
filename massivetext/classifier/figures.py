"""How well scores tell unsafe texts from safe ones; every share with its counts and a 95% interval.

A text is called unsafe when its score is above the threshold, as a rule ``max = threshold`` has it. A false alarm is a
safe text that is called unsafe.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

_Z = 1.959963984540054  # standard normal deviate of a two-sided 95% interval


class Share(msgspec.Struct, frozen=True):
    """A share of a count, 0 to 1, with Wilson's 95% interval; 0 with the interval 0 to 1 for a share of nothing."""

    count: int
    total: int
    value: float
    low: float
    high: float


class Bin(msgspec.Struct, frozen=True):
    """Texts whose scores lie from `low` to below `high` (the last bin: to 1): how many, mean score, share unsafe."""

    low: float
    high: float
    count: int
    mean_score: float
    unsafe_frac: float


class Judgement(msgspec.Struct, frozen=True):
    """What a threshold does: shares and their harmonic mean (F1)."""

    threshold: float
    precision: Share
    recall: Share
    false_alarms: Share
    f1: float


class Calibration(msgspec.Struct, frozen=True):
    """How far scores are probabilities: expected calibration error and Brier score, both 0 (best) to 1."""

    bins: tuple[Bin, ...]
    expected_error: float
    brier: float


def share(count: int, total: int) -> Share:
    """`count` of `total` with Wilson's interval (1927)."""
    if not total:
        return Share(0, 0, 0.0, 0.0, 1.0)
    value, square = count / total, _Z * _Z / total
    middle = (value + square / 2) / (1 + square)
    half = _Z / (1 + square) * math.sqrt(value * (1 - value) / total + square / (4 * total))
    return Share(count, total, value, max(0.0, middle - half), min(1.0, middle + half))


def threshold_at(scores: Scores, labels: Labels, false_alarm_rate: float) -> float:
    """The smallest score of a safe text above which at most this share of the safe texts lie.

    Args:
        scores: of all texts, `[N]`.
        labels: 0 or 1, `[N]`; at least one is 0.
        false_alarm_rate: 0 to below 1.
    """
    safe = np.sort(scores[labels == 0])[::-1]
    return float(safe[math.floor(false_alarm_rate * len(safe))])


def judge(scores: Scores, labels: Labels, threshold: float) -> Judgement:
    """What a threshold does to texts `[N]` with labels `[N]`."""
    called = scores > threshold
    hits, alarms = int((called & (labels == 1)).sum()), int((called & (labels == 0)).sum())
    unsafe = int((labels == 1).sum())
    f1 = 2 * hits / (hits + alarms + unsafe) if hits else 0.0
    return Judgement(
        threshold, share(hits, hits + alarms), share(hits, unsafe), share(alarms, len(labels) - unsafe), f1
    )


def calibration(scores: Scores, labels: Labels, bins: int = 10) -> Calibration:
    """Reliability of scores `[N]`, N at least 1, in bins of equal width; empty bins are left out."""
    places = np.minimum((scores * bins).astype(np.int64), bins - 1)
    found = []
    for place in range(bins):
        inside = places == place
        if count := int(inside.sum()):
            found.append(
                Bin(
                    place / bins,
                    (place + 1) / bins,
                    count,
                    float(scores[inside].mean()),
                    float(labels[inside].mean()),
                )
            )
    error = sum(one.count * abs(one.mean_score - one.unsafe_frac) for one in found) / len(scores)
    return Calibration(tuple(found), error, float(((scores - labels) ** 2).mean()))


def by_value(values: Sequence[str], scores: Scores, labels: Labels, threshold: float) -> dict[str, tuple[Share, Share]]:
    """False alarms and recall for each value that is not empty, in the order of their names."""
    named = np.array(values, dtype=object)
    found = {}
    for value in sorted(set(values) - {""}):
        inside = named == value
        one = judge(scores[inside], labels[inside], threshold)
        found[value] = (one.false_alarms, one.recall)
    return found


def platt(odds: Scores, labels: Labels, steps: int = 100) -> tuple[float, float]:
    """Slope and intercept of the logistic curve through logarithms of odds (Platt 1999, with his smoothed targets).

    Newton's method; a step that does not lower the loss is halved.
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
