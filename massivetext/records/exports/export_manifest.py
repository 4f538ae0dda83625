"""``export.json``: what an export consists of. It is written last, so a folder without it is no whole export."""

import hashlib
from typing import Protocol, TypeVar

import msgspec

from massivetext.errors import StageError, UserError
from massivetext.records.dataset import DatasetSource, SpecialIds, TokenizerFile
from massivetext.records.exports.export_format import ExportedFile, ExportedShard, json_file

SCHEMA = "massivetext-export/1"
FILE_NAME = "export.json"
# Both exist only while an export is unfinished.
BEGUN = "export.begun.json"
COMMITS = "export.commits"


class ExportKey(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides the files of an export: the same key gives the same rows.

    Attributes:
        schema: version of the manifest.
        format: name of the format.
        format_version: version of the format.
        fingerprint: fingerprint of the run's records.
    """

    schema: str = SCHEMA
    format: str
    format_version: int
    fingerprint: str


class ExportedSplit(msgspec.Struct, frozen=True, kw_only=True):
    """The shards of a split in order, with the sums of their sequences, and of their tokens without padding."""

    sequences: int
    tokens: int
    shards: list[ExportedShard]


class ExportManifest(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of ``export.json``.

    Attributes:
        key: what decides the export.
        name: name of the data set.
        sequence_length: tokens per record.
        dtype: smallest type that holds every token id.
        vocab_size: number of token ids.
        special_ids: ids of padding, unknown, BOS, EOS.
        tokenizer: the model.
        sources: the sources, in the order of their numbers.
        columns: columns of a record that the files hold.
        splits: the shards by split.
        files: the files beside the shards, but for this one.
        seal: SHA-256 over the bytes of this file with an empty seal, as hex: by it a changed manifest is found.
    """

    key: ExportKey
    name: str
    sequence_length: int
    dtype: str
    vocab_size: int
    special_ids: SpecialIds
    tokenizer: TokenizerFile
    sources: list[DatasetSource]
    columns: tuple[str, ...]
    splits: dict[str, ExportedSplit]
    files: list[ExportedFile]
    seal: str = ""

    def to_json(self) -> bytes:
        """Return the bytes of ``export.json``, sealed."""
        blank = msgspec.structs.replace(self, seal="")
        return json_file(msgspec.structs.replace(self, seal=hashlib.sha256(json_file(blank)).hexdigest()))

    def all_files(self) -> list[ExportedFile]:
        """Return every file of the export but the manifest."""
        shards = [shard for split in self.splits.values() for shard in split.shards]
        return [*(file for shard in shards for file in shard.files), *self.files]


class SealedManifest(Protocol):
    """A manifest of any export: it has a key and knows its bytes, by which a changed one is found."""

    @property
    def key(self) -> ExportKey:
        """What decides the export."""

    def to_json(self) -> bytes:
        """Return the bytes of the file."""


M = TypeVar("M", bound=SealedManifest)


def parse_manifest(data: bytes, path: str) -> ExportManifest:
    """Return a manifest of records. Raises as :func:`parse_sealed` does."""
    return parse_sealed(data, path, SCHEMA, ExportManifest)


def parse_sealed(data: bytes, path: str, wanted: str, kind: type[M]) -> M:
    """Return a manifest of a kind with the schema ``wanted``.

    Raises:
        StageError: the file is damaged.
        UserError: it is of another version, or of another kind of export.
    """
    try:
        schema = msgspec.json.decode(data, type=_Keyed).key.schema
        if schema != wanted:
            raise UserError(f"{path}: want schema {wanted!r}, got {schema!r}; give another folder to --to")
        manifest = msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StageError(f"{path}: is damaged ({error}); remove the folder and export again") from error
    if manifest.to_json() != data:
        raise StageError(f"{path}: is damaged: it is not as it was written; remove the folder and export again")
    return manifest


class _Versioned(msgspec.Struct):
    schema: str


class _Keyed(msgspec.Struct):
    key: _Versioned
