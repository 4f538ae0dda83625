"""Section about overlap with test sets."""

from massivetext.formatting import count_noun
from massivetext.report.markup import Child, Html, Number, element, html_table
from massivetext.report.run_report import RunReport
from massivetext.report.sections.building_blocks import document_html, origin_html, section
from massivetext.report.test_set_overlaps import Contamination, OverlapExample, TestSet


def overlap_section(report: RunReport) -> Html:
    """Return the section about overlap with test sets; empty if none was tested."""
    found = report.contamination
    if found is None:
        return Html()
    limit = _limit(found)
    rows: list[list[Child]] = [
        [each.name, _optional(each.items), each.items_hit, each.overlapping, each.removed] for each in found.test_sets
    ]
    header = ["test set", "items", "items hit", "documents that overlap", "removed"]
    foot: list[Child] = ["all", found.items, None, found.overlapping, found.removed] if rows else []
    examples = [example for source in report.sources.values() for example in source.contaminated]
    return section(
        "contamination",
        "Overlap with test sets",
        f"{count_noun(found.tested, 'document')} were compared with {count_noun(found.items, 'test item')} by n-grams "
        f"of {found.options.ngram} words. A document is removed at {limit}; lesser overlaps are counted and stay.",
        html_table("Test sets", header, rows, foot=foot)
        or element("p", "No document shares an n-gram with a test item."),
        _details("Closest documents of each test set", *(_top(each) for each in found.test_sets if each.top)),
        _details("A sample of removed documents", *(_overlapping(example) for example in examples)),
    )


def _limit(found: Contamination) -> str:
    limit = f"a Jaccard similarity with an item above {found.options.jaccard:g}"
    if found.options.containment is None:
        return limit
    return f"{limit}, or when it holds more than {found.options.containment:.0%} of an item's n-grams"


def _optional(count: int | None) -> Html:
    return Number("–" if count is None else f"{count:,}")


def _top(test_set: TestSet) -> Html:
    rows: list[list[Child]] = [
        [
            element("code", overlap.item),
            overlap.shared if overlap.shared else Number("title"),
            Number(f"{overlap.jaccard:.3f}"),
            Number(f"{overlap.containment:.3f}"),
            origin_html(example.document),
        ]
        for example in test_set.top
        for overlap in example.overlaps
    ]
    header = ["item", "n-grams shared", "Jaccard", "share of the item", "document"]
    return html_table(f"Closest documents to {test_set.name}", header, rows)


def _details(summary: str, *content: Html) -> Html:
    return element("details", element("summary", summary), *content) if content else Html()


def _overlapping(example: OverlapExample) -> Html:
    items = "; ".join(
        f"{each.test_set} {each.item}: "
        + (f"similarity {each.jaccard:.3f}, {each.containment:.0%} of the item" if each.shared else "same title")
        for each in example.overlaps
    )
    return element("div", element("p", element("strong", items)), document_html(example.document), class_="example")
