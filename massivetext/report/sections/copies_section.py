"""Section about documents of one URL, and about exact and near duplicates."""

from collections.abc import Mapping

import msgspec

from massivetext.formatting import count_noun
from massivetext.report import charts
from massivetext.report.duplicates import ClusterReport, ComponentReport, DuplicateCluster, ReportedPair
from massivetext.report.markup import Child, Html, element, html_table, join_html
from massivetext.report.run_report import RunReport
from massivetext.report.sections.building_blocks import PageCharts, document_html, origin_html, section, share_out
from massivetext.report.wording import VerdictSets
from massivetext.runs.stage import VerdictSet
from massivetext.stages import EXACT_DEDUP, NEAR_DEDUP, URL_DEDUP

_PAIRS = 25  # near duplicates that are shown


def duplicates_section(report: RunReport, page_charts: PageCharts, verdicts: VerdictSets) -> Html:
    """Return the section about duplicates; empty if no deduplication is complete."""
    made = {
        URL_DEDUP.name: None if isinstance(report.urls, msgspec.UnsetType) else report.urls,
        EXACT_DEDUP.name: report.exact,
        NEAR_DEDUP.name: report.near.clusters if report.near else None,
    }
    found = {verdicts[stage]: clusters for stage, clusters in made.items() if clusters is not None}
    if not found:
        return Html()
    children: list[Child] = [_duplicate_counts(found)]
    if any(clusters.count for clusters in found.values()):
        label = "Bars: number of clusters by the documents in them."
        funnel_segments = ["kept", *(each.legend for each in verdicts.values())]
        by_segment = {stage.legend: clusters for stage, clusters in found.items()}
        children.append(page_charts.add("clusters", charts.cluster_size_chart(by_segment, funnel_segments), label))
    if report.near is not None:
        children.append(_candidates(report, page_charts))
        if report.near.components is not None and report.near.components.count:
            children.append(_components(report.near.components))
    for stage, clusters in found.items():
        if clusters.largest:
            summary = element("summary", f"Largest clusters: {stage.title}")
            listed = element("ol", *(_cluster(cluster) for cluster in clusters.largest), class_="examples")
            children.append(element("details", summary, listed))
    pairs = share_out([source.near for source in report.sources.values()], _PAIRS)
    if pairs:
        summary = element("summary", "A sample of near duplicates, each with a document that it resembles")
        children.append(element("details", summary, element("ol", *(_pair(pair) for pair in pairs), class_="examples")))
    of_urls = (
        "Of documents with one canonical URL one is kept, whatever their texts. "
        if isinstance(report.urls, ClusterReport)
        else ""
    )
    return section(
        "duplicates",
        "Duplicates",
        f"{of_urls}Documents with equal texts are exact duplicates; near duplicates share more of their word n-grams "
        "than the threshold. A cluster is a kept document with those that were removed for its sake; which one is kept "
        "is drawn by a seeded hash of its id.",
        *children,
    )


def _duplicate_counts(found: Mapping[VerdictSet, ClusterReport]) -> Html:
    rows: list[list[Child]] = [
        [stage.title, clusters.count, clusters.removed, clusters.sizes[-1][0] if clusters.sizes else 0]
        for stage, clusters in found.items()
    ]
    head = ["stage", "clusters", "documents removed", "largest cluster"]
    if any(clusters.earlier for clusters in found.values()):
        head.append("removed for an earlier corpus")
        for row, clusters in zip(rows, found.values(), strict=True):
            row.append(clusters.earlier)
    return html_table("Clusters of copies", head, rows)


def _candidates(report: RunReport, page_charts: PageCharts) -> Html:
    near = report.near
    if near is None or not near.candidates:
        return element("p", "No two documents were similar enough to be compared.")
    sentence = (
        f"{count_noun(near.candidates, 'pair')}, most of them with a common band of MinHash signatures; of these, "
        f"compared exactly, {near.verified:,} exceeded a similarity of {near.threshold:g} and "
        f"{near.rejected_frac:.1%} were rejected."
    )
    return join_html(
        [
            element("h3", "Candidate pairs by exact similarity"),
            element("p", sentence),
            page_charts.add(
                "similarities", charts.similarity_chart(near), f"Histogram of exact similarities. {sentence}"
            ),
        ]
    )


def _components(components: ComponentReport) -> Html:
    """Return what near-duplicate pairs connect, and how much of it stays."""
    found = count_noun(components.count, "component")
    sentence = (
        f"Near-duplicate pairs connect their documents to {found}. {components.kept_apart:,} of these documents "
        "resemble no kept one and are kept; one document for each component would have removed them."
    )
    if components.unmeasured_pairs:
        sentence += (
            f" After the last round {count_noun(components.unmeasured_pairs, 'pair')} of kept documents had not been "
            "measured, so near duplicates may be left among them."
        )
    if components.uncompared_documents:
        documents = count_noun(components.uncompared_documents, "kept document")
        sentence += (
            f" {documents} of very large buckets were not compared with all others there, so near duplicates may be "
            "left among them."
        )
    rows: list[list[Child]] = [
        [each.documents, each.kept, "–" if each.diameter is None else each.diameter, origin_html(each.first)]
        for each in components.largest
    ]
    head = ["documents", "kept", "diameter", "first document"]
    listed = element("details", element("summary", "Largest components"), html_table("Components", head, rows))
    return join_html([element("p", sentence), listed])


def _cluster(cluster: DuplicateCluster) -> Html:
    sources = ", ".join(f"{count:,} from {name}" for name, count in cluster.sources.items())
    return element(
        "li",
        element("p", element("strong", count_noun(cluster.size, "document")), f": {sources}. Kept:"),
        document_html(cluster.kept),
        element("p", "removed, among others:" if cluster.size - 1 > len(cluster.removed) else "removed:"),
        element("ul", *(element("li", origin_html(each)) for each in cluster.removed)),
    )


def _pair(pair: ReportedPair) -> Html:
    measures = f"similarity {pair.jaccard:.3f}, {pair.containment:.1%} of the shorter one's n-grams"
    children = [element("p", element("strong", measures)), document_html(pair.removed, "removed")]
    return element("li", element("div", *children, document_html(pair.other, "resembles"), class_="pair"))
