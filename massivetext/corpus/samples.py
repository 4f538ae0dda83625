"""Samples of documents with their texts: near the limit of a rule, removed by a stage, kept, of a host or language."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.corpus.fates import KEPT, deciding_stages, removal_codes, stored_failures
from massivetext.corpus.signal_marks import Span, mark_signal
from massivetext.errors import UserError
from massivetext.hashing import U64, mix64
from massivetext.report.completed import completed_stages
from massivetext.report.hosts import url_hosts
from massivetext.report.limit_distance import bounds_slack, has_limit, rule_slack
from massivetext.rules import Rule, passes
from massivetext.runs import documents
from massivetext.runs.context import Context, Mask
from massivetext.runs.stage import VerdictSet
from massivetext.runs.store import Shard
from massivetext.stages import INGEST
from massivetext.storage import files as fs
from massivetext.toml_tables import suggestion

PASSES, FAILS = "passes", "fails"


class SampleChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which documents a sample is drawn from; every condition that is given must hold.

    Attributes:
        rule: name of a rule: documents that fail it; with ``near`` also those that pass it.
        near: the documents nearest to the limit of the rule, half of them from each side.
        stage: documents that this stage removed.
        kept: documents that no stage removed.
        host: host of the URL, in lower case.
        language: language code.
        seed: of the sample.
    """

    rule: str | None = None
    near: bool = False
    stage: str | None = None
    kept: bool = False
    host: str | None = None
    language: str | None = None
    seed: int = 0


class SampledText(msgspec.Struct, frozen=True, kw_only=True):
    """A document of a sample.

    Attributes:
        id: its id.
        source: name of its source.
        url: its URL.
        origin: name of its input file.
        title: its title.
        text: the whole text.
        language: language code.
        removed_by: the stage that removed it; None if it is kept by all complete stages.
        failed_rules: names of the rules that it fails.
        side: "passes" or "fails", for the rule that was asked for.
        signal: the signal that is shown: that of the rule, or of the first rule by which the document was removed.
        value: its value.
        marks: the parts of the text that the signal counts, as (first character, character after the last); None if
            it counts none.
    """

    id: str
    source: str
    url: str | None
    origin: str
    title: str | None
    text: str
    language: str
    removed_by: str | None
    failed_rules: tuple[str, ...]
    side: str | None
    signal: str | None
    value: float | str | None
    marks: tuple[Span, ...] | None


class _Drawn(NamedTuple):
    """A row of a shard; the smallest ones are the sample."""

    distance: float
    rank: int
    shard: Shard
    row: int
    failed: int


def draw_sample(context: Context, choice: SampleChoice, sources: Sequence[str], count: int) -> list[SampledText]:
    """Return a sample of documents, which depends on the run and the seed alone.

    Near a limit the nearest documents come first, those that fail the rule before those that pass it. Distances are
    relative to the limit.

    Raises:
        UserError: no source has the rule, no stage of this name removes documents, the conditions exclude each other,
            or the rule has no limit that a number can be near to.
        StageError: a stage that decides what is asked for is not complete, or a file is missing or damaged.
    """
    rules = _rules(context, choice, sources)
    deciding = _deciding(context, choice)
    if choice.rule is not None:
        sources = [source for source in sources if rules[source] is not None]
    sides: dict[str | None, list[_Drawn]] = {}

    def read(shard: Shard) -> dict[str | None, list[_Drawn]]:
        return _draw(context, choice, rules[shard.source], deciding, shard, count)

    shards = [shard for source in sources for shard in context.shards(source)]
    wanted = iter(shards) if choice.near else _while_smaller(context, choice.seed, shards, sides, count)
    for found in fs.concurrently(context.run.folder, read, wanted):
        for side, drawn in found.items():
            sides[side] = heapq.nsmallest(count, [*sides.get(side, ()), *drawn])
    chosen = [(side, drawn) for side, rows in _balanced(sides, count).items() for drawn in rows]
    return [_sampled(context, choice, deciding, side, drawn) for side, drawn in chosen]


def _rules(context: Context, choice: SampleChoice, sources: Sequence[str]) -> dict[str, Rule | None]:
    """Return the rule that is asked for, by source; None where it is no rule."""
    if choice.near and choice.rule is None:
        raise UserError("sample: near: want a rule whose limit the documents are near to, got none")
    if choice.kept and choice.stage is not None:
        raise UserError(f"sample: want kept documents, or those removed by stage '{choice.stage}', got both")
    rules = {
        source: next((rule for rule in context.rules[source] if rule.label == choice.rule), None) for source in sources
    }
    if choice.rule is not None and not any(rules.values()):
        known = list(dict.fromkeys(rule.label for source in sources for rule in context.rules[source]))
        raise UserError(
            f"sample: rule: want a rule of the sources, {', '.join(known) or 'which have none'}, got {choice.rule!r}"
            f"{suggestion(choice.rule, known)}"
        )
    for rule in rules.values():
        if choice.near and rule is not None and not has_limit(rule):
            raise UserError(
                f"sample: near: want a rule with a limit, got {rule.label!r}, which allows values of a text"
            )
    return rules


def _deciding(context: Context, choice: SampleChoice) -> tuple[VerdictSet, ...]:
    if choice.stage is not None:
        return deciding_stages(context, choice.stage, argument="sample: stage")
    done = completed_stages(context)
    last = [each.stage for each in context.verdicts if each.stage in done][-1]
    return deciding_stages(context, None if choice.kept else last)


def _balanced(sides: dict[str | None, list[_Drawn]], count: int) -> dict[str | None, list[_Drawn]]:
    """Return at most ``count`` documents, half from each of two sides, or more where the other has too few."""
    if None in sides or len(sides) < 2:
        return {side: rows[:count] for side, rows in sides.items()}
    failing, passing = sides[FAILS], sides[PASSES]
    first = max(count - count // 2, count - len(passing))
    failing = failing[:first]
    return {FAILS: failing, PASSES: passing[: count - len(failing)]}


# -- drawing -----------------------------------------------------------------------------------------------------------


def _while_smaller(
    context: Context, seed: int, shards: Sequence[Shard], sides: Mapping[str | None, list[_Drawn]], count: int
) -> Iterator[Shard]:
    """Yield shards, that with the smallest rank first, until none can have a rank as small as those of the sample.

    Args:
        context: the run.
        seed: of the sample.
        shards: the shards.
        sides: what is drawn so far, of one side alone; the caller adds to it between two shards.
        count: size of the sample.
    """
    commits = context.run.need(INGEST.name).tasks
    rows = {commit.task: commit.counts["documents"] for commit in commits}
    firsts = [
        (int(_ranks(context, seed, shard, np.arange(rows[shard.name])).min()), shard)
        for shard in shards
        if rows[shard.name]
    ]
    for rank, shard in sorted(firsts):
        drawn = next(iter(sides.values()), [])
        if len(drawn) == count and rank > drawn[-1].rank:
            return
        yield shard


def _draw(
    context: Context, choice: SampleChoice, rule: Rule | None, deciding: Sequence[VerdictSet], shard: Shard, count: int
) -> dict[str | None, list[_Drawn]]:
    failed = stored_failures(context, shard)
    mask = _wanted(context, choice, deciding, shard, len(failed))
    distances = np.zeros(len(failed))
    sides: dict[str | None, Mask] = {None: mask}
    if rule is not None:
        bit = context.rules[shard.source].index(rule)
        fails = (failed >> np.uint64(bit) & np.uint64(1)).astype(np.bool_)
        sides = {FAILS: mask & fails}
        if choice.near:
            table = context.run.read_table("signals", shard, list(rule.signals))
            distances = np.abs(rule_slack(table, rule))
            sides[PASSES] = mask & ~fails & _applies(table, rule)
    found = {}
    for side, chosen in sides.items():
        possible = np.flatnonzero(chosen)
        rows = possible[_not_above(distances[possible], count)]
        ranks = _ranks(context, choice.seed, shard, rows)
        order = np.lexsort((ranks, distances[rows]))[:count]
        found[side] = [
            _Drawn(float(distances[row]), int(rank), shard, row, int(failed[row]))
            for row, rank in zip(rows[order].tolist(), ranks[order].tolist(), strict=True)
        ]
    return found


def _not_above(values: npt.NDArray[np.float64], count: int) -> Mask:
    """Return which values are among the smallest, so many and those that equal the largest of them."""
    if len(values) <= count:
        return np.ones(len(values), np.bool_)
    mask: Mask = values <= np.partition(values, count - 1)[count - 1]
    return mask


def _wanted(context: Context, choice: SampleChoice, deciding: Sequence[VerdictSet], shard: Shard, count: int) -> Mask:
    mask: Mask = np.ones(count, np.bool_)
    if choice.kept or choice.stage is not None:
        codes = removal_codes(context, shard, deciding)
        wanted = KEPT if choice.stage is None else [each.stage for each in deciding].index(choice.stage)
        mask &= codes == wanted
    if choice.language is not None:
        mask &= _equal(context.run.read_table("signals", shard, ["language"])["language"], choice.language)
    if choice.host is not None:
        hosts = url_hosts(context.run.read_table("documents", shard, ["url"])["url"])
        mask &= _equal(hosts, choice.host.lower().rstrip("."))
    return mask


def _equal(column: pa.ChunkedArray, value: str) -> Mask:
    equal: Mask = pc.fill_null(pc.equal(column, value), fill_value=False).to_numpy()
    return equal


def _ranks(context: Context, seed: int, shard: Shard, rows: npt.NDArray[np.int64]) -> U64:
    """Return a number for each of some documents of a shard that depends on it and the seed alone."""
    key = mix64(np.array([seed], np.int64).view(np.uint64))
    return mix64(context.document_refs(shard, rows) ^ key)


def _applies(table: pa.Table, rule: Rule) -> Mask:
    if rule.where is None:
        return np.ones(table.num_rows, np.bool_)
    where = rule.where
    return passes(table, Rule(source=rule.source, signal=where.signal, min=where.min, max=where.max, allow=where.allow))


# -- texts -------------------------------------------------------------------------------------------------------------


def _sampled(
    context: Context, choice: SampleChoice, deciding: Sequence[VerdictSet], side: str | None, drawn: _Drawn
) -> SampledText:
    rules = context.rules[drawn.shard.source]
    failed = [rule for bit, rule in enumerate(rules) if drawn.failed >> bit & 1]
    columns = ["id", "url", "origin", "title", "text"]
    ((_, document),) = documents.read_rows(context.run, drawn.shard, columns, np.array([drawn.row]))
    removing = [rule for rule in failed if not rule.report_only]
    shown = next((rule for rule in rules if rule.label == choice.rule), removing[0] if removing else None)
    names = ["language", *(bounds.signal for bounds in (shown.alternatives if shown else ()))]
    table = context.run.read_table("signals", drawn.shard, list(dict.fromkeys(names))).slice(drawn.row, 1)
    values = table.to_pylist()[0]
    signal = None if shown is None else _shown_signal(table, shown)
    text, language = str(document["text"]), str(values["language"])
    code = int(removal_codes(context, drawn.shard, deciding)[drawn.row])
    return SampledText(
        id=str(document["id"]),
        source=drawn.shard.source,
        url=None if document["url"] is None else str(document["url"]),
        origin=str(document["origin"]),
        title=None if document["title"] is None else str(document["title"]),
        text=text,
        language=language,
        removed_by=None if code == KEPT else deciding[code].stage,
        failed_rules=tuple(rule.label for rule in failed),
        side=side,
        signal=signal,
        value=None if signal is None else values[signal],
        marks=None if signal is None else mark_signal(signal, text, language),
    )


def _shown_signal(table: pa.Table, rule: Rule) -> str:
    """Return the signal of the alternative whose limit is the nearest."""
    bounded = [bounds for bounds in rule.alternatives if bounds.allow is None]
    if not bounded:
        return rule.alternatives[0].signal
    return min(bounded, key=lambda bounds: abs(float(bounds_slack(table[bounds.signal].to_numpy(), bounds)[0]))).signal
