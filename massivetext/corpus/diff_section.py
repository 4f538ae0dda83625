"""What differs between two runs, as a section of the report page."""

from collections.abc import Mapping, Sequence

from massivetext.corpus.run_diff import NOT_READ, Amount, DiffExample, GainLoss, RunDiff
from massivetext.corpus.signal_drift import DriftFound, SignalDrift
from massivetext.formatting import count_noun, format_border, format_count, format_value
from massivetext.report.html_page import AddedSection
from massivetext.report.markup import Child, Html, Number, element, html_table, join_html
from massivetext.report.sections.building_blocks import document_html, legend, section

_DRAWN = 6  # signals of a source whose histograms are shown
_LISTED = 25  # of languages, hosts and signals of a source
_HIGH, _CELLS = 40, 60  # size of a drawn histogram: its height, and the largest number of its steps


def diff_section(found: RunDiff) -> AddedSection:
    """Return the section about what differs between an earlier run and this one."""
    return AddedSection("against", "Against another run", _section(found))


def _section(found: RunDiff) -> Html:
    notes = [element("p", note) for note in found.notes]
    if found.is_empty:
        same = f"Nothing differs up to {found.up_to}: documents, texts, verdicts, signals and settings."
        return _with_heading(found, *notes, element("p", element("strong", same)))
    return _with_heading(
        found,
        *notes,
        _sources(found),
        _changes("At the stage of the other run that removes them", "stage", found.stages),
        _rules(found),
        _settings(found),
        _details("Gained and lost by language", _changes("By language", "language", found.languages)),
        _details("Gained and lost by host", _changes("By host", "host", found.hosts)),
        *_drift(found.drift),
        _documents("Gained documents: a sample", found.gained),
        _documents("Lost documents: a sample", found.lost),
    )


def _with_heading(found: RunDiff, *content: Child) -> Html:
    return section(
        "against",
        "Against another run",
        f"This run beside the earlier one `{found.before}`. A document is gained if only this run keeps it after "
        f"{found.up_to}, and lost if only the other does. Documents are matched by their ids.",
        *content,
    )


def _sources(found: RunDiff) -> Html:
    rows: list[list[Child]] = [
        [
            name,
            Number(f"{each.read_before:,} → {each.read_after:,}"),
            each.common,
            each.changed_texts,
            Number(f"{each.before.documents:,} → {each.after.documents:,}"),
            Number(f"{format_count(each.before.words)} → {format_count(each.after.words)}"),
            Number(_tokens(each.before, each.after)),
            _amount(each.gained),
            _amount(each.lost),
        ]
        for name, each in found.sources.items()
    ]
    header = ["source", "read", "in both", "texts changed", "kept", "words", "tokens", "gained", "lost"]
    return html_table("Before → after; below gained and lost documents their words", header, rows)


def _tokens(before: Amount, after: Amount) -> str:
    if before.tokens is None or after.tokens is None:
        return "–"
    return f"{format_count(before.tokens)} → {format_count(after.tokens)}"


def _amount(amount: Amount) -> Number:
    words = element("small", f"{format_count(amount.words)} words")
    return Number(join_html([f"{amount.documents:,}", element("br"), words]))


def _changes(caption: str, what: str, found: Mapping[str, Mapping[str, GainLoss]]) -> Html:
    rows: list[list[Child]] = [
        [source, element("code", name), _amount(each.gained), _amount(each.lost)]
        for source, changes in found.items()
        for name, each in list(changes.items())[:_LISTED]
    ]
    return html_table(f"Gained and lost documents. {caption}", ["source", what, "gained", "lost"], rows)


def _rules(found: RunDiff) -> Html:
    rows: list[list[Child]] = []
    for source, rules in found.rules.items():
        for name, each in rules.items():
            was, now = each.passes_before or "no rule", each.passes_after or "no rule"
            rows.append(
                [
                    source,
                    element("code", name),
                    was if was == now else f"{was} → {now}",
                    Number(f"{each.failed_before:,} → {each.failed_after:,}"),
                    *(each.newly, each.no_longer, each.gained, each.lost),
                ]
            )
    header = ["source", "rule", "passes", "fail", "newly", "no longer", "gained", "lost"]
    caption = "Rules that judge otherwise. Newly, no longer: of the documents of both runs"
    return html_table(caption, header, rows)


def _settings(found: RunDiff) -> Html:
    rows: list[list[Child]] = [
        [element("code", name), was or "not given", now or "not given"] for name, (was, now) in found.settings.items()
    ]
    shown = html_table("Settings of the recipes and versions of libraries that differ", ["setting", "was", "is"], rows)
    return _details(f"{count_noun(len(rows), 'setting')} that differ", shown) if rows else Html()


def _details(summary: str, content: Html) -> Html:
    return element("details", element("summary", summary), content) if content else Html()


# -- drift of signals --------------------------------------------------------------------------------------------------


def _drift(found: Mapping[str, DriftFound]) -> list[Html]:
    if not found:
        return []
    rows: list[list[Child]] = []
    for source, drift in found.items():
        for name, each in list(drift.signals.items())[:_LISTED]:
            rows.append([source, element("code", name), Number(f"{each.distance:.4f}"), Number(_means(each))])
    caption = (
        "Signals whose values differ, over all documents that were read. Distance: 0 to 1, the largest difference "
    )
    table = html_table(
        f"{caption}between the shares of documents below a value", ["source", "signal", "distance", "mean"], rows
    )
    drawn = [
        _histograms(source, name, each)
        for source, drift in found.items()
        for name, each in list(drift.signals.items())[:_DRAWN]
        if each.bins
    ]
    missing = [
        element("p", f"Signals of {source} that were measured only {when}: {', '.join(names)}.")
        for source, drift in found.items()
        for when, names in (("before", drift.only_before), ("now", drift.only_after))
        if names
    ]
    key = legend(("light", "other run"), ("passed", "this run"))
    return [element("h3", "Drift of signals"), table, *missing, key, element("div", *drawn, class_="pair")]


def _means(drift: SignalDrift) -> str:
    if drift.mean_before is None or drift.mean_after is None:
        return "–"
    return f"{format_value(drift.mean_before)} → {format_value(drift.mean_after)}"


def _histograms(source: str, name: str, drift: SignalDrift) -> Html:
    """Return the two histograms of a signal over each other, as shares of the documents of their runs."""
    sides = [_heights([each.before for each in drift.bins]), _heights([each.after for each in drift.bins])]
    most = max(*sides[0], *sides[1], 1e-9)
    paths = (
        element("path", d=_outline([_HIGH * height / most for height in heights]), class_=css)
        for heights, css in zip(sides, ("other-run", "this-run"), strict=True)
    )
    last = drift.bins[-1]
    end = format_border(last.low if last.high is None else last.high)
    label = f"Histograms of {name} in {source} in both runs, from {format_border(drift.bins[0].low)} to {end}."
    box = f"0 0 {len(sides[0])} {_HIGH}"
    drawing = element("svg", *paths, viewBox=box, preserveAspectRatio="none", role="img", aria_label=label)
    ends = join_html([element("span", format_border(drift.bins[0].low)), element("span", end)])
    return element(
        "div",
        element("p", element("code", name), f" {source}"),
        drawing,
        element("p", ends, class_="ends"),
        class_="drift",
    )


def _heights(counts: Sequence[int]) -> list[float]:
    cells = [0] * min(len(counts), _CELLS)
    for number, count in enumerate(counts):
        cells[number * len(cells) // len(counts)] += count
    total = max(sum(cells), 1)
    return [(each / total) ** 0.5 for each in cells]  # square roots, as in all histograms of the page


def _outline(heights: Sequence[float]) -> str:
    steps = "".join(f"V{_HIGH - height:.2f}H{number + 1}" for number, height in enumerate(heights))
    return f"M0 {_HIGH}{steps}V{_HIGH}Z"


# -- documents ---------------------------------------------------------------------------------------------------------


def _documents(summary: str, documents: Sequence[DiffExample]) -> Html:
    listed = [element("li", element("p", _reason(each)), document_html(each.document)) for each in documents]
    return _details(summary, element("ol", *listed, class_="examples")) if listed else Html()


def _reason(example: DiffExample) -> str:
    if example.removed_by == NOT_READ:
        return "Not in the other run."
    return f"The other run removes it by {', '.join(example.rules) or example.removed_by}."
