"""Numbers, bounds and verdicts in the words of the page."""

import itertools
from collections.abc import Mapping, Sequence

from massivetext.report.summary import Report
from massivetext.report.tallies import Tally
from massivetext.rules import Bounds
from massivetext.runs.stage import VerdictSet

VerdictSets = Mapping[str, VerdictSet]  # by name of the stage


def short(count: float) -> str:
    """A count with a unit: 1.2 k, 3.4 M, 5.6 G; whole below a thousand."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:,.0f}"


def size(count: int) -> str:
    """Bytes with a unit of 1,000."""
    return f"{count:,} bytes" if count < 1000 else f"{short(count)}B"


def share(part: int, whole: int) -> str:
    """A percentage, with more digits where it is small; an en dash where there is no whole."""
    if whole == 0:
        return "–"
    percent = 100 * part / whole
    return f"{percent:.1f}%" if percent >= 1 or part == 0 else f"{percent:.2g}%"


def number(value: float | str) -> str:
    """A signal's value: text as it is, whole numbers with separators, others with four digits."""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def bounds(passes: Bounds) -> str:
    """What passes, in words: "50 to 100,000", "at most 0.3", "en"."""
    if passes.allow is not None:
        return " or ".join(passes.allow)
    if passes.min is None:
        return f"at most {number(passes.max or 0.0)}"
    if passes.max is None:
        return f"at least {number(passes.min)}"
    return f"{number(passes.min)} to {number(passes.max)}"


def passing(alternatives: Sequence[Bounds], where: Bounds | None = None, *, named: bool = True) -> str:
    """What a rule lets pass, in words: "words: 50 to 100", or of a group "words: at least 50, or share: at most 0.3".

    A group always names its signals, a single one only where it is to be ``named``.
    """
    named = named or len(alternatives) > 1
    passes = ", or ".join(f"{each.signal}: {bounds(each)}" if named else bounds(each) for each in alternatives)
    return passes if where is None else f"{passes}, where {where.signal} is {bounds(where)}"


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: "1 document", "2 documents"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def headline(report: Report) -> str:
    """The verdict on the run in a few words."""
    read, kept = report.total(report.judged[0]), report.total(report.judged[-1])
    return f"{kept.documents:,} of {read.documents:,} documents kept"


def verdict(report: Report, verdicts: VerdictSets) -> str:
    """Say in a few sentences what happened to the documents."""
    totals = {stage: report.total(stage) for stage in report.judged}
    lost = [
        (totals[before].documents - totals[stage].documents, verdicts[stage].removed)
        for before, stage in itertools.pairwise(totals)
    ]
    (first, how), *others = [each for each in lost if each[0]] or [(0, "")]
    were = f"{first:,} {'was' if first == 1 else 'were'} removed" if first else "none was removed"
    removed = [f"{were} {how}".rstrip(), *(f"{count:,} {how}" for count, how in others)]
    sources = counted(len(report.sources), "source")
    of = f"Of {counted(totals[report.judged[0]].documents, 'document')} from {sources},"
    return f"{of} {enumeration(removed)}. {_left(report, totals)}"


def _left(report: Report, totals: dict[str, Tally]) -> str:
    kept = totals[report.judged[-1]]
    left = f"What is left has {short(kept.words)} words in {size(kept.bytes)} of text"
    if report.mixture is None:
        return f"{left}."
    sequences = sum(row.sequences for row in report.mixture.values())
    tokens = sum(row.tokens for row in report.mixture.values())
    return f"{left}; {short(tokens)} tokens of it were written, in {counted(sequences, 'sequence')}."


def enumeration(parts: list[str]) -> str:
    """Parts as in "a", "a and b", "a, b and c"; empty for none."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
