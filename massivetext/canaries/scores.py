"""Scores of canaries: how many of them each stage treated as it must."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from massivetext.formatting import count_noun
from massivetext.wilson import wilson_interval


class Share(msgspec.Struct, frozen=True):
    """A measured share with its 95% interval.

    Attributes:
        hits: number of canaries that were treated as they must.
        of: number of canaries that were scored.
        low: lower end of the interval; 0.0 if none was scored.
        high: upper end; 1.0 if none was scored.
    """

    hits: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The share itself; None if none was scored."""
        return self.hits / self.of if self.of else None


def share(hits: int, of: int) -> Share:
    """Return a share of independent trials with the interval of Wilson (1927) of 95%."""
    return Share(hits, of, *wilson_interval(hits, of))


class Outcome(NamedTuple):
    """What one stage did to one canary that it judged, and what it had to do.

    Attributes:
        stage: name of the stage.
        source: source of the canary.
        kind: kind of the canary.
        variant: similarity, step or form within the kind.
        must_go: whether the stage must remove it; None: it is not known, so it is not scored.
        removed: whether the stage removed it.
    """

    stage: str
    source: str
    kind: str
    variant: str
    must_go: bool | None
    removed: bool


class CanaryKindScore(msgspec.Struct, frozen=True, kw_only=True):
    """How one stage treated the canaries of a kind.

    Attributes:
        stage: name of the stage.
        kind: kind of the canaries.
        variant: similarity, step or form within the kind.
        must_go: whether the stage must remove them; otherwise it must leave them.
        right: how many it treated as it must.
        by_source: the same by source: canaries treated as they must, and scored.
    """

    stage: str
    kind: str
    variant: str
    must_go: bool
    right: Share
    by_source: dict[str, tuple[int, int]]


class CanaryStageScore(msgspec.Struct, frozen=True, kw_only=True):
    """How one stage treated all canaries that reached it.

    Attributes:
        stage: name of the stage.
        reached: number of canaries that it judged.
        unscored: number of those of which it is not known what it must do, such as copies of removed documents.
        recall: share of the canaries that it must remove which it removed.
        precision: share of the canaries that it removed which it must remove.
    """

    stage: str
    reached: int
    unscored: int
    recall: Share
    precision: Share


class CanaryReport(msgspec.Struct, frozen=True, kw_only=True):
    """How every stage treated the canaries of a run.

    Attributes:
        planted: number of canaries by source.
        stages: scores by stage, in their order.
        kinds: scores by stage, kind and variant.
    """

    planted: dict[str, int]
    stages: tuple[CanaryStageScore, ...]
    kinds: tuple[CanaryKindScore, ...]


def score(outcomes: Iterable[Outcome], planted: Mapping[str, int]) -> CanaryReport:
    """Return the scores of some outcomes; stages and kinds in the order in which they first occur."""
    by_stage: dict[str, list[Outcome]] = {}
    by_kind: dict[tuple[str, str, str, bool], list[Outcome]] = {}
    for outcome in outcomes:
        by_stage.setdefault(outcome.stage, []).append(outcome)
        if outcome.must_go is not None:
            by_kind.setdefault((outcome.stage, outcome.kind, outcome.variant, outcome.must_go), []).append(outcome)
    return CanaryReport(
        planted=dict(planted),
        stages=tuple(_stage(stage, found) for stage, found in by_stage.items()),
        kinds=tuple(_kind(*key, found) for key, found in by_kind.items()),
    )


def _stage(stage: str, outcomes: list[Outcome]) -> CanaryStageScore:
    scored = [outcome for outcome in outcomes if outcome.must_go is not None]
    both = sum(outcome.must_go is True and outcome.removed for outcome in scored)
    return CanaryStageScore(
        stage=stage,
        reached=len(outcomes),
        unscored=len(outcomes) - len(scored),
        recall=share(both, sum(outcome.must_go is True for outcome in scored)),
        precision=share(both, sum(outcome.removed for outcome in scored)),
    )


def _kind(stage: str, kind: str, variant: str, must_go: bool, outcomes: list[Outcome]) -> CanaryKindScore:
    by_source: dict[str, tuple[int, int]] = {}
    for outcome in outcomes:
        right, of = by_source.get(outcome.source, (0, 0))
        by_source[outcome.source] = (right + (outcome.removed == must_go), of + 1)
    right, of = (sum(counts[at] for counts in by_source.values()) for at in (0, 1))
    return CanaryKindScore(
        stage=stage, kind=kind, variant=variant, must_go=must_go, right=share(right, of), by_source=by_source
    )


def missed(report: CanaryReport, least_recall: float, least_precision: float) -> list[str]:
    """Return a sentence for every stage whose recall or precision is below its bound by more than chance explains."""
    found = []
    for each in report.stages:
        for name, share_, least, what in (
            ("recall", each.recall, least_recall, "that it must remove"),
            ("precision", each.precision, least_precision, "that it removed"),
        ):
            if share_.of and share_.high < least:
                rate, scored = share_.hits / share_.of, count_noun(share_.of, "canary", "canaries")
                found.append(
                    f"Canaries: the {name} of stage {each.stage} is {rate:.0%} of {scored} {what} (95% interval up to "
                    f"{share_.high:.0%}), below {least:.0%}."
                )
    return found
