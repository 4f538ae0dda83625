"""An index of a finished run for deduplication, without its texts: what `massivetext dedup-index` writes.

A folder with ``dedup-index.json`` and one Parquet file per shard. For each document that exact deduplication has kept
it holds the hash of the text (16 bytes), the id (16), origin and URL, the bucket hash of every LSH band (8 each), for
which document it was removed, and the upper 40 bits of each shingle (5 bytes). 40 bits suffice to measure similarities:
that two different shingles of a pair of texts of 1,000 words each are taken for equal has a probability of one in a
million.
"""

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.earlier.earlier_run import EarlierRun
from massivetext.earlier.earlier_shard import (
    I64,
    SHINGLE_BITS,
    CorpusParameters,
    DocumentName,
    EarlierDocuments,
)
from massivetext.errors import StageError, UserError
from massivetext.runs.store import CommittedFile, Shard, canonical_json
from massivetext.schema import U64
from massivetext.stages.earlier_digests import INDEX_FILE, run_digest
from massivetext.storage import files as fs
from massivetext.storage import tables

FORMAT = 1

_SHINGLE_BYTES = SHINGLE_BITS // 8
_ROW_GROUP = 4096  # documents
_COLUMNS = pa.schema(
    [
        pa.field("row", pa.uint32(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("text_hash", pa.binary(16), nullable=False),
        pa.field("keeper", pa.uint64(), nullable=False),
        pa.field("is_compared", pa.bool_(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("buckets", pa.large_binary()),  # 8 bytes per band; null: is not compared
        pa.field("shingles", pa.large_binary()),  # 5 bytes per shingle, ascending; null: is not compared
    ]
)


class IndexHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Content of ``dedup-index.json``.

    Attributes:
        format: number of this format.
        run: name of the run's recipe.
        parameters: what must be equal in a later run.
        sources: the names of all sources of the run, sorted.
        shards: the shards, ordered.
        documents: number of documents that near-deduplication compared.
        files: the file of each shard.
        run_sha256: what :func:`massivetext.stages.earlier_digests.run_digest` returns of the run.
        made_against: the same of each earlier corpus that the run was made against, by name.
    """

    format: int
    run: str
    parameters: CorpusParameters
    sources: tuple[str, ...]
    shards: tuple[Shard, ...]
    documents: int
    files: tuple[CommittedFile, ...]
    run_sha256: str = ""
    made_against: Mapping[str, str] = {}


def write_dedup_index(run: EarlierRun, folder: str) -> IndexHeader:
    """Write the index of a run to a new folder, shard by shard, and return its header, which is written last.

    Raises:
        UserError: there is an index in the folder.
        StageError: a file of the run is missing or damaged.
    """
    if fs.exists(fs.join(folder, INDEX_FILE)):
        raise UserError(f"{folder}: holds an index already; give a new folder")
    files = tuple(_write_shard(run, shard, folder) for shard in run.shards)
    header = IndexHeader(
        format=FORMAT,
        run=run.context.recipe.name,
        parameters=run.parameters,
        sources=run.sources,
        shards=run.shards,
        documents=run.document_count,
        files=files,
        run_sha256=run_digest(run.context.run.folder),
        made_against=run.made_against,
    )
    fs.write_bytes(fs.join(folder, INDEX_FILE), canonical_json(header))
    return header


def _write_shard(run: EarlierRun, shard: Shard, folder: str) -> CommittedFile:
    found = run.documents(shard)
    bands = range(run.parameters.bands)
    buckets = run.buckets(shard, bands)
    packed_buckets = np.stack([buckets[band][0] for band in bands], axis=1).astype("<u8")
    place = np.cumsum(found.is_compared) - 1
    rows = 0
    with fs.publish(_file(folder, shard)) as new, pq.ParquetWriter(new, _COLUMNS, compression="zstd") as writer:
        for first in range(0, len(found.rows), _ROW_GROUP):
            part = slice(first, first + _ROW_GROUP)
            compared = found.is_compared[part]
            shingles = iter(run.shingles(shard, found.rows[part][compared]))
            names = run.names(shard, found.rows[part])
            columns = {
                "row": found.rows[part],
                "id": found.ids[part],
                "text_hash": [row.tobytes() for row in found.text_hashes[part].astype("<u8")],
                "keeper": found.keepers[part],
                "is_compared": compared,
                "origin": [name.origin for name in names],
                "url": [name.url for name in names],
                "buckets": [
                    packed_buckets[at].tobytes() if of else None for at, of in zip(place[part], compared, strict=True)
                ],
                "shingles": [pack_shingles(next(shingles)) if of else None for of in compared],
            }
            table = pa.table([pa.array(columns[field.name], field.type) for field in _COLUMNS], schema=_COLUMNS)
            writer.write_table(table)
            rows += table.num_rows
    return CommittedFile(fs.relative(new.path, folder), new.size, new.sha256, rows)


def upper_bits(shingles: U64) -> U64:
    """Return the distinct upper 40 bits of shingles, sorted as they are."""
    return np.unique(shingles >> np.uint64(64 - SHINGLE_BITS))


def pack_shingles(shingles: U64) -> bytes:
    """Return the distinct upper 40 bits of sorted shingles, 5 bytes each."""
    as_bytes = upper_bits(shingles).astype(">u8").view(np.uint8).reshape(-1, 8)
    return as_bytes[:, 8 - _SHINGLE_BYTES :].tobytes()


def unpack_shingles(data: bytes) -> U64:
    """Return what :func:`pack_shingles` has packed."""
    packed = np.frombuffer(data, np.uint8).reshape(-1, _SHINGLE_BYTES)
    whole = np.zeros((len(packed), 8), np.uint8)
    whole[:, 8 - _SHINGLE_BYTES :] = packed
    return whole.view(">u8").reshape(-1).astype(np.uint64)


def _file(folder: str, shard: Shard) -> str:
    return fs.join(folder, shard.name + ".parquet")


class DedupIndex:
    """See :class:`massivetext.earlier.earlier_shard.EarlierCorpus`.

    Args:
        folder: the folder of an index.

    Raises:
        UserError: the index is damaged, or of another format.
    """

    has_whole_shingles = False

    def __init__(self, folder: str) -> None:
        self._folder = folder
        path = fs.join(folder, INDEX_FILE)
        try:
            self._header = msgspec.json.decode(fs.read_bytes(path), type=IndexHeader)
        except msgspec.DecodeError as error:
            raise UserError(f"{path}: is damaged, or of another version ({error}); make the index again") from error
        if self._header.format != FORMAT:
            raise UserError(f"{path}: want format {FORMAT}, got {self._header.format}; make the index again")

    @property
    def parameters(self) -> CorpusParameters:
        """What must be equal in a later run."""
        return self._header.parameters

    @property
    def shards(self) -> tuple[Shard, ...]:
        """The shards that took part in deduplication."""
        return self._header.shards

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of all sources of the run, sorted."""
        return self._header.sources

    @property
    def made_against(self) -> Mapping[str, str]:
        """The run digest of each corpus that the run was made against, by name."""
        return self._header.made_against

    @property
    def document_count(self) -> int:
        """Number of documents that near-deduplication compared."""
        return self._header.documents

    def require_files(self) -> None:
        """Raise UserError if a file is missing or has another size."""
        for file in self._header.files:
            if not fs.has_size(fs.join(self._folder, file.path), file.bytes):
                raise UserError(
                    f"{fs.join(self._folder, file.path)}: is missing or cut; restore the index or make it again"
                )

    def documents(self, shard: Shard) -> EarlierDocuments:
        """Return the documents of a shard."""
        table = self._read(shard, ["row", "id", "text_hash", "keeper", "is_compared"])
        hashes = np.frombuffer(b"".join(table["text_hash"].to_pylist()), "<u8").reshape(-1, 2)
        return EarlierDocuments(
            table["row"].to_numpy().astype(np.int64),
            table["id"].to_pylist(),
            hashes.astype(np.uint64),
            table["keeper"].to_numpy(),
            table["is_compared"].to_numpy(),
        )

    def buckets(self, shard: Shard, bands: Iterable[int]) -> Mapping[int, tuple[U64, I64]]:
        """Return (bucket hashes, rows) of the compared documents of a shard, by band."""
        table = self._read(shard, ["row", "is_compared", "buckets"])
        rows = table["row"].to_numpy().astype(np.int64)[table["is_compared"].to_numpy()]
        packed = np.frombuffer(b"".join(table["buckets"].drop_null().to_pylist()), "<u8")
        hashes = packed.reshape(-1, self.parameters.bands).astype(np.uint64)
        return {band: (np.ascontiguousarray(hashes[:, band]), rows) for band in bands}

    def shingles(self, shard: Shard, rows: I64) -> list[U64]:
        """Return the upper bits of the shingles of rows of a shard."""
        table = self._read(shard, ["shingles"], rows)
        return [unpack_shingles(data) for data in table["shingles"].to_pylist()]

    def sizes(self, shard: Shard, rows: I64) -> U64:
        """Return about how many bytes the texts of rows of a shard have."""
        sizes: npt.NDArray[np.int64] = np.array(
            [len(data) for data in self._read(shard, ["shingles"], rows)["shingles"].to_pylist()], np.int64
        )
        return sizes.astype(np.uint64)

    def names(self, shard: Shard, rows: I64) -> list[DocumentName]:
        """Return the names of rows of a shard."""
        table = self._read(shard, ["id", "origin", "url"], rows)
        return [DocumentName(*row.values()) for row in table.to_pylist()]

    def _read(self, shard: Shard, columns: list[str], rows: I64 | None = None) -> pa.Table:
        """Return columns of all documents of a shard, or of those with some rows, which must be sorted."""
        path = _file(self._folder, shard)
        try:
            if rows is None:
                return tables.read_table(path, columns)
            return _read_rows(path, columns, rows)
        except (OSError, pa.ArrowInvalid) as error:
            raise StageError(f"{path}: cannot be read ({error}); restore the index or make it again") from error


def _read_rows(path: str, columns: list[str], rows: I64) -> pa.Table:
    """Return the columns of the documents with some rows, in order; row groups without any of them are not read."""
    with tables.open_parquet(path) as file:
        found = [file.schema_arrow.empty_table().select(columns)]
        for group in range(file.num_row_groups):
            all_rows = tables.read_row_group(file, group, ["row"])["row"].to_numpy()
            wanted = np.flatnonzero(np.isin(all_rows, rows))
            if len(wanted):
                found.append(tables.read_row_group(file, group, columns).take(pa.array(wanted)))
    return pa.concat_tables(found)
