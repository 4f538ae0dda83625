"""Exact and near duplicates."""

from collections.abc import Mapping

from massivetext.report import charts
from massivetext.report.duplicates import Cluster, Clusters, Pair
from massivetext.report.markup import Child, Html, element, join, table
from massivetext.report.sections.building_blocks import Charts, document, origin, section
from massivetext.report.summary import Report
from massivetext.report.wording import VerdictSets, counted
from massivetext.runs.stage import VerdictSet
from massivetext.stages import EXACT_DEDUP, NEAR_DEDUP


def duplicates(report: Report, drawn: Charts, verdicts: VerdictSets) -> Html:
    """Exact and near duplicates."""
    made = {EXACT_DEDUP.name: report.exact, NEAR_DEDUP.name: report.near.clusters if report.near else None}
    found = {verdicts[stage]: clusters for stage, clusters in made.items() if clusters is not None}
    if not found:
        return Html()
    parts: list[Child] = [_duplicate_counts(found)]
    if any(clusters.count for clusters in found.values()):
        label = "Bars: number of clusters by the documents in them."
        parts_of_funnel = ["kept", *(each.legend for each in verdicts.values())]
        by_part = {stage.legend: clusters for stage, clusters in found.items()}
        parts.append(drawn.add("clusters", charts.cluster_sizes(by_part, parts_of_funnel), label))
    if report.near is not None:
        parts.append(_candidates(report, drawn))
    for stage, clusters in found.items():
        if clusters.largest:
            summary = element("summary", f"Largest clusters: {stage.title}")
            listed = element("ol", *(_cluster(cluster) for cluster in clusters.largest), class_="examples")
            parts.append(element("details", summary, listed))
    pairs = [pair for source in report.sources.values() for pair in source.near]
    if pairs:
        summary = element("summary", "A sample of near duplicates, each with what it resembles most")
        parts.append(element("details", summary, element("ol", *(_pair(pair) for pair in pairs), class_="examples")))
    return section(
        "duplicates",
        "Duplicates",
        "Documents with equal texts are exact duplicates; near duplicates share more of their word n-grams than the "
        "threshold. Of each cluster one document is kept, drawn by a seeded hash of its id.",
        *parts,
    )


def _duplicate_counts(found: Mapping[VerdictSet, Clusters]) -> Html:
    rows: list[list[Child]] = [
        [stage.title, clusters.count, clusters.removed, clusters.sizes[-1][0] if clusters.sizes else 0]
        for stage, clusters in found.items()
    ]
    return table("Clusters of copies", ["stage", "clusters", "documents removed", "largest cluster"], rows)


def _candidates(report: Report, drawn: Charts) -> Html:
    near = report.near
    if near is None or not near.candidates:
        return element("p", "No two documents were similar enough to be compared.")
    sentence = (
        f"{counted(near.candidates, 'candidate pair')} with a common band of MinHash signatures; of these, compared "
        f"exactly, {near.verified:,} exceeded a similarity of {near.threshold:g} and {near.rejected_frac:.1%} were "
        "rejected."
    )
    return join(
        [
            element("h3", "Candidate pairs by exact similarity"),
            element("p", sentence),
            drawn.add("similarities", charts.similarities(near), f"Histogram of exact similarities. {sentence}"),
        ]
    )


def _cluster(cluster: Cluster) -> Html:
    sources = ", ".join(f"{count:,} from {name}" for name, count in cluster.sources.items())
    return element(
        "li",
        element("p", element("strong", counted(cluster.size, "document")), f": {sources}. Kept:"),
        document(cluster.kept),
        element("p", "removed, among others:" if cluster.size - 1 > len(cluster.removed) else "removed:"),
        element("ul", *(element("li", origin(each)) for each in cluster.removed)),
    )


def _pair(pair: Pair) -> Html:
    measures = f"similarity {pair.jaccard:.3f}, {pair.containment:.1%} of the shorter one's n-grams"
    parts = [element("p", element("strong", measures)), document(pair.removed, "removed")]
    return element("li", element("div", *parts, document(pair.other, "resembles"), class_="pair"))
