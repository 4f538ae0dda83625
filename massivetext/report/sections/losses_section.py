"""Sections about removed documents: the funnel of every source, and the removals of each rule."""

import itertools
from collections.abc import Mapping

from massivetext.formatting import count_noun, format_bytes, format_count, format_share
from massivetext.report import charts
from massivetext.report.heat_map import heat_map
from massivetext.report.markup import Child, Html, Number, element, html_table, join_html
from massivetext.report.run_report import RuleReport, RunReport, SourceReport
from massivetext.report.sections.building_blocks import PageCharts, legend, section
from massivetext.report.tallies import GroupTally
from massivetext.report.wording import VerdictSets, describe_rule
from massivetext.stages import INGEST, JUDGE

# Classes of the swatches in page.css, in the order in which page.js gives the charts their colours.
_SWATCHES = ("passed", "full", "exact", "near", "tests", "other")
_WORTH_A_CHART = 3  # rules that fire; fewer are easier to read in a table
_GROUPS_SHOWN = 25  # languages or hosts


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


def rules_section(report: RunReport, page_charts: PageCharts) -> Html:
    """Return the section about the documents that each rule removed; empty if no source has rules."""
    children = [_source_rules(name, source, page_charts) for name, source in report.sources.items() if source.rules]
    if not children:
        return Html()
    return section(
        "rules",
        "What each rule removed",
        "All rules see every document, whatever the others say. A document that fails a rule alone would come back "
        "without that rule, so the darkest bar is what a changed threshold can move at most.",
        legend(
            ("light", "fails the rule"), ("middle", "it is the first rule that fails"), ("full", "no other rule fails")
        ),
        *children,
    )


def _source_rules(name: str, source: SourceReport, page_charts: PageCharts) -> Html:
    documents = source.funnel[INGEST.name].documents
    fired = [rule for rule in source.rules if rule.tally.failed]
    removed = documents - source.funnel[JUDGE.name].documents
    title = f"{removed:,} of {count_noun(documents, 'document')} removed by {count_noun(len(source.rules), 'rule')}"
    children: list[Child] = [element("h3", name, element("small", f" {title}"))]
    if len(fired) >= _WORTH_A_CHART:
        most = max(fired, key=lambda rule: rule.tally.failed)
        label = f"Bars: documents of {name} that fail each rule. Most fail {most.rule}: {most.tally.failed:,}."
        children.append(page_charts.add(f"rules-{name}", charts.removal_chart(source.rules, documents), label))
    rows = [_rule_row(rule, documents) for rule in source.rules]
    header = ["rule", "passes", "fail", "share", "first", "alone", "words", "words alone", "where the bound is from"]
    caption = f"Rules of {name} in the order in which they judge; words and bytes are those of the documents that fail"
    shown = html_table(caption, header, rows)
    children.append(
        element("details", element("summary", "Table of the rules"), shown, open=len(fired) < _WORTH_A_CHART)
    )
    if len(fired) > 1:
        children.append(_joint_failures(name, source, page_charts))
    children += [
        _losses_by_group(name, what, found) for what, found in (("language", source.languages), ("host", source.hosts))
    ]
    return join_html(children)


def _joint_failures(name: str, source: SourceReport, page_charts: PageCharts) -> Html:
    """Return the number of documents that fail both of two rules, as a chart and a table."""
    fired = [at for at, rule in enumerate(source.rules) if rule.tally.failed]
    label = (
        f"Heat map: of the documents of {name} that fail the rule of a row, the share that fails the rule of a column "
        "as well. The numbers are in the table below."
    )
    rows: list[list[Child]] = [
        [
            join_html([f"{number}. ", element("code", source.rules[at].rule)]),
            *(_unless_zero(source.overlaps[at][other]) for other in fired),
        ]
        for number, at in enumerate(fired, start=1)
    ]
    header = ["rule", *(f"{number}." for number in range(1, len(fired) + 1))]
    explanation = (
        "Of the documents that fail the rule of a row, the share that fails the rule of a column as well. 100% means "
        "that the rule of the row finds nothing that the other does not find."
    )
    return element(
        "details",
        element("summary", "Rules that fail together"),
        element("p", explanation, class_="explanation"),
        page_charts.add(f"overlaps-{name}", heat_map(source.rules, source.overlaps), label),
        html_table(f"Documents of {name} that fail both rules", header, rows),
    )


def _unless_zero(count: int) -> Html:
    return Number(f"{count:,}" if count else "")


def _losses_by_group(name: str, what: str, found: Mapping[str, GroupTally]) -> Html:
    """Return a table of the languages or hosts that lose most documents to the rules; empty if none loses any."""
    most = sorted(found.items(), key=lambda item: (-item[1].removed, item[0]))[:_GROUPS_SHOWN]
    rows: list[list[Child]] = [
        [
            element("code", group),
            tally.removed,
            Number(format_share(tally.removed, tally.documents)),
            tally.documents,
            tally.removed_words,
            Number(format_bytes(tally.removed_bytes)),
        ]
        for group, tally in most
        if tally.removed
    ]
    if not rows:
        return Html()
    header = [what, "removed", "share of its documents", "documents", "words removed", "bytes removed"]
    shown = html_table(f"Documents of {name} that the rules removed, by {what}", header, rows)
    return element("details", element("summary", f"Removals by {what}"), shown)


def _rule_row(rule: RuleReport, documents: int) -> list[Child]:
    tally = rule.tally
    label = join_html([element("code", rule.rule), " reports only" if rule.report_only else None])
    lost = (_lost(tally.failed_words, tally.failed_bytes), _lost(tally.unique_words, tally.unique_bytes))
    counts = (tally.failed, Number(format_share(tally.failed, documents)), tally.first, tally.unique)
    return [label, describe_rule(rule.passes, rule.where), *counts, *lost, rule.citation]


def _lost(words: int, utf8: int) -> Html:
    return Number(_two_lines(f"{words:,}", format_bytes(utf8)))
