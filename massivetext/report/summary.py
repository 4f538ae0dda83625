"""Build the report of a run from the summaries of its shards and the evidence of its stages."""

from collections.abc import Callable, Mapping
from fractions import Fraction

import msgspec
import pyarrow as pa

from massivetext import __version__
from massivetext.canaries.scores import CanaryReport, missed
from massivetext.recipe import GuardOptions
from massivetext.report.accumulate import CONTAMINATED, KEPT, NEAR, ShardSummary, SourceSummary
from massivetext.report.bins import edges
from massivetext.report.canary_outcomes import summarise_canaries
from massivetext.report.completed import completed_stages
from massivetext.report.duplicates import near_duplicates, pair_examples, stored_clusters
from massivetext.report.edited import summarise_edits
from massivetext.report.examples import DocumentExample, DocumentLocation, ExampleReader, locate_row
from massivetext.report.funnel import RecordsFacts, read_records_facts
from massivetext.report.guards import RuleCounts, alarms
from massivetext.report.hosts import most_removed
from massivetext.report.run_report import RuleReport, RunReport, SignalBin, SourceMixture, SourceReport
from massivetext.report.tallies import GroupTally, Histogram, RuleTally
from massivetext.report.test_set_overlaps import overlap_examples, summarise_overlaps
from massivetext.report.token_counts import describe_tokenizer
from massivetext.rules import Rule
from massivetext.runs.context import Context
from massivetext.runs.store import Shard
from massivetext.signals.blocklist_files import idle_signals
from massivetext.signals.registry import ALL
from massivetext.stages import (
    DECONTAMINATE,
    EXACT_DEDUP,
    INGEST,
    JUDGE,
    NEAR_DEDUP,
    RECORDS,
    REPORT,
    TOKENIZER,
    URL_DEDUP,
)
from massivetext.storage import files as fs

_KEPT_SHOWN = 3  # kept documents of a source in the report


def summarise(context: Context, summaries: ShardSummary, host_counts: Callable[[Shard], pa.Table]) -> RunReport:
    """Return the report of a run, up to the last stage that is complete.

    Args:
        context: the run.
        summaries: the summaries of all shards, merged.
        host_counts: function that computes or reads :func:`massivetext.report.hosts.count_hosts` of a shard.

    Raises:
        StageError: a file of the run is missing or damaged.
    """
    state = context.run.state()
    stages = completed_stages(context)
    examples = ExampleReader(context)
    examples.read(
        locate_row(context, pick.source, pick.shard, pick.row)
        for summary in summaries.sources.values()
        for found in summary.samples.values()
        for pick in found
    )
    sources = {
        name: _source(
            context,
            examples,
            name,
            summary,
            most_removed(fs.concurrently(context.run.folder, host_counts, context.shards(name)), summary.removed_hosts),
        )
        for name, summary in sorted(summaries.sources.items())
    }
    tested = DECONTAMINATE.name in stages and any(context.judged_by(DECONTAMINATE.name, name) for name in sources)
    canaries = summarise_canaries(context)
    return RunReport(
        recipe=context.recipe.name,
        recipe_sha256=state.recipe_sha256 if state else "",
        seed=context.recipe.seed,
        version=__version__,
        libraries=state.versions if state else {},
        stages=tuple(stage for stage in stages if stage != REPORT.name),
        warnings=(
            *_warnings(context.recipe.guards, sources, stages, idle_signals(context.recipe.blocklists)),
            *_missed_canaries(context, canaries),
        ),
        sources=sources,
        urls=stored_clusters(context, examples, URL_DEDUP.name) if URL_DEDUP.name in stages else msgspec.UNSET,
        exact=stored_clusters(context, examples, EXACT_DEDUP.name) if EXACT_DEDUP.name in stages else None,
        near=near_duplicates(context, examples) if NEAR_DEDUP.name in stages else None,
        contamination=summarise_overlaps(context, examples, summaries)
        if DECONTAMINATE.name in stages and tested
        else None,
        tokenizer=describe_tokenizer(context, summaries) if TOKENIZER.name in stages else None,
        mixture=_mixture(context) if RECORDS.name in stages else None,
        limited_by=_records_facts(context).limited_by if RECORDS.name in stages else "",
        held_out=_records_facts(context).held_out if RECORDS.name in stages else (),
        canaries=canaries,
    )


def _source(
    context: Context, examples: ExampleReader, name: str, summary: SourceSummary, hosts: dict[str, GroupTally]
) -> SourceReport:
    options = context.recipe.sources[name]
    picks = {
        sample: [locate_row(context, pick.source, pick.shard, pick.row) for pick in found]
        for sample, found in summary.samples.items()
    }
    return SourceReport(
        kind=options.kind,
        weight=str(options.weight),
        rule_sets=options.rule_sets,
        deduplicates=options.deduplicates,
        decontaminates=context.judged_by(DECONTAMINATE.name, name),
        edited=summarise_edits(context, name),
        funnel=summary.funnel,
        rules=tuple(_rule(rule, summary.rules[rule.label]) for rule in context.rules[name]),
        overlaps=summary.overlaps,
        histograms={signal: _bins(signal, found) for signal, found in sorted(summary.histograms.items())},
        languages=dict(sorted(summary.languages.items(), key=lambda item: (-item[1].documents, item[0]))),
        hosts=hosts,
        rejected=summary.rejected,
        skipped=summary.skipped,
        near_similarity=tuple((at / 100, count) for at, count in enumerate(summary.near_similarity) if count),
        dropped=_dropped(examples, picks),
        near=pair_examples(context, examples, picks[NEAR]) if NEAR in picks else (),
        contaminated=overlap_examples(context, examples, picks.get(CONTAMINATED, [])),
        kept=examples.in_order(picks.get(KEPT, [])[:_KEPT_SHOWN]),
        screened=summary.screened,
    )


def _dropped(
    examples: ExampleReader, picks: Mapping[str, list[DocumentLocation]]
) -> dict[str, tuple[DocumentExample, ...]]:
    by_rule = {name.removeprefix("rule/"): found for name, found in picks.items() if name.startswith("rule/")}
    return {rule: examples.in_order(found) for rule, found in sorted(by_rule.items())}


def _rule(rule: Rule, tally: RuleTally) -> RuleReport:
    return RuleReport(
        rule=rule.label,
        passes=rule.alternatives,
        where=rule.where,
        report_only=rule.report_only,
        citation=rule.source,
        tally=tally,
    )


def _bins(signal: str, counts: Histogram) -> tuple[SignalBin, ...]:
    borders = edges(ALL[signal]).tolist()[counts.first : counts.first + len(counts.kept) + 1]
    return tuple(
        SignalBin(low, None if high == float("inf") else high, kept, dropped)
        for low, high, kept, dropped in zip(borders[:-1], borders[1:], counts.kept, counts.dropped, strict=True)
        if kept or dropped
    )


def _warnings(
    guards: GuardOptions,
    sources: Mapping[str, SourceReport],
    stages: tuple[str, ...],
    idle: frozenset[str] = frozenset(),
) -> list[str]:
    """Return what looks wrong; rules on ``idle`` signals, whose lists are not configured, cannot fire."""
    found: list[str] = []
    for name, source in sources.items():
        documents = source.funnel[INGEST.name].documents
        last = [stage for stage in stages if stage in source.funnel][-1]
        if documents == 0:
            found.append(f"Source {name} has no documents.")
            continue
        if source.funnel[last].documents == 0:
            found.append(f"Nothing is left of source {name}.")
        found += [alarm.message for alarm in alarms(guards, name, _rule_counts(source, idle))]
    return found


def _missed_canaries(context: Context, report: CanaryReport | None) -> list[str]:
    options = context.recipe.canaries
    if report is None or isinstance(options, msgspec.UnsetType) or options.missed == "ignore":
        return []
    return missed(report, options.least_recall, options.least_precision)


def _rule_counts(source: SourceReport, idle: frozenset[str]) -> RuleCounts:
    silent = {rule.rule for rule in source.rules if not idle.isdisjoint(each.signal for each in rule.passes)}
    return RuleCounts(
        documents=source.funnel[INGEST.name].documents,
        removed=source.funnel[INGEST.name].documents - source.funnel[JUDGE.name].documents,
        failed={rule.rule: rule.tally.failed for rule in source.rules if rule.rule not in silent},
        report_only=frozenset(rule.rule for rule in source.rules if rule.report_only),
    )


def _mixture(context: Context) -> dict[str, SourceMixture]:
    facts = _records_facts(context)
    total = sum(facts.sequences.values())
    return {
        name: SourceMixture(
            weight=str(facts.weights[name]),
            sequences=sequences,
            tokens=facts.tokens[name],
            realised=float(Fraction(sequences, total)) if total else 0.0,
            epochs=facts.epochs[name],
            covered=_share(facts.covered_bytes, facts.kept_bytes, name),
            mean_reads=_share(facts.read_bytes, facts.kept_bytes, name),
            most_reads=facts.most_reads.get(name),
        )
        for name, sequences in sorted(facts.sequences.items())
    }


def _records_facts(context: Context) -> RecordsFacts:
    return read_records_facts(context.run.need(RECORDS.name))


def _share(part: Mapping[str, int], whole: Mapping[str, int], name: str) -> float | None:
    return part[name] / max(whole[name], 1) if name in whole else None
