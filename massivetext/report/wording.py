"""Bounds, rules and the outcome of a run in words."""

import itertools
from collections.abc import Mapping, Sequence

from massivetext.formatting import count_noun, format_bytes, format_count, format_value
from massivetext.report.run_report import RunReport
from massivetext.report.tallies import DocumentTally
from massivetext.rules import Bounds
from massivetext.runs.stage import VerdictSet

VerdictSets = Mapping[str, VerdictSet]  # by name of their stage


def describe_bounds(passes: Bounds) -> str:
    """Return bounds in words: "50 to 100,000", "at most 0.3", "en"."""
    if passes.allow is not None:
        return " or ".join(passes.allow)
    if passes.min is None:
        return f"at most {format_value(passes.max or 0.0)}"
    if passes.max is None:
        return f"at least {format_value(passes.min)}"
    return f"{format_value(passes.min)} to {format_value(passes.max)}"


def describe_rule(alternatives: Sequence[Bounds], where: Bounds | None = None, *, named: bool = True) -> str:
    """Return what a rule lets pass, in words: "words: 50 to 100", or "words: at least 50, or share: at most 0.3".

    Several alternatives are always written with their signals, a single one only if ``named``.
    """
    named = named or len(alternatives) > 1
    described = ((each.signal, describe_bounds(each)) for each in alternatives)
    passes = ", or ".join(f"{signal}: {bounds}" if named else bounds for signal, bounds in described)
    return passes if where is None else f"{passes}, where {where.signal} is {describe_bounds(where)}"


def headline(report: RunReport) -> str:
    """Return the outcome of the run in a few words."""
    read, kept = report.total(report.judged[0]), report.total(report.judged[-1])
    return f"{kept.documents:,} of {read.documents:,} documents kept"


def verdict(report: RunReport, verdicts: VerdictSets) -> str:
    """Return a few sentences about what happened to the documents."""
    totals = {stage: report.total(stage) for stage in report.judged}
    lost = [
        (totals[before].documents - totals[stage].documents, verdicts[stage].removed)
        for before, stage in itertools.pairwise(totals)
    ]
    (first, how), *others = [each for each in lost if each[0]] or [(0, "")]
    were = f"{first:,} {'was' if first == 1 else 'were'} removed" if first else "none was removed"
    removed = [f"{were} {how}".rstrip(), *(f"{count:,} {how}" for count, how in others)]
    sources = count_noun(len(report.sources), "source")
    total_words = f"Of {count_noun(totals[report.judged[0]].documents, 'document')} from {sources},"
    return f"{total_words} {join_words(removed)}. {_left(report, totals)}"


def _left(report: RunReport, totals: dict[str, DocumentTally]) -> str:
    kept = totals[report.judged[-1]]
    left = f"What is left has {format_count(kept.words)} words in {format_bytes(kept.bytes)} of text"
    if report.mixture is None:
        return f"{left}."
    sequences = sum(row.sequences for row in report.mixture.values())
    tokens = sum(row.tokens for row in report.mixture.values())
    return f"{left}; {format_count(tokens)} tokens of it were written, in {count_noun(sequences, 'sequence')}."


def join_words(phrases: list[str]) -> str:
    """Return phrases as in "a", "a and b", "a, b and c"; empty for none."""
    return " and ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 1 else phrases)
