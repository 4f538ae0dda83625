"""The weights of a mixture as exact fractions; recipes and records accept the same weights, because both ask here."""

import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

_MOST_DIGITS = 100  # after the point of a weight: more would be a mistake, and takes long to compute with


def exact_shares(weights: Mapping[str, Decimal]) -> tuple[dict[str, int], int]:
    """Return the weights as (numerators, common denominator).

    Args:
        weights: share of each source, above 0, with at most 100 digits after the point; they sum to exactly 1.

    Raises:
        ValueError: the weights are not so; names the source, or the sum and all weights.
    """
    for name, weight in weights.items():
        if not weight.is_finite() or not 0 < weight <= 1:
            raise ValueError(f"sources.{name}.weight: want a number above 0 and at most 1, got {weight:.6g}")
        if -int(weight.as_tuple().exponent) > _MOST_DIGITS:
            raise ValueError(
                f"sources.{name}.weight: want at most {_MOST_DIGITS} digits after the point, got {weight:.6g}"
            )
    shares = {name: Fraction(weight) for name, weight in weights.items()}
    total = sum(shares.values(), Fraction(0))
    if total != 1:
        listed = ", ".join(f"{name} {weight}" for name, weight in weights.items())
        raise ValueError(
            f"sources: want weights that sum to exactly 1, got {_decimal(total)} ({listed or 'no weights'})"
        )
    denominator = math.lcm(*(share.denominator for share in shares.values()))
    return {name: int(share * denominator) for name, share in shares.items()}, denominator


def _decimal(value: Fraction) -> str:
    # The denominator of a sum of decimals has no factors but 2 and 5, so the sum has a finite decimal form.
    digits = 0
    while value.denominator != 1:
        value *= 10
        digits += 1
    return str(Decimal(f"{value.numerator}E-{digits}"))
