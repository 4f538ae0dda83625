"""The summary of one shard for the report: exact counts and small samples, which can be merged over shards."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.hashing import keyed_ranks
from massivetext.report import bins, failures, hosts
from massivetext.report.completed import completed_stages
from massivetext.report.hosts import SampledHost
from massivetext.report.quarantined import count_rejects
from massivetext.report.screening import ScreenTally, tally_screened
from massivetext.report.tallies import (
    KEPT_SAMPLES,
    SAMPLES,
    TOP_HITS,
    DocumentTally,
    GroupTally,
    Histogram,
    Matrix,
    RankedOverlap,
    RejectReason,
    RuleTally,
    SampledDocument,
    TestSetTally,
    add_bins,
    add_maps,
    add_matrices,
    add_picks,
)
from massivetext.rules import Rule
from massivetext.runs.context import Context, Mask
from massivetext.runs.store import Shard
from massivetext.signals.registry import ALL
from massivetext.stages import DECONTAMINATE, INGEST, JUDGE, NEAR_DEDUP, REPORT

U64 = npt.NDArray[np.uint64]

# Names of samples. The sample of a rule is named "rule/LABEL".
KEPT, NEAR, CONTAMINATED = "kept", "near", "contaminated"


class SourceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Counts and samples of one source.

    Attributes:
        funnel: documents that are left after each stage that writes verdicts, by stage; ``ingest`` is first.
        rules: counts per rule, by its label.
        overlaps: number of documents that fail both rule i and rule j; shape [rules, rules].
        histograms: per numeric signal, over the bins of :func:`massivetext.report.bins.edges`.
        languages: counts per language code.
        removed_hosts: sample of the documents that the rules removed; its hosts are the ones that are counted.
        rejected: input that could not be read, by reason.
        skipped: number of sound records that are not wanted, by reason.
        screened: pages that were judged before they were extracted, by reason.
        near_similarity: documents with a near duplicate, by similarity to the closest one; 100 bins from 0 to 1.
        contamination: overlaps per test set.
        overlapping: number of documents that overlap an item of any test set.
        samples: sampled documents, by name of the sample.
    """

    funnel: dict[str, DocumentTally]
    rules: dict[str, RuleTally]
    overlaps: Matrix
    histograms: dict[str, Histogram]
    languages: dict[str, GroupTally]
    removed_hosts: tuple[SampledHost, ...]
    rejected: dict[str, RejectReason]
    skipped: dict[str, int]
    screened: dict[str, ScreenTally]
    near_similarity: tuple[int, ...]
    contamination: dict[str, TestSetTally]
    overlapping: int
    samples: dict[str, tuple[SampledDocument, ...]]

    def __add__(self, other: "SourceSummary") -> "SourceSummary":
        return SourceSummary(
            funnel=add_maps(self.funnel, other.funnel, DocumentTally.__add__),
            rules=add_maps(self.rules, other.rules, RuleTally.__add__),
            overlaps=add_matrices(self.overlaps, other.overlaps),
            histograms=add_maps(self.histograms, other.histograms, Histogram.__add__),
            languages=add_maps(self.languages, other.languages, GroupTally.__add__),
            removed_hosts=hosts.merge_host_samples(self.removed_hosts, other.removed_hosts),
            rejected=add_maps(self.rejected, other.rejected, RejectReason.__add__),
            skipped=add_maps(self.skipped, other.skipped, int.__add__),
            screened=add_maps(self.screened, other.screened, ScreenTally.__add__),
            near_similarity=add_bins(self.near_similarity, other.near_similarity),
            contamination=add_maps(self.contamination, other.contamination, TestSetTally.__add__),
            overlapping=self.overlapping + other.overlapping,
            samples={
                name: add_picks(self.samples.get(name, ()), other.samples.get(name, ()), sample_size(name))
                for name in sorted({*self.samples, *other.samples})
            },
        )


class ShardSummary(msgspec.Struct, frozen=True):
    """Summary of one or several shards: the summary of each source, by its name."""

    sources: dict[str, SourceSummary]


def merge_summaries(a: ShardSummary, b: ShardSummary) -> ShardSummary:
    """Return the sum of two summaries. It is associative and commutative: the order of merging does not matter."""
    return ShardSummary(add_maps(a.sources, b.sources, SourceSummary.__add__))


def sample_size(name: str) -> int:
    """Return the largest number of documents in a sample of this name."""
    return KEPT_SAMPLES if name == KEPT else SAMPLES


@dataclass(frozen=True, slots=True)
class ShardColumns:
    """Columns of a shard: signals, the documents that each stage kept, and the ranks that samples are drawn by."""

    shard: Shard
    signals: pa.Table
    urls: pa.ChunkedArray
    failed: U64
    verdicts: Mapping[str, pa.Table]
    kept: Mapping[str, Mask]
    sample_ranks: U64

    @property
    def words(self) -> npt.NDArray[np.int64]:
        """Number of words of each document, int64[rows]."""
        words: npt.NDArray[np.int64] = self.signals["word_count"].to_numpy()
        return words

    @property
    def bytes(self) -> npt.NDArray[np.int64]:
        """Number of UTF-8 bytes of each document, int64[rows]."""
        size: npt.NDArray[np.int64] = self.signals["byte_count"].to_numpy()
        return size


def read_columns(context: Context, shard: Shard, done: Collection[str] | None = None) -> ShardColumns:
    """Return what the report needs of a shard: signals and verdicts; no text is read.

    Args:
        context: the run.
        shard: the shard.
        done: names of the complete stages; verdicts of others do not count. None: ask the run.

    Raises:
        StageError: a file of the shard is missing or damaged.
    """
    run = context.run
    done = completed_stages(context) if done is None else done
    judging = [each for each in context.verdicts if each.stage in done and shard.source in each.sources]
    verdicts = {each.stage: run.read_table(each.data_set, shard) for each in judging}
    documents = run.read_table("documents", shard, ["id", "url"])
    ids = documents["id"].to_pylist()
    alive = np.ones(len(ids), np.bool_)
    kept = {INGEST.name: alive}
    for stage, table in verdicts.items():
        alive = alive & table["kept"].to_numpy()
        kept[stage] = alive
    return ShardColumns(
        shard=shard,
        signals=run.read_table("signals", shard),
        urls=documents["url"],
        failed=verdicts[JUDGE.name]["failed"].to_numpy(),
        verdicts=verdicts,
        kept=kept,
        sample_ranks=sample_ranks(ids, context.recipe.seed),
    )


def accumulate_shard(context: Context, columns: ShardColumns) -> ShardSummary:
    """Return the summary of one shard. Raises StageError if its evidence or quarantine is missing or damaged."""
    shard = columns.shard
    judged = context.rules[shard.source]
    rejected, skipped = count_rejects(context, shard)
    by_set = _overlaps_by_test_set(context, columns)
    return ShardSummary(
        {
            shard.source: SourceSummary(
                funnel=_funnel(context, columns),
                rules=failures.rule_tallies(judged, columns.failed, columns.words, columns.bytes),
                overlaps=failures.count_joint_failures(len(judged), columns.failed),
                histograms=_histograms(columns),
                languages=_languages(columns),
                removed_hosts=hosts.sample_hosts(columns.urls, ~columns.kept[JUDGE.name], columns.sample_ranks),
                near_similarity=_near_similarity(columns),
                samples=_samples(columns, judged),
                rejected=rejected,
                skipped=skipped,
                screened=tally_screened(context, shard, list(columns.kept.values())[-1], skipped),
                contamination={name: _test_set_tally(hits, columns) for name, hits in sorted(by_set.items())},
                overlapping=len({hit.row for hits in by_set.values() for hit in hits}),
            )
        }
    )


def count_hosts(columns: ShardColumns) -> pa.Table:
    """Return what the rules removed of every host of a shard: see :func:`massivetext.report.hosts.count_hosts`."""
    return hosts.count_hosts(columns.urls, columns.kept[JUDGE.name], columns.words, columns.bytes)


def sample_ranks(ids: Sequence[str], seed: int) -> U64:
    """Return the rank of each document, below 2**63: a sample holds the documents with the smallest ones."""
    return keyed_ranks(REPORT.name, seed, ids)


def _funnel(context: Context, columns: ShardColumns) -> dict[str, DocumentTally]:
    words, size = columns.words, columns.bytes
    funnel: dict[str, DocumentTally] = {}
    mask = columns.kept[INGEST.name]
    for stage in (INGEST.name, *(each.stage for each in context.verdicts)):
        mask = columns.kept.get(stage, mask)  # a stage that does not judge the source keeps all its documents
        if stage == DECONTAMINATE.name and stage in columns.kept and context.has_cut_texts(columns.shard):
            left = context.final_sizes(columns.shard)
            words, size = left["word_count"].to_numpy(), left["byte_count"].to_numpy()
        funnel[stage] = DocumentTally(int(mask.sum()), int(words[mask].sum()), int(size[mask].sum()))
    return funnel


def _histograms(columns: ShardColumns) -> dict[str, Histogram]:
    kept = columns.kept[JUDGE.name]
    found = {}
    for name, signal in ALL.items():
        if signal.high is not None and name in columns.signals.column_names:
            borders = bins.edges(signal)
            numbers = bins.bin_numbers(columns.signals[name].to_numpy(), borders)
            size = len(borders) - 1
            of_kept = np.bincount(numbers[kept], minlength=size)
            of_dropped = np.bincount(numbers, minlength=size) - of_kept
            found[name] = Histogram.of_counts(of_kept.tolist(), of_dropped.tolist())
    return found


def _languages(columns: ShardColumns) -> dict[str, GroupTally]:
    return failures.group_tallies(
        failures.tally_by_group(columns.signals["language"], columns.kept[JUDGE.name], columns.words, columns.bytes)
    )


def _near_similarity(columns: ShardColumns) -> tuple[int, ...]:
    borders = np.arange(bins.SHARE_BINS + 1) / bins.SHARE_BINS
    table = columns.verdicts.get(NEAR_DEDUP.name)
    values = np.zeros(0) if table is None else table["similarity"].drop_null().to_numpy()
    return tuple(bins.count_bins(values, borders).tolist())


# -- samples -----------------------------------------------------------------------------------------------------------


def _samples(columns: ShardColumns, rules: Sequence[Rule]) -> dict[str, tuple[SampledDocument, ...]]:
    samples = {}
    for bit, rule in enumerate(rules):
        hit, alone = failures.fails(columns.failed, bit), failures.fails_only(rules, columns.failed, bit)
        # Documents that fail only this rule come first: they show best what the rule does.
        samples[f"rule/{rule.label}"] = _picks(columns, hit, ~alone, SAMPLES)
    for name, stage in ((NEAR, NEAR_DEDUP.name), (CONTAMINATED, DECONTAMINATE.name)):
        if stage in columns.verdicts:
            lost = ~columns.verdicts[stage]["kept"].to_numpy()
            samples[name] = _picks(columns, lost, np.zeros_like(lost), SAMPLES)
    left = list(columns.kept.values())[-1]
    samples[KEPT] = _picks(columns, left, np.zeros_like(left), KEPT_SAMPLES)
    return {name: picks for name, picks in samples.items() if picks}


def _picks(columns: ShardColumns, wanted: Mask, later: Mask, size: int) -> tuple[SampledDocument, ...]:
    rows = np.flatnonzero(wanted)
    order = np.lexsort((rows, columns.sample_ranks[rows], later[rows]))[:size]
    shard = columns.shard
    return tuple(
        SampledDocument(int(later[row]), int(columns.sample_ranks[row]), shard.source, shard.index, row)
        for row in rows[order].tolist()
    )


# -- contamination -----------------------------------------------------------------------------------------------------


def _overlaps_by_test_set(context: Context, columns: ShardColumns) -> dict[str, list[RankedOverlap]]:
    by_set: dict[str, list[RankedOverlap]] = {}
    if DECONTAMINATE.name in columns.verdicts:
        shard = columns.shard
        for row in context.run.read_table("contamination", shard).to_pylist():
            by_set.setdefault(row["test_set"], []).append(RankedOverlap(source=shard.source, shard=shard.index, **row))
    return by_set


def _test_set_tally(hits: Sequence[RankedOverlap], columns: ShardColumns) -> TestSetTally:
    kept, words = columns.verdicts[DECONTAMINATE.name]["kept"].to_numpy(), columns.words
    cut = {hit.row for hit in hits if hit.cuts and kept[hit.row]}
    # Of some that are cut no piece is long enough to stay.
    removed = {hit.row for hit in hits if hit.removes or (hit.cuts and not kept[hit.row])}
    return TestSetTally(
        overlapping=len({hit.row for hit in hits}),
        removed=len(removed),
        words=sum(int(words[row]) for row in removed),
        items=dict(sorted(Counter(hit.item for hit in hits).items())),
        parts=dict(sorted(Counter(hit.part for hit in hits).items())),
        top=tuple(sorted(hits, key=lambda hit: hit.order)[:TOP_HITS]),
        cut=len(cut),
    )
