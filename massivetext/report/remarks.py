"""What of a run is worth a look: first what the data lack, then what the rules do."""

from massivetext.formatting import format_bytes, format_share
from massivetext.report.run_report import RunReport

_UNREAD = 0.1  # share of the kept text; less is in the nature of crops and of whole sequences
_SILENT = "never fires"  # in the warnings about rules that no document fails


def remarks(report: RunReport) -> list[str]:
    """Return one sentence each, the most important ones first."""
    loud = [warning for warning in report.warnings if _SILENT not in warning]
    silent = [warning for warning in report.warnings if _SILENT in warning]
    return [*_unread(report), *loud, *silent]


def _unread(report: RunReport) -> list[str]:
    """Return what of the kept text no record has, if it is much."""
    last = report.judged[-1]
    kept, unread = 0, 0.0
    for name, row in (report.mixture or {}).items():
        if row.covered is not None:
            size = report.sources[name].funnel[last].bytes
            kept, unread = kept + size, unread + size * (1 - row.covered)
    if unread <= _UNREAD * kept:
        return []
    limit = f" The number of sequences is limited by {report.limited_by}." if report.limited_by else ""
    missing = f"{format_share(unread, kept)} of the kept text ({format_bytes(unread)}) is not in the records."
    return [f'{missing}{limit} `records.mode = "pack"` takes every document once.']
