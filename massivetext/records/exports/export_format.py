"""What an export format must provide: files for the rows of a shard, the rows of these files, and files beside them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from massivetext.records.dataset import Dataset, TokenizerFile
from massivetext.records.record_format import SequenceRecord

# Values of the columns that a format does not store, in the records that are read back from its files.
NOTHING = np.array([], np.int64)
UNKNOWN = -1
ALL_COLUMNS = ("tokens", "doc_starts", "source", "seq_id", "doc_ids")  # the last one only of records that have it


@dataclass(frozen=True, slots=True)
class ShardName:
    """Which shard of which split a file belongs to."""

    split: str
    number: int
    count: int

    @property
    def of(self) -> str:
        """Return number and count as all formats write them, such as ``00000-of-00128``."""
        return f"{self.number:05d}-of-{self.count:05d}"


class ExportedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of an export: path relative to its folder, bytes, SHA-256 as hex."""

    path: str
    bytes: int
    sha256: str


class ExportedShard(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one shard, and what was read back from them.

    Attributes:
        files: the files.
        records: number of records.
        tokens_sha256: SHA-256 over the tokens of all records in order, each as a little-endian uint32: the same in
            every format.
        rows_sha256: SHA-256 over all columns that the format stores; see
            :class:`massivetext.records.exports.row_digest.RowDigest`.
    """

    files: list[ExportedFile]
    records: int
    tokens_sha256: str
    rows_sha256: str


@dataclass(frozen=True, slots=True)
class ExportedDataset:
    """A data set whose shards have been exported: what the files beside them are made from.

    Attributes:
        dataset: the description of the run's records.
        splits: the exported shards of each split in order; splits are sorted by name.
    """

    dataset: Dataset
    splits: dict[str, list[ExportedShard]]


def _nothing_beside(_: ExportedDataset) -> dict[str, bytes]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFormat:
    """How the rows of a shard are stored for other readers.

    Equal rows must give equal files. A new format is one module with such a value, and one entry in
    :data:`massivetext.records.exports.export_formats.EXPORT_FORMATS`.

    Attributes:
        name: name of the format, by which it is chosen.
        title: what it is, for the data card.
        version: raised when the files change for the same rows, so that no interrupted export mixes two meanings.
        columns: the columns of a record that its files can store; ``tokens`` at least.
        shard_files: returns the paths of the files of a shard, relative to the folder of the export.
        write_shard: writes rows to new files at local paths, given in the order of ``shard_files``. Raises OSError, or
            ValueError if the format cannot hold the rows.
        read_shard: yields the rows of files at local paths; columns that are not stored are :data:`NOTHING` or
            :data:`UNKNOWN`. Raises OSError or ValueError if the files are damaged.
        beside: returns the contents of the files beside the shards by path, in the order in which they are written; by
            default there are none.
        media_type: media type of the files of a shard.
        usage: how the export is read, in Markdown, for the data card.
    """

    name: str
    title: str
    version: int = 1
    columns: tuple[str, ...]
    shard_files: Callable[[ShardName], tuple[str, ...]]
    write_shard: Callable[[Sequence[str], Iterable[SequenceRecord], Dataset], None]
    read_shard: Callable[[Sequence[str], Dataset], Iterator[SequenceRecord]]
    beside: Callable[[ExportedDataset], dict[str, bytes]] = _nothing_beside
    media_type: str = "application/octet-stream"
    usage: str

    def stored_columns(self, dataset: Dataset) -> tuple[str, ...]:
        """Return the columns that the files have for the records of a data set."""
        return tuple(name for name in self.columns if name != "doc_ids" or dataset.has_doc_ids)

    def __post_init__(self) -> None:
        if "tokens" not in self.columns or not set(self.columns) <= set(ALL_COLUMNS):
            raise ValueError(
                f"ExportFormat {self.name}: want columns of {', '.join(ALL_COLUMNS)} with tokens, "
                f"got {', '.join(self.columns) or 'none'}"
            )


def read_token_rows(path: str, dtype: np.dtype[np.integer], length: int, skip: int = 0) -> Iterator[SequenceRecord]:
    """Yield the rows of flat tokens after so many bytes, as records of tokens alone, reading 256 at a time."""
    with Path(path).open("rb") as file:
        file.seek(skip)
        while data := file.read(256 * length * dtype.itemsize):
            for row in np.frombuffer(data, dtype).reshape(-1, length):
                yield SequenceRecord(row, NOTHING, UNKNOWN, UNKNOWN)


def json_file(value: object) -> bytes:
    """Return the bytes of a JSON file that people may read; equal values give equal bytes."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def exported_tokenizer(tokenizer: TokenizerFile) -> TokenizerFile:
    """Return the description of a tokenizer whose file lies where every export has it: in ``tokenizer/``."""
    return msgspec.structs.replace(tokenizer, path=f"tokenizer/{tokenizer.path.rsplit('/', 1)[-1]}")
