"""The report of a run as data: everything that the HTML page shows. It has no times and no paths of the machine."""

import msgspec

from massivetext.canaries.scores import CanaryReport
from massivetext.report.duplicates import ClusterReport, NearDuplicateReport, ReportedPair
from massivetext.report.edited import Edited
from massivetext.report.examples import DocumentExample
from massivetext.report.funnel import HeldOut
from massivetext.report.screening import ScreenTally
from massivetext.report.tallies import DocumentTally, GroupTally, Matrix, RejectReason, RuleTally
from massivetext.report.test_set_overlaps import Contamination, OverlapExample
from massivetext.report.token_counts import TokenizerReport
from massivetext.rules import Bounds

# Version of report.json (docs/report.schema.json): raised when a field goes or changes its meaning.
REPORT_FORMAT = 1


class SignalBin(msgspec.Struct, frozen=True):
    """Documents whose signal is at least ``low`` and below ``high`` (None: no upper end)."""

    low: float
    high: float | None
    kept: int
    dropped: int


class RuleReport(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of a source with its counts.

    Attributes:
        rule: name of the rule.
        passes: alternative bounds, at least one of which a document must keep; an ``any_of`` rule has several.
        where: the rule applies only to documents within these bounds; None: to all.
        report_only: whether the rule only marks documents and drops none.
        citation: source of the bounds.
        tally: counts of the rule.
    """

    rule: str
    passes: tuple[Bounds, ...]
    where: Bounds | None
    report_only: bool
    citation: str
    tally: RuleTally


class SourceReport(msgspec.Struct, frozen=True, kw_only=True):
    """One source: its options in the recipe and its results.

    Attributes:
        kind: kind of the source, which decides how its files are read.
        weight: share of the training sequences that the recipe asks for, as a decimal.
        rule_sets: names of the rule sets that judge it.
        deduplicates: whether it takes part in deduplication.
        decontaminates: whether it takes part in test-set filtering.
        edited: what line edits cut from its texts during ingest; None if it has no line edits.
        funnel: documents that are left after each stage.
        rules: the rules with their counts, in order.
        overlaps: number of documents that fail both rule i and rule j; shape [rules, rules].
        histograms: non-empty bins of every numeric signal; "kept" are the documents that passed the rules.
        languages: counts per language code.
        hosts: counts of the hosts that lose most documents to the rules; see :mod:`massivetext.report.hosts`.
        rejected: input that could not be read, by reason.
        skipped: number of sound records that are not wanted, by reason.
        screened: pages that were judged before they were extracted, by reason.
        near_similarity: (lower border, documents with a near duplicate), by similarity to the closest one.
        dropped: sampled documents that fail a rule, by rule; those that fail only this rule come first.
        near: sampled documents that were removed as near duplicates.
        contaminated: sampled documents that were removed because they overlap a test set.
        kept: sampled documents that are kept.
    """

    kind: str
    weight: str
    rule_sets: tuple[str, ...]
    deduplicates: bool
    decontaminates: bool
    edited: Edited | None
    funnel: dict[str, DocumentTally]
    rules: tuple[RuleReport, ...]
    overlaps: Matrix
    histograms: dict[str, tuple[SignalBin, ...]]
    languages: dict[str, GroupTally]
    hosts: dict[str, GroupTally]
    rejected: dict[str, RejectReason]
    skipped: dict[str, int]
    near_similarity: tuple[tuple[float, int], ...]
    dropped: dict[str, tuple[DocumentExample, ...]]
    near: tuple[ReportedPair, ...]
    contaminated: tuple[OverlapExample, ...]
    kept: tuple[DocumentExample, ...]
    screened: dict[str, ScreenTally] = {}


class SourceMixture(msgspec.Struct, frozen=True, kw_only=True):
    """Share of one source in the records.

    Attributes:
        weight: share of the sequences that the recipe asks for, as a decimal.
        sequences: number of its sequences in the records.
        tokens: number of its tokens in the records.
        realised: its share of all sequences in the records.
        epochs: how often each of its documents was drawn, on average; below 1: some were not drawn.
        covered: share of its kept text that is in the records, 0 to 1; this and the following are None in runs of
            older versions.
        mean_reads: how often its kept text is in the records, on average.
        most_reads: in how many draws the document was used that was used most often.
    """

    weight: str
    sequences: int
    tokens: int
    realised: float
    epochs: float
    covered: float | None = None
    mean_reads: float | None = None
    most_reads: int | None = None


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report of a run, up to the last stage that is complete.

    Attributes:
        recipe: name of the recipe.
        recipe_sha256: SHA-256 of the resolved recipe.
        seed: seed of the run.
        version: version of massivetext.
        libraries: versions of the libraries that were used.
        stages: names of the complete stages, in order.
        warnings: what looks wrong, one sentence each.
        sources: the sources by name.
        urls: clusters of documents with one canonical URL; UNSET: the run has no such stage, or it is not complete.
        exact: clusters of exact copies; this and every field below is None if its stage is not complete.
        near: results of near-duplicate removal.
        contamination: overlap with test sets; also None if the recipe names no test set.
        tokenizer: the tokenizer.
        mixture: shares of the sources in the records, by source.
        limited_by: what decides the number of sequences; empty if it is not known.
        held_out: the splits of held-out documents, which the mixture leaves out.
        canaries: how the stages treated canaries; None if the recipe asks for none.
        format: version of this form, ``REPORT_FORMAT``.
    """

    recipe: str
    recipe_sha256: str
    seed: int
    version: str
    libraries: dict[str, str]
    stages: tuple[str, ...]
    warnings: tuple[str, ...]
    sources: dict[str, SourceReport]
    urls: ClusterReport | msgspec.UnsetType = msgspec.UNSET  # not written: reports of other runs keep their bytes
    exact: ClusterReport | None
    near: NearDuplicateReport | None
    contamination: Contamination | None
    tokenizer: TokenizerReport | None
    mixture: dict[str, SourceMixture] | None
    limited_by: str = ""
    held_out: tuple[HeldOut, ...] = ()
    canaries: CanaryReport | None = None
    format: int = REPORT_FORMAT

    @property
    def judged(self) -> tuple[str, ...]:
        """Names of the complete stages with document counts: ``ingest``, then those that can remove documents."""
        counted = {stage for source in self.sources.values() for stage in source.funnel}
        return tuple(stage for stage in self.stages if stage in counted)

    def total(self, stage: str) -> DocumentTally:
        """Return the documents of all sources that are left after a stage."""
        return sum((source.funnel[stage] for source in self.sources.values()), DocumentTally())
