"""The report of a run as data: everything that the page shows, without clock or paths of the machine."""

from collections.abc import Callable, Mapping
from fractions import Fraction

import msgspec
import pyarrow as pa

from massivetext import __version__
from massivetext.recipe import GuardOptions
from massivetext.report.accumulate import CONTAMINATED, KEPT, NEAR, ShardSummary, SourceSummary
from massivetext.report.bins import edges
from massivetext.report.duplicates import (
    Clusters,
    NearDuplicates,
    Pair,
    exact_clusters,
    near_duplicates,
    pair_examples,
)
from massivetext.report.edited import Edited, edited
from massivetext.report.examples import Example, Place, place, show
from massivetext.report.guards import Judged, alarms
from massivetext.report.hosts import most_removed
from massivetext.report.reached import reached
from massivetext.report.tallies import Histogram, Matrix, PartTally, Reason, RuleTally, Tally
from massivetext.report.test_set_overlaps import Contamination, OverlapExample, contamination, overlap_examples
from massivetext.report.token_counts import Tokenizer, tokenizer
from massivetext.rules import Bounds, Rule
from massivetext.runs.context import Context
from massivetext.runs.store import Shard
from massivetext.signals.registry import ALL
from massivetext.stages import DECONTAMINATE, EXACT_DEDUP, INGEST, JUDGE, NEAR_DEDUP, RECORDS, REPORT, TOKENIZER
from massivetext.storage import files as fs

_KEPT_SHOWN = 3


class Bin(msgspec.Struct, frozen=True):
    """Documents whose signal is at least ``low`` and below ``high`` (None: no upper end)."""

    low: float
    high: float | None
    kept: int
    dropped: int


class RuleReport(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of a source with what it did.

    Attributes:
        rule: its name.
        passes: the bounds of which a document has to be within one; several where the rule is an ``any_of`` group.
        where: the rule is for documents within these bounds alone.
        report_only: marks documents and drops none.
        citation: where the bounds come from.
        tally: what it did.
    """

    rule: str
    passes: tuple[Bounds, ...]
    where: Bounds | None
    report_only: bool
    citation: str
    tally: RuleTally


class SourceReport(msgspec.Struct, frozen=True, kw_only=True):
    """One source: what the recipe says of it and what became of it.

    Attributes:
        kind: of the reader.
        weight: share of the training sequences that is wanted, as a decimal.
        rule_sets: that judge it.
        deduplicates: takes part in deduplication.
        decontaminates: takes part in test-set filtering.
        edited: what line edits took out of its texts as they were ingested; None where nothing edits them.
        funnel: what is left after each stage.
        rules: in the order in which they judge.
        overlaps: documents that fail both rule i and rule j, in that order.
        histograms: non-empty bins of every numeric signal; "kept" are the documents that passed the rules.
        languages: by code.
        hosts: those that lose most documents to the rules, by name; see :mod:`massivetext.report.hosts`.
        rejected: input in quarantine by reason.
        skipped: input that is sound but not wanted, records by reason.
        near_similarity: (lower border, documents with a near duplicate), by similarity to the closest.
        dropped: documents that fail a rule, by rule; those that fail it alone come first.
        near: documents that were removed as near duplicates.
        contaminated: documents that were removed as overlapping a test set.
        kept: documents that are left.
    """

    kind: str
    weight: str
    rule_sets: tuple[str, ...]
    deduplicates: bool
    decontaminates: bool
    edited: Edited | None
    funnel: dict[str, Tally]
    rules: tuple[RuleReport, ...]
    overlaps: Matrix
    histograms: dict[str, tuple[Bin, ...]]
    languages: dict[str, PartTally]
    hosts: dict[str, PartTally]
    rejected: dict[str, Reason]
    skipped: dict[str, int]
    near_similarity: tuple[tuple[float, int], ...]
    dropped: dict[str, tuple[Example, ...]]
    near: tuple[Pair, ...]
    contaminated: tuple[OverlapExample, ...]
    kept: tuple[Example, ...]


class Mixture(msgspec.Struct, frozen=True, kw_only=True):
    """A source's part of the records.

    Attributes:
        weight: share of the sequences that was wanted, as a decimal.
        sequences: in the records.
        tokens: in the records.
        realised: share of all sequences.
        epochs: times that its documents were read; below 1: some were not.
    """

    weight: str
    sequences: int
    tokens: int
    realised: float
    epochs: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A run from input to records, as far as it has come.

    Attributes:
        recipe: name of the recipe.
        recipe_sha256: hash of the recipe as resolved.
        seed: of the run.
        version: of massivetext.
        libraries: versions of what took part.
        stages: that are done, in order.
        warnings: what looks wrong, one sentence each.
        sources: by name.
        exact: None where the stage is not done; so for all below.
        near: near duplicates.
        contamination: overlap with test sets; None also where the recipe names none.
        tokenizer: the tokenizer.
        mixture: by source.
    """

    recipe: str
    recipe_sha256: str
    seed: int
    version: str
    libraries: dict[str, str]
    stages: tuple[str, ...]
    warnings: tuple[str, ...]
    sources: dict[str, SourceReport]
    exact: Clusters | None
    near: NearDuplicates | None
    contamination: Contamination | None
    tokenizer: Tokenizer | None
    mixture: dict[str, Mixture] | None

    @property
    def judged(self) -> tuple[str, ...]:
        """The stages that may have removed documents, ``ingest`` first."""
        counted = {stage for source in self.sources.values() for stage in source.funnel}
        return tuple(stage for stage in self.stages if stage in counted)

    def total(self, stage: str) -> Tally:
        """What is left of all sources after a stage."""
        return sum((source.funnel[stage] for source in self.sources.values()), Tally())


def summarise(context: Context, summaries: ShardSummary, host_counts: Callable[[Shard], pa.Table]) -> Report:
    """The report of a run from what was counted of its shards and from the evidence of its stages.

    Args:
        context: of the run.
        summaries: those of all shards, merged.
        host_counts: gives or reads what :func:`massivetext.report.hosts.count` found of a shard.

    Raises:
        StageError: part of the run is missing or damaged.
    """
    state = context.run.state()
    stages = reached(context)
    sources = {
        name: _source(
            context,
            name,
            summary,
            most_removed(fs.concurrently(context.run.folder, host_counts, context.shards(name)), summary.removed_hosts),
        )
        for name, summary in sorted(summaries.sources.items())
    }
    tested = any(context.judged_by(DECONTAMINATE.name, name) for name in sources)
    return Report(
        recipe=context.recipe.name,
        recipe_sha256=state.recipe_sha256 if state else "",
        seed=context.recipe.seed,
        version=__version__,
        libraries=state.versions if state else {},
        stages=tuple(stage for stage in stages if stage != REPORT.name),
        warnings=tuple(_warnings(context.recipe.guards, sources, stages)),
        sources=sources,
        exact=exact_clusters(context) if EXACT_DEDUP.name in stages else None,
        near=near_duplicates(context) if NEAR_DEDUP.name in stages else None,
        contamination=contamination(context, summaries) if DECONTAMINATE.name in stages and tested else None,
        tokenizer=tokenizer(context, summaries) if TOKENIZER.name in stages else None,
        mixture=_mixture(context) if RECORDS.name in stages else None,
    )


def _source(context: Context, name: str, summary: SourceSummary, hosts: dict[str, PartTally]) -> SourceReport:
    options = context.recipe.sources[name]
    picks = {
        sample: [place(context, pick.source, pick.shard, pick.row) for pick in found]
        for sample, found in summary.samples.items()
    }
    return SourceReport(
        kind=options.kind,
        weight=str(options.weight),
        rule_sets=options.rule_sets,
        deduplicates=options.deduplicates,
        decontaminates=context.judged_by(DECONTAMINATE.name, name),
        edited=edited(context, name),
        funnel=summary.funnel,
        rules=tuple(_rule(rule, summary.rules[rule.label]) for rule in context.rules[name]),
        overlaps=summary.overlaps,
        histograms={signal: _bins(signal, found) for signal, found in sorted(summary.histograms.items())},
        languages=dict(sorted(summary.languages.items(), key=lambda item: (-item[1].documents, item[0]))),
        hosts=hosts,
        rejected=summary.rejected,
        skipped=summary.skipped,
        near_similarity=tuple((at / 100, count) for at, count in enumerate(summary.near_similarity) if count),
        dropped=_dropped(context, picks),
        near=pair_examples(context, picks[NEAR]) if NEAR in picks else (),
        contaminated=overlap_examples(context, picks.get(CONTAMINATED, [])),
        kept=show(context, picks.get(KEPT, [])[:_KEPT_SHOWN]),
    )


def _dropped(context: Context, picks: Mapping[str, list[Place]]) -> dict[str, tuple[Example, ...]]:
    by_rule = {name.removeprefix("rule/"): found for name, found in picks.items() if name.startswith("rule/")}
    return {rule: show(context, found) for rule, found in sorted(by_rule.items())}


def _rule(rule: Rule, tally: RuleTally) -> RuleReport:
    return RuleReport(
        rule=rule.label,
        passes=rule.alternatives,
        where=rule.where,
        report_only=rule.report_only,
        citation=rule.source,
        tally=tally,
    )


def _bins(signal: str, counts: Histogram) -> tuple[Bin, ...]:
    borders = edges(ALL[signal]).tolist()
    return tuple(
        Bin(low, None if high == float("inf") else high, kept, dropped)
        for low, high, kept, dropped in zip(borders[:-1], borders[1:], counts.kept, counts.dropped, strict=True)
        if kept or dropped
    )


def _warnings(guards: GuardOptions, sources: Mapping[str, SourceReport], stages: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for name, source in sources.items():
        documents = source.funnel[INGEST.name].documents
        last = [stage for stage in stages if stage in source.funnel][-1]
        if documents == 0:
            found.append(f"Source {name} has no documents.")
        elif source.funnel[last].documents == 0:
            found.append(f"Nothing is left of source {name}.")
        found += [alarm.message for alarm in alarms(guards, name, _judged(source))]
    return found


def _judged(source: SourceReport) -> Judged:
    return Judged(
        documents=source.funnel[INGEST.name].documents,
        removed=source.funnel[INGEST.name].documents - source.funnel[JUDGE.name].documents,
        failed={rule.rule: rule.tally.failed for rule in source.rules},
        report_only=frozenset(rule.rule for rule in source.rules if rule.report_only),
    )


def _mixture(context: Context) -> dict[str, Mixture]:
    manifest = context.run.need(RECORDS.name)
    counts, tokens = (manifest.fact(name, dict[str, int]) for name in ("sequences", "tokens"))
    weights, epochs = manifest.fact("weights", dict[str, str]), manifest.fact("epochs", dict[str, float])
    total = sum(counts.values())
    return {
        name: Mixture(
            weight=weights[name],
            sequences=sequences,
            tokens=tokens[name],
            realised=float(Fraction(sequences, total)) if total else 0.0,
            epochs=epochs[name],
        )
        for name, sequences in sorted(counts.items())
    }
