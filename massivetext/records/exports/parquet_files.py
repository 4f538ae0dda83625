"""Parquet shards under ``data/``: ``input_ids`` as list<int32>, with the other columns beside it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.records.dataset import FILE_NAME, Dataset
from massivetext.records.exports.export_format import ALL_COLUMNS, ExportFormat, ShardName
from massivetext.records.record_format import SequenceRecord
from massivetext.storage import tables

ROW_GROUP = 256  # rows: readers decode a row group at a time
# Of 32 bits each, since MaxText and Levanter pass the type of the file on to the model.
SCHEMA = pa.schema(
    [
        pa.field("input_ids", pa.list_(pa.int32()), nullable=False),
        pa.field("doc_starts", pa.list_(pa.int32()), nullable=False),
        pa.field("source", pa.int32(), nullable=False),
        pa.field("seq_id", pa.int64(), nullable=False),
    ]
)
DOC_IDS = pa.field("doc_ids", pa.list_(pa.int64()), nullable=False)  # the last column, if the records have it
_LISTS = ("input_ids", "doc_starts", DOC_IDS.name)


def _shard_files(name: ShardName) -> tuple[str, ...]:
    return (f"data/{name.split}-{name.of}.parquet",)


def _schema(dataset: Dataset) -> pa.Schema:
    """Return the columns of a data set; documents are named only where its records name them."""
    return SCHEMA.append(DOC_IDS) if dataset.has_doc_ids else SCHEMA


def _write(paths: Sequence[str], records: Iterable[SequenceRecord], dataset: Dataset) -> None:
    rows, schema = iter(records), _schema(dataset)
    with pq.ParquetWriter(paths[0], schema, compression="zstd", use_dictionary=False) as writer:
        while group := list(islice(rows, ROW_GROUP)):
            writer.write_batch(_batch(group, schema), row_group_size=ROW_GROUP)


def _batch(group: Sequence[SequenceRecord], schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        _lists([record.tokens for record in group], np.int32),
        _lists([record.doc_starts for record in group], np.int32),
        pa.array([record.source for record in group], pa.int32()),
        pa.array([record.seq_id for record in group], pa.int64()),
    ]
    if DOC_IDS.name in schema.names:
        columns.append(_lists([_doc_ids(record) for record in group], np.int64))
    return pa.record_batch(columns, schema=schema)


def _doc_ids(record: SequenceRecord) -> npt.NDArray[np.integer]:
    if record.doc_ids is None:
        raise ValueError(f"sequence {record.seq_id} has no doc_ids, which {FILE_NAME} says of every record")
    return record.doc_ids


def _lists(values: Sequence[npt.NDArray[np.integer]], dtype: type[np.integer]) -> pa.Array:
    ends = np.cumsum([0, *map(len, values)])
    if ends[-1] >= 1 << 31:  # offsets of a list are 32 bits
        raise ValueError(f"parquet: want fewer than 2**31 tokens in {len(values)} rows, got {ends[-1]}")
    return pa.ListArray.from_arrays(ends.astype(np.int32), np.concatenate(values).astype(dtype))


def _read(paths: Sequence[str], dataset: Dataset) -> Iterator[SequenceRecord]:
    for batch in tables.read_batches(paths[0], _schema(dataset).names, rows=ROW_GROUP):
        tokens, starts, *doc_ids = (
            batch.column(name).to_numpy(zero_copy_only=False) for name in batch.schema.names if name in _LISTS
        )
        sources, seq_ids = (batch.column(name).to_pylist() for name in ("source", "seq_id"))
        yield from map(SequenceRecord, tokens, starts, sources, seq_ids, *doc_ids)


PARQUET = ExportFormat(
    name="parquet",
    title="Parquet",
    version=2,  # with doc_ids, where the records have them
    columns=ALL_COLUMNS,
    shard_files=_shard_files,
    write_shard=_write,
    read_shard=_read,
    media_type="application/x-parquet",
    usage="""\
```python
from datasets import load_dataset

rows = load_dataset("FOLDER", split="train")  # or load_dataset("parquet", data_files="FOLDER/data/train-*.parquet")
rows[0]["input_ids"]
```

In Levanter: a source of `urls` with `format: {type: prebuilt, input_ids_key: input_ids}` and `tokenizer: passthrough`.
""",
)
