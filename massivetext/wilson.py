"""The interval of Wilson for a measured share, which also holds for few trials and for shares of 0 and 1."""

import math

_DEVIATIONS = 1.959963984540054  # standard normal deviate of a two-sided interval of 95%


def wilson_interval(hits: int, trials: int) -> tuple[float, float]:
    """Return the lower and upper end of the 95% interval of a share of independent trials (Wilson 1927).

    Args:
        hits: number of trials that count.
        trials: number of all trials; with 0 the interval is 0 to 1.
    """
    if not trials:
        return 0.0, 1.0
    share, square = hits / trials, _DEVIATIONS * _DEVIATIONS / trials
    middle = (share + square / 2) / (1 + square)
    half = _DEVIATIONS / (1 + square) * math.sqrt(share * (1 - share) / trials + square / (4 * trials))
    # At the ends the formula gives exactly 0 and 1 but for rounding.
    return (max(0.0, middle - half) if hits else 0.0), (min(1.0, middle + half) if hits < trials else 1.0)
