"""The export of a finished run: one pass over its records, a shard at a time, each read back before it is published."""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from massivetext.errors import StageError, UserError
from massivetext.records import reader
from massivetext.records.dataset import RECORDS_FOLDER, Dataset, RecordShard
from massivetext.records.exports import croissant, data_card
from massivetext.records.exports.export_folder import ExportFolder
from massivetext.records.exports.export_format import (
    ExportedDataset,
    ExportedFile,
    ExportedShard,
    ExportFormat,
    ShardName,
    exported_tokenizer,
)
from massivetext.records.exports.export_manifest import ExportedSplit, ExportKey, ExportManifest, M, parse_manifest
from massivetext.records.exports.row_digest import RowDigest
from massivetext.records.formats import FORMATS, RecordFormats
from massivetext.records.record_format import SequenceRecord
from massivetext.runs.store import Run
from massivetext.storage import files as fs


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How far an export is: shards done, shards in all, sequences and bytes of their files."""

    shards_done: int
    shards: int
    sequences: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What an export has made, or found to be made already.

    Attributes:
        manifest: the contents of ``export.json``.
        was_complete: the folder held this export before, and every byte of it was read and is sound.
        resumed: number of shards that an earlier attempt had finished.
    """

    manifest: ExportManifest
    was_complete: bool
    resumed: int


def _ignore(_: ExportProgress) -> None:
    pass


def export_records(
    run_folder: str,
    export_format: ExportFormat,
    target: str,
    notify: Callable[[ExportProgress], None] = _ignore,
    *,
    formats: RecordFormats = FORMATS,
) -> ExportResult:
    """Export the records of a finished run, continue an export that did not finish, or check one that did.

    Args:
        run_folder: folder of the run; local path or URL.
        export_format: format of the export.
        target: folder of the export; local path or URL.
        notify: is called after every shard.
        formats: record formats that can be read.

    Raises:
        UserError: there is no run, or the target is in it, or holds something else.
        StageError: the run has no records yet, they are damaged, or the finished export is.
    """
    run = Run(fs.absolute(run_folder))
    dataset = _read_dataset(run)
    folder = export_target(run, target)
    key = ExportKey(format=export_format.name, format_version=export_format.version, fingerprint=dataset.fingerprint)
    place = ExportFolder(folder, key, parse_manifest)
    finished = place.manifest()
    if finished is not None:
        return _check_finished(place, finished)
    return _Export(run, dataset, export_format, place, formats).execute(notify)


def _read_dataset(run: Run) -> Dataset:
    state = run.state()
    if state is None:
        raise UserError(f"{run.folder}: no run here; give the folder that `massivetext run` wrote to")
    run.need(RECORDS_FOLDER)
    try:
        return reader.read_dataset(run.path(RECORDS_FOLDER))
    except (ValueError, FileNotFoundError) as error:
        raise StageError(f"{error}; run `massivetext verify` on the run") from error


def export_target(run: Run, target: str) -> str:
    """Return the folder of an export as an absolute path or URL.

    Raises:
        UserError: it cannot be written, or lies in the run.
    """
    fs.require_writable_folder(target, "--to")
    folder = fs.absolute(target).rstrip("/")
    if f"{folder}/".startswith(f"{run.folder.rstrip('/')}/"):
        raise UserError(f"--to: {target}: want a folder outside the run, got one in {run.folder}; give another folder")
    return folder


def _check_finished(place: ExportFolder[ExportManifest], manifest: ExportManifest) -> ExportResult:
    require_sound(place, manifest.all_files())
    place.sweep()
    return ExportResult(manifest, was_complete=True, resumed=0)


def require_sound(place: ExportFolder[M], files: Iterable[ExportedFile]) -> None:
    """Raise StageError unless every file of a finished export is as it was written; every byte is read."""
    problems = place.problems(files)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise StageError(
            f"{problems[0]}{more}: the export is damaged; remove the folder {place.folder} and export again"
        )


class _Export:
    """One attempt at an export."""

    def __init__(
        self,
        run: Run,
        dataset: Dataset,
        export_format: ExportFormat,
        place: ExportFolder[ExportManifest],
        formats: RecordFormats,
    ) -> None:
        self._run, self._dataset, self._format, self._place = run, dataset, export_format, place
        self._formats = formats
        self._shards = [
            (ShardName(split, number, len(shards.shards)), shard)
            for split, shards in sorted(dataset.splits.items())
            for number, shard in enumerate(shards.shards)
        ]

    def execute(self, notify: Callable[[ExportProgress], None]) -> ExportResult:
        """Write what is missing, and then the manifest."""
        tokenizer = self._tokenizer()
        self._place.begin(self._own_files(tokenizer))
        done = self._place.done([_commit_name(name) for name, _ in self._shards])
        resumed, sequences, size = len(done), 0, 0
        exported: dict[str, list[ExportedShard]] = {split: [] for split in sorted(self._dataset.splits)}
        for number, (name, source) in enumerate(self._shards):
            shard = done.get(_commit_name(name)) or self._export_shard(name, source)
            exported[name.split].append(shard)
            sequences, size = sequences + shard.records, size + sum(file.bytes for file in shard.files)
            notify(ExportProgress(number + 1, len(self._shards), sequences, size))
        whole = ExportedDataset(self._dataset, exported)
        files = [self._place.write(name, data) for name, data in self._beside(whole, tokenizer).items()]
        manifest = self._manifest(whole, files)
        self._place.finish(manifest)
        return ExportResult(manifest, was_complete=False, resumed=resumed)

    def _own_files(self, tokenizer: dict[str, bytes]) -> set[str]:
        empty = ExportedShard(
            files=[ExportedFile(path="", bytes=0, sha256="")], records=0, tokens_sha256="", rows_sha256=""
        )
        splits: dict[str, list[ExportedShard]] = {split: [] for split in sorted(self._dataset.splits)}
        for name, _ in self._shards:
            splits[name.split].append(empty)
        beside = self._beside(ExportedDataset(self._dataset, splits), tokenizer)
        return {*beside, *(path for name, _ in self._shards for path in self._format.shard_files(name))}

    def _beside(self, exported: ExportedDataset, tokenizer: dict[str, bytes]) -> dict[str, bytes]:
        """Return the files beside the shards; those of the format last, since one of them may mark completion."""
        return {
            **tokenizer,
            data_card.FILE_NAME: data_card.data_card(exported, self._format),
            croissant.FILE_NAME: croissant.croissant(exported, self._format),
            **self._format.beside(exported),
        }

    def _tokenizer(self) -> dict[str, bytes]:
        """Return the tokenizer's file by its path in the export."""
        described = self._dataset.tokenizer
        path = os.path.normpath(f"{RECORDS_FOLDER}/{described.path}")
        try:
            data = fs.read_bytes(self._run.path(path))
        except FileNotFoundError as error:
            raise StageError(f"{self._run.path(path)}: is missing; run `massivetext verify` on the run") from error
        if hashlib.sha256(data).hexdigest() != described.sha256:
            raise StageError(f"{self._run.path(path)}: is not the tokenizer of the records; run `massivetext verify`")
        return {exported_tokenizer(described).path: data}

    # -- one shard -----------------------------------------------------------------------------------------------------

    def _export_shard(self, name: ShardName, source: RecordShard) -> ExportedShard:
        paths = self._format.shard_files(name)
        with contextlib.ExitStack() as stack:
            new = [stack.enter_context(fs.publish(self._place.path(path))) for path in paths]
            local = [os.fspath(each) for each in new]
            wanted = RowDigest(self._format.columns)
            try:
                self._format.write_shard(local, wanted.watch(self._rows(source)), self._dataset)
            except ValueError as error:
                raise StageError(f"{self._place.path(paths[0])}: cannot be written: {error}") from error
            self._check_written(name, local, wanted)
            for each in new:
                self._place.check_free(each)
        shard = ExportedShard(
            files=[
                ExportedFile(path=path, bytes=each.size, sha256=each.sha256)
                for path, each in zip(paths, new, strict=True)
            ],
            records=wanted.records,
            tokens_sha256=wanted.tokens_sha256,
            rows_sha256=wanted.rows_sha256,
        )
        self._place.commit(_commit_name(name), shard)
        return shard

    def _check_written(self, name: ShardName, local: list[str], wanted: RowDigest) -> None:
        try:
            got = RowDigest(self._format.columns).of(self._format.read_shard(local, self._dataset))
        except (OSError, ValueError) as error:
            raise StageError(f"{name.split}-{name.of}: what was written cannot be read back: {error}") from error
        if (got.records, got.rows_sha256) != (wanted.records, wanted.rows_sha256):
            raise StageError(
                f"{name.split}-{name.of}: want the {wanted.records} rows of the run, read back {got.records} that "
                "differ; is the disk full or damaged?"
            )

    def _rows(self, source: RecordShard) -> Iterator[SequenceRecord]:
        path = self._run.path(RECORDS_FOLDER, source.path)
        try:
            with fs.local_copy(path) as local:
                if fs.size(local) != source.bytes or fs.digest(local) != source.sha256:
                    raise StageError(f"{path}: is not as the run wrote it; run `massivetext verify` on the run")
                rows = self._formats.of_file(path).read(local, path)
                yield from self._checked(rows, path, source.records)
        except (FileNotFoundError, ValueError) as error:
            raise StageError(f"{error}; run `massivetext verify` on the run") from error

    def _checked(self, rows: Iterable[SequenceRecord | ValueError], path: str, wanted: int) -> Iterator[SequenceRecord]:
        """Yield rows that every format can hold. Raises StageError for others, or for another number of them."""
        length, most, count = self._dataset.sequence_length, self._dataset.vocab_size - 1, 0
        for row in rows:
            if isinstance(row, ValueError):
                raise StageError(f"{path}, record {count}: {row}")
            if len(row.tokens) != length or not 0 <= row.tokens.min() <= row.tokens.max() <= most:
                raise StageError(f"{path}, record {count}: want {length} ids from 0 to {most}, got others")
            yield row
            count += 1
        if count != wanted:
            raise StageError(f"{path}: want {wanted} records, got {count}; run `massivetext verify` on the run")

    def _manifest(self, exported: ExportedDataset, files: list[ExportedFile]) -> ExportManifest:
        dataset = self._dataset
        splits = {}
        for split, shards in exported.splits.items():
            records = sum(shard.records for shard in shards)
            splits[split] = ExportedSplit(sequences=records, tokens=dataset.splits[split].tokens, shards=shards)
        return ExportManifest(
            key=ExportKey(
                format=self._format.name, format_version=self._format.version, fingerprint=dataset.fingerprint
            ),
            name=dataset.name,
            sequence_length=dataset.sequence_length,
            dtype=dataset.dtype,
            vocab_size=dataset.vocab_size,
            special_ids=dataset.special_ids,
            tokenizer=exported_tokenizer(dataset.tokenizer),
            sources=list(dataset.sources),
            columns=self._format.stored_columns(dataset),
            splits=splits,
            files=files,
        )


def _commit_name(name: ShardName) -> str:
    return f"{name.split}-{name.of}"
