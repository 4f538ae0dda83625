"""Section about time, memory and speed. It differs from run to run, so the page in the run's folder is without it."""

from collections.abc import Mapping, Sequence

from massivetext.formatting import format_bytes, format_count, format_duration
from massivetext.report.html_page import AddedSection
from massivetext.report.markup import Child, Html, Number, html_table
from massivetext.report.run_report import RunReport
from massivetext.report.sections.building_blocks import section
from massivetext.report.tallies import DocumentTally
from massivetext.runs.store import StageState
from massivetext.stages import INGEST


def costs_section(report: RunReport, stages: Sequence[StageState]) -> AddedSection:
    """Return the section about what each stage of a run cost.

    Args:
        report: the report of the run.
        stages: the stages as ``run.json`` has them.
    """
    work = _work(report)
    rows: list[list[Child]] = [
        [
            each.name,
            Number(format_duration(each.seconds)),
            Number(format_duration(each.cpu_seconds) if each.cpu_seconds else "–"),
            Number(format_bytes(each.peak_bytes) if each.peak_bytes else "–"),
            work[each.name].documents,
            *_speed(each.seconds, work[each.name]),
        ]
        for each in stages
        if each.name in work
    ]
    header = ["stage", "time", "CPU time", "memory", "documents", "documents per second", "text per second"]
    content = section(
        "costs",
        "Time, memory and speed",
        "Time is wall time; stages that share a job have equal shares of it. Memory is that of the largest process up "
        "to the end of the stage. CPU time and memory are known on the embedded engine alone. Speed is that of the "
        "documents that a stage works on.",
        html_table("Cost of the stages", header, rows),
    )
    return AddedSection("costs", "Time and memory", content, late=True)


def _work(report: RunReport) -> Mapping[str, DocumentTally]:
    """Return the documents that each complete stage works on: those that the stages before it have kept."""
    found, left = {}, report.total(INGEST.name)
    for stage in report.stages:
        found[stage] = left
        left = report.total(stage) if stage in report.judged else left
    return found


def _speed(seconds: float, work: DocumentTally) -> tuple[Html, Html]:
    if not seconds:
        return Number("–"), Number("–")
    return Number(format_count(work.documents / seconds)), Number(format_bytes(work.bytes / seconds))
