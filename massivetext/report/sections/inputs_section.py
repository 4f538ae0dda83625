"""Section about input in quarantine."""

from massivetext.formatting import count_noun
from massivetext.report.markup import Child, Html, Number, element, html_table, join_html
from massivetext.report.run_report import RunReport
from massivetext.report.screening import ScreenTally, loss_interval
from massivetext.report.sections.building_blocks import section

_RECORDS = 100  # of all reasons, that are shown


def quarantine_section(report: RunReport) -> Html:
    """Return the section about input that could not be read or was skipped."""
    rejected: list[list[Child]] = [
        [name, element("code", reason), found.count, _first_example(found.examples[0].origin, found.examples[0].detail)]
        for name, source in report.sources.items()
        for reason, found in source.rejected.items()
    ]
    skipped: list[list[Child]] = [
        [name, element("code", reason), count]
        for name, source in report.sources.items()
        for reason, count in source.skipped.items()
    ]
    reasons = sum(len(source.rejected) for source in report.sources.values())
    shown = max(_RECORDS // max(reasons, 1), 1)
    lines = [
        html_table(
            f"{name}, {reason}: {count_noun(found.count, 'record')}",
            ["file", "offset", "what happened"],
            [[line.origin, Number(element("code", line.offset)), line.detail] for line in found.examples[:shown]],
        )
        for name, source in report.sources.items()
        for reason, found in source.rejected.items()
    ]
    return section(
        "quarantine",
        "Input that could not be read",
        "What became no document, by reason. Rejected input lies with file, offset and error in the run's "
        "`quarantine` folder; skipped records are sound but not wanted, such as images or redirects.",
        html_table("Rejected", ["source", "reason", "records", "example"], rejected)
        or element("p", "Everything could be read."),
        element("details", element("summary", "First records of each reason"), *lines) if lines else None,
        html_table("Skipped", ["source", "reason", "records"], skipped),
        *_screened(report),
    )


def _screened(report: RunReport) -> list[Child]:
    """Return the table of pages that were left out unextracted; nothing if there are none."""
    rows: list[list[Child]] = [
        [name, element("code", reason), tally.left_out, tally.extracted, tally.kept, _lost(tally)]
        for name, source in report.sources.items()
        for reason, tally in source.screened.items()
    ]
    if not rows:
        return []
    names = ["source", "reason", "pages left out", "extracted all the same", "kept of these", "lost"]
    return [
        element(
            "p",
            "Screened pages fail a rule by their URL or by all of their text, so they were not extracted. A random "
            "hundredth was, to measure how many the rules would have kept: with 95% confidence, as many as are lost.",
        ),
        html_table("Screened", names, rows),
    ]


def _lost(tally: ScreenTally) -> str:
    bounds = loss_interval(tally)
    if bounds is None:
        return "not known: no page of the sample"
    low, high = bounds
    return (
        f"{tally.kept / tally.extracted:.1%} ({low:.1%} to {high:.1%}): "
        f"{tally.left_out * low:,.0f} to {tally.left_out * high:,.0f} pages"
    )


def _first_example(origin: str, detail: str) -> Html:
    return join_html([element("span", origin, class_="origin"), ": ", detail])
