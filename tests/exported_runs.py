"""Finished runs whose records are known, and their rows: what exports are made from and compared with."""

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np

from massivetext.records.dataset import (
    FILE_NAME,
    CreatedBy,
    Dataset,
    DatasetSource,
    DatasetSplit,
    RecordShard,
    SpecialIds,
    TokenizerFile,
    describe_dataset,
    fingerprint,
)
from massivetext.records.formats import RUN_FORMAT
from massivetext.records.record_format import SequenceRecord
from massivetext.runs.store import FORMAT, Manifest, Run, RunState
from massivetext.stages import RECORDS

MODEL = b"a model"


def rows_of(count: int, length: int, vocabulary: int, seed: int = 0) -> list[SequenceRecord]:
    """Return rows in the order of their slots, with ids up to the largest of the vocabulary."""
    chance = np.random.default_rng(seed)
    rows = []
    for slot in range(count):
        tokens = chance.integers(1, vocabulary, length)
        tokens[slot % length] = vocabulary - 1
        others = chance.choice(np.arange(1, length), size=slot % min(4, length), replace=False)
        rows.append(SequenceRecord(tokens, np.sort(np.append(others, 0)), 0, slot))
    return rows


def write_run(
    folder: Path,
    rows: Mapping[str, Sequence[SequenceRecord]],
    *,
    length: int = 16,
    vocabulary: int = 300,
    shards: int = 3,
    name: str = "tiny",
    model: bytes = MODEL,
) -> Dataset:
    """Write a run that is complete, of one source; ``rows`` are those of each split, ``train`` among them."""
    (folder / "tokenizer").mkdir(parents=True)
    (folder / "tokenizer/tokenizer.model").write_bytes(model)
    (folder / "records").mkdir()
    splits = {split: _write_split(folder / "records", split, each, shards) for split, each in rows.items()}
    train = len(rows["train"])
    described = describe_dataset(
        name=name,
        created_by=CreatedBy(massivetext="0.1.0", recipe_sha256=""),
        sequence_length=length,
        vocab_size=vocabulary,
        special_ids=SpecialIds(pad=0, unk=1, bos=2, eos=3),
        tokenizer=TokenizerFile(
            path="../tokenizer/tokenizer.model",
            sha256=hashlib.sha256(model).hexdigest(),
            normalizer="nfkc",
            byte_fallback=True,
        ),
        seed=0,
        weights={"web": Decimal(1)},
        sources=[
            DatasetSource(id=0, name="web", documents=5, draws=5, epochs=1.0, sequences=train, tokens=train * length)
        ],
        shards=splits["train"],
    )
    others = {
        split: DatasetSplit(sequences=len(rows[split]), tokens=len(rows[split]) * length, shards=each)
        for split, each in splits.items()
        if split != "train"
    }
    whole = msgspec.structs.replace(described, splits={**described.splits, **others})
    sealed = msgspec.structs.replace(whole, fingerprint=fingerprint(whole))
    (folder / "records" / FILE_NAME).write_bytes(sealed.to_json())
    _finish(folder)
    return sealed


def _write_split(folder: Path, split: str, rows: Sequence[SequenceRecord], shards: int) -> list[RecordShard]:
    written = []
    shards = min(shards, max(len(rows), 1))
    for shard in range(shards):
        path = folder / RUN_FORMAT.shard_path(shard, shards, split)
        RUN_FORMAT.write(str(path), rows[shard::shards])
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        written.append(RecordShard(path=path.name, records=len(rows[shard::shards]), bytes=len(data), sha256=digest))
    return written


def _finish(folder: Path) -> None:
    run = Run(str(folder))
    (folder / "records/manifest.json").write_bytes(msgspec.json.encode(Manifest(RECORDS.name, "key", {}, ())))
    run.write_state(
        RunState(
            format=FORMAT,
            name="tiny",
            recipe={},
            recipe_sha256="",
            root="root",
            seed=0,
            versions={},
            complete=True,
            until=RECORDS.name,
            stages=(),
        )
    )


def in_file_order(rows: Sequence[SequenceRecord], shards: int = 3) -> list[SequenceRecord]:
    """Return the rows of a split as its files hold them, one shard after the other."""
    shards = min(shards, max(len(rows), 1))
    return [row for shard in range(shards) for row in rows[shard::shards]]
