"""Section about overlap with test sets."""

from massivetext.decontaminate.marking import mark_common
from massivetext.formatting import count_noun
from massivetext.report.markup import Child, Html, Number, element, html_table, join_html
from massivetext.report.run_report import RunReport
from massivetext.report.sections.building_blocks import document_html, origin_html, section, share_out
from massivetext.report.tallies import ReportedOverlap
from massivetext.report.test_set_overlaps import Contamination, OverlapExample, TestSet

_SHOWN_CHARACTERS = 400  # of a match
_FATES = {"drop": "it is removed", "cut": "the passages are cut out of it", "mark": "it is only marked"}
_EXAMPLES = 25  # removed documents that are shown


def overlap_section(report: RunReport) -> Html:
    """Return the section about overlap with test sets; empty if none was tested."""
    found = report.contamination
    if found is None:
        return Html()
    rows: list[list[Child]] = [
        [
            each.name,
            _optional(each.items),
            each.short + each.common,
            each.items_hit,
            _parts(each),
            each.overlapping,
            each.removed,
            *([each.cut] if found.options.cuts else []),
            each.words,
        ]
        for each in found.test_sets
    ]
    header = [
        "test set",
        "items",
        "items not looked for",
        "items hit",
        "overlaps by part",
        "documents that overlap",
        "removed",
        *(["cut"] if found.options.cuts else []),
        "words of the removed",
    ]
    untested = sum(each.short + each.common for each in found.test_sets)
    foot: list[Child] = (
        [
            "all",
            found.items,
            untested,
            None,
            None,
            found.overlapping,
            found.removed,
            *([found.cut] if found.options.cuts else []),
            None,
        ]
        if rows
        else []
    )
    examples = share_out([source.contaminated for source in report.sources.values()], _EXAMPLES)
    return section(
        "contamination",
        "Overlap with test sets",
        f"{count_noun(found.tested, 'document')} were compared with {count_noun(found.items, 'test item')}. "
        f"{_limit(found)} Lesser overlaps are counted and stay. {_untested(found)}".strip(),
        html_table("Test sets", header, rows, foot=foot) or element("p", "No document overlaps a test item."),
        _details("Closest documents of each test set", *(_top(each) for each in found.test_sets if each.top)),
        _details("Items that many documents overlap", *(_frequent(each) for each in found.test_sets if each.frequent)),
        _details("A sample of removed documents", *(_overlapping(example) for example in examples)),
    )


def _limit(found: Contamination) -> str:
    options = found.options
    limits = {
        "jaccard": f"when its {options.ngram}-grams have a Jaccard similarity with an item's above {options.jaccard:g}",
        "containment": f"when it holds more than {options.containment:.0%} of the words of a part of an item",
        "phrase": "when it holds a part of 5 to 12 words with another sign beside it",
    }
    told = [limits[method] for method in limits if method in options.methods]
    if options.run_words:
        told.append(f"when it shares {options.run_words} words in a row with an item")
    what = "overlaps an item" if options.action or options.actions else "is removed"
    text = f"A document {what} {', or '.join(told)}." if told else "No document is removed."
    if missing := [method for method in limits if method not in options.methods]:
        text += f" Not applied here, so what it finds stays: {', '.join(missing)}."
    if options.quoted_by:
        text += (
            f" Items in more than {count_noun(options.quoted_by, 'document')} are taken for texts that many quote"
            f" ({count_noun(sum(each.quoted for each in found.test_sets), 'item')}): alone, they remove nothing."
        )
    if options.action or options.actions:
        by_set = [f"{name}: {_FATES[action]}" for name, action in (options.actions or {}).items()]
        rest = _FATES[options.action or "drop"]
        text += f" Then, by test set, {'; '.join([*by_set, f'others: {rest}'])}." if by_set else f" Then {rest}."
    if options.cuts:
        text += (
            f" With a passage go {options.margin_words} words on both sides, and pieces of fewer than "
            f"{options.least_piece} words; the rest is joined by an empty line. Places and texts below are those of "
            "the uncut document."
        )
    return text


def _untested(found: Contamination) -> str:
    short, common = (sum(getattr(each, kind) for each in found.test_sets) for kind in ("short", "common"))
    told = []
    if short:
        told.append(f"{count_noun(short, 'item')} of fewer than five words")
    if common:
        told.append(f"{count_noun(common, 'item')} of common words, single letters or digits only")
    return f"Not looked for within documents: {' and '.join(told)}." if told else ""


def _parts(test_set: TestSet) -> str:
    most = sorted(test_set.parts.items(), key=lambda part: (-part[1], part[0]))
    return ", ".join(f"{part} {count:,}" for part, count in most)


def _optional(count: int | None) -> Html:
    return Number("–" if count is None else f"{count:,}")


def _top(test_set: TestSet) -> Html:
    rows: list[list[Child]] = [
        [
            join_html([element("code", overlap.item), " ", overlap.part, overlap.outcome]),
            overlap.words if overlap.words else Number(overlap.method),
            Number(f"{overlap.jaccard:.3f}"),
            Number(f"{overlap.containment:.3f}"),
            *_side_by_side(overlap),
            origin_html(example.document),
        ]
        for example in test_set.top
        for overlap in example.overlaps
    ]
    header = ["item", "words found", "Jaccard", "share of the part", "in the item", "in the document", "document"]
    return html_table(f"Closest documents to {test_set.name}", header, rows)


def _frequent(test_set: TestSet) -> Html:
    rows: list[list[Child]] = [[element("code", item), count] for item, count in test_set.frequent]
    return html_table(f"Items of {test_set.name} that many pages may quote", ["item", "documents"], rows)


def _side_by_side(overlap: ReportedOverlap) -> tuple[Html, Html]:
    """Return the matched text of the item and of the document, with the words that both have marked."""
    item, document = mark_common(overlap.item_text[:_SHOWN_CHARACTERS], overlap.text[:_SHOWN_CHARACTERS])
    return _marked(item), _marked(document)


def _marked(pieces: list[tuple[str, bool]]) -> Html:
    return join_html([element("mark", piece) if is_common else piece for piece, is_common in pieces])


def _details(summary: str, *content: Html) -> Html:
    return element("details", element("summary", summary), *content) if content else Html()


def _overlapping(example: OverlapExample) -> Html:
    items = "; ".join(
        f"{each.test_set} {each.item}: "
        + (
            f"{each.part}, similarity {each.jaccard:.3f}, {each.containment:.0%} of the words of the part"
            if each.words
            else f"same {each.method}"
        )
        for each in example.overlaps
    )
    return element("div", element("p", element("strong", items)), document_html(example.document), class_="example")
