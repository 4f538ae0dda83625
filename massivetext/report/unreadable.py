"""Input that gave no document, by source: how much, the commonest reason, and what is to be done about it."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from massivetext.recipe import GuardOptions
from massivetext.report.guards import Alarm
from massivetext.runs.store import Run
from massivetext.schema import Rejected
from massivetext.stages import INGEST
from massivetext.storage import files as fs

_DETAIL_CHARACTERS = 300
_REMEDIES: Mapping[str, str] = {
    "no_text": "set text_field of the source to the field with the text (a path such as 'doc.text' for a nested one)",
    "wrong_columns": "set text_field of the source to the column with the text",
    "columns": "write one object per record: JSON lines, or Parquet or CSV, which have columns",
    "bad_json": "correct the file, or give the source the kind or format of its files",
    "bad_csv": "quote cells that hold the delimiter or line ends, or write the table as JSON lines or Parquet",
    "not_text": "name only files that hold documents in inputs, or give the source the kind or format of its files",
    "wrong_format": "give the source the kind or format of its files, or name other files in inputs",
    "not_warc": "give the source the kind or format of its files",
    "record_too_large": "raise max_record_bytes or max_html_bytes under [ingest]",
    "empty": "name files with text in inputs, and in text_field the field that holds it",
    "empty_file": "put a file with content there, or name other inputs",
    "licence": "add the licences to `licences` of the source, if they are to be accepted",
    "truncated": "copy the file again: its end is missing",
    "damaged": "copy the file again: bytes of it are wrong",
    "locked": "unpack the archive, with its password if it has one, and name its files in inputs",
    "screened_language": "give the source rules that want the language of its pages, or leave `screen` of [ingest] out",
    "screened_length": "give the source rules that want fewer words, or leave `screen` of [ingest] out",
    "screened_url": "correct [blocklists], or leave `screen` of [ingest] out",
    "nested_archive": "unpack the outer archive",
    "wat_record": "name the WARC or WET files of the crawl in inputs: WAT files hold JSON about pages, not their text",
    "extraction_timeout": "raise max_page_seconds under [ingest], or choose another extractor there",
}


class UnreadableInput(NamedTuple):
    """What of a source gave no document.

    Attributes:
        documents: number of documents that it gave.
        rejected: number of pieces of input that could not be read.
        skipped: number of pieces that are sound and not wanted.
        reason: commonest reason; "" if there is none. Reasons of pieces that could not be read come first.
        reason_count: number of pieces with that reason.
        origin: a file with such a piece.
        detail: what was wrong with that piece.
    """

    documents: int
    rejected: int = 0
    skipped: int = 0
    reason: str = ""
    reason_count: int = 0
    origin: str = ""
    detail: str = ""

    @property
    def rejected_frac(self) -> float:
        """Share of the pieces of input that could not be read; 0.0 without input."""
        total = self.documents + self.rejected
        return self.rejected / total if total else 0.0

    def describe(self) -> str:
        """Return the commonest reason with an example, in a sentence without its end."""
        if not self.reason:
            return "its inputs hold nothing"
        return f"most often {self.reason} ({self.reason_count:,} times), as in {self.origin}: {self.detail}"

    @property
    def first_step(self) -> str:
        """What is to be done about the commonest reason."""
        return _REMEDIES.get(self.reason, "correct the files, or name other inputs")

    @property
    def remedy(self) -> str:
        """What is to be done about the commonest reason, and which command helps."""
        return f"{self.first_step}; `massivetext check RECIPE` shows the first records of every source"


def read_unreadable(run: Run, source: str) -> UnreadableInput:
    """Return what of a source gave no document, from the manifest of ingest and one file of the quarantine."""
    manifest = run.need(INGEST.name)
    totals = manifest.totals(f"{source}/")
    found = UnreadableInput(totals.get("documents", 0), totals.get("rejected", 0), totals.get("skipped", 0))
    prefix = "rejected:" if found.rejected else "skipped:"
    reasons = {name.removeprefix(prefix): count for name, count in totals.items() if name.startswith(prefix)}
    if not reasons:
        return found
    reason = min(reasons, key=lambda each: (-reasons[each], each))
    shard = next(
        commit.task
        for commit in manifest.tasks
        if commit.task.startswith(f"{source}/") and commit.counts.get(f"{prefix}{reason}")
    )
    example = _first_with(run.path("quarantine", f"{shard}.jsonl"), reason)
    detail = example.detail.removeprefix(f"{example.origin}: ")[:_DETAIL_CHARACTERS]
    return found._replace(reason=reason, reason_count=reasons[reason], origin=example.origin, detail=detail)


def _first_with(path: str, reason: str) -> Rejected:
    with fs.open_read(path) as handle:
        for line in handle:
            found = Rejected(**msgspec.json.decode(line))
            if found.reason == reason:
                return found
    return Rejected("?", "", None, reason, "")  # the quarantine and the manifest differ: `verify` says so


def reading_alarms(options: GuardOptions, source: str, found: UnreadableInput) -> Iterator[Alarm]:
    """Yield the warning about a source that gave no document, or of which too much could not be read."""
    if found.documents == 0:
        action = options.empty_source_action
        message = f"sources.{source}: no document could be read: {found.describe()}. To do: {found.remedy}."
    else:
        if found.rejected_frac <= options.most_unreadable:
            return
        action = options.unreadable_action
        message = (
            f"sources.{source}: {found.rejected:,} pieces of input ({found.rejected_frac:.0%}) could not be read, "
            f"{found.describe()}. To do: {found.remedy}."
        )
    if action != "ignore":
        yield Alarm(message, action)
