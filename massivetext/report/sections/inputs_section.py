"""Input that became no document."""

from massivetext.report.markup import Child, Html, Number, element, join, table
from massivetext.report.sections.building_blocks import section
from massivetext.report.summary import Report
from massivetext.report.wording import counted


def quarantine(report: Report) -> Html:
    """Input that became no document."""
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
    lines = [
        table(
            f"{name}, {reason}: {counted(found.count, 'record')}",
            ["file", "offset", "what happened"],
            [[line.origin, Number(element("code", line.offset)), line.detail] for line in found.examples],
        )
        for name, source in report.sources.items()
        for reason, found in source.rejected.items()
    ]
    return section(
        "quarantine",
        "Input that could not be read",
        "What became no document, by reason. Rejected input lies with file, offset and error in the run's "
        "`quarantine` folder; skipped records are sound but not wanted, such as images or redirects.",
        table("Rejected", ["source", "reason", "records", "example"], rejected)
        or element("p", "Everything could be read."),
        element("details", element("summary", "First records of each reason"), *lines) if lines else None,
        table("Skipped", ["source", "reason", "records"], skipped),
    )


def _first_example(origin: str, detail: str) -> Html:
    return join([element("span", origin, class_="origin"), ": ", detail])
