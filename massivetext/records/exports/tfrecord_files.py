"""TFRecord shards in the layout of seqio's cache: ``train.tfrecord-00000-of-00128``, ``info.train.json`` and others.

A record is framed by its length and two masked CRC-32C checksums. There is no well-kept library for that without
TensorFlow, so the frames, which are 16 bytes each, are written here; the checksum is google-crc32c's.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import google_crc32c

from massivetext.records.dataset import Dataset
from massivetext.records.example import decode_record, encode_record
from massivetext.records.exports.export_format import (
    ALL_COLUMNS,
    ExportedDataset,
    ExportFormat,
    ShardName,
    json_file,
)
from massivetext.records.record_format import SequenceRecord

COMPLETED = "COMPLETED"  # the file by which seqio takes a cache for complete
_SEQIO_VERSION = "0.0.20"  # the version whose layout this is; seqio asks for 0.0.0 at least to keep int32


def masked_crc(data: bytes) -> int:
    """Return the checksum of a TFRecord: CRC-32C rotated right by 15 bits, plus a constant."""
    crc = int(google_crc32c.value(data))
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def frame(data: bytes) -> bytes:
    """Return a record with its length and checksums."""
    length = struct.pack("<Q", len(data))
    return b"".join((length, struct.pack("<I", masked_crc(length)), data, struct.pack("<I", masked_crc(data))))


def read_frames(path: str) -> Iterator[bytes]:
    """Yield the records of a TFRecord file. Raises OSError if a checksum is wrong or the file breaks off."""
    with Path(path).open("rb") as file:
        number = 0
        while head := file.read(12):
            length, crc = struct.unpack("<QI", head.ljust(12, b"\0"))
            if len(head) < 12 or crc != masked_crc(head[:8]):
                raise OSError(f"{path}, record {number}: damaged length; write the file again")
            data, tail = file.read(length), file.read(4)
            if len(data) < length or len(tail) < 4 or struct.unpack("<I", tail)[0] != masked_crc(data):
                raise OSError(f"{path}, record {number}: damaged data; write the file again")
            yield data
            number += 1


def _shard_files(name: ShardName) -> tuple[str, ...]:
    return (f"{name.split}.tfrecord-{name.of}",)


def _write(paths: Sequence[str], records: Iterable[SequenceRecord], _: Dataset) -> None:
    with Path(paths[0]).open("wb") as file:
        for record in records:
            file.write(frame(encode_record(record)))


def _read(paths: Sequence[str], _: Dataset) -> Iterator[SequenceRecord]:
    return map(decode_record, read_frames(paths[0]))


def _beside(exported: ExportedDataset) -> dict[str, bytes]:
    files = {}
    features: dict[str, dict[str, object]] = {
        "doc_starts": {"shape": [None], "dtype": "int32"},
        "seq_id": {"shape": [], "dtype": "int64"},
        "source": {"shape": [], "dtype": "int32"},
        "tokens": {"shape": [None], "dtype": "int32"},
    }
    if exported.dataset.has_doc_ids:
        features = {"doc_ids": {"shape": [None], "dtype": "int64"}, **features}
    for split, shards in exported.splits.items():
        records = sum(shard.records for shard in shards)
        tokens, length = exported.dataset.splits[split].tokens, exported.dataset.sequence_length
        files[f"info.{split}.json"] = json_file(
            {"num_shards": len(shards), "features": features, "seqio_version": _SEQIO_VERSION}
        )
        files[f"stats.{split}.json"] = json_file(
            {"examples": records, "tokens_tokens": tokens, "tokens_max_tokens": length if records else 0}
        )
    return {**files, COMPLETED: b""}


TFRECORD = ExportFormat(
    name="tfrecord",
    title="TFRecord in the layout of seqio's cache",
    columns=ALL_COLUMNS,
    shard_files=_shard_files,
    write_shard=_write,
    read_shard=_read,
    beside=_beside,
    usage="""\
The folder is the cache of a seqio task: lay it as `CACHE/TASK`, and name CACHE with `seqio.add_global_cache_dirs`.

```python
import functools, seqio

seqio.TaskRegistry.add(
    "TASK",
    source=seqio.FunctionDataSource(lambda split, shuffle_files: None, splits=["train"]),  # not read: the cache is
    preprocessors=[
        seqio.CacheDatasetPlaceholder(required=True),
        functools.partial(seqio.preprocessors.rekey, key_map={"targets": "tokens"}),
    ],
    output_features={"targets": seqio.Feature(seqio.PassThroughVocabulary(VOCABULARY_SIZE), add_eos=False)},
)
rows = seqio.get_mixture_or_task("TASK").get_dataset(None, "train", use_cached=True, shuffle=False)
```
""",
)
