"""Histograms of every signal with the limits of the rules."""

from collections.abc import Mapping

from massivetext.report import charts
from massivetext.report.markup import Child, Html, Number, coded, element, join, table
from massivetext.report.sections.building_blocks import Charts, legend, section
from massivetext.report.summary import Bin, Report, SourceReport
from massivetext.report.wording import bounds, counted, number, share
from massivetext.rules import Bounds
from massivetext.signals.registry import ALL
from massivetext.stages import INGEST


def signals(report: Report, drawn: Charts) -> Html:
    """Histograms of every signal of every source, with the rules' limits."""
    return section(
        "signals",
        "Signals and their limits",
        "How the documents lie around each limit. Heights grow with the square root of the count, so that thin tails "
        "show; what has no upper end has bins that widen with the value. Both colours are counted by the verdict of "
        "all rules together, so documents on the good side of one limit may still have failed another.",
        legend(("passed", "passed all rules"), ("full", "failed a rule"), ("limit", "limit")),
        *(_source_signals(name, source, drawn) for name, source in report.sources.items()),
    )


def _source_signals(name: str, source: SourceReport, drawn: Charts) -> Html:
    limited: dict[str, list[Bounds]] = {}
    for rule in source.rules:
        for limits in rule.passes:
            limited.setdefault(limits.signal, []).append(limits)
    cards = {signal: _card(name, signal, found, limited, drawn) for signal, found in source.histograms.items()}
    with_rule = [cards[signal] for signal in ALL if signal in cards and signal in limited]
    others = [cards[signal] for signal in ALL if signal in cards and signal not in limited]
    more = f"{counted(len(others), 'signal')} of {name} that no rule looks at"
    return join(
        [
            element("h3", name),
            element("div", *with_rule, class_="cards") if with_rule else None,
            element("details", element("summary", more), element("div", *others, class_="cards")),
            _languages(name, source),
        ]
    )


def _card(source: str, signal: str, found: tuple[Bin, ...], limited: Mapping[str, list[Bounds]], drawn: Charts) -> Html:
    limits = limited.get(signal, [])
    passes = "; ".join(map(bounds, limits))
    label = f"Histogram of {signal} in {source}: {_medians(found)}{f' Passes: {passes}.' if passes else ''}"
    chart = drawn.add(f"signal-{source}-{signal}", charts.histogram(signal, found, limits), label, css="chart small")
    caption = element(
        "figcaption",
        element("code", signal),
        element("span", f"passes: {passes}", class_="limits") if passes else None,
        element("small", coded(ALL[signal].meaning)),
    )
    return element("figure", caption, chart)


def _medians(found: tuple[Bin, ...]) -> str:
    parts = []
    for verdict, counts in (("passed", [each.kept for each in found]), ("failed", [each.dropped for each in found])):
        if total := sum(counts):
            seen, at = 0, 0
            while (seen := seen + counts[at]) * 2 < total:
                at += 1
            parts.append(f"{counted(total, 'document')} {verdict}, half of them up to about {number(found[at].low)}.")
    return " ".join(parts)


def _languages(name: str, source: SourceReport) -> Html:
    if not source.languages:
        return Html()
    documents = source.funnel[INGEST.name].documents
    rows: list[list[Child]] = [
        [element("code", code), tally.documents, Number(share(tally.documents, documents)), tally.kept]
        for code, tally in source.languages.items()
    ]
    header = ["language", "documents", "share", "passed all rules"]
    found = table(f"Languages of {name}", header, rows)
    return element("details", element("summary", f"{counted(len(rows), 'language')} in {name}"), found)
