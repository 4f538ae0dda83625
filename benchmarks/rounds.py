"""CPU time of a function, as the median of several rounds."""

import statistics
import time
from collections.abc import Callable


def median_cpu_seconds(work: Callable[[], object], rounds: int, *, uncounted: int = 0) -> float:
    """Return the CPU seconds of some work: the median of the rounds.

    Args:
        work: what is measured.
        rounds: how often.
        uncounted: number of calls before the rounds, which load and compile what it needs.
    """
    for _ in range(uncounted):
        work()
    seconds = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)
