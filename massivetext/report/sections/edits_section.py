"""Section about line edits."""

from massivetext.formatting import count_noun
from massivetext.report.edited import EditTally
from massivetext.report.markup import Child, Html, Number, element, format_code, html_table
from massivetext.report.run_report import RunReport, SourceReport
from massivetext.report.sections.building_blocks import section
from massivetext.stages import INGEST


def edits_section(report: RunReport) -> Html:
    """Return the section about line edits; empty if no source has any."""
    tables = [_rules(name, source) for name, source in report.sources.items() if source.edited is not None]
    if not tables:
        return Html()
    return section(
        "edits",
        "Line edits",
        "What the recipe had taken out of texts as they were ingested; every other number of this report is about what "
        "was left. A rule sees what the rules above it left. A document of which no line is left is still there as an "
        "empty text, which the rules judge like any other.",
        *tables,
    )


def _rules(name: str, source: SourceReport) -> Html:
    found = source.edited
    if found is None:
        return Html()
    before = source.funnel[INGEST.name].words + sum(rule.words for rule in found.rules)
    rows = [
        [element("code", rule.rule), *_counts(rule, before), format_code(rule.does), rule.citation]
        for rule in found.rules
    ]
    total = EditTally(
        rule="all",
        does="",
        citation="",
        lines=sum(rule.lines for rule in found.rules),
        characters=sum(rule.characters for rule in found.rules),
        words=sum(rule.words for rule in found.rules),
    )
    caption = (
        f"{name}: {count_noun(found.documents, 'document')} of {source.funnel[INGEST.name].documents:,} changed, "
        f"{found.emptied:,} of them emptied"
    )
    header = ["rule", "lines", "characters", "words", "share of words", "what it does", "source"]
    return html_table(caption, header, rows, foot=["all", *_counts(total, before), None, None])


def _counts(rule: EditTally, before: int) -> list[Child]:
    share = Number("–" if before == 0 else f"{rule.words / before:.2%}")
    return [rule.lines, rule.characters, rule.words, share]
