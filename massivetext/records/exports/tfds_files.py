"""ArrayRecord shards as runs write them, with the metadata of TFDS and a ``dataset.json`` for massivetext's reader."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from massivetext.records.array_record import ARRAY_RECORD
from massivetext.records.dataset import FILE_NAME, Dataset, RecordShard, fingerprint
from massivetext.records.exports.export_format import (
    ALL_COLUMNS,
    ExportedDataset,
    ExportFormat,
    ShardName,
    exported_tokenizer,
)
from massivetext.records.exports.tfds_metadata import tfds_metadata
from massivetext.records.record_format import SequenceRecord


def _shard_files(name: ShardName) -> tuple[str, ...]:
    return (ARRAY_RECORD.shard_path(name.number, name.count, name.split),)


def _write(paths: Sequence[str], records: Iterable[SequenceRecord], _: Dataset) -> None:
    ARRAY_RECORD.write(paths[0], records)


def _read(paths: Sequence[str], _: Dataset) -> Iterator[SequenceRecord]:
    for record in ARRAY_RECORD.read(paths[0], paths[0]):
        if isinstance(record, ValueError):
            raise record
        yield record


def _beside(exported: ExportedDataset) -> dict[str, bytes]:
    dataset = exported.dataset
    splits = {
        name: msgspec.structs.replace(
            dataset.splits[name],
            shards=[
                RecordShard(path=file.path, records=shard.records, bytes=file.bytes, sha256=file.sha256)
                for shard in shards
                for file in shard.files
            ],
        )
        for name, shards in exported.splits.items()
    }
    moved = msgspec.structs.replace(dataset, splits=splits, tokenizer=exported_tokenizer(dataset.tokenizer))
    described = msgspec.structs.replace(moved, fingerprint=fingerprint(moved))
    return {**tfds_metadata(described), FILE_NAME: described.to_json()}


TFDS = ExportFormat(
    name="tfds",
    title="ArrayRecord with the metadata of TFDS",
    columns=ALL_COLUMNS,
    shard_files=_shard_files,
    write_shard=_write,
    read_shard=_read,
    beside=_beside,
    usage="""\
```python
import tensorflow_datasets as tfds

rows = tfds.builder_from_directory("FOLDER").as_data_source(split="train")  # needs array-record, not TensorFlow
rows[0]["tokens"]
```

`massivetext.loader.load("FOLDER", ...)`, Grain's `ArrayRecordDataSource` and MaxText read the same files.
""",
)
