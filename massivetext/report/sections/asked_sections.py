"""Sections that the script of the page fills from its data, as they depend on what the reader asks."""

from massivetext.report.markup import Html, element
from massivetext.report.run_report import RunReport
from massivetext.report.sections.building_blocks import legend, section


def rules_section(report: RunReport) -> Html:
    """Return the section with a slider on every limit; empty if no source has rules."""
    if not any(source.rules for source in report.sources.values()):
        return Html()
    return section(
        "rules",
        "Rules and their limits",
        "Move a limit to see what all rules together would keep. All rules see every document, whatever the others "
        "say; a document that fails one rule alone would come back without it. Open a rule for its histogram and for "
        "documents on both sides of its limit.",
        legend(("light", "fails the rule"), ("full", "no other rule fails")),
        _filled("rules"),
    )


def signals_section() -> Html:
    """Return the section with the histogram of any signal."""
    return section(
        "signals",
        "Signals",
        "Heights grow with the square root of the count; what has no upper end has bins that widen with the value. "
        "Colours are the verdict of all rules together.",
        legend(("passed", "passed all rules"), ("full", "failed a rule"), ("limit", "limit")),
        _filled("signals"),
    )


def samples_section() -> Html:
    """Return the section with a search over the documents and hosts of the page."""
    return section(
        "samples",
        "Documents to look at",
        "A seeded sample: near each limit on both sides, from the bars of the histograms, and some that are kept. "
        "Without a search it is that of the chosen source.",
        _filled("samples"),
    )


def _filled(name: str) -> Html:
    return element("div", id=f"{name}-content", class_="filled")
