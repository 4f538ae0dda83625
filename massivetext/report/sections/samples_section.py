"""Documents to look at."""

from massivetext.report.markup import Child, Html, element, join
from massivetext.report.sections.building_blocks import document, section
from massivetext.report.summary import Report, SourceReport
from massivetext.report.wording import counted, passing


def samples(report: Report) -> Html:
    """Documents that were dropped, by rule, and a few that were kept."""
    return section(
        "samples",
        "Documents to look at",
        "A seeded sample for every rule, those first that no other rule removes: the quickest way to see whether a "
        "rule does what it should. With another seed in the recipe it is another sample.",
        *(_source_samples(name, source) for name, source in report.sources.items()),
    )


def _source_samples(name: str, source: SourceReport) -> Html:
    parts: list[Child] = [element("h3", name)]
    by_rule = {rule.rule: rule for rule in source.rules}
    for label in [label for label in by_rule if label in source.dropped]:
        summary = join(
            [
                element("code", label),
                f": {counted(by_rule[label].tally.failed, 'document')} outside {passing(by_rule[label].passes)}",
            ]
        )
        shown = [element("li", document(each)) for each in source.dropped[label]]
        parts.append(element("details", element("summary", summary), element("ol", *shown, class_="examples")))
    if source.kept:
        shown = [element("li", document(each)) for each in source.kept]
        parts.append(
            element("details", element("summary", "Documents that are kept"), element("ol", *shown, class_="examples"))
        )
    return join(parts)
