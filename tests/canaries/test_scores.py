"""Scores of canaries: shares with intervals, and when they are below their bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.canaries.scores import Outcome, missed, score, share


# Wilson 1927 with 1.96: for 8 of 10, centre (0.8 + 0.19208) / 1.38416 = 0.7167, half width
# 1.96 * sqrt(0.016 + 0.009604) / 1.38416 = 0.2266; for 0 of 10 the upper end is 0.38416 / 1.38416.
@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (0, 0, 0, 1)]
)
def test_an_interval(hits: int, of: int, low: float, high: float) -> None:
    found = share(hits, of)

    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-4)


@given(st.integers(1, 500), st.data())
def test_a_share_is_within_its_interval(of: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, of))
    found = share(hits, of)

    assert 0.0 <= found.low <= hits / of <= found.high <= 1.0


def outcomes(kind: str, count: int, *, must_go: bool | None, removed: bool, source: str = "web") -> list[Outcome]:
    return [Outcome("near-dedup", source, kind, "", must_go, removed)] * count


def test_recall_and_precision_of_a_stage() -> None:
    found = score(
        [
            *outcomes("near", 6, must_go=True, removed=True),
            *outcomes("near", 2, must_go=True, removed=False, source="news"),
            *outcomes("control", 3, must_go=False, removed=True),
            *outcomes("control", 5, must_go=False, removed=False),
            *outcomes("chain", 4, must_go=None, removed=True),
        ],
        {"web": 18, "news": 2},
    )

    (stage,) = found.stages
    assert (stage.reached, stage.unscored) == (20, 4)
    assert (stage.recall.hits, stage.recall.of) == (6, 8)  # of 8 that must go, 6 went
    assert (stage.precision.hits, stage.precision.of) == (6, 9)  # of 9 that went, 6 had to
    assert [(each.kind, each.must_go, each.right.hits, each.by_source) for each in found.kinds] == [
        ("near", True, 6, {"web": (6, 6), "news": (0, 2)}),
        ("control", False, 5, {"web": (5, 8)}),
    ]


# 70 of 100: the interval ends at 0.781; 9 of 10: it ends at 0.982.
@pytest.mark.parametrize(("hits", "of", "warnings"), [(70, 100, 1), (9, 10, 0), (8, 10, 0), (100, 100, 0)])
def test_a_share_is_missed_if_chance_does_not_explain_it(hits: int, of: int, warnings: int) -> None:
    found = score(
        [
            *outcomes("near", hits, must_go=True, removed=True),
            *outcomes("near", of - hits, must_go=True, removed=False),
        ],
        {"web": of},
    )
    messages = missed(found, 0.9, 0.9)

    assert len(messages) == warnings
    assert all("the recall of stage near-dedup is 70% of 100 canaries" in message for message in messages)
