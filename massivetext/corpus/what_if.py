"""What other rules would keep: exact counts over every document of a run, from its stored signals."""

import functools
import heapq
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.corpus.document_columns import measured_signals
from massivetext.corpus.fates import stored_failures
from massivetext.corpus.rule_changes import Rules
from massivetext.corpus.token_estimate import tokens_per_byte
from massivetext.errors import StageError, UserError
from massivetext.report.examples import DocumentExample, DocumentLocation, ExampleReader
from massivetext.rules import Bounds, Rule, count_failed, judge_documents, removal_mask
from massivetext.runs.context import COUNTED_SIGNALS, Context
from massivetext.runs.store import Shard
from massivetext.signals.definitions import PARAGRAPH_SIGNAL
from massivetext.stages import JUDGE
from massivetext.storage import files as fs

EXAMPLES = 10  # documents each way

Failed = npt.NDArray[np.uint64]
_Predicate = tuple[tuple[Bounds, ...], Bounds | None]


class Kept(msgspec.Struct, frozen=True):
    """What the rules keep: documents, words, UTF-8 bytes; tokens are estimated, None before there are records."""

    documents: int
    words: int
    bytes: int
    tokens: int | None


class RuleEffect(msgspec.Struct, frozen=True):
    """What a rule does, before and after the change; None where it is no rule of the source.

    Attributes:
        failed: number of documents that fail it.
        alone: how many of them no other rule would remove; 0 for a rule that only marks.
    """

    failed_before: int | None
    failed_after: int | None
    alone_before: int | None
    alone_after: int | None


class SourceEffect(msgspec.Struct, frozen=True):
    """What a change of rules does to a source.

    Attributes:
        read: number of documents before any rule.
        before: what the rules of the run keep.
        after: what the changed rules keep.
        gained: number of documents that only the changed rules keep.
        lost: number of documents that only the rules of the run keep.
        rules: every rule by its name, in order.
    """

    read: int
    before: Kept
    after: Kept
    gained: int
    lost: int
    rules: dict[str, RuleEffect]


class ChangedDocument(msgspec.Struct, frozen=True):
    """A document that a change of rules keeps or removes, and the rule that it fails by most where it is removed.

    Attributes:
        document: the document.
        rule: name of the rule.
        signal: signal that the rule looks at; of several alternatives the one that is closest to its limit.
        value: value of the signal.
        limit: the limit that the value does not keep; None for a signal that is text.
    """

    document: DocumentExample
    rule: str
    signal: str
    value: float | str
    limit: float | None


class WhatIf(msgspec.Struct, frozen=True):
    """What a change of rules would keep, after the stage "judge"; later stages would have to be run.

    Attributes:
        sources: the effect on each source.
        gained: documents that only the changed rules keep, nearest the limit first; at most ``EXAMPLES``.
        lost: documents that only the rules of the run keep, likewise.
    """

    sources: dict[str, SourceEffect]
    gained: tuple[ChangedDocument, ...] = ()
    lost: tuple[ChangedDocument, ...] = ()


class _Candidate(msgspec.Struct, frozen=True, order=True):
    """A changed document, ordered by its distance to the limit; equal distances by location."""

    distance: float
    shard: Shard
    row: int
    rule: str
    signal: str
    value: float | str
    limit: float | None


class _Judged(msgspec.Struct, frozen=True):
    """Failed rules of the documents of a shard, as bits, the rules of these bits, and which documents are kept."""

    rules: tuple[Rule, ...]
    failed: Failed
    kept: npt.NDArray[np.bool_]

    @classmethod
    def of_failed(cls, rules: tuple[Rule, ...], failed: Failed) -> "_Judged":
        """Return the verdicts of rules that documents fail; kept are those that fail none that removes documents."""
        return cls(rules, failed, (failed & removal_mask(rules)) == 0)


def ask_what_if(context: Context, variants: Sequence[Rules], sources: Sequence[str]) -> list[WhatIf]:
    """Return what changed rules would keep of some sources, for each variant of the rules, in one pass.

    A rule whose limits are those of a rule of the run is not judged again: its stored verdicts are taken. All others
    are judged by the code of the stage "judge". If there is one variant, documents that change are among the answer.

    Args:
        context: a run whose rules have judged.
        variants: rules by source.
        sources: names of the sources.

    Raises:
        UserError: a rule reads a signal that the run has not measured.
        StageError: a file is missing or damaged.
    """
    for source in sources:
        _require_measured(context, source, [rule for rules in variants for rule in rules[source]])
    found: list[dict[str, SourceEffect]] = [{} for _ in variants]
    gained: list[_Candidate] = []
    lost: list[_Candidate] = []
    rates = tokens_per_byte(context)
    for source in sources:
        sums = _Sums(context.rules[source], [rules[source] for rules in variants])
        judges = [_Judge(context.rules[source], rules[source]) for rules in variants]
        wanted = _columns(context.rules[source], [rules[source] for rules in variants])
        read = functools.partial(_read, context, wanted)
        for shard, table, before in fs.concurrently(context.run.folder, read, context.shards(source)):
            sums.read(context, shard, table, before)
            for number, judge in enumerate(judges):
                after = judge(table, before)
                sums.add(number, context, shard, table, before, after)
                if len(variants) == 1:
                    gained = heapq.nsmallest(EXAMPLES, [*gained, *_changed(shard, table, after, before)])
                    lost = heapq.nsmallest(EXAMPLES, [*lost, *_changed(shard, table, before, after)])
        for effects, effect in zip(found, sums.effects(rates.get(source)), strict=True):
            effects[source] = effect
    if len(variants) != 1:
        return [WhatIf(effects) for effects in found]
    reader = ExampleReader(context)
    return [WhatIf(found[0], _examples(reader, gained), _examples(reader, lost))]


def _require_measured(context: Context, source: str, rules: Sequence[Rule]) -> None:
    measured = set(measured_signals(context, source))
    if not context.recipe.measure.paragraph_languages:
        measured.discard(PARAGRAPH_SIGNAL)  # it is stored, but with the value of a text without paragraphs
    for rule in rules:
        for signal in rule.signals:
            if signal not in measured:
                raise UserError(
                    f"rule '{rule.label}': reads the signal '{signal}', which {context.run.folder} has not measured "
                    f"for source '{source}'; name the rule set in the recipe and run again, or ask for other sources"
                )


def _predicate(rule: Rule) -> _Predicate:
    """Return what decides whether a document passes a rule: not its name, nor whether it only marks."""
    return rule.alternatives, rule.where


def _columns(before: Sequence[Rule], variants: Sequence[Sequence[Rule]]) -> list[str]:
    """Return the signals to read: those of the rules that are not the same in both, and those that are counted."""
    old = {(_predicate(rule), rule.report_only): rule for rule in before}
    differing = set(COUNTED_SIGNALS)
    for rules in variants:
        new = {(_predicate(rule), rule.report_only): rule for rule in rules}
        for key, rule in [*old.items(), *new.items()]:
            if not (key in old and key in new):
                differing.update(rule.signals)
    return sorted(differing)


def _read(context: Context, columns: list[str], shard: Shard) -> tuple[Shard, pa.Table, _Judged]:
    table, failed = context.run.read_table("signals", shard, columns), stored_failures(context, shard)
    if len(failed) != table.num_rows:
        raise StageError(
            f"{context.run.shard_file(context.verdicts_of(JUDGE.name), shard)}: want one verdict per document, "
            f"{table.num_rows}, got {len(failed)}; run `massivetext verify` on the run"
        )
    return shard, table, _Judged.of_failed(context.rules[shard.source], failed)


class _Judge:
    """Judges documents by changed rules, from the stored verdicts and the signals of the rules that are new."""

    def __init__(self, before: Sequence[Rule], rules: tuple[Rule, ...]) -> None:
        stored = {_predicate(rule): bit for bit, rule in enumerate(before)}
        self._rules = rules
        self._known: dict[int, list[int]] = {}  # by distance: bits that move so far to the left
        self._new: list[tuple[int, Rule]] = []
        for bit, rule in enumerate(rules):
            if (known := stored.get(_predicate(rule))) is None:
                self._new.append((bit, rule))
            else:
                self._known.setdefault(bit - known, []).append(known)

    def __call__(self, table: pa.Table, before: _Judged) -> _Judged:
        """Return the verdicts of the changed rules."""
        _, judged = judge_documents(table, [rule for _, rule in self._new])
        failed = np.zeros(table.num_rows, np.uint64)
        for distance, bits in self._known.items():
            failed |= _moved(before.failed, np.uint64(sum(1 << bit for bit in bits)), distance)
        for source_bit, (bit, _) in enumerate(self._new):
            failed |= _moved(judged, np.uint64(1 << source_bit), bit - source_bit)
        return _Judged.of_failed(self._rules, failed)


def _moved(failed: Failed, mask: np.uint64, distance: int) -> Failed:
    """Return some of the bits, moved to the left, or by a negative distance to the right."""
    bits = failed & mask
    return bits << np.uint64(distance) if distance >= 0 else bits >> np.uint64(-distance)


# -- sums --------------------------------------------------------------------------------------------------------------


class _Sums:
    """Counts of one source, shard after shard, for every variant of its rules."""

    def __init__(self, before: Sequence[Rule], variants: Sequence[Sequence[Rule]]) -> None:
        self._read = 0
        self._before = _SideSums(before)
        self._after = [_SideSums(rules) for rules in variants]
        self._gained, self._lost = [0] * len(variants), [0] * len(variants)

    def read(self, context: Context, shard: Shard, table: pa.Table, before: _Judged) -> None:
        """Count the documents of a shard, and what the rules of the run keep of them."""
        self._read += table.num_rows
        self._before.add(context, shard, table, before)

    def add(
        self, variant: int, context: Context, shard: Shard, table: pa.Table, before: _Judged, after: _Judged
    ) -> None:
        """Count what a variant of the rules keeps of a shard."""
        self._after[variant].add(context, shard, table, after)
        self._gained[variant] += int(np.count_nonzero(after.kept & ~before.kept))
        self._lost[variant] += int(np.count_nonzero(before.kept & ~after.kept))

    def effects(self, tokens_per_byte: float | None) -> list[SourceEffect]:
        """Return the counts of all shards for each variant."""
        before = self._before
        return [
            SourceEffect(
                read=self._read,
                before=before.kept(tokens_per_byte),
                after=after.kept(tokens_per_byte),
                gained=gained,
                lost=lost,
                rules={
                    name: RuleEffect(
                        before.failed.get(name), after.failed.get(name), before.alone.get(name), after.alone.get(name)
                    )
                    for name in dict.fromkeys([*after.failed, *before.failed])
                },
            )
            for after, gained, lost in zip(self._after, self._gained, self._lost, strict=True)
        ]


class _SideSums:
    """Counts of one source by one set of rules; the stage "judge" commits the same ones."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._kept = {"kept": 0, "kept_words": 0, "kept_bytes": 0}
        self.failed = {rule.label: 0 for rule in rules}
        self.alone = {rule.label: 0 for rule in rules}

    def add(self, context: Context, shard: Shard, table: pa.Table, judged: _Judged) -> None:
        """Count the documents of a shard."""
        for name, count in context.count_kept(shard, judged.kept, table).items():
            self._kept[name] += count
        removing = judged.failed & removal_mask(judged.rules)
        single = np.where(removing & (removing - np.uint64(1)), np.uint64(0), removing)
        for sums, bits in ((self.failed, judged.failed), (self.alone, single)):
            for name, count in count_failed(bits, judged.rules).items():
                sums[name] += count

    def kept(self, tokens_per_byte: float | None) -> Kept:
        """Return what is kept of all shards."""
        size = self._kept["kept_bytes"]
        tokens = None if tokens_per_byte is None else round(size * tokens_per_byte)
        return Kept(self._kept["kept"], self._kept["kept_words"], size, tokens)


# -- documents that change ---------------------------------------------------------------------------------------------


def _changed(shard: Shard, table: pa.Table, keeping: _Judged, removing: _Judged) -> list[_Candidate]:
    """Return the documents that one set of rules keeps and another removes, the nearest to its limit, unordered."""
    rows = np.flatnonzero(keeping.kept & ~removing.kept)
    if not len(rows):
        return []
    chosen = table.take(pa.array(rows))
    found: dict[int, _Candidate] = {}
    for bit, rule in enumerate(removing.rules):
        fails = removing.failed[rows] >> np.uint64(bit) & np.uint64(1)
        if rule.report_only or not fails.any():
            continue
        for at in np.flatnonzero(fails).tolist():
            candidate = _nearest(shard, int(rows[at]), rule, chosen, at)
            if int(rows[at]) not in found or found[int(rows[at])].distance < candidate.distance:
                found[int(rows[at])] = candidate
    return heapq.nsmallest(EXAMPLES, found.values())


def _nearest(shard: Shard, row: int, rule: Rule, chosen: pa.Table, at: int) -> _Candidate:
    candidates = []
    for bounds in rule.alternatives:
        value = chosen[bounds.signal][at].as_py()
        limit = _crossed(bounds, value)
        # Relative to the limit, so that limits on shares and on counts can be compared; a text is as far as can be.
        distance = np.inf if limit is None else abs(value - limit) / max(abs(limit), 1e-9)
        candidates.append(_Candidate(float(distance), shard, row, rule.label, bounds.signal, value, limit))
    return min(candidates, key=lambda candidate: candidate.distance)


def _crossed(bounds: Bounds, value: float | str) -> float | None:
    """Return the limit that a value does not keep; None for a text."""
    if isinstance(value, str):
        return None
    return bounds.min if bounds.min is not None and value < bounds.min else bounds.max


def _examples(reader: ExampleReader, candidates: Sequence[_Candidate]) -> tuple[ChangedDocument, ...]:
    shown = reader.in_order([DocumentLocation(each.shard, each.row) for each in candidates])
    return tuple(
        ChangedDocument(document, each.rule, each.signal, each.value, each.limit)
        for document, each in zip(shown, candidates, strict=True)
    )
