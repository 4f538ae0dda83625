"""Everything that a run knows of one document: signals, rules, duplicates, overlaps and the positions of its tokens."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.report.completed import completed_stages
from massivetext.report.destinations import Destination, destinations
from massivetext.report.duplicates import path_to_keeper, read_pairs
from massivetext.report.earlier_evidence import read_earlier_documents
from massivetext.report.edited import EditTaken, read_taken
from massivetext.report.examples import DocumentExample, DocumentLocation, ExampleReader, document_ref, locate_documents
from massivetext.report.judged import RuleVerdict, SignalValue, rule_verdicts, signal_values
from massivetext.report.quarantined import read_quarantine
from massivetext.report.tallies import ReportedOverlap
from massivetext.report.test_set_overlaps import read_overlaps
from massivetext.runs.context import Context
from massivetext.runs.document_lookup import Places, bare_url, find_places, has_lookup
from massivetext.runs.documents import read_tables
from massivetext.runs.store import Shard
from massivetext.signals.canonical_urls import canonical_url, canonical_urls
from massivetext.stages import DECONTAMINATE, INGEST, JUDGE, NEAR_DEDUP
from massivetext.storage import files as fs

LIMIT = 20  # results of a search, per kind; measured pairs of a document

_SCHEME = "^[a-zA-Z][a-zA-Z0-9+.-]*://"


class SearchResult(msgspec.Struct, frozen=True):
    """Result of a search: locations of documents, and lines of quarantine with their source; at most LIMIT of each."""

    documents: list[DocumentLocation]
    quarantined: list[dict[str, object]]


class RelatedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Another document; similarities from 0 to 1, None if they were not measured.

    ``corpus`` names the earlier corpus that it is in, as the recipe does; None: it is in the run itself.
    """

    id: str
    source: str
    url: str | None
    origin: str
    jaccard: float | None = None
    containment: float | None = None
    corpus: str | None = None


class StageVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Verdict of one stage on the document.

    Attributes:
        stage: name of the stage.
        kept: whether it keeps the document; None if it did not judge it.
        keeper: the copy that is kept instead; None for a kept document.
        similarity: measured similarity with that copy, 0 to 1; None if it was not measured. For a kept document, the
            highest with one of its copies; None without a copy.
        path: where a document was removed with its cluster, the documents on the way to the kept one, which is the
            last, each with its similarity to the one before.
        removed: end of the sentence "documents were removed ..."; None if the stage keeps the document.
        canonical_url: the canonical URL that it shares with the kept document; None if it was not removed for that.
    """

    stage: str
    kept: bool | None
    keeper: RelatedDocument | None = None
    similarity: float | None = None
    path: tuple[RelatedDocument, ...] = ()
    removed: str | None = None
    canonical_url: str | None = None


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run knows of a document.

    Attributes:
        document: its origin and first characters.
        metadata: other facts of its source, such as its licence with the evidence.
        edits: what line edits cut from it; None if its source has no line edits.
        signals: all measured signals.
        rules: verdicts of the rules, in order.
        stages: verdicts of the complete stages, in order.
        pairs: documents that it was compared with, most similar first.
        overlaps: test items that it overlaps, those that remove it first.
        dropped_by: the first stage that dropped it; None if it is kept.
        sequences: positions of its tokens in the records.
    """

    document: DocumentExample
    metadata: Mapping[str, str]
    edits: tuple[EditTaken, ...] | None
    signals: tuple[SignalValue, ...]
    rules: tuple[RuleVerdict, ...]
    stages: tuple[StageVerdict, ...]
    pairs: tuple[RelatedDocument, ...]
    overlaps: tuple[ReportedOverlap, ...]
    dropped_by: str | None
    sequences: tuple[Destination, ...]


# -- finding -----------------------------------------------------------------------------------------------------------


def find_documents(context: Context, text: str) -> SearchResult:
    """Return the documents and the quarantined input that a text names.

    The text is compared with ids and URLs (scheme and final slash do not matter). If no document matches, the documents
    with the same canonical URL are returned, and if there are none, those with an origin that contains the text, as for
    quarantined input.

    Raises:
        StageError: a file of the run is missing or damaged.
    """
    if has_lookup(context.run.need(INGEST.name).files()):
        named = _look_up(context, text)
        if named.documents or named.quarantined:
            return named
    return _search(context, text)


def _look_up(context: Context, text: str) -> SearchResult:
    """Return what has this id or URL, by the lookup of each shard; only rows that may have it are read."""
    documents: list[DocumentLocation] = []
    quarantined: list[dict[str, object]] = []
    shards = context.all_shards()

    def look(shard: Shard) -> Places:
        return find_places(context.run, shard, text)

    for shard, places in zip(shards, fs.concurrently(context.run.folder, look, shards), strict=True):
        if places.rows and len(documents) < LIMIT:
            for rows, table in read_tables(context.run, shard, ["id", "url"], np.array(places.rows)):
                documents += [DocumentLocation(shard, row) for row in rows[_named(table, text)].tolist()]
        if places.lines and len(quarantined) < LIMIT:
            numbers = set(places.lines)
            quarantined += [
                {"source": shard.source, **line._asdict()}
                for number, line in enumerate(read_quarantine(context, shard))
                if number in numbers and line.url is not None and bare_url(line.url) == bare_url(text)
            ]
    return SearchResult(documents[:LIMIT], quarantined[:LIMIT])


def _search(context: Context, text: str) -> SearchResult:
    """Return what has this id or URL, or else an origin that contains the text, from the documents themselves."""
    exact: list[DocumentLocation] = []
    within: list[DocumentLocation] = []
    for shard in context.all_shards():
        table = context.run.read_table("documents", shard, ["id", "url", "origin"])
        if len(exact) < LIMIT:
            exact += [DocumentLocation(shard, row) for row in np.flatnonzero(_named(table, text)).tolist()]
        if len(within) < LIMIT:
            inside = pc.match_substring(table["origin"], text).to_numpy()
            within += [DocumentLocation(shard, row) for row in np.flatnonzero(inside)[:LIMIT].tolist()]
    return SearchResult((exact or _of_page(context, text) or within)[:LIMIT], _rejected(context, text))


def _of_page(context: Context, text: str) -> list[DocumentLocation]:
    """Return the documents with the canonical URL of a URL, which may lack its scheme; none for other text."""
    page = canonical_url(text) or canonical_url(f"//{text}")
    found: list[DocumentLocation] = []
    for shard in context.all_shards() if page is not None and "." in page else ():
        pages = canonical_urls(context.run.read_table("documents", shard, ["url"])["url"].combine_chunks())
        same = pc.fill_null(pc.equal(pages, page), fill_value=False).to_numpy(zero_copy_only=False)
        found += [DocumentLocation(shard, row) for row in np.flatnonzero(same).tolist()]
        if len(found) >= LIMIT:
            break
    return found


def _named(table: pa.Table, text: str) -> npt.NDArray[np.bool_]:
    urls = pc.utf8_rtrim(pc.replace_substring_regex(table["url"], _SCHEME, ""), "/")
    named = pc.or_(pc.equal(table["id"], text), pc.fill_null(pc.equal(urls, bare_url(text)), fill_value=False))
    mask: npt.NDArray[np.bool_] = named.to_numpy()
    return mask


def _rejected(context: Context, text: str) -> list[dict[str, object]]:
    exact: list[dict[str, object]] = []
    within: list[dict[str, object]] = []
    for shard in context.all_shards():
        for line in read_quarantine(context, shard):
            if line.url is not None and bare_url(line.url) == bare_url(text):
                exact.append({"source": shard.source, **line._asdict()})
            elif text in line.origin and len(within) < LIMIT:
                within.append({"source": shard.source, **line._asdict()})
    return (exact or within)[:LIMIT]


# -- tracing -----------------------------------------------------------------------------------------------------------


def trace_document(context: Context, location: DocumentLocation) -> Trace:
    """Return everything that the run knows of one document.

    Raises:
        StageError: a file of the run is missing or damaged.
    """
    deciding = {each.stage for each in context.verdicts}
    done = [stage for stage in completed_stages(context) if stage in deciding]
    judging = [stage for stage in done if context.judged_by(stage, location.shard.source)]
    stages: list[StageVerdict] = []
    dropped_by: str | None = None
    for stage in done:
        looked = stage in judging and dropped_by is None
        verdict = _verdict(context, location, stage) if looked else StageVerdict(stage=stage, kept=None)
        dropped_by = stage if verdict.kept is False else dropped_by
        stages.append(verdict)
    values = context.run.read_table("signals", location.shard).slice(location.row, 1).to_pylist()[0]
    return Trace(
        document=ExampleReader(context).in_order([location])[0],
        metadata=_metadata(context, location),
        edits=read_taken(context, location),
        signals=signal_values(values),
        rules=rule_verdicts(context.rules[location.shard.source], values, _failed(context, location)),
        stages=tuple(stages),
        pairs=_pairs(context, location) if NEAR_DEDUP.name in judging else (),
        overlaps=read_overlaps(context, location) if DECONTAMINATE.name in judging else (),
        dropped_by=dropped_by,
        sequences=tuple(destinations(context, location)),
    )


def _metadata(context: Context, location: DocumentLocation) -> Mapping[str, str]:
    column = context.run.read_table("documents", location.shard, ["metadata"])["metadata"]
    return msgspec.json.decode(column[location.row].as_py(), type=dict[str, str])


def _failed(context: Context, location: DocumentLocation) -> int:
    """Return the rules that a document fails, as bits."""
    verdicts = context.run.read_table(context.verdicts_of(JUDGE.name), location.shard, ["failed"])
    return int(verdicts["failed"][location.row].as_py())


def _verdict(context: Context, location: DocumentLocation, stage: str) -> StageVerdict:
    row = context.run.read_table(context.verdicts_of(stage), location.shard).slice(location.row, 1).to_pylist()[0]
    cluster = row.get("cluster")
    copied = cluster is not None and not row["kept"]
    wording = {each.stage: each.removed for each in context.verdicts}
    similarity: float | None = row.get("similarity")
    path: tuple[RelatedDocument, ...] = ()
    if copied and stage == NEAR_DEDUP.name and context.recipe.near.is_transitive:
        similarity, path = _connection(context, document_ref(context, location), cluster)
    return StageVerdict(
        stage=stage,
        kept=row["kept"],
        keeper=_relatives(context, stage, [(cluster, None, None)])[0] if copied else None,
        similarity=similarity,
        path=path,
        removed=None if row["kept"] else wording[stage],
        canonical_url=row.get("canonical_url"),
    )


def _connection(context: Context, document: int, keeper: int) -> tuple[float | None, tuple[RelatedDocument, ...]]:
    """Return the measured similarity of a removed document with its keeper, and the way there if it is no pair."""
    measured = {pair[1]: pair[2] for pair in read_pairs(context, [document])}
    way = path_to_keeper(context, document, keeper)
    if len(way) == 1:
        return measured.get(keeper), ()
    others = locate_documents(context, [other for other, _ in way])
    path = tuple(_relative(context, other, jaccard) for other, (_, jaccard) in zip(others, way, strict=True))
    return measured.get(keeper), path


def _relative(
    context: Context, location: DocumentLocation, jaccard: float | None = None, containment: float | None = None
) -> RelatedDocument:
    columns = ["id", "url", "origin"]
    row = context.run.read_table("documents", location.shard, columns).slice(location.row, 1).to_pylist()[0]
    return RelatedDocument(source=location.shard.source, jaccard=jaccard, containment=containment, **row)


def _pairs(context: Context, location: DocumentLocation) -> tuple[RelatedDocument, ...]:
    measured = read_pairs(context, [document_ref(context, location)])[:LIMIT]
    return _relatives(context, NEAR_DEDUP.name, [pair[1:] for pair in measured])


def _relatives(
    context: Context, stage: str, documents: Sequence[tuple[int, float | None, float | None]]
) -> tuple[RelatedDocument, ...]:
    """Return documents of the run or of earlier corpora, given as (document reference, Jaccard, containment)."""
    earlier = read_earlier_documents(context, stage, [document for document, _, _ in documents])
    return tuple(
        RelatedDocument(jaccard=jaccard, containment=containment, **earlier[document]._asdict())
        if document in earlier
        else _relative(context, locate_documents(context, [document])[0], jaccard, containment)
        for document, jaccard, containment in documents
    )
