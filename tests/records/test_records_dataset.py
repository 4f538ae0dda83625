import hashlib
from decimal import Decimal

import msgspec
import pytest

from massivetext.records.dataset import (
    CreatedBy,
    Dataset,
    DatasetSource,
    RecordShard,
    SpecialIds,
    TokenizerFile,
    describe_dataset,
    fingerprint,
)
from massivetext.records.formats import RUN_FORMAT

SHARDS = [
    RecordShard(path=RUN_FORMAT.shard_path(0, 2), records=3, bytes=300, sha256="aa" * 32),
    RecordShard(path=RUN_FORMAT.shard_path(1, 2), records=2, bytes=200, sha256="bb" * 32),
]
TOKENIZER = TokenizerFile(path="../tokenizer/tokenizer.model", sha256="cc" * 32, normalizer="nfkc", byte_fallback=True)


def built(
    *,
    shards: list[RecordShard] = SHARDS,
    vocab_size: int = 32_000,
    realised: tuple[int, int] = (3, 2),
    tokenizer: TokenizerFile = TOKENIZER,
) -> Dataset:
    return describe_dataset(
        name="tiny",
        created_by=CreatedBy(massivetext="0.1.0", recipe_sha256="dd" * 32),
        sequence_length=8,
        vocab_size=vocab_size,
        special_ids=SpecialIds(pad=0, unk=1, bos=2, eos=3),
        tokenizer=tokenizer,
        seed=7,
        weights={"web": Decimal("0.60"), "books": Decimal("0.40")},
        sources=[
            DatasetSource(
                id=number,
                name=name,
                documents=documents,
                draws=draws,
                epochs=draws / documents,
                sequences=realised[number],
                tokens=8 * realised[number],
                kept_bytes=100,
                kept_tokens=30,
                covered_bytes=50,
                read_bytes=60,
                most_reads=2,
            )
            for number, (name, documents, draws) in enumerate((("web", 20, 10), ("books", 4, 6)))
        ],
        shards=shards,
        limited_by="records.sequences",
    )


def test_json_comes_back_and_has_the_same_bytes_each_time() -> None:
    data = built().to_json()

    assert Dataset.from_json(data) == built()
    assert built().to_json() == data
    assert data.endswith(b"}\n")


def test_json_says_what_a_reader_needs() -> None:
    # 5 sequences: 3 of web (0.6), 2 of books (0.4); epochs 10 / 20 and 6 / 4.
    found = msgspec.json.decode(built().to_json())

    assert found["schema"] == "massivetext-records/1"
    assert (found["sequence_length"], found["dtype"], found["vocab_size"]) == (8, "uint16", 32_000)
    assert found["pad_occurs"] is False
    assert found["special_ids"] == {"pad": 0, "unk": 1, "bos": 2, "eos": 3, "pad_origin": "the model"}
    assert found["mixture"] == {
        "weights": {"books": "0.40", "web": "0.60"},
        "quotas": {"books": 2, "web": 3},
        "realised": {"books": 2, "web": 3},
        "unit": "sequence",
        "policy": "exact-quota",
        "limited_by": "records.sequences",
    }
    read = {"kept_bytes": 100, "kept_tokens": 30, "covered_bytes": 50, "read_bytes": 60, "most_reads": 2}
    same = {**read, "padding": 0, "mode": "gopher"}
    assert found["sources"] == [
        {"id": 0, "name": "web", "documents": 20, "draws": 10, "epochs": 0.5, "sequences": 3, "tokens": 24, **same},
        {"id": 1, "name": "books", "documents": 4, "draws": 6, "epochs": 1.5, "sequences": 2, "tokens": 16, **same},
    ]
    assert found["splits"]["train"]["sequences"] == 5
    assert found["splits"]["train"]["tokens"] == 40
    assert found["splits"]["train"]["shards"][1] == {
        "path": "train-00001-of-00002.array_record",
        "records": 2,
        "bytes": 200,
        "sha256": "bb" * 32,
    }
    assert (found["order"]["kind"], found["order"]["n"], found["seeds"]) == ("feistel6", 5, {"run": 7})


def test_fingerprint_is_a_hash_that_anyone_can_compute() -> None:
    shards = ",".join(f'["{shard.path}",{shard.records},"{shard.sha256}"]' for shard in SHARDS)
    text = f'["massivetext-records/1",8,"uint16","{"cc" * 32}",[{shards}]]'

    assert built().fingerprint == hashlib.sha256(text.encode()).hexdigest()


def test_fingerprint_changes_with_the_records_and_the_tokenizer() -> None:
    other = [SHARDS[0], msgspec.structs.replace(SHARDS[1], sha256="ee" * 32)]
    tokenizer = msgspec.structs.replace(TOKENIZER, sha256="ff" * 32)

    assert len({built().fingerprint, built(shards=other).fingerprint, built(tokenizer=tokenizer).fingerprint}) == 3
    assert built(tokenizer=msgspec.structs.replace(TOKENIZER, path="elsewhere")).fingerprint == built().fingerprint


@pytest.mark.parametrize(("size", "dtype"), [(65_536, "uint16"), (65_537, "uint32")])
def test_type_of_the_ids_follows_the_vocabulary(size: int, dtype: str) -> None:
    assert built(vocab_size=size).dtype == dtype


def test_sequences_that_miss_the_mixture_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"mixture.realised: want \{'web': 3, 'books': 2\}, got \{'web': 2, 'books': 3\}"
    ):
        built(realised=(2, 3))


def test_uneven_shards_are_refused() -> None:
    with pytest.raises(ValueError, match=r"records of the shards: want \[3, 2\], got \[2, 3\]"):
        built(shards=[msgspec.structs.replace(s, records=5 - s.records) for s in SHARDS])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"massivetext-records/1"', b'"massivetext-records/2"', "want schema 'massivetext-records/1', got '.*/2'"),
        (b'"sequence_length": 8,', b"", "missing required field `sequence_length`"),
        (b'"vocab_size": 32000', b'"vocab_size": "many"', "Expected `int`, got `str` - at `.*vocab_size`"),
        (b'"pad_occurs": false', b'"pad_occurs": true', "pad_occurs"),
        (b'"train": {', b'"test": {', "want a split 'train', got test"),
        (b'"n": 5', b'"n": 6', "order.n: want 5, got 6"),
        (b'"tokens": 40', b'"tokens": 41', "tokens and padding: want 40, got 41"),
        (b'"epochs": 0.5,\n      "sequences": 3', b'"epochs": 0.5,\n      "sequences": 4', "sequences of the sources"),
        (b'"sha256": "bb', b'"sha256": "bc', "fingerprint: want"),
        (b'"id": 1', b'"id": 2', r"source ids: want \[0, 1\], got \[0, 2\]"),
        (b'"web": "0.60"', b'"web": "0.61"', "sum to exactly 1"),
        (b"{", b"[", "want the dataset.json of massivetext records"),
    ],
)
def test_what_was_changed_is_named(old: bytes, new: bytes, message: str) -> None:
    data = built().to_json()

    assert old in data
    with pytest.raises(ValueError, match=rf"^somewhere/dataset.json: .*{message}"):
        Dataset.from_json(data.replace(old, new, 1), "somewhere/dataset.json")


def test_fingerprint_of_what_was_read_is_that_of_what_was_made() -> None:
    assert fingerprint(Dataset.from_json(built().to_json())) == built().fingerprint
