"""How many sequences each source gets: exact shares of a total, by largest remainder."""

import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction


def quotas(weights: Mapping[str, Decimal], sequences: int) -> dict[str, int]:
    """Sequences of each source, in the order of the weights; they sum to ``sequences`` exactly.

    Each source gets its share rounded down; the sequences that are left go one each to the largest remainders, ties to
    the smaller name. So every quota is less than one sequence away from its share.

    Args:
        weights: share of each source, as decimals above 0 that sum to exactly 1.
        sequences: total, 0 or more.

    Raises:
        ValueError: the weights do not sum to 1, one is not positive, or the total is negative.
    """
    if sequences < 0:
        raise ValueError(f"mixture: want 0 or more sequences, got {sequences}")
    parts, whole = _checked(weights)
    return _quotas(parts, whole, sequences)


def affordable(weights: Mapping[str, Decimal], available: Mapping[str, int]) -> int:
    """The largest total whose quotas all lie within what the sources have; 0 where some source has too little.

    Args:
        weights: as for :func:`quotas`.
        available: sequences that each source can give.

    Raises:
        ValueError: as for :func:`quotas`, or nothing is said about a source.
    """
    parts, whole = _checked(weights)
    unknown = [name for name in parts if name not in available]
    if unknown:
        raise ValueError(f"mixture: want the available sequences of every source, got none for {', '.join(unknown)}")
    # A quota is its share rounded down or up. So no total above the first bound is possible and every one up to the
    # second is; largest remainder is not monotone in the total, hence the search in between from above.
    above = min(((available[name] + 1) * whole - 1) // part for name, part in parts.items())
    below = min(available[name] * whole // part for name, part in parts.items())
    for total in range(above, below, -1):
        wanted = _quotas(parts, whole, total)
        if all(wanted[name] <= available[name] for name in parts):
            return total
    return below


def _checked(weights: Mapping[str, Decimal]) -> tuple[dict[str, int], int]:
    """The weights as whole parts of a common whole."""
    listed = ", ".join(f"{name} = {weight}" for name, weight in weights.items())
    if not all(weight.is_finite() and weight > 0 for weight in weights.values()):
        raise ValueError(f"mixture: want weights above 0, got {listed}")
    shares = {name: Fraction(weight) for name, weight in weights.items()}
    total = sum(shares.values(), Fraction(0))
    if total != 1:
        raise ValueError(f"mixture: want weights that sum to exactly 1, got {listed or 'none'}: sum {_decimal(total)}")
    whole = math.lcm(*(share.denominator for share in shares.values()))
    return {name: int(share * whole) for name, share in shares.items()}, whole


def _decimal(value: Fraction) -> str:
    # A sum of decimals has a denominator of twos and fives only, so it has a finite decimal form.
    digits = 0
    while value.denominator != 1:
        value *= 10
        digits += 1
    return str(Decimal(f"{value.numerator}E-{digits}"))


def _quotas(parts: Mapping[str, int], whole: int, sequences: int) -> dict[str, int]:
    result = {name: sequences * part // whole for name, part in parts.items()}
    left = sequences - sum(result.values())
    remainders = sorted(parts, key=lambda name: (-(sequences * parts[name] % whole), name))
    for name in remainders[:left]:
        result[name] += 1
    return result
