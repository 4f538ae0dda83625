"""Parquet shards under ``data/``: ``input_ids`` as list<int32>, with the other columns beside it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.records.dataset import Dataset
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


def _shard_files(name: ShardName) -> tuple[str, ...]:
    return (f"data/{name.split}-{name.of}.parquet",)


def _write(paths: Sequence[str], records: Iterable[SequenceRecord], _: Dataset) -> None:
    rows = iter(records)
    with pq.ParquetWriter(paths[0], SCHEMA, compression="zstd", use_dictionary=False) as writer:
        while group := list(islice(rows, ROW_GROUP)):
            writer.write_batch(_batch(group), row_group_size=ROW_GROUP)


def _batch(group: Sequence[SequenceRecord]) -> pa.RecordBatch:
    columns = [
        _lists([record.tokens for record in group]),
        _lists([record.doc_starts for record in group]),
        pa.array([record.source for record in group], pa.int32()),
        pa.array([record.seq_id for record in group], pa.int64()),
    ]
    return pa.record_batch(columns, schema=SCHEMA)


def _lists(values: Sequence[np.ndarray[tuple[int, ...], np.dtype[np.integer]]]) -> pa.Array:
    ends = np.cumsum([0, *map(len, values)])
    if ends[-1] >= 1 << 31:  # offsets of a list are 32 bits
        raise ValueError(f"parquet: want fewer than 2**31 tokens in {len(values)} rows, got {ends[-1]}")
    return pa.ListArray.from_arrays(ends.astype(np.int32), np.concatenate(values).astype(np.int32))


def _read(paths: Sequence[str], _: Dataset) -> Iterator[SequenceRecord]:
    for batch in tables.read_batches(paths[0], SCHEMA.names, rows=ROW_GROUP):
        tokens, starts = (column.to_numpy(zero_copy_only=False) for column in batch.columns[:2])
        yield from map(SequenceRecord, tokens, starts, *(column.to_pylist() for column in batch.columns[2:]))


PARQUET = ExportFormat(
    name="parquet",
    title="Parquet",
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
