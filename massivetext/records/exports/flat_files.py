"""Flat little-endian tokens without a header, and one JSON index per split, in the format of OLMo's index."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from massivetext.records.dataset import Dataset
from massivetext.records.exports.export_format import (
    ExportedDataset,
    ExportFormat,
    ShardName,
    json_file,
    read_token_rows,
)
from massivetext.records.record_format import SequenceRecord

_INDEX_VERSION = "1"


def token_dtype(dataset: Dataset) -> np.dtype[np.integer]:
    """Return the little-endian type of the tokens in flat files."""
    return np.dtype("<u2" if dataset.dtype == "uint16" else "<u4")


def flat_shard_files(name: ShardName) -> tuple[str, ...]:
    """Return the name of a shard's file."""
    return (f"{name.split}-{name.of}.bin",)


def read_flat(path: str, dataset: Dataset, header_bytes: int = 0) -> Iterator[SequenceRecord]:
    """Return the rows of flat tokens after a header. Raises OSError if the file does not end after a row."""
    row_bytes = dataset.sequence_length * token_dtype(dataset).itemsize
    count, rest = divmod(Path(path).stat().st_size - header_bytes, row_bytes)
    if rest or count < 0:
        raise OSError(f"{path}: want whole rows of {row_bytes} bytes, got {rest} bytes more; write the file again")
    return read_token_rows(path, token_dtype(dataset), dataset.sequence_length, header_bytes)


def _write(paths: Sequence[str], records: Iterable[SequenceRecord], dataset: Dataset) -> None:
    dtype = token_dtype(dataset)
    with Path(paths[0]).open("wb") as file:
        for record in records:
            file.write(record.tokens.astype(dtype).tobytes())


def _read(paths: Sequence[str], dataset: Dataset) -> Iterator[SequenceRecord]:
    return read_flat(paths[0], dataset)


def _beside(exported: ExportedDataset) -> dict[str, bytes]:
    return {f"{split}.idx.json": json_file(_index(exported, split)) for split in exported.splits}


def _index(exported: ExportedDataset, split: str) -> dict[str, object]:
    dataset, shards = exported.dataset, exported.splits[split]
    files, offset = [], 0
    for shard in shards:
        files.append(
            {
                "path": shard.files[0].path,
                "label": split,
                "n_tokens": shard.records * dataset.sequence_length,
                "n_instances": shard.records,
                "instance_offset": offset,
            }
        )
        offset += shard.records
    tokenizer = f"sha256:{dataset.tokenizer.sha256}"
    parts = [_INDEX_VERSION, str(dataset.sequence_length), dataset.dtype, tokenizer]
    parts += [str(file[name]) for file in files for name in ("path", "n_tokens")]
    return {
        "format_version": _INDEX_VERSION,
        "sequence_length": dataset.sequence_length,
        "dtype": dataset.dtype,
        "byte_order": "little",
        "tokenizer": tokenizer,
        "total_instances": offset,
        "total_tokens": offset * dataset.sequence_length,
        "fingerprint": "sha256:" + hashlib.sha256("".join(f"{part}\0" for part in parts).encode()).hexdigest(),
        "files": files,
    }


BIN = ExportFormat(
    name="bin",
    title="flat little-endian tokens with a JSON index",
    columns=("tokens",),
    shard_files=flat_shard_files,
    write_shard=_write,
    read_shard=_read,
    beside=_beside,
    usage="""\
```python
import json
import numpy as np

index = json.load(open("FOLDER/train.idx.json"))
paths = ["FOLDER/" + file["path"] for file in index["files"]]
rows = [np.memmap(path, index["dtype"], "r").reshape(-1, index["sequence_length"]) for path in paths]
```

MaxText reads the index with `dataset_type=olmo_grain`. nanoGPT reads the joined files (`cat train-*.bin > train.bin`)
if the tokens are uint16. Document starts, sources and sequence ids are not in these files.
""",
)
