"""What differs between two runs: documents gained and lost, and why, and the drift of signals."""

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.corpus.document_join import AT_ONCE, Matched, RunSide, match_documents
from massivetext.corpus.fates import KEPT, deciding_stages
from massivetext.corpus.signal_drift import DriftFound, find_drift
from massivetext.corpus.token_estimate import tokens_per_byte
from massivetext.report.completed import completed_stages
from massivetext.report.examples import DocumentExample, ExampleReader, locate_row
from massivetext.report.tallies import DocumentTally
from massivetext.report.wording import describe_rule
from massivetext.rules import Rule, removal_mask
from massivetext.runs.context import Context, Mask

EXAMPLES = 10  # documents each way
HOSTS = 25  # of a source
_OF_SOURCES = "recipe.sources."
NOT_READ = "not in the run"  # in place of a stage: the other run has no such document

I64 = npt.NDArray[np.int64]
_GROUPED = ("gained", "gained_words", "gained_bytes", "lost", "lost_words", "lost_bytes")


class Amount(msgspec.Struct, frozen=True):
    """Documents, their words and UTF-8 bytes; tokens are estimated, None for a run without records."""

    documents: int = 0
    words: int = 0
    bytes: int = 0
    tokens: int | None = None


class GainLoss(msgspec.Struct, frozen=True):
    """Documents that only the later run keeps (gained), and that only the earlier one keeps (lost)."""

    gained: Amount
    lost: Amount


class SourceDiff(msgspec.Struct, frozen=True):
    """What differs in a source.

    Attributes:
        read_before: documents that the earlier run has read.
        read_after: documents that the later run has read.
        common: documents that both have read, by their ids.
        changed_texts: common documents whose texts differ.
        before: what the earlier run keeps.
        after: what the later run keeps.
        gained: documents that only the later run keeps.
        lost: documents that only the earlier run keeps.
    """

    read_before: int
    read_after: int
    common: int
    changed_texts: int
    before: Amount
    after: Amount
    gained: Amount
    lost: Amount


class RuleDiff(msgspec.Struct, frozen=True):
    """What differs in the verdicts of a rule.

    Attributes:
        passes_before: what the rule lets pass in the earlier run, in words; None where it is no rule of the source.
        passes_after: likewise in the later run.
        failed_before: documents that fail it in the earlier run.
        failed_after: documents that fail it in the later run.
        newly: documents of both runs that fail it in the later one alone.
        no_longer: documents of both runs that fail it in the earlier one alone.
        gained: gained documents that failed it in the earlier run.
        lost: lost documents that fail it in the later run.
    """

    passes_before: str | None
    passes_after: str | None
    failed_before: int
    failed_after: int
    newly: int
    no_longer: int
    gained: int
    lost: int


class DiffExample(msgspec.Struct, frozen=True):
    """A document that one of the runs keeps, and why the other does not.

    Attributes:
        document: the document in the run that keeps it.
        removed_by: the stage of the other run that removes it; ``NOT_READ`` if that run has no such document.
        rules: rules by which it does so, if it is the stage of the rules.
    """

    document: DocumentExample
    removed_by: str
    rules: tuple[str, ...]


class RunDiff(msgspec.Struct, frozen=True):
    """What differs between two runs. Tables hold what differs alone: all are empty for two equal runs.

    Attributes:
        before: folder of the earlier run.
        after: folder of the later run.
        up_to: the last stage that decides what counts as kept.
        notes: what the answer leaves out, or what is remarkable about the two runs.
        settings: values of the recipes and versions of libraries that differ, as JSON, by their path; None: not given.
        sources: every source of either run.
        stages: by source, and by the stage that does not keep the documents in the other run.
        rules: by source and name of the rule (in the later run, where its set is called otherwise there).
        languages: by source and language.
        hosts: by source and host, at most ``HOSTS``, those with most documents gained and lost.
        drift: by source.
        gained: at most ``EXAMPLES`` gained documents, a sample.
        lost: at most ``EXAMPLES`` lost documents, a sample.
    """

    before: str
    after: str
    up_to: str
    notes: tuple[str, ...]
    settings: dict[str, tuple[str | None, str | None]]
    sources: dict[str, SourceDiff]
    stages: dict[str, dict[str, GainLoss]]
    rules: dict[str, dict[str, RuleDiff]]
    languages: dict[str, dict[str, GainLoss]]
    hosts: dict[str, dict[str, GainLoss]]
    drift: dict[str, DriftFound]
    gained: tuple[DiffExample, ...]
    lost: tuple[DiffExample, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs: settings, documents, texts, verdicts and signals are the same."""
        documents = all(
            each.read_before == each.common == each.read_after and not each.changed_texts and each.before == each.after
            for each in self.sources.values()
        )
        tables = (self.settings, self.stages, self.rules, self.drift, self.gained, self.lost)
        return documents and not any(tables)


def diff_runs(
    before: Context,
    after: Context,
    *,
    sources: Sequence[str] | None = None,
    up_to: str | None = None,
    at_once: int = AT_ONCE,
) -> RunDiff:
    """Return what differs between two runs, from their stored columns; no text is read but that of the examples.

    Args:
        before: the earlier run; its rules have judged.
        after: the later run, likewise.
        sources: names of the sources; None: every source of either run.
        up_to: the last stage that decides what counts as kept; None: the last one that is complete in both runs.
        at_once: about how many documents of a run may be held in memory.

    Raises:
        UserError: no stage of this name removes documents.
        StageError: the stage ``up_to`` is not complete in one of the runs, or a file is missing or damaged.
    """
    last = _last_common_stage(before, after) if up_to is None else up_to
    sides = RunSide(before, deciding_stages(before, last)), RunSide(after, deciding_stages(after, last))
    names = sorted({*before.shard_counts, *after.shard_counts}) if sources is None else sorted(set(sources))
    rates = tokens_per_byte(before), tokens_per_byte(after)
    found = {name: _SourceSums(sides, name) for name in names}
    for name, sums in found.items():
        for matched in match_documents(*sides, name, at_once=at_once):
            sums.add(matched)
    common = [name for name in names if all(name in context.shard_counts for context in (before, after))]
    drift = {name: find_drift(before, after, name) for name in common}
    each = {name: sums.result(rates[0].get(name), rates[1].get(name)) for name, sums in found.items()}
    readers = ExampleReader(before), ExampleReader(after)
    return RunDiff(
        before=before.run.folder,
        after=after.run.folder,
        up_to=last,
        notes=tuple(_notes(before, after, last, {name: one.source for name, one in each.items()})),
        settings=_settings(before, after, names),
        sources={name: one.source for name, one in each.items()},
        stages={name: one.stages for name, one in each.items() if one.stages},
        rules={name: one.rules for name, one in each.items() if one.rules},
        languages={name: one.languages for name, one in each.items() if one.languages},
        hosts={name: one.hosts for name, one in each.items() if one.hosts},
        drift={name: one for name, one in drift.items() if one != DriftFound()},
        gained=_examples(readers[1], after, [pick for sums in found.values() for pick in sums.gained]),
        lost=_examples(readers[0], before, [pick for sums in found.values() for pick in sums.lost]),
    )


def _in_order(stages: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the names of the stages of both runs, each once, in the order of the run that has more of them."""
    longest_first = sorted(stages, key=lambda names: -len(names))
    return tuple(dict.fromkeys(itertools.chain.from_iterable(longest_first)))


def _last_common_stage(before: Context, after: Context) -> str:
    done = {*completed_stages(before)} & {*completed_stages(after)}
    return [each.stage for each in before.verdicts if each.stage in done][-1]


# -- sums --------------------------------------------------------------------------------------------------------------


class _Pick(NamedTuple):
    """A changed document with what the other run makes of it; ordered by its id, which is a hash."""

    id: str
    source: str
    shard: int
    row: int
    removed_by: str
    rules: tuple[str, ...]


class _SourceResult(NamedTuple):
    source: SourceDiff
    stages: dict[str, GainLoss]
    rules: dict[str, RuleDiff]
    languages: dict[str, GainLoss]
    hosts: dict[str, GainLoss]


class _SourceSums:
    """Counts of one source."""

    def __init__(self, sides: tuple[RunSide, RunSide], name: str) -> None:
        self._name = name
        # By the run that removes: one run may have a stage that the other has not.
        self._stages = [(*(each.stage for each in side.deciding), NOT_READ) for side in sides]
        self._rules = tuple(side.context.rules.get(name, ()) for side in sides)
        self._read, self._kept = [0, 0], [DocumentTally(), DocumentTally()]
        self._common = self._changed_texts = 0
        self._by_stage = {stage: (DocumentTally(), DocumentTally()) for stage in _in_order(self._stages)}
        self._pairs = _pair_rules(*self._rules)
        self._by_rule = {name: np.zeros(6, np.int64) for name in self._pairs}
        self._groups: dict[str, pa.Table | None] = {"language": None, "host": None}
        self.gained: list[_Pick] = []
        self.lost: list[_Pick] = []

    def add(self, matched: Matched) -> None:
        """Count documents."""
        before, after = matched.before, matched.after
        for number, table in enumerate((before, after)):
            if table is not None:
                self._read[number] += table.num_rows
                self._kept[number] += _tally(table, _kept(table))
        if before is not None and after is not None:
            self._common += before.num_rows
            self._changed_texts += int(pc.sum(pc.not_equal(before["text_hash"], after["text_hash"])).as_py() or 0)
        rows = next(table.num_rows for table in (before, after) if table is not None)
        kept = [np.zeros(rows, np.bool_) if table is None else _kept(table) for table in (before, after)]
        gained, lost = kept[1] & ~kept[0], kept[0] & ~kept[1]
        self._add_rules(before, after, gained, lost)
        if after is not None and gained.any():
            self._add_changed(0, after, before, gained)
        if before is not None and lost.any():
            self._add_changed(1, before, after, lost)

    def _add_changed(self, way: int, keeping: pa.Table, removing: pa.Table | None, changed: Mask) -> None:
        """Count the documents that one run keeps and the other does not; way 0: gained, 1: lost."""
        stages = self._stages[way]
        codes = np.full(len(changed), len(stages) - 1) if removing is None else removing["code"].to_numpy()
        for code in np.unique(codes[changed]).tolist():
            tallies = list(self._by_stage[stages[code]])
            tallies[way] += _tally(keeping, changed & (codes == code))
            self._by_stage[stages[code]] = (tallies[0], tallies[1])
        chosen = keeping.filter(pa.array(changed))
        for column in self._groups:
            self._groups[column] = _add_groups(self._groups[column], chosen, column, way)
        picks = self._picks(keeping, removing, np.flatnonzero(changed), codes, way)
        if way == 0:
            self.gained = heapq.nsmallest(EXAMPLES, [*self.gained, *picks])
        else:
            self.lost = heapq.nsmallest(EXAMPLES, [*self.lost, *picks])

    def _picks(self, keeping: pa.Table, removing: pa.Table | None, rows: I64, codes: I64, way: int) -> Iterator[_Pick]:
        rules, stages = self._rules[way], self._stages[way]
        chosen = keeping.select(["id", "shard", "row"]).take(pa.array(rows)).append_column("at", pa.array(rows))
        for each in chosen.take(pc.select_k_unstable(chosen, EXAMPLES, [("id", "ascending")])).to_pylist():
            failed = 0 if removing is None else int(removing["failed"][each["at"]].as_py())
            failed &= int(removal_mask(rules))
            names = tuple(rule.label for bit, rule in enumerate(rules) if failed >> bit & 1)
            stage = stages[codes[each["at"]]]
            judged = stage == stages[0]
            yield _Pick(each["id"], self._name, each["shard"], each["row"], stage, names if judged else ())

    def _add_rules(self, before: pa.Table | None, after: pa.Table | None, gained: Mask, lost: Mask) -> None:
        for name, counts in self._by_rule.items():
            was = _fails(before, self._pairs[name][0], len(gained))
            now = _fails(after, self._pairs[name][1], len(gained))
            common = before is not None and after is not None
            masks = (was, now, now & ~was & common, was & ~now & common, was & gained, now & lost)
            counts += [np.count_nonzero(mask) for mask in masks]

    def result(self, rate_before: float | None, rate_after: float | None) -> _SourceResult:
        """Return what differs; the rates are the tokens per byte in the records of the two runs."""

        def both(gained: DocumentTally, lost: DocumentTally) -> GainLoss:
            return GainLoss(_amount(gained, rate_after), _amount(lost, rate_before))

        changed = {
            stage: both(*tallies) for stage, tallies in self._by_stage.items() if any(one.documents for one in tallies)
        }
        gained = sum((tallies[0] for tallies in self._by_stage.values()), DocumentTally())
        lost = sum((tallies[1] for tallies in self._by_stage.values()), DocumentTally())
        groups = {
            column: {name: both(*tallies) for name, tallies in _group_tallies(table)}
            for column, table in self._groups.items()
        }
        return _SourceResult(
            SourceDiff(
                read_before=self._read[0],
                read_after=self._read[1],
                common=self._common,
                changed_texts=self._changed_texts,
                before=_amount(self._kept[0], rate_before),
                after=_amount(self._kept[1], rate_after),
                gained=_amount(gained, rate_after),
                lost=_amount(lost, rate_before),
            ),
            changed,
            dict(self._differing_rules()),
            groups["language"],
            dict(list(groups["host"].items())[:HOSTS]),
        )

    def _differing_rules(self) -> Iterator[tuple[str, RuleDiff]]:
        for label, counts in self._by_rule.items():
            was, now = (
                None if bit is None else _describe(rules[bit])
                for rules, bit in zip(self._rules, self._pairs[label], strict=True)
            )
            failed_before, failed_after, newly, no_longer, gained, lost = counts.tolist()
            if was != now or failed_before != failed_after or newly or no_longer:
                yield label, RuleDiff(was, now, failed_before, failed_after, newly, no_longer, gained, lost)


def _kept(table: pa.Table) -> Mask:
    kept: Mask = table["code"].to_numpy() == KEPT
    return kept


def _tally(table: pa.Table, mask: Mask) -> DocumentTally:
    words, size = (int(table[name].to_numpy()[mask].sum()) for name in ("words", "bytes"))
    return DocumentTally(int(np.count_nonzero(mask)), words, size)


def _pair_rules(before: Sequence[Rule], after: Sequence[Rule]) -> dict[str, tuple[int | None, int | None]]:
    """Return the bits of each rule in both runs, by its name in the later one; None where it is no rule.

    Rules are the same by name. A rule whose set has another name now (gopher/word_count, mine/word_count) is the same
    too, if it is the only one of its own name that is left.
    """
    old = {rule.label: bit for bit, rule in enumerate(before)}
    new = {rule.label: bit for bit, rule in enumerate(after)}
    left = {name: _by_own_name([label for label in old if label not in new], name) for name in map(_own_name, new)}
    pairs: dict[str, tuple[int | None, int | None]] = {}
    for label, bit in new.items():
        alone = _by_own_name([each for each in new if each not in old], _own_name(label))
        same = left[_own_name(label)]
        renamed = label not in old and len(same) == len(alone) == 1
        pairs[label] = (old[same[0]] if renamed else old.get(label), bit)
    paired = {bit for bit, _ in pairs.values()}
    return pairs | {label: (bit, None) for label, bit in old.items() if bit not in paired}


def _own_name(label: str) -> str:
    return label.rpartition("/")[2]


def _by_own_name(labels: Sequence[str], name: str) -> list[str]:
    return [label for label in labels if _own_name(label) == name]


def _fails(table: pa.Table | None, bit: int | None, count: int) -> Mask:
    """Return which of ``count`` documents fail a rule: none where there are no documents or no such rule."""
    if table is None or bit is None:
        return np.zeros(count, np.bool_)
    fails: Mask = (table["failed"].to_numpy() >> np.uint64(bit) & np.uint64(1)).astype(np.bool_)
    return fails


def _describe(rule: Rule) -> str:
    return f"{describe_rule(rule.alternatives, rule.where, named=False)}{' (only marks)' if rule.report_only else ''}"


def _amount(tally: DocumentTally, rate: float | None) -> Amount:
    tokens = None if rate is None else round(tally.bytes * rate)
    return Amount(tally.documents, tally.words, tally.bytes, tokens)


def _add_groups(sums: pa.Table | None, documents: pa.Table, column: str, way: int) -> pa.Table:
    """Return the counts by group with those of some documents added."""
    count = documents.num_rows
    values = (np.ones(count, np.int64), documents["words"].to_numpy(), documents["bytes"].to_numpy())
    zeros = (np.zeros(count, np.int64),) * 3
    columns = (*values, *zeros) if way == 0 else (*zeros, *values)
    table = pa.table({"group": documents[column], **dict(zip(_GROUPED, columns, strict=True))})
    table = table.filter(pc.is_valid(table["group"]))
    joined = table if sums is None else pa.concat_tables([sums, table])
    summed = joined.group_by("group").aggregate([(name, "sum") for name in _GROUPED])
    return summed.select(["group", *(f"{name}_sum" for name in _GROUPED)]).rename_columns(["group", *_GROUPED])


def _group_tallies(table: pa.Table | None) -> list[tuple[str, tuple[DocumentTally, DocumentTally]]]:
    """Return the groups with their counts, those with most documents first."""
    rows = [] if table is None else [tuple(each.values()) for each in table.to_pylist()]
    ordered = sorted(rows, key=lambda row: (-row[1] - row[4], row[0]))
    return [(row[0], (DocumentTally(*row[1:4]), DocumentTally(*row[4:]))) for row in ordered]


# -- beside the counts -------------------------------------------------------------------------------------------------


def _examples(reader: ExampleReader, context: Context, picks: Sequence[_Pick]) -> tuple[DiffExample, ...]:
    chosen = heapq.nsmallest(EXAMPLES, picks)
    locations = [locate_row(context, pick.source, pick.shard, pick.row) for pick in chosen]
    shown = reader.in_order(locations)
    return tuple(
        DiffExample(document, pick.removed_by, pick.rules) for document, pick in zip(shown, chosen, strict=True)
    )


def _settings(before: Context, after: Context, sources: Sequence[str]) -> dict[str, tuple[str | None, str | None]]:
    """Return the values of the recipes, and the versions of the libraries, that differ.

    Those of a source are left out unless it is asked for and in both runs: that one has no such source is noted.
    """
    states = [context.run.state() for context in (before, after)]
    old, new = (
        {} if state is None else dict(_flat("recipe", state.recipe)) | dict(_flat("versions", state.versions))
        for state in states
    )
    common = [name for name in sources if all(name in context.shard_counts for context in (before, after))]
    kept = tuple(f"{_OF_SOURCES}{name}." for name in common)
    differing = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    return {
        name: (old.get(name), new.get(name))
        for name in differing
        if not name.startswith(_OF_SOURCES) or name.startswith(kept)
    }


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _flat(f"{name}.{key}", each)
    else:
        yield name, msgspec.json.encode(value, order="deterministic").decode()


def _notes(before: Context, after: Context, last: str, sources: Mapping[str, SourceDiff]) -> Iterator[str]:
    same = before.run.folder == after.run.folder
    for context in (before,) if same else (before, after):
        names = [each.stage for each in context.verdicts]
        later = [name for name in names[names.index(last) + 1 :] if name not in completed_stages(context)]
        if later:
            yield (
                f"{context.run.folder} is not finished ({', '.join(later)} not complete): compared is what is left "
                f"after {last}."
            )
    for context in (before, after):
        for name in sources:
            if name not in context.shard_counts:
                yield f"{context.run.folder} has no source {name}."
    read = [each for each in sources.values() if each.read_before and each.read_after]
    if not any(each.common for each in sources.values()):
        yield (
            "The runs have no document in common. Documents are matched by id: a hash of the name of the source, the "
            "name of the input file, and the position in it."
        )
    elif missing := [name for name, each in sources.items() if each in read and not each.common]:
        yield f"No document in common in source {', '.join(missing)}."
