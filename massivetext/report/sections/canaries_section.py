"""Section about canaries."""

from massivetext.canaries.scores import CanaryReport, Share
from massivetext.formatting import count_noun
from massivetext.report.markup import Child, Html, Number, element, html_table
from massivetext.report.run_report import RunReport
from massivetext.report.sections.building_blocks import section
from massivetext.stages import CANARIES


def canaries_section(report: RunReport) -> Html:
    """Return the section about canaries; empty without any."""
    found = report.canaries
    if found is None:
        return Html()
    planted = count_noun(sum(found.planted.values()), "canary", "canaries")
    where = ", ".join(f"{source} {count:,}" for source, count in found.planted.items())
    return section(
        CANARIES.name,
        "Canaries",
        f"{planted}, altered copies of documents and texts made for this purpose, went through "
        f"the stages as documents of their own ({where}). No document was removed for one of them, no other number of "
        "this report counts them, and none is in the records. A canary is scored in every stage that it reached and of "
        "which it is known what it must do; intervals are of 95% (Wilson).",
        _stages(found),
        element("details", element("summary", "By kind of canary"), _kinds(found)),
    )


def _stages(found: CanaryReport) -> Html:
    rows: list[list[Child]] = [
        [each.stage, each.reached, each.reached - each.unscored, *_share(each.recall), *_share(each.precision)]
        for each in found.stages
    ]
    header = ["stage", "reached it", "scored", "recall", "of", "interval", "precision", "of", "interval"]
    return html_table("Recall and precision by stage", header, rows)


def _kinds(found: CanaryReport) -> Html:
    rows: list[list[Child]] = [
        [
            each.stage,
            f"{each.kind} {each.variant}".strip(),
            "go" if each.must_go else "stay",
            *_share(each.right),
            ", ".join(f"{source} {right}/{of}" for source, (right, of) in each.by_source.items()),
        ]
        for each in found.kinds
    ]
    header = ["stage", "canaries", "must", "did", "of", "interval", "by source"]
    return html_table("Canaries that were treated as they must be", header, rows)


def _share(share: Share) -> list[Child]:
    if share.value is None:
        return [Number("–"), Number("0"), Number("–")]
    return [Number(f"{share.value:.1%}"), share.of, Number(f"{share.low:.1%} to {share.high:.1%}")]
