"""Section with the histogram of every signal and the limits of the rules."""

from collections.abc import Mapping

from massivetext.formatting import count_noun, format_share, format_value
from massivetext.report import charts
from massivetext.report.markup import Child, Html, Number, element, format_code, html_table, join_html
from massivetext.report.run_report import RunReport, SignalBin, SourceReport
from massivetext.report.sections.building_blocks import PageCharts, legend, section
from massivetext.report.wording import describe_bounds
from massivetext.rules import Bounds
from massivetext.signals.registry import ALL
from massivetext.stages import INGEST


def signals_section(report: RunReport, page_charts: PageCharts) -> Html:
    """Return the section with the histogram of every signal of every source, and the limits of the rules."""
    return section(
        "signals",
        "Signals and their limits",
        "How the documents lie around each limit. Heights grow with the square root of the count, so that thin tails "
        "show; what has no upper end has bins that widen with the value. Both colours are counted by the verdict of "
        "all rules together, so documents on the good side of one limit may still have failed another.",
        legend(("passed", "passed all rules"), ("full", "failed a rule"), ("limit", "limit")),
        *(_source_signals(name, source, page_charts) for name, source in report.sources.items()),
    )


def _source_signals(name: str, source: SourceReport, page_charts: PageCharts) -> Html:
    limited: dict[str, list[Bounds]] = {}
    for rule in source.rules:
        for limits in rule.passes:
            limited.setdefault(limits.signal, []).append(limits)
    cards = {signal: _card(name, signal, found, limited, page_charts) for signal, found in source.histograms.items()}
    with_rule = [cards[signal] for signal in ALL if signal in cards and signal in limited]
    others = [cards[signal] for signal in ALL if signal in cards and signal not in limited]
    more = f"{count_noun(len(others), 'signal')} of {name} that no rule looks at"
    return join_html(
        [
            element("h3", name),
            element("div", *with_rule, class_="cards") if with_rule else None,
            element("details", element("summary", more), element("div", *others, class_="cards")),
            _languages(name, source),
        ]
    )


def _card(
    source: str, signal: str, found: tuple[SignalBin, ...], limited: Mapping[str, list[Bounds]], page_charts: PageCharts
) -> Html:
    limits = limited.get(signal, [])
    passes = "; ".join(map(describe_bounds, limits))
    label = f"Histogram of {signal} in {source}: {_medians(found)}{f' Passes: {passes}.' if passes else ''}"
    chart = page_charts.add(
        f"signal-{source}-{signal}", charts.histogram_chart(signal, found, limits), label, css="chart small"
    )
    caption = element(
        "figcaption",
        element("code", signal),
        element("span", f"passes: {passes}", class_="limits") if passes else None,
        element("small", format_code(ALL[signal].meaning)),
    )
    return element("figure", caption, chart)


def _medians(found: tuple[SignalBin, ...]) -> str:
    sentences = []
    for verdict, counts in (("passed", [each.kept for each in found]), ("failed", [each.dropped for each in found])):
        if total := sum(counts):
            seen, at = 0, 0
            while (seen := seen + counts[at]) * 2 < total:
                at += 1
            sentences.append(
                f"{count_noun(total, 'document')} {verdict}, half of them up to about {format_value(found[at].low)}."
            )
    return " ".join(sentences)


def _languages(name: str, source: SourceReport) -> Html:
    if not source.languages:
        return Html()
    documents = source.funnel[INGEST.name].documents
    rows: list[list[Child]] = [
        [element("code", code), tally.documents, Number(format_share(tally.documents, documents)), tally.kept]
        for code, tally in source.languages.items()
    ]
    header = ["language", "documents", "share", "passed all rules"]
    found = html_table(f"Languages of {name}", header, rows)
    return element("details", element("summary", f"{count_noun(len(rows), 'language')} in {name}"), found)
