"""The export of the documents of a run: those that survived, or those that were removed, with the reasons."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa
import zstandard

from massivetext.corpus.document_columns import ColumnChoice, measured_signals, read_documents
from massivetext.corpus.document_files import DocumentFormat, json_lines
from massivetext.corpus.export_card import CARD, export_card
from massivetext.corpus.fates import deciding_stages
from massivetext.corpus.opened_run import OpenedRun
from massivetext.errors import StageError, UserError
from massivetext.records.exports.export_folder import ExportFolder
from massivetext.records.exports.export_format import ExportedFile, ExportedShard, json_file
from massivetext.records.exports.export_manifest import ExportKey, parse_sealed
from massivetext.records.exports.exporter import export_target, require_sound
from massivetext.runs.stage import VerdictSet
from massivetext.runs.store import CommittedFile, Shard, json_sha256
from massivetext.stages import INGEST
from massivetext.storage import files as fs
from massivetext.toml_tables import suggestion

SCHEMA = "massivetext-documents/1"
_VERSION = 2  # of the files: to be raised when the same documents give other bytes
_COLUMNS = ("id", "source", "url", "title", "text", "metadata")
_REASONS = ("removed_by", "failed_rules")


class ExportedSource(msgspec.Struct, frozen=True, kw_only=True):
    """The shards of a source in order, and the number of their documents."""

    documents: int
    shards: list[ExportedShard]


class DocumentsManifest(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of ``export.json`` of exported documents.

    Attributes:
        key: what decides the export.
        name: name of the recipe.
        removed: whether these are the documents that were removed, not those that are kept.
        after: the last stage that decided.
        columns: names of the columns.
        sources: the files of each source. A shard has no tokens; its ``rows_sha256`` is that of the documents as JSON
            lines, the same in every format.
        card: the card of the data, of a format that has one.
        seal: SHA-256 over the bytes of this file with an empty seal, as hex.
    """

    key: ExportKey
    name: str
    removed: bool
    after: str
    columns: list[str]
    sources: dict[str, ExportedSource]
    card: ExportedFile | None = None
    seal: str = ""

    def to_json(self) -> bytes:
        """Return the bytes of ``export.json``, sealed."""
        blank = msgspec.structs.replace(self, seal="")
        return json_file(msgspec.structs.replace(self, seal=hashlib.sha256(json_file(blank)).hexdigest()))

    def all_files(self) -> list[ExportedFile]:
        """Return every file of the export but the manifest."""
        shards = [file for source in self.sources.values() for shard in source.shards for file in shard.files]
        return shards if self.card is None else [*shards, self.card]


@dataclass(frozen=True, slots=True)
class DocumentsExported:
    """What an export has made, or found to be made already; attributes as of the export of records."""

    manifest: DocumentsManifest
    was_complete: bool
    resumed: int


@dataclass(frozen=True, slots=True)
class DocumentsProgress:
    """How far an export is: shards done, shards in all, documents and bytes of their files."""

    shards_done: int
    shards: int
    documents: int
    bytes: int


def _ignore(_: DocumentsProgress) -> None:
    pass


def export_documents(
    run: OpenedRun,
    document_format: DocumentFormat,
    target: str,
    notify: Callable[[DocumentsProgress], None] = _ignore,
    *,
    removed: bool = False,
    signals: Sequence[str] = (),
    sources: Sequence[str] | None = None,
    after: str | None = None,
) -> DocumentsExported:
    """Export documents of a run, continue an export that did not finish, or check one that did.

    A file ``SOURCE/part-I-of-N.ENDING`` is written for each shard, also where no document is left; it is read back
    before it appears. The same run and arguments give the same bytes.

    Args:
        run: the run.
        document_format: format of the files.
        target: folder of the export, local path or URL; nothing else may be in it.
        notify: is called after every shard.
        removed: export the documents that a stage removed, with ``removed_by`` and ``failed_rules``.
        signals: names of signals to add as columns.
        sources: names of the sources; None: all.
        after: count the stages up to this one alone; None: every stage that removes documents.

    Raises:
        UserError: no such signal, source or stage; the target is in the run, or holds something else.
        StageError: a stage that decides is not complete, or a file of the run or of a finished export is damaged.
    """
    context = run.context
    chosen = run.sources if sources is None else tuple(sorted(set(map(run.require_source, sources))))
    deciding = deciding_stages(context, after)
    columns = [*_COLUMNS, *(_REASONS if removed else ()), *signals]
    measured = [name for source in chosen for name in measured_signals(context, source)]
    for name in signals:
        if name not in measured:
            raise UserError(
                f"signals: want signals that the run has measured, got {name!r}{suggestion(name, measured)}"
            )
    choice = ColumnChoice(measured, columns, signals_first=True)
    folder = export_target(context.run, target)
    key = ExportKey(
        schema=SCHEMA,
        format=document_format.name,
        format_version=_VERSION,
        fingerprint=json_sha256([_state(run), [each.stage for each in deciding], columns, removed, chosen]),
    )
    place = ExportFolder(folder, key, _parse)
    finished = place.manifest()
    if finished is not None:
        require_sound(place, finished.all_files())
        place.sweep()
        return DocumentsExported(finished, was_complete=True, resumed=0)
    export = _DocumentExport(run, document_format, place, choice, deciding, removed)
    exported, resumed = export.execute(chosen, notify)
    sizes = {source: sum(shard.records for shard in shards) for source, shards in exported.items()}
    card = None
    if document_format.has_card:
        data = export_card(context, sizes, removed=removed, after=deciding[-1].stage, signals=signals)
        card = place.write(CARD, data)
    manifest = DocumentsManifest(
        key=key,
        name=run.name,
        removed=removed,
        after=deciding[-1].stage,
        columns=columns,
        sources={source: ExportedSource(documents=sizes[source], shards=shards) for source, shards in exported.items()},
        card=card,
    )
    place.finish(manifest)
    return DocumentsExported(manifest, was_complete=False, resumed=resumed)


def _parse(data: bytes, path: str) -> DocumentsManifest:
    return parse_sealed(data, path, SCHEMA, DocumentsManifest)


def _state(run: OpenedRun) -> list[list[str]]:
    """Return the complete stages with what identifies their output."""
    state = run.context.run.state()
    stages = () if state is None else state.stages
    return [[each.name, each.key, each.manifest or ""] for each in stages if each.name in run.stages]


class _DocumentExport:
    """One attempt at an export."""

    def __init__(
        self,
        run: OpenedRun,
        document_format: DocumentFormat,
        place: ExportFolder[DocumentsManifest],
        choice: ColumnChoice,
        deciding: Sequence[VerdictSet],
        removed: bool,
    ) -> None:
        self._context, self._format, self._place = run.context, document_format, place
        self._choice, self._deciding, self._removed = choice, deciding, removed
        self._ingested = {file.path: file for file in run.context.run.need(INGEST.name).files()}

    def execute(
        self, sources: Sequence[str], notify: Callable[[DocumentsProgress], None]
    ) -> tuple[dict[str, list[ExportedShard]], int]:
        """Write what is missing; return the shards by source, and how many an earlier attempt had finished."""
        shards = [shard for source in sources for shard in self._context.shards(source)]
        self._place.begin({*map(self._path, shards), *([CARD] if self._format.has_card else [])})
        done = self._place.done([_commit_name(shard) for shard in shards])
        exported: dict[str, list[ExportedShard]] = {source: [] for source in sources}
        documents = size = 0
        for number, shard in enumerate(shards, start=1):
            each = done.get(_commit_name(shard)) or self._export(shard)
            exported[shard.source].append(each)
            documents, size = documents + each.records, size + sum(file.bytes for file in each.files)
            notify(DocumentsProgress(number, len(shards), documents, size))
        return exported, len(done)

    def _path(self, shard: Shard) -> str:
        return f"{shard.name}.{self._format.ending}"

    def _export(self, shard: Shard) -> ExportedShard:
        self._require_unchanged(shard)
        path, wanted = self._path(shard), _LinesDigest()
        with fs.publish(self._place.path(path)) as new:
            self._format.write(Path(new), self._choice.schema, wanted.watch(self._batches(shard)))
            self._check_written(Path(new), path, wanted)
            self._place.check_free(new)
        exported = ExportedShard(
            files=[ExportedFile(path=path, bytes=new.size, sha256=new.sha256)],
            records=wanted.documents,
            tokens_sha256="",
            rows_sha256=wanted.sha256,
        )
        self._place.commit(_commit_name(shard), exported)
        return exported

    def _batches(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        return read_documents(self._context, shard, self._choice, self._deciding, kept=not self._removed)

    def _require_unchanged(self, shard: Shard) -> None:
        """Raise StageError unless the texts of a shard are as ingest wrote them."""
        path = self._context.run.shard_file("documents", shard)
        file: CommittedFile | None = self._ingested.get(fs.relative(path, self._context.run.folder))
        if file is None or not fs.exists(path) or fs.digest(path) != file.sha256:
            raise StageError(f"{path}: is not as the run wrote it; run `massivetext verify` on the run")

    def _check_written(self, local: Path, path: str, wanted: "_LinesDigest") -> None:
        try:
            digest = hashlib.sha256()
            for lines in self._format.read(local):
                digest.update(lines)
        except (OSError, ValueError, zstandard.ZstdError) as error:
            raise StageError(f"{self._place.path(path)}: what was written cannot be read back: {error}") from error
        if digest.hexdigest() != wanted.sha256:
            raise StageError(
                f"{self._place.path(path)}: want the {wanted.documents} documents of the run, read back others; is the "
                "disk full or damaged?"
            )


class _LinesDigest:
    """Number of documents that pass, and SHA-256 over them as JSON lines."""

    def __init__(self) -> None:
        self.documents = 0
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """SHA-256 as hex."""
        return self._digest.hexdigest()

    def watch(self, batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[pa.RecordBatch, bytes]]:
        """Yield the batches with their JSON lines, and count them."""
        for batch in batches:
            lines = json_lines(batch)
            self.documents += batch.num_rows
            self._digest.update(lines)
            yield batch, lines


def _commit_name(shard: Shard) -> str:
    return shard.name.replace("/", ".")
