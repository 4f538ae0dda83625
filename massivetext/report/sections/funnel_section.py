"""Section about the documents and words of each source that are left after each stage."""

import itertools

from massivetext.formatting import format_count, format_share
from massivetext.report import charts
from massivetext.report.markup import Html, Number, element, html_table, join_html
from massivetext.report.run_report import RunReport, SourceReport
from massivetext.report.sections.building_blocks import PageCharts, legend, section
from massivetext.report.wording import VerdictSets
from massivetext.stages import INGEST, JUDGE

# Classes of the swatches in page/page.css, in the order in which page/charts.js gives the charts their colours.
_SWATCHES = ("passed", "full", "exact", "near", "tests", "other")


def funnel_section(report: RunReport, page_charts: PageCharts, verdicts: VerdictSets) -> Html:
    """Return the section with the documents and words of each source after each stage."""
    judged = report.judged
    segments = ["kept", *(verdicts[stage].legend for stage in judged[1:])]
    chart = page_charts.add("funnel", charts.funnel_chart(report.sources, judged, segments), _funnel_label(report))
    rows = [
        [name, *(_funnel_cell(name, source, judged, at, verdicts) for at in range(len(judged)))]
        for name, source in report.sources.items()
    ]
    total = [
        Number(_two_lines(f"{(left := report.total(stage)).documents:,}", f"{format_count(left.words)} words"))
        for stage in judged
    ]
    return section(
        "funnel",
        "Where the documents went",
        "Every stage judges what the stages before it kept. The share below a count is what is left of the documents "
        "read; a dash means that the stage does not judge that source.",
        legend(*zip(itertools.cycle(_SWATCHES), segments, strict=False)),
        chart,
        html_table(
            "Documents and words left after each stage",
            ["source", INGEST.title, *(verdicts[stage].title for stage in judged[1:])],
            rows,
            foot=["all", *total],
        ),
    )


def _funnel_cell(name: str, source: SourceReport, judged: tuple[str, ...], at: int, verdicts: VerdictSets) -> Html:
    stage = judged[at]
    judges = stage == INGEST.name or name in verdicts[stage].sources
    if not judges or (stage == JUDGE.name and not source.rules):
        return Number("–")
    left, read = source.funnel[stage], source.funnel[INGEST.name].documents
    percent = f" · {format_share(left.documents, read)}" if at else ""
    return Number(_two_lines(f"{left.documents:,}", f"{format_count(left.words)} words{percent}"))


def _two_lines(first: str, second: str) -> Html:
    return join_html([first, element("br"), element("small", second)])


def _funnel_label(report: RunReport) -> str:
    last = report.judged[-1]
    each = (
        f"{name}: {format_share(source.funnel[last].documents, source.funnel[INGEST.name].documents)}"
        for name, source in report.sources.items()
    )
    return f"Bars: share of each source that is kept. {'; '.join(each)}."
