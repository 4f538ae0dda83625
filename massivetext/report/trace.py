"""The story of one document: every signal, every rule, what it duplicates or overlaps, and where its tokens went."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.report.destinations import Destination, destinations
from massivetext.report.duplicates import pairs_of
from massivetext.report.edited import Taken, taken
from massivetext.report.examples import Example, Place, address_of, places_of, show
from massivetext.report.judged import RuleVerdict, SignalValue, rule_verdicts, signal_values
from massivetext.report.quarantined import quarantine_lines
from massivetext.report.reached import reached
from massivetext.report.test_set_overlaps import Overlap, overlaps
from massivetext.runs.context import Context
from massivetext.stages import DECONTAMINATE, JUDGE, NEAR_DEDUP

LIMIT = 20  # of each kind of match

_SCHEME = "^[a-zA-Z][a-zA-Z0-9+.-]*://"


class Found(msgspec.Struct, frozen=True):
    """What a search brought: places of documents, and lines of quarantine with their source; 20 of each at most."""

    documents: list[Place]
    quarantined: list[dict[str, Any]]


class Relative(msgspec.Struct, frozen=True, kw_only=True):
    """Another document; similarities 0 to 1, None where they were not measured."""

    id: str
    source: str
    url: str | None
    origin: str
    jaccard: float | None = None
    containment: float | None = None


class StageVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage says of the document.

    Attributes:
        stage: its name.
        kept: whether it keeps the document; None where it did not look at it.
        keeper: the copy that is kept instead or, of a kept document, None.
        similarity: with the closest copy, 0 to 1; None without one.
    """

    stage: str
    kept: bool | None
    keeper: Relative | None = None
    similarity: float | None = None


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """All that a run knows of a document.

    Attributes:
        document: what it is and how it begins.
        edits: what line edits took from it; None where nothing edits its source.
        signals: everything that was measured.
        rules: in the order in which they judge.
        stages: verdicts of the stages that are done.
        pairs: documents that it was compared with, most similar first.
        overlaps: test items that it shares an n-gram with.
        dropped_by: the first stage that dropped it; None: it is kept.
        sequences: where its tokens are in the records.
    """

    document: Example
    edits: tuple[Taken, ...] | None
    signals: tuple[SignalValue, ...]
    rules: tuple[RuleVerdict, ...]
    stages: tuple[StageVerdict, ...]
    pairs: tuple[Relative, ...]
    overlaps: tuple[Overlap, ...]
    dropped_by: str | None
    sequences: tuple[Destination, ...]


# -- finding -----------------------------------------------------------------------------------------------------------


def find(context: Context, text: str) -> Found:
    """Documents and rejected input that a text names.

    An id or a URL (with or without scheme and final slash) names documents exactly. What names none that way is looked
    for within the origins.

    Raises:
        StageError: a part of the run is missing or damaged.
    """
    exact: list[Place] = []
    within: list[Place] = []
    for shard in context.all_shards():
        table = context.run.read_table("documents", shard, ["id", "url", "origin"])
        if len(exact) < LIMIT:
            exact += [Place(shard, row) for row in np.flatnonzero(_named(table, text)).tolist()]
        if len(within) < LIMIT:
            inside = pc.match_substring(table["origin"], text).to_numpy()
            within += [Place(shard, row) for row in np.flatnonzero(inside)[:LIMIT].tolist()]
    return Found((exact or within)[:LIMIT], _rejected(context, text))


def _named(table: pa.Table, text: str) -> npt.NDArray[np.bool_]:
    urls = pc.utf8_rtrim(pc.replace_substring_regex(table["url"], _SCHEME, ""), "/")
    named = pc.or_(pc.equal(table["id"], text), pc.fill_null(pc.equal(urls, _bare(text)), fill_value=False))
    mask: npt.NDArray[np.bool_] = named.to_numpy()
    return mask


def _bare(url: str) -> str:
    return re.sub(_SCHEME, "", url).rstrip("/")


def _rejected(context: Context, text: str) -> list[dict[str, Any]]:
    exact: list[dict[str, Any]] = []
    within: list[dict[str, Any]] = []
    for line in _quarantine(context):
        if line["url"] is not None and _bare(line["url"]) == _bare(text):
            exact.append(line)
        elif text in line["origin"] and len(within) < LIMIT:
            within.append(line)
    return (exact or within)[:LIMIT]


def _quarantine(context: Context) -> Iterator[dict[str, Any]]:
    for shard in context.all_shards():
        for line in quarantine_lines(context, shard):
            yield {"source": shard.source, **line._asdict()}


# -- tracing -----------------------------------------------------------------------------------------------------------


def trace_document(context: Context, where: Place) -> Trace:
    """Everything the run knows of one document.

    Raises:
        StageError: a part of the run is missing or damaged.
    """
    deciding = {each.stage for each in context.verdicts}
    done = [stage for stage in reached(context) if stage in deciding]
    judging = [stage for stage in done if context.judged_by(stage, where.shard.source)]
    stages: list[StageVerdict] = []
    dropped_by: str | None = None
    for stage in done:
        looked = stage in judging and dropped_by is None
        verdict = _verdict(context, where, stage) if looked else StageVerdict(stage=stage, kept=None)
        dropped_by = stage if verdict.kept is False else dropped_by
        stages.append(verdict)
    values = context.run.read_table("signals", where.shard).slice(where.row, 1).to_pylist()[0]
    return Trace(
        document=show(context, [where])[0],
        edits=taken(context, where),
        signals=signal_values(values),
        rules=rule_verdicts(context.rules[where.shard.source], values, _failed(context, where)),
        stages=tuple(stages),
        pairs=_pairs(context, where) if NEAR_DEDUP.name in judging else (),
        overlaps=overlaps(context, where) if DECONTAMINATE.name in judging else (),
        dropped_by=dropped_by,
        sequences=tuple(destinations(context, where)),
    )


def _failed(context: Context, where: Place) -> int:
    """The rules that a document fails, as bits."""
    verdicts = context.run.read_table(context.verdicts_of(JUDGE.name), where.shard, ["failed"])
    return int(verdicts["failed"][where.row].as_py())


def _verdict(context: Context, where: Place, stage: str) -> StageVerdict:
    row = context.run.read_table(context.verdicts_of(stage), where.shard).slice(where.row, 1).to_pylist()[0]
    cluster = row.get("cluster")
    removed = cluster is not None and not row["kept"]
    return StageVerdict(
        stage=stage,
        kept=row["kept"],
        keeper=_relative(context, places_of(context, [cluster])[0]) if removed else None,
        similarity=row.get("similarity"),
    )


def _relative(
    context: Context, where: Place, jaccard: float | None = None, containment: float | None = None
) -> Relative:
    columns = ["id", "url", "origin"]
    row = context.run.read_table("documents", where.shard, columns).slice(where.row, 1).to_pylist()[0]
    return Relative(source=where.shard.source, jaccard=jaccard, containment=containment, **row)


def _pairs(context: Context, where: Place) -> tuple[Relative, ...]:
    measured = pairs_of(context, [address_of(context, where)])[:LIMIT]
    others = places_of(context, [pair[1] for pair in measured])
    return tuple(_relative(context, other, *pair[2:]) for other, pair in zip(others, measured, strict=True))
