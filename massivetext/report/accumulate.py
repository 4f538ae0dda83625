"""What a report needs to know of one shard, as exact counts and small samples that add up over shards."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.recipe import DecontaminateOptions
from massivetext.report import bins, failures, hosts
from massivetext.report.hosts import HostPick
from massivetext.report.quarantined import rejects
from massivetext.report.reached import reached
from massivetext.report.tallies import (
    KEPT_SAMPLES,
    SAMPLES,
    TOP_HITS,
    Histogram,
    Hit,
    Matrix,
    PartTally,
    Pick,
    Reason,
    RuleTally,
    Tally,
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
from massivetext.stages import DECONTAMINATE, INGEST, JUDGE, NEAR_DEDUP

U64 = npt.NDArray[np.uint64]

# Names of the samples besides those of rules, which are "rule/LABEL".
KEPT, NEAR, CONTAMINATED = "kept", "near", "contaminated"


class SourceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The counts and samples of one source.

    Attributes:
        funnel: documents that are left after each stage that has been done.
        rules: by label.
        overlaps: documents that fail both rule i and rule j, in the order of the rules.
        histograms: of every numeric signal, over the bins of :func:`massivetext.report.bins.edges`.
        languages: by code.
        removed_hosts: a sample of the documents that the rules removed, which names the hosts that are counted.
        rejected: input in quarantine by reason.
        skipped: input that is sound but not wanted, records by reason.
        near_similarity: documents with a near duplicate by the similarity to the closest, 100 bins from 0 to 1.
        contamination: by test set.
        overlapping: documents that share an n-gram with an item of any test set.
        samples: documents by what they are examples of.
    """

    funnel: dict[str, Tally]
    rules: dict[str, RuleTally]
    overlaps: Matrix
    histograms: dict[str, Histogram]
    languages: dict[str, PartTally]
    removed_hosts: tuple[HostPick, ...]
    rejected: dict[str, Reason]
    skipped: dict[str, int]
    near_similarity: tuple[int, ...]
    contamination: dict[str, TestSetTally]
    overlapping: int
    samples: dict[str, tuple[Pick, ...]]

    def __add__(self, other: "SourceSummary") -> "SourceSummary":
        return SourceSummary(
            funnel=add_maps(self.funnel, other.funnel, Tally.__add__),
            rules=add_maps(self.rules, other.rules, RuleTally.__add__),
            overlaps=add_matrices(self.overlaps, other.overlaps),
            histograms=add_maps(self.histograms, other.histograms, Histogram.__add__),
            languages=add_maps(self.languages, other.languages, PartTally.__add__),
            removed_hosts=hosts.add_samples(self.removed_hosts, other.removed_hosts),
            rejected=add_maps(self.rejected, other.rejected, Reason.__add__),
            skipped=add_maps(self.skipped, other.skipped, int.__add__),
            near_similarity=add_bins(self.near_similarity, other.near_similarity),
            contamination=add_maps(self.contamination, other.contamination, TestSetTally.__add__),
            overlapping=self.overlapping + other.overlapping,
            samples={
                name: add_picks(self.samples.get(name, ()), other.samples.get(name, ()), sample_size(name))
                for name in sorted({*self.samples, *other.samples})
            },
        )


class ShardSummary(msgspec.Struct, frozen=True):
    """What is known of some shards: each source's summary, by name."""

    sources: dict[str, SourceSummary]


def merge(a: ShardSummary, b: ShardSummary) -> ShardSummary:
    """Both together; neither the order nor the grouping of merges changes the outcome."""
    return ShardSummary(add_maps(a.sources, b.sources, SourceSummary.__add__))


def sample_size(name: str) -> int:
    """How many documents a sample of this name holds at most."""
    return KEPT_SAMPLES if name == KEPT else SAMPLES


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of a shard: signals, which documents each stage kept, and the keys that samples are drawn by."""

    shard: Shard
    signals: pa.Table
    urls: pa.ChunkedArray
    failed: U64
    verdicts: Mapping[str, pa.Table]
    kept: Mapping[str, Mask]
    keys: U64

    @property
    def words(self) -> npt.NDArray[np.int64]:
        """Words of each document."""
        words: npt.NDArray[np.int64] = self.signals["word_count"].to_numpy()
        return words

    @property
    def bytes(self) -> npt.NDArray[np.int64]:
        """UTF-8 bytes of each document."""
        size: npt.NDArray[np.int64] = self.signals["byte_count"].to_numpy()
        return size


def accumulate_shard(context: Context, shard: Shard) -> ShardSummary:
    """The summary of one shard, from its columns beside the text; the text itself is not read.

    Raises:
        StageError: a part of the shard is missing or damaged.
    """
    columns = _read(context, shard)
    judged = context.rules[shard.source]
    rejected, skipped = rejects(context, shard)
    return ShardSummary(
        {
            shard.source: SourceSummary(
                funnel=_funnel(context, columns),
                rules=failures.rule_tallies(judged, columns.failed, columns.words, columns.bytes),
                overlaps=failures.overlaps(len(judged), columns.failed),
                histograms=_histograms(columns),
                languages=_languages(columns),
                removed_hosts=hosts.sample(columns.urls, ~columns.kept[JUDGE.name], columns.keys),
                near_similarity=_near_similarity(columns),
                samples=_samples(columns, judged),
                rejected=rejected,
                skipped=skipped,
                **_contamination(context, columns),
            )
        }
    )


def _read(context: Context, shard: Shard) -> _Columns:
    run = context.run
    done = set(reached(context))
    judging = [each for each in context.verdicts if each.stage in done and shard.source in each.sources]
    verdicts = {each.stage: run.read_table(each.data_set, shard) for each in judging}
    documents = run.read_table("documents", shard, ["id", "url"])
    ids = documents["id"].to_pylist()
    alive = np.ones(len(ids), np.bool_)
    kept = {INGEST.name: alive}
    for stage, table in verdicts.items():
        alive = alive & table["kept"].to_numpy()
        kept[stage] = alive
    return _Columns(
        shard=shard,
        signals=run.read_table("signals", shard),
        urls=documents["url"],
        failed=verdicts[JUDGE.name]["failed"].to_numpy(),
        verdicts=verdicts,
        kept=kept,
        keys=sample_keys(ids, context.recipe.seed),
    )


def sample_keys(ids: Sequence[str], seed: int) -> U64:
    """A pseudo-random number for each document, by which samples are drawn; below 2**63."""
    digests = b"".join(hashlib.blake2b(f"report\0{seed}\0{each}".encode(), digest_size=8).digest() for each in ids)
    return np.frombuffer(digests, "<u8") >> np.uint64(1)


def _funnel(context: Context, columns: _Columns) -> dict[str, Tally]:
    words, size = columns.words, columns.bytes
    funnel: dict[str, Tally] = {}
    mask = columns.kept[INGEST.name]
    for stage in (INGEST.name, *(each.stage for each in context.verdicts)):
        mask = columns.kept.get(stage, mask)  # a stage that does not judge the source keeps what there is
        funnel[stage] = Tally(int(mask.sum()), int(words[mask].sum()), int(size[mask].sum()))
    return funnel


def _histograms(columns: _Columns) -> dict[str, Histogram]:
    kept = columns.kept[JUDGE.name]
    found = {}
    for name, signal in ALL.items():
        if signal.high is not None and name in columns.signals.column_names:
            values, borders = columns.signals[name].to_numpy(), bins.edges(signal)
            found[name] = Histogram(
                tuple(bins.histogram(values[kept], borders).tolist()),
                tuple(bins.histogram(values[~kept], borders).tolist()),
            )
    return found


def _languages(columns: _Columns) -> dict[str, PartTally]:
    return failures.part_tallies(
        failures.by_part(columns.signals["language"], columns.kept[JUDGE.name], columns.words, columns.bytes)
    )


def _near_similarity(columns: _Columns) -> tuple[int, ...]:
    borders = np.arange(bins.SHARE_BINS + 1) / bins.SHARE_BINS
    table = columns.verdicts.get(NEAR_DEDUP.name)
    values = np.zeros(0) if table is None else table["similarity"].drop_null().to_numpy()
    return tuple(bins.histogram(values, borders).tolist())


# -- samples -----------------------------------------------------------------------------------------------------------


def _samples(columns: _Columns, rules: Sequence[Rule]) -> dict[str, tuple[Pick, ...]]:
    samples = {}
    for bit, rule in enumerate(rules):
        hit, alone = failures.fails(columns.failed, bit), failures.alone(rules, columns.failed, bit)
        # What this rule alone removes says most about it.
        samples[f"rule/{rule.label}"] = _picks(columns, hit, ~alone, SAMPLES)
    for name, stage in ((NEAR, NEAR_DEDUP.name), (CONTAMINATED, DECONTAMINATE.name)):
        if stage in columns.verdicts:
            lost = ~columns.verdicts[stage]["kept"].to_numpy()
            samples[name] = _picks(columns, lost, np.zeros_like(lost), SAMPLES)
    left = list(columns.kept.values())[-1]
    samples[KEPT] = _picks(columns, left, np.zeros_like(left), KEPT_SAMPLES)
    return {name: picks for name, picks in samples.items() if picks}


def _picks(columns: _Columns, wanted: Mask, later: Mask, size: int) -> tuple[Pick, ...]:
    rows = np.flatnonzero(wanted)
    order = np.lexsort((rows, columns.keys[rows], later[rows]))[:size]
    shard = columns.shard
    return tuple(
        Pick(int(later[row]), int(columns.keys[row]), shard.source, shard.index, row) for row in rows[order].tolist()
    )


# -- contamination -----------------------------------------------------------------------------------------------------


def exceeds(hit: Hit, options: DecontaminateOptions) -> bool:
    """Whether an overlap is reason enough to remove the document; a page told by its title shares no n-gram."""
    contained = options.containment is not None and hit.containment > options.containment
    return hit.shared == 0 or hit.jaccard > options.jaccard or contained


def _contamination(context: Context, columns: _Columns) -> dict[str, Any]:
    if DECONTAMINATE.name not in columns.verdicts:
        return {"contamination": {}, "overlapping": 0}
    shard, options = columns.shard, context.recipe.decontaminate
    by_set: dict[str, list[Hit]] = {}
    for hit in context.run.read_table("contamination", shard).to_pylist():
        by_set.setdefault(hit["test_set"], []).append(Hit(source=shard.source, shard=shard.index, **hit))
    tallies = {
        test_set: TestSetTally(
            overlapping=len({hit.row for hit in hits}),
            removed=len({hit.row for hit in hits if exceeds(hit, options)}),
            items=tuple(sorted({hit.item for hit in hits})),
            top=tuple(sorted(hits, key=lambda hit: hit.order)[:TOP_HITS]),
        )
        for test_set, hits in sorted(by_set.items())
    }
    return {"contamination": tallies, "overlapping": len({hit.row for hits in by_set.values() for hit in hits})}
