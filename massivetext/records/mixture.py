"""How many sequences each source gets: exact shares of a total, by the method of largest remainders."""

from collections.abc import Mapping
from decimal import Decimal

from massivetext.errors import UserError
from massivetext.formatting import count_noun
from massivetext.recipe import Recipe
from massivetext.recipe.shares import exact_shares


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
    numerators, denominator = exact_shares(weights)
    return _quotas(numerators, denominator, sequences)


def largest_total(weights: Mapping[str, Decimal], available: Mapping[str, int]) -> int:
    """Return the largest total that the sources can give; 0 if some source has too few sequences.

    Args:
        weights: as for :func:`compute_quotas`.
        available: sequences that each source can give.

    Raises:
        ValueError: as for :func:`compute_quotas`, or a source is missing in ``available``.
    """
    numerators, denominator = exact_shares(weights)
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


def describe_limit(recipe: Recipe, available: Mapping[str, int]) -> str:
    """Return in words what decides the number of sequences.

    Args:
        recipe: its options and weights.
        available: sequences that each source can give.
    """
    if recipe.records.wanted_sequences:
        return "records.sequences" if recipe.records.sequences else "records.tokens"
    if any(recipe.mode_of(source) == "pack" for source in available):
        return _describe_epochs(recipe)
    least = min(available, key=lambda source: available[source] / float(recipe.weights[source]))
    return f"source '{least}', whose text runs out first at its weight of {recipe.weights[least]}"


def require_epochs(recipe: Recipe, allowed: Mapping[str, int | None]) -> None:
    """Check that no source has to be read more often than ``max_epochs`` allows.

    Args:
        recipe: its options and weights.
        allowed: the largest number of sequences of each source that ``max_epochs`` allows; None: any number.

    Raises:
        UserError: the wanted sequences need more; the message says how many are possible.
    """
    total = recipe.records.wanted_sequences
    if not total:
        return
    quotas = compute_quotas(recipe.weights, total)
    beyond = {name: most for name, most in allowed.items() if most is not None and quotas[name] > most}
    if not beyond:
        return
    feasible = largest_total(recipe.weights, {name: total if most is None else most for name, most in allowed.items()})
    limits = "; ".join(
        f"source '{name}' gives {most:,} in {recipe.max_epochs_of(name):g} epochs, its weight asks for {quotas[name]:,}"
        for name, most in beyond.items()
    )
    raise UserError(
        f"records: want {total:,} sequences, but {limits}. At most {feasible:,} sequences "
        f"({feasible * recipe.records.sequence_length:,} tokens) are possible with these weights; lower "
        "records.sequences (or tokens), raise max_epochs, or change the weights"
    )


def _describe_epochs(recipe: Recipe) -> str:
    """Return in words how often each source is read where no number of sequences is given."""
    epochs = {source: recipe.epochs_of(source) for source in recipe.sources}
    if len(set(epochs.values())) == 1:
        return f"the recipe: {count_noun(min(epochs.values()), 'epoch')} of every source"
    return "the epochs of each source: " + ", ".join(f"{source} {number}" for source, number in epochs.items())


def _quotas(numerators: Mapping[str, int], denominator: int, sequences: int) -> dict[str, int]:
    quotas = {name: sequences * numerator // denominator for name, numerator in numerators.items()}
    left = sequences - sum(quotas.values())
    by_remainder = sorted(numerators, key=lambda name: (-(sequences * numerators[name] % denominator), name))
    for name in by_remainder[:left]:
        quotas[name] += 1
    return quotas
