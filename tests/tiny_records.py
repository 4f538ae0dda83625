"""Folders of a few small records, with hashes and counts of the files that were written."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from massivetext.records.dataset import (
    CreatedBy,
    Dataset,
    DatasetSource,
    RecordShard,
    SpecialIds,
    TokenizerFile,
    describe_dataset,
)
from massivetext.records.formats import RUN_FORMAT
from massivetext.records.record_format import RecordFormat, SequenceRecord

LENGTH, SEQUENCES, SHARDS = 8, 11, 4  # 11 over 4 shards: 3, 3, 3, 2
WEIGHTS = {"web": Decimal("0.7"), "code": Decimal("0.3")}  # of 11: 7.7 and 3.3, so 8 and 3


def record(slot: int) -> SequenceRecord:
    return SequenceRecord(np.arange(4, 4 + LENGTH) + slot, np.array([0, 1 + slot % 7]), int(slot >= 8), slot)


def write_folder(
    folder: Path,
    change: Callable[[SequenceRecord], SequenceRecord] = lambda record: record,
    record_format: RecordFormat = RUN_FORMAT,
) -> Dataset:
    """Write a folder of eleven records; ``change`` may spoil them."""
    return write_sequences(
        folder,
        [change(record(slot)) for slot in range(SEQUENCES)],
        realised={"web": 8, "code": 3},
        weights=WEIGHTS,
        sequence_length=LENGTH,
        vocab_size=30,
        record_format=record_format,
    )


def write_sequences(
    folder: Path,
    sequences: Sequence[SequenceRecord],
    *,
    realised: Mapping[str, int],
    weights: Mapping[str, Decimal],
    sequence_length: int,
    vocab_size: int,
    record_format: RecordFormat = RUN_FORMAT,
) -> Dataset:
    """Write sequences, given in the order of their slots, as four record shards, with tokenizer and dataset.json."""
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.model").write_bytes(b"a model")
    shards = []
    for shard in range(SHARDS):
        path = folder / record_format.shard_path(shard, SHARDS)
        record_format.write(str(path), sequences[shard::SHARDS])
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        shards.append(
            RecordShard(path=path.name, records=len(sequences[shard::SHARDS]), bytes=len(data), sha256=digest)
        )
    result = describe_dataset(
        name="tiny",
        created_by=CreatedBy(massivetext="0.1.0", recipe_sha256=""),
        sequence_length=sequence_length,
        vocab_size=vocab_size,
        special_ids=SpecialIds(pad=0, unk=1, bos=2, eos=3),
        tokenizer=TokenizerFile(
            path="tokenizer.model",
            sha256=hashlib.sha256(b"a model").hexdigest(),
            normalizer="nfkc",
            byte_fallback=True,
        ),
        seed=0,
        weights=weights,
        sources=[
            DatasetSource(
                id=number,
                name=name,
                documents=5,
                draws=5,
                epochs=1.0,
                sequences=realised[name],
                tokens=realised[name] * sequence_length,
            )
            for number, name in enumerate(weights)
        ],
        shards=shards,
    )
    (folder / "dataset.json").write_bytes(result.to_json())
    return result
