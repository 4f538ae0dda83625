"""A folder with a few small records."""

import hashlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np

from massivetext.records import array_record
from massivetext.records.dataset import (
    CreatedBy,
    Dataset,
    Shard,
    SpecialIds,
    TokenizerFile,
    dataset,
    shard_path,
)
from massivetext.records.example import Record, encode_record

LENGTH, SEQUENCES, SHARDS = 8, 11, 4  # 11 over 4 shards: 3, 3, 3, 2
WEIGHTS = {"web": Decimal("0.7"), "code": Decimal("0.3")}  # of 11: 7.7 and 3.3, so 8 and 3


def record(slot: int) -> Record:
    return Record(np.arange(4, 4 + LENGTH) + slot, np.array([0, 1 + slot % 7]), int(slot >= 8), slot)


def write_folder(folder: Path, change: Callable[[Record], Record] = lambda record: record) -> Dataset:
    """Write records, and ``dataset.json`` with their true hashes and counts; ``change`` may damage a record."""
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.model").write_bytes(b"a model")
    shards = []
    for shard in range(SHARDS):
        path = folder / shard_path(shard, SHARDS)
        slots = range(shard, SEQUENCES, SHARDS)
        array_record.write(str(path), [encode_record(change(record(slot))) for slot in slots])
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        shards.append(Shard(path=path.name, records=len(slots), bytes=len(data), sha256=digest))
    result = dataset(
        name="tiny",
        created_by=CreatedBy(massivetext="0.1.0", recipe_sha256=""),
        sequence_length=LENGTH,
        vocab_size=30,
        special_ids=SpecialIds(pad=0, unk=1, bos=2, eos=3),
        tokenizer=TokenizerFile(
            path="tokenizer.model",
            sha256=hashlib.sha256(b"a model").hexdigest(),
            normalizer="nfkc",
            byte_fallback=True,
        ),
        seed=0,
        weights=WEIGHTS,
        documents={"web": 5, "code": 5},
        draws={"web": 5, "code": 5},
        realised={"web": 8, "code": 3},
        shards=shards,
    )
    (folder / "dataset.json").write_bytes(result.to_json())
    return result
