"""How many documents and words of each source are left after each stage."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from massivetext.runs.stage import Stage
from massivetext.runs.store import Manifest, Run
from massivetext.stages import INGEST, MEASURE, RECORDS, STAGES


class Count(NamedTuple):
    """Documents and their words."""

    documents: int
    words: int


class Funnel(NamedTuple):
    """The counts of a run.

    Attributes:
        sources: names, in order.
        stages: what has been done so far, in order, by the titles of the stages.
        counts: by (source, stage).
        tokens: by source, as written to the records; empty before that.
    """

    sources: tuple[str, ...]
    stages: tuple[str, ...]
    counts: Mapping[tuple[str, str], Count]
    tokens: Mapping[str, int]

    def at(self, source: str, stage: str) -> Count:
        """The count of a source after a stage."""
        return self.counts[source, stage]

    def total(self, stage: str) -> Count:
        """The count of all sources after a stage."""
        each = [self.counts[source, stage] for source in self.sources]
        return Count(sum(count.documents for count in each), sum(count.words for count in each))


def read_funnel(run: Run, sources: list[str], stages: Sequence[Stage] = STAGES) -> Funnel:
    """Return the counts of a run from its manifests, as far as it has come."""
    counts: dict[tuple[str, str], Count] = {}
    titles: list[str] = []
    for stage in stages:
        if stage is not INGEST and stage.verdicts is None:
            continue
        manifest = run.manifest(stage.name)
        if manifest is None:
            break
        for source in sources:
            before = counts.get((source, titles[-1])) if titles else None
            counts[source, stage.title] = _count(run, manifest, source, before)
        titles.append(stage.title)
    records = run.manifest(RECORDS.name)
    tokens = records.fact("tokens", dict[str, int]) if records else {}
    return Funnel(tuple(sources), tuple(titles), counts, tokens)


def _count(run: Run, manifest: Manifest, source: str, before: Count | None) -> Count:
    totals = manifest.totals(f"{source}/")
    if before is None:
        measured = run.manifest(MEASURE.name)
        words = measured.totals(f"{source}/").get("words", 0) if measured else 0
        return Count(totals.get("documents", 0), words)
    if "kept" not in totals:
        return before  # this stage does not judge the source
    return Count(totals["kept"], totals["kept_words"])
