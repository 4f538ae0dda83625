"""How many sequences each source gets: exact shares of a total, by the method of largest remainders."""

import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction


def compute_quotas(weights: Mapping[str, Decimal], sequences: int) -> dict[str, int]:
    """Return the number of sequences of each source, in the order of the weights; they sum to ``sequences`` exactly.

    Each source gets its share rounded down. The remaining sequences go, one each, to the sources with the largest
    remainders; ties go to the smaller name. So every quota is less than one sequence away from its share.

    Args:
        weights: share of each source, as decimals above 0 that sum to exactly 1.
        sequences: total, 0 or more.

    Raises:
        ValueError: the weights do not sum to 1, one is not positive, or the total is negative.
    """
    if sequences < 0:
        raise ValueError(f"mixture: want 0 or more sequences, got {sequences}")
    numerators, denominator = _common_fractions(weights)
    return _quotas(numerators, denominator, sequences)


def largest_total(weights: Mapping[str, Decimal], available: Mapping[str, int]) -> int:
    """Return the largest total that the sources can give; 0 if some source has too few sequences.

    Args:
        weights: as for :func:`compute_quotas`.
        available: sequences that each source can give.

    Raises:
        ValueError: as for :func:`compute_quotas`, or a source is missing in ``available``.
    """
    numerators, denominator = _common_fractions(weights)
    unknown = [name for name in numerators if name not in available]
    if unknown:
        raise ValueError(f"mixture: want the available sequences of every source, got none for {', '.join(unknown)}")
    # A quota is its share rounded down or up. So no total above the first bound is possible, and every total up to the
    # second is. Quotas by largest remainders do not always grow with the total, hence the search between the two.
    above = min(((available[name] + 1) * denominator - 1) // numerator for name, numerator in numerators.items())
    below = min(available[name] * denominator // numerator for name, numerator in numerators.items())
    for total in range(above, below, -1):
        quotas = _quotas(numerators, denominator, total)
        if all(quotas[name] <= available[name] for name in numerators):
            return total
    return below


def _common_fractions(weights: Mapping[str, Decimal]) -> tuple[dict[str, int], int]:
    """Return the weights as (numerators, common denominator).

    Raises:
        ValueError: a weight is not above 0, or they do not sum to 1.
    """
    listed = ", ".join(f"{name} = {weight}" for name, weight in weights.items())
    if not all(weight.is_finite() and weight > 0 for weight in weights.values()):
        raise ValueError(f"mixture: want weights above 0, got {listed}")
    shares = {name: Fraction(weight) for name, weight in weights.items()}
    total = sum(shares.values(), Fraction(0))
    if total != 1:
        raise ValueError(f"mixture: want weights that sum to exactly 1, got {listed or 'none'}: sum {_decimal(total)}")
    denominator = math.lcm(*(share.denominator for share in shares.values()))
    return {name: int(share * denominator) for name, share in shares.items()}, denominator


def _decimal(value: Fraction) -> str:
    # The denominator of a sum of decimals has no factors but 2 and 5, so the sum has a finite decimal form.
    digits = 0
    while value.denominator != 1:
        value *= 10
        digits += 1
    return str(Decimal(f"{value.numerator}E-{digits}"))


def _quotas(numerators: Mapping[str, int], denominator: int, sequences: int) -> dict[str, int]:
    quotas = {name: sequences * numerator // denominator for name, numerator in numerators.items()}
    left = sequences - sum(quotas.values())
    by_remainder = sorted(numerators, key=lambda name: (-(sequences * numerators[name] % denominator), name))
    for name in by_remainder[:left]:
        quotas[name] += 1
    return quotas
