"""Section with documents to look at."""

from massivetext.formatting import count_noun
from massivetext.report.markup import Child, Html, element, join_html
from massivetext.report.run_report import RunReport, SourceReport
from massivetext.report.sections.building_blocks import document_html, section
from massivetext.report.wording import describe_rule


def samples_section(report: RunReport) -> Html:
    """Return the section with sampled documents: dropped ones by rule, and a few that were kept."""
    return section(
        "samples",
        "Documents to look at",
        "A seeded sample for every rule, those first that no other rule removes: the quickest way to see whether a "
        "rule does what it should. With another seed in the recipe it is another sample.",
        *(_source_samples(name, source) for name, source in report.sources.items()),
    )


def _source_samples(name: str, source: SourceReport) -> Html:
    children: list[Child] = [element("h3", name)]
    by_rule = {rule.rule: rule for rule in source.rules}
    for label in [label for label in by_rule if label in source.dropped]:
        failed, passes = count_noun(by_rule[label].tally.failed, "document"), describe_rule(by_rule[label].passes)
        summary = join_html([element("code", label), f": {failed} outside {passes}"])
        shown = [element("li", document_html(each)) for each in source.dropped[label]]
        children.append(element("details", element("summary", summary), element("ol", *shown, class_="examples")))
    if source.kept:
        shown = [element("li", document_html(each)) for each in source.kept]
        children.append(
            element("details", element("summary", "Documents that are kept"), element("ol", *shown, class_="examples"))
        )
    return join_html(children)
