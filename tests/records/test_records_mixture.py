import itertools
import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.records.mixture import compute_quotas, largest_total

GOPHER = {
    "web": Decimal("0.48"),
    "books": Decimal("0.27"),
    "c4": Decimal("0.10"),
    "news": Decimal("0.10"),
    "code": Decimal("0.03"),
    "wikipedia": Decimal("0.02"),
}


@st.composite
def weightings(draw: st.DrawFn) -> dict[str, Decimal]:
    cuts = sorted(draw(st.sets(st.integers(1, 999), max_size=5)))
    edges = [0, *cuts, 1000]
    return {f"s{i}": Decimal(b - a) / 1000 for i, (a, b) in enumerate(itertools.pairwise(edges))}


def test_gophers_weights_over_two_million_sequences() -> None:
    # 2,097,152 times the weights: 1,006,632.96, 566,231.04, 209,715.2 twice, 62,914.56, 41,943.04. Rounded down they
    # miss 2 sequences, which go to the remainders .96 (web) and .56 (code).
    assert compute_quotas(GOPHER, 2_097_152) == {
        "web": 1_006_633,
        "books": 566_231,
        "c4": 209_715,
        "news": 209_715,
        "code": 62_915,
        "wikipedia": 41_943,
    }


def test_ties_go_to_the_smaller_name() -> None:
    # Three shares of 1/4 of 5 and one of the rest: remainders are all .25; one sequence is left.
    weights = {name: Decimal("0.25") for name in "dbca"}

    assert compute_quotas(weights, 5) == {"d": 1, "b": 1, "c": 1, "a": 2}
    assert list(compute_quotas(weights, 5)) == ["d", "b", "c", "a"]


def test_nothing_and_a_single_source() -> None:
    assert compute_quotas(GOPHER, 0) == dict.fromkeys(GOPHER, 0)
    assert compute_quotas({"all": Decimal(1)}, 7) == {"all": 7}


@given(weights=weightings(), sequences=st.integers(0, 10**12))
def test_quotas_sum_to_the_total_and_are_within_one_of_their_share(weights: dict[str, Decimal], sequences: int) -> None:
    result = compute_quotas(weights, sequences)

    assert sum(result.values()) == sequences
    assert all(abs(count - Fraction(weights[name]) * sequences) < 1 for name, count in result.items())
    assert result == compute_quotas(dict(reversed(weights.items())), sequences)


def test_weights_that_miss_one_by_little_are_refused_with_their_sum() -> None:
    weights = {"a": Decimal("0.3"), "b": Decimal("0.7000000000000000000000000000000001")}

    with pytest.raises(ValueError, match=r"exactly 1, got 1\.0000000000000000000000000000000001 \(a 0\.3, b 0\.7000"):
        compute_quotas(weights, 10)


@pytest.mark.parametrize("weight", ["0", "-0.5", "NaN", "Infinity"])
def test_weights_that_are_not_positive_are_refused(weight: str) -> None:
    with pytest.raises(ValueError, match=r"sources\.a\.weight: want a number above 0 and at most 1, got "):
        compute_quotas({"a": Decimal(weight), "b": Decimal(1)}, 10)


def test_no_weights_and_negative_totals_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got 0 \(no weights\)"):
        compute_quotas({}, 10)
    with pytest.raises(ValueError, match="0 or more sequences, got -1"):
        compute_quotas(GOPHER, -1)


def test_affordable_is_ruled_by_the_source_that_runs_out() -> None:
    # Half each: 10 of a, 5 of b. A total of 11 gives a 6 and b 5 (the tie goes to a); 12 would need 6 of b.
    half = {"a": Decimal("0.5"), "b": Decimal("0.5")}

    assert largest_total(half, {"a": 10, "b": 5}) == 11
    assert largest_total(half, {"a": 5, "b": 10}) == 10
    assert largest_total(half, {"a": 0, "b": 10}) == 0


@given(weights=weightings(), data=st.data())
def test_affordable_is_the_largest_total_of_all(weights: dict[str, Decimal], data: st.DataObject) -> None:
    available = {name: data.draw(st.integers(0, 4)) for name in weights}
    total = largest_total(weights, available)

    def fits(count: int) -> bool:
        return all(quota <= available[name] for name, quota in compute_quotas(weights, count).items())

    limit = min(math.ceil((available[name] + 1) / Fraction(weight)) for name, weight in weights.items())
    assert total == max(filter(fits, range(min(limit, 300) + 1))) or total >= 300
    assert fits(total)


def test_affordable_needs_every_source() -> None:
    with pytest.raises(ValueError, match="got none for books"):
        largest_total({"web": Decimal("0.5"), "books": Decimal("0.5")}, {"web": 3})
