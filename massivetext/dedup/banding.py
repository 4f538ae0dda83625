"""How to divide a signature into LSH bands."""

from functools import lru_cache


@lru_cache(maxsize=64)
def optimal_bands(permutations: int, threshold: float, recall_weight: float = 0.99) -> tuple[int, int]:
    """Return the (bands, rows) that best trade missed pairs against needless candidates, by datasketch's search.

    datasketch minimises ``(1 - recall_weight) * F + recall_weight * M``. F is the probability that a pair below the
    threshold becomes a candidate, integrated over these similarities; M is the probability that a pair above the
    threshold is missed. Here candidates are measured exactly, so needless candidates cost only time and recall matters
    more: hence 0.99. For 256 values and 0.8 the result is 28 bands of 9; the recipe's default of 32 by 8 finds still
    more.

    Args:
        permutations: length of the signature; ``bands * rows`` is at most this.
        threshold: Jaccard similarity above which pairs are to be found, above 0 and at most 1.
        recall_weight: 0 to 1.

    Raises:
        ValueError: a value is out of range.
    """
    from datasketch import MinHashLSH  # brings scipy's integration: a second of `massivetext check`, if always loaded

    if permutations < 2:
        raise ValueError(f"optimal_bands: want at least 2 permutations, got {permutations}")
    if not 0 < threshold <= 1:
        raise ValueError(f"optimal_bands: want a threshold above 0 and at most 1, got {threshold}")
    if not 0 <= recall_weight <= 1:
        raise ValueError(f"optimal_bands: want a recall_weight of 0 to 1, got {recall_weight}")
    weights = (1.0 - recall_weight, recall_weight)  # of false positives and of false negatives
    lsh = MinHashLSH(threshold=threshold, num_perm=permutations, weights=weights)
    return int(lsh.b), int(lsh.r)


def candidate_probability(similarity: float, bands: int, rows: int) -> float:
    """Return the probability that two documents of this Jaccard similarity share a bucket: 1 - (1 - s**rows)**bands."""
    return float(1.0 - (1.0 - similarity**rows) ** bands)


def band_column(band: int) -> str:
    """Return the name of the column of signatures/ that holds a band."""
    return f"band_{band}"
