"""Where documents were lost: the funnel of every source, and what each rule removed."""

import itertools
from collections.abc import Mapping

from massivetext.report import charts
from massivetext.report.heat_map import heat_map
from massivetext.report.markup import Child, Html, Number, element, join, table
from massivetext.report.sections.building_blocks import Charts, legend, section
from massivetext.report.summary import Report, RuleReport, SourceReport
from massivetext.report.tallies import PartTally
from massivetext.report.wording import VerdictSets, counted, passing, share, short, size
from massivetext.stages import DECONTAMINATE, EXACT_DEDUP, INGEST, JUDGE, NEAR_DEDUP

# Classes of the swatches in page.css, in the order in which page.js gives the charts their colours.
_SWATCHES = ("passed", "full", "exact", "near", "tests")
_WORTH_A_CHART = 3  # rules that fire; fewer are clearer in a table
_PARTS_SHOWN = 25  # languages or hosts


def funnel(report: Report, drawn: Charts, verdicts: VerdictSets) -> Html:
    """Documents and words of each source after each stage."""
    judged = report.judged
    parts = ["kept", *(verdicts[stage].legend for stage in judged[1:])]
    chart = drawn.add("funnel", charts.funnel(report.sources, judged, parts), _funnel_label(report))
    rows = [
        [name, *(_funnel_cell(source, judged, at) for at in range(len(judged)))]
        for name, source in report.sources.items()
    ]
    total = [
        Number(_two_lines(f"{(left := report.total(stage)).documents:,}", f"{short(left.words)} words"))
        for stage in judged
    ]
    return section(
        "funnel",
        "Where the documents went",
        "Every stage judges what the stages before it kept. The share below a count is what is left of the documents "
        "read; a dash means that the stage does not judge that source.",
        legend(*zip(itertools.cycle(_SWATCHES), parts, strict=False)),
        chart,
        table(
            "Documents and words left after each stage",
            ["source", INGEST.title, *(verdicts[stage].title for stage in judged[1:])],
            rows,
            foot=["all", *total],
        ),
    )


def _funnel_cell(source: SourceReport, judged: tuple[str, ...], at: int) -> Html:
    stage = judged[at]
    takes_part = {
        JUDGE.name: bool(source.rules),
        EXACT_DEDUP.name: source.deduplicates,
        NEAR_DEDUP.name: source.deduplicates,
        DECONTAMINATE.name: source.decontaminates,
    }
    if not takes_part.get(stage, True):
        return Number("–")
    left, read = source.funnel[stage], source.funnel[INGEST.name].documents
    percent = f" · {share(left.documents, read)}" if at else ""
    return Number(_two_lines(f"{left.documents:,}", f"{short(left.words)} words{percent}"))


def _two_lines(first: str, second: str) -> Html:
    return join([first, element("br"), element("small", second)])


def _funnel_label(report: Report) -> str:
    last = report.judged[-1]
    each = (
        f"{name}: {share(source.funnel[last].documents, source.funnel[INGEST.name].documents)}"
        for name, source in report.sources.items()
    )
    return f"Bars: share of each source that is kept. {'; '.join(each)}."


def rules(report: Report, drawn: Charts) -> Html:
    """What each rule removed of each source."""
    parts = [_source_rules(name, source, drawn) for name, source in report.sources.items() if source.rules]
    if not parts:
        return Html()
    return section(
        "rules",
        "What each rule removed",
        "All rules see every document, whatever the others say. A document that fails a rule alone would come back "
        "without that rule, so the darkest bar is what a changed threshold can move at most.",
        legend(
            ("light", "fails the rule"), ("middle", "it is the first rule that fails"), ("full", "no other rule fails")
        ),
        *parts,
    )


def _source_rules(name: str, source: SourceReport, drawn: Charts) -> Html:
    documents = source.funnel[INGEST.name].documents
    fired = [rule for rule in source.rules if rule.tally.failed]
    removed = documents - source.funnel[JUDGE.name].documents
    title = f"{removed:,} of {counted(documents, 'document')} removed by {counted(len(source.rules), 'rule')}"
    parts: list[Child] = [element("h3", name, element("small", f" {title}"))]
    if len(fired) >= _WORTH_A_CHART:
        most = max(fired, key=lambda rule: rule.tally.failed)
        label = f"Bars: documents of {name} that fail each rule. Most fail {most.rule}: {most.tally.failed:,}."
        parts.append(drawn.add(f"rules-{name}", charts.removals(source.rules, documents), label))
    rows = [_rule_row(rule, documents) for rule in source.rules]
    header = ["rule", "passes", "fail", "share", "first", "alone", "words", "words alone", "where the bound is from"]
    caption = f"Rules of {name} in the order in which they judge; words and bytes are those of the documents that fail"
    shown = table(caption, header, rows)
    parts.append(element("details", element("summary", "Table of the rules"), shown, open=len(fired) < _WORTH_A_CHART))
    if len(fired) > 1:
        parts.append(_overlaps(name, source, drawn))
    parts += [
        _removed_parts(name, what, found) for what, found in (("language", source.languages), ("host", source.hosts))
    ]
    return join(parts)


def _overlaps(name: str, source: SourceReport, drawn: Charts) -> Html:
    """The documents that two rules both fail, as a chart and in numbers."""
    fired = [at for at, rule in enumerate(source.rules) if rule.tally.failed]
    label = (
        f"Heat map: of the documents of {name} that fail the rule of a row, the share that fails the rule of a column "
        "as well. The numbers are in the table below."
    )
    rows: list[list[Child]] = [
        [
            join([f"{number}. ", element("code", source.rules[at].rule)]),
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
        drawn.add(f"overlaps-{name}", heat_map(source.rules, source.overlaps), label),
        table(f"Documents of {name} that fail both rules", header, rows),
    )


def _unless_zero(count: int) -> Html:
    return Number(f"{count:,}" if count else "")


def _removed_parts(name: str, what: str, found: Mapping[str, PartTally]) -> Html:
    """The languages or hosts that lose most documents to the rules."""
    most = sorted(found.items(), key=lambda item: (-item[1].removed, item[0]))[:_PARTS_SHOWN]
    rows: list[list[Child]] = [
        [
            element("code", part),
            tally.removed,
            Number(share(tally.removed, tally.documents)),
            tally.documents,
            tally.removed_words,
            Number(size(tally.removed_bytes)),
        ]
        for part, tally in most
        if tally.removed
    ]
    if not rows:
        return Html()
    header = [what, "removed", "share of its documents", "documents", "words removed", "bytes removed"]
    shown = table(f"Documents of {name} that the rules removed, by {what}", header, rows)
    return element("details", element("summary", f"Removals by {what}"), shown)


def _rule_row(rule: RuleReport, documents: int) -> list[Child]:
    tally = rule.tally
    label = join([element("code", rule.rule), " reports only" if rule.report_only else None])
    lost = (_lost(tally.failed_words, tally.failed_bytes), _lost(tally.unique_words, tally.unique_bytes))
    counts = (tally.failed, Number(share(tally.failed, documents)), tally.first, tally.unique)
    return [label, passing(rule.passes, rule.where), *counts, *lost, rule.citation]


def _lost(words: int, utf8: int) -> Html:
    return Number(_two_lines(f"{words:,}", size(utf8)))
