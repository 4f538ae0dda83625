"""Number of documents and words of each source that are left after each stage."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from massivetext.formatting import count_noun
from massivetext.report.unreadable import UnreadableInput, read_unreadable
from massivetext.runs.stage import Stage
from massivetext.runs.store import Manifest, Run
from massivetext.stages import INGEST, MEASURE, RECORDS, STAGES


class FunnelCount(NamedTuple):
    """Number of documents and of their words."""

    documents: int
    words: int


class HeldOut(msgspec.Struct, frozen=True):
    """A split of held-out documents; ``sequences`` and ``tokens`` are None before it is written."""

    split: str
    documents: int
    sequences: int | None = None
    tokens: int | None = None

    def __str__(self) -> str:
        """Return it as a sentence."""
        documents = count_noun(self.documents, "document")
        if self.sequences is None or self.tokens is None:
            return f"Held out as {self.split}: {documents}."
        return (
            f"Held out as {self.split}: {documents}, {count_noun(self.sequences, 'sequence')}, {self.tokens:,} tokens."
        )


class Funnel(NamedTuple):
    """Documents and words left after each stage of a run.

    Attributes:
        sources: names of the sources, in order.
        stages: titles of the complete stages, in order.
        counts: counts by (source, title of the stage).
        tokens: number of tokens in the records by source; empty if there are no records yet.
        kept_bytes: UTF-8 bytes of the kept documents by source; empty if there are no records yet.
        covered_bytes: how many of these bytes are in the records.
        held_out: the splits of held-out documents, which the other numbers of the records leave out.
        unreadable: what of each source gave no document; empty before ingest is complete.
    """

    sources: tuple[str, ...]
    stages: tuple[str, ...]
    counts: Mapping[tuple[str, str], FunnelCount]
    tokens: Mapping[str, int]
    kept_bytes: Mapping[str, int]
    covered_bytes: Mapping[str, int]
    held_out: tuple[HeldOut, ...] = ()
    unreadable: Mapping[str, UnreadableInput] = {}

    def at(self, source: str, stage: str) -> FunnelCount:
        """Return the count of a source after a stage."""
        return self.counts[source, stage]

    def total(self, stage: str) -> FunnelCount:
        """Return the count of all sources after a stage."""
        each = [self.counts[source, stage] for source in self.sources]
        return FunnelCount(sum(count.documents for count in each), sum(count.words for count in each))


def read_funnel(run: Run, sources: list[str], stages: Sequence[Stage] = STAGES) -> Funnel:
    """Return the counts of a run from its manifests, up to the first stage that is not complete."""
    counts: dict[tuple[str, str], FunnelCount] = {}
    titles: list[str] = []
    for stage in stages:
        if stage is not INGEST and stage.verdicts is None:
            continue
        manifest = run.manifest(stage.name)
        if manifest is None and stage.is_optional:
            continue  # it may be no part of the run; otherwise the stages after it have no manifest either
        if manifest is None:
            break
        for source in sources:
            before = counts.get((source, titles[-1])) if titles else None
            counts[source, stage.title] = _count_after_stage(run, manifest, source, before)
        titles.append(stage.title)
    records = run.manifest(RECORDS.name)
    facts = read_records_facts(records) if records else RecordsFacts({}, {}, {}, {})
    unreadable = {source: read_unreadable(run, source) for source in sources} if run.manifest(INGEST.name) else {}
    return Funnel(
        sources=tuple(sources),
        stages=tuple(titles),
        counts=counts,
        tokens=facts.tokens,
        kept_bytes=facts.kept_bytes,
        covered_bytes=facts.covered_bytes,
        held_out=facts.held_out,
        unreadable=unreadable,
    )


class RecordsFacts(msgspec.Struct, frozen=True):
    """What the manifest of the stage records says about each source; runs of older versions say less."""

    weights: dict[str, str | int | float]
    sequences: dict[str, int]
    tokens: dict[str, int]
    epochs: dict[str, int | float]
    kept_bytes: dict[str, int] = {}
    covered_bytes: dict[str, int] = {}
    read_bytes: dict[str, int] = {}
    most_reads: dict[str, int] = {}
    limited_by: str = ""
    held_out: tuple[HeldOut, ...] = ()


def read_records_facts(records: Manifest) -> RecordsFacts:
    """Return what the manifest of the stage records says about each source."""
    return msgspec.convert(records.facts, RecordsFacts)


def _count_after_stage(run: Run, manifest: Manifest, source: str, before: FunnelCount | None) -> FunnelCount:
    totals = manifest.totals(f"{source}/")
    if before is None:
        measured = run.manifest(MEASURE.name)
        words = measured.totals(f"{source}/").get("words", 0) if measured else 0
        return FunnelCount(totals.get("documents", 0), words)
    if "kept" not in totals:
        return before  # this stage does not judge the source
    return FunnelCount(totals["kept"], totals["kept_words"])
