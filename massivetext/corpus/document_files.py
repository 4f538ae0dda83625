"""Files of exported documents: JSON lines compressed with zstd, and Parquet; each can be read back."""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from massivetext.errors import UserError
from massivetext.toml_tables import suggestion

_LEVEL = 1  # of zstd: half the time of level 3, for files that are a seventh larger
_BLOCK = 1 << 20  # bytes
# Columns that no dictionary makes smaller; without one they are read in a quarter of the time.
_UNIQUE = ("id", "url", "text")
_ENCODER = msgspec.json.Encoder()

Written = Iterable[tuple[pa.RecordBatch, bytes]]  # batches, each with its lines by :func:`json_lines`


@dataclass(frozen=True, slots=True)
class DocumentFormat:
    """A format of exported documents.

    Attributes:
        name: name of the format.
        ending: the ending of its files.
        write: writes batches of one schema to a local file.
        read: yields the lines of :func:`json_lines` for the documents of a local file; raises ValueError or OSError.
        has_card: whether a card of the data is written beside the files, as dataset hubs read it.
    """

    name: str
    ending: str
    write: Callable[[Path, pa.Schema, Written], None]
    read: Callable[[Path], Iterator[bytes]]
    has_card: bool = False


def json_lines(batch: pa.RecordBatch) -> bytes:
    """Return the documents of a batch as JSON lines: a null is left out, metadata is an object."""
    names = batch.schema.names
    columns = [_json_values(name, column.to_pylist()) for name, column in zip(names, batch.columns, strict=True)]
    rows = [
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values in zip(*columns, strict=True)
    ]
    return _ENCODER.encode_lines(rows)


def _json_values(name: str, values: list[object]) -> list[object]:
    """Return the values of a column; metadata is stored as JSON."""
    if name != "metadata":
        return values
    return [None if value is None else msgspec.Raw(str(value).encode()) for value in values]


def _write_jsonl(path: Path, _schema: pa.Schema, batches: Written) -> None:
    with path.open("wb") as raw, zstandard.ZstdCompressor(level=_LEVEL).stream_writer(raw, closefd=False) as out:
        for _, lines in batches:
            out.write(lines)


def _read_jsonl(path: Path) -> Iterator[bytes]:
    with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
        yield from iter(lambda: stream.read(_BLOCK), b"")


def _write_parquet(path: Path, schema: pa.Schema, batches: Written) -> None:
    repeated = [name for name in schema.names if name not in _UNIQUE]
    with path.open("wb") as raw, pq.ParquetWriter(raw, schema, compression="zstd", use_dictionary=repeated) as writer:
        for batch, _ in batches:
            writer.write_batch(batch)


def _read_parquet(path: Path) -> Iterator[bytes]:
    with io.FileIO(path) as raw:
        file = pq.ParquetFile(raw, pre_buffer=False)
        for batch in file.iter_batches(1024, use_threads=False):
            yield json_lines(batch)


DOCUMENT_FORMATS = (
    DocumentFormat("jsonl.zst", "jsonl.zst", _write_jsonl, _read_jsonl),
    DocumentFormat("parquet", "parquet", _write_parquet, _read_parquet),
    DocumentFormat("hf", "parquet", _write_parquet, _read_parquet, has_card=True),
)


def document_format(name: str) -> DocumentFormat:
    """Return the format of a name. Raises UserError if there is none."""
    known = {each.name: each for each in DOCUMENT_FORMATS}
    if name not in known:
        raise UserError(f"--format: want one of {', '.join(known)}; got {name!r}{suggestion(name, known)}")
    return known[name]
