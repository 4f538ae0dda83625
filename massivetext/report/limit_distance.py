"""How far documents are from the limit of a rule, relative to that limit."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.rules import Bounds, Rule

F64 = npt.NDArray[np.float64]


def has_limit(rule: Rule) -> bool:
    """Return whether all alternatives of a rule bound a number, so that documents can be near to its limit."""
    return all(bounds.allow is None for bounds in rule.alternatives)


def rule_slack(table: pa.Table, rule: Rule) -> F64:
    """Return how far each document is from the limit of a rule, relative to it; below 0 for one that fails.

    Args:
        table: signals, one row per document.
        rule: a rule of :func:`has_limit`. Its ``where`` is not looked at.
    """
    slack: F64 = np.max([bounds_slack(table[each.signal].to_numpy(), each) for each in rule.alternatives], axis=0)
    return slack


def bounds_slack(values: npt.NDArray[np.generic], bounds: Bounds) -> F64:
    """Return how far each value is within bounds, relative to the nearer one; below 0 outside."""
    exact = values.astype(np.float64)
    sides = []
    if bounds.min is not None:
        sides.append((exact - bounds.min) / max(abs(bounds.min), 1e-9))
    if bounds.max is not None:
        sides.append((bounds.max - exact) / max(abs(bounds.max), 1e-9))
    slack: F64 = np.min(sides, axis=0)
    return slack
