"""Shards of Megatron: tokens in ``.bin``, and an index of sequences and documents in ``.idx``.

Every record is one sequence and one document of the index, so that row *i* of the reader is record *i*.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from massivetext.records.dataset import Dataset
from massivetext.records.exports.export_format import ExportFormat, ShardName, read_token_rows
from massivetext.records.record_format import SequenceRecord

MAGIC = b"MMIDIDX\x00\x00"
_VERSION = 1
# Codes of the types in the index. There is none for uint32; no vocabulary needs its highest bit.
_CODES = {"<u2": 8, "<i4": 4}
_HEAD = struct.Struct("<QBQQ")  # version, code, number of sequences, number of document ends


def _dtype(dataset: Dataset) -> np.dtype[np.integer]:
    return np.dtype("<u2" if dataset.dtype == "uint16" else "<i4")


def _shard_files(name: ShardName) -> tuple[str, ...]:
    stem = f"{name.split}/{name.split}-{name.of}"  # a folder per split: MaxText reads every index of a folder
    return (f"{stem}.bin", f"{stem}.idx")


def _write(paths: Sequence[str], records: Iterable[SequenceRecord], dataset: Dataset) -> None:
    dtype, lengths = _dtype(dataset), []
    with Path(paths[0]).open("wb") as file:
        for record in records:
            file.write(record.tokens.astype(dtype).tobytes())
            lengths.append(len(record.tokens))
    count, sizes = len(lengths), np.array(lengths, np.int64)
    pointers = (np.cumsum(sizes) - sizes) * dtype.itemsize
    with Path(paths[1]).open("wb") as file:
        file.write(MAGIC + _HEAD.pack(_VERSION, _CODES[dtype.str], count, count + 1))
        for values in (sizes.astype("<i4"), pointers.astype("<i8"), np.arange(count + 1, dtype="<i8")):
            file.write(values.tobytes())


def _read(paths: Sequence[str], dataset: Dataset) -> Iterator[SequenceRecord]:
    dtype, length = _dtype(dataset), dataset.sequence_length
    count = _check_index(paths[1], dtype, length)
    size = Path(paths[0]).stat().st_size
    if size != count * length * dtype.itemsize:
        raise OSError(f"{paths[0]}: want {count * length * dtype.itemsize} bytes by its index, got {size}")
    return read_token_rows(paths[0], dtype, length)


def _check_index(path: str, dtype: np.dtype[np.integer], length: int) -> int:
    """Return the number of sequences of an index. Raises OSError unless every byte is as it must be."""
    data = Path(path).read_bytes()
    try:
        version, code, count, documents = _HEAD.unpack_from(data, len(MAGIC))
        lengths = np.frombuffer(data, "<i4", count, len(MAGIC) + _HEAD.size)
        pointers = np.frombuffer(data, "<i8", count, len(MAGIC) + _HEAD.size + lengths.nbytes)
        ends = np.frombuffer(data, "<i8", documents, len(MAGIC) + _HEAD.size + lengths.nbytes + pointers.nbytes)
    except (struct.error, ValueError) as error:
        raise OSError(f"{path}: damaged index: {error}; write the file again") from error
    sound = (
        data.startswith(MAGIC)
        and (version, code, documents) == (_VERSION, _CODES[dtype.str], count + 1)
        and len(data) == len(MAGIC) + _HEAD.size + lengths.nbytes + pointers.nbytes + ends.nbytes
        and (lengths == length).all()
        and (pointers == np.arange(count) * length * dtype.itemsize).all()
        and (ends == np.arange(count + 1)).all()
    )
    if not sound:
        raise OSError(f"{path}: damaged index; write the file again")
    return int(count)


MEGATRON = ExportFormat(
    name="megatron",
    title="Megatron's indexed data set, `.bin` and `.idx`",
    columns=("tokens",),
    shard_files=_shard_files,
    write_shard=_write,
    read_shard=_read,
    usage="""\
```python
from megatron.core.datasets.indexed_dataset import IndexedDataset

rows = IndexedDataset("FOLDER/train/train-00000-of-00001")  # without .bin and .idx
rows[0]
```

Every sequence of the index is one record. Megatron's `GPTDataset` joins sequences and cuts them anew, with one token
more than a record has. Document starts, sources and sequence ids are not in these files.
""",
)
