import pytest

from massivetext.dedup.banding import candidate_probability, optimal_bands


# 1 - (1 - .8**8)**32 = 1 - (1 - .16777216)**32 = 1 - .002805; 14 x 8 at .7: 1 - (1 - .05764801)**14 = .5645.
@pytest.mark.parametrize(
    ("similarity", "bands", "rows", "expected"),
    [(0.0, 3, 2, 0.0), (1.0, 3, 2, 1.0), (0.8, 32, 8, 0.99720), (0.7, 14, 8, 0.5645), (0.5, 1, 1, 0.5)],
)
def test_candidate_probability(similarity: float, bands: int, rows: int, expected: float) -> None:
    assert candidate_probability(similarity, bands, rows) == pytest.approx(expected, abs=5e-5)


def test_optimal_bands_fit_into_the_signature() -> None:
    bands, rows = optimal_bands(128, 0.8)

    assert 1 <= bands * rows <= 128


def test_bands_follow_the_weight_of_recall() -> None:
    # datasketch 2.0.0 for 256 values and 0.8: (17, 15) at one half, (28, 9) at 0.99.
    assert optimal_bands(256, 0.8, recall_weight=0.5) == (17, 15)
    assert optimal_bands(256, 0.8) == (28, 9)
    assert candidate_probability(0.8, 28, 9) > 0.98 > 0.5 > candidate_probability(0.8, 17, 15)


@pytest.mark.parametrize(
    ("permutations", "threshold", "weight"),
    [(1, 0.8, 0.5), (64, 0.0, 0.5), (64, 1.1, 0.5), (64, 0.8, -0.1), (64, 0.8, 1.1)],
)
def test_values_out_of_range_are_refused(permutations: int, threshold: float, weight: float) -> None:
    with pytest.raises(ValueError, match="optimal_bands"):
        optimal_bands(permutations, threshold, weight)
