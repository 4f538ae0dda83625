"""``dataset.json``: the description of a folder of records, from which the folder can be read and checked."""

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, Self

import msgspec

from massivetext.records.mixture import compute_quotas
from massivetext.records.sequences import SequenceOrder, shard_sizes

SCHEMA = "massivetext-records/1"
FILE_NAME = "dataset.json"


class CreatedBy(msgspec.Struct, frozen=True, kw_only=True):
    """Package version, and SHA-256 of the resolved recipe as hex."""

    massivetext: str
    recipe_sha256: str


class SpecialIds(msgspec.Struct, frozen=True, kw_only=True):
    """Token ids without a text of their own. ``pad`` never occurs in the records."""

    pad: int
    unk: int
    bos: int
    eos: int


class TokenizerFile(msgspec.Struct, frozen=True, kw_only=True):
    """The SentencePiece model: path relative to the folder of records, SHA-256 as hex, normalisation, byte fallback."""

    path: str
    sha256: str
    normalizer: str
    byte_fallback: bool


class DatasetMixture(msgspec.Struct, frozen=True, kw_only=True):
    """The weight, the quota and the realised number of sequences of each source.

    ``weights`` are decimals written as strings; ``realised`` is counted in the record shards.
    """

    weights: dict[str, Decimal]
    quotas: dict[str, int]
    realised: dict[str, int]
    unit: Literal["sequence"] = "sequence"
    policy: Literal["exact-quota"] = "exact-quota"


class DatasetSource(msgspec.Struct, frozen=True, kw_only=True):
    """One source of the records.

    Attributes:
        id: the value of the feature ``source`` in its records: its position in the list of sources.
        name: name of the source in the recipe.
        documents: documents that every stage has kept.
        draws: draws that the used sequences needed.
        epochs: draws divided by documents; above 1, documents were drawn again, with new crops.
        sequences: sequences in the records.
        tokens: tokens in the records.
    """

    id: int
    name: str
    documents: int
    draws: int
    epochs: float
    sequences: int
    tokens: int


class RecordShard(msgspec.Struct, frozen=True, kw_only=True):
    """One record shard: path relative to the folder, number of records, bytes, SHA-256 as hex."""

    path: str
    records: int
    bytes: int
    sha256: str


class DatasetSplit(msgspec.Struct, frozen=True, kw_only=True):
    """The record shards of a split in order, with the sums of their sequences and tokens."""

    sequences: int
    tokens: int
    shards: list[RecordShard]


class PermutationInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The order: ``slot = feistel6(key, n)(sequence)``, shard ``slot % shards``, index ``slot // shards``."""

    key: str
    n: int
    kind: Literal["feistel6"] = "feistel6"


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of ``dataset.json``.

    Attributes:
        schema: version of the file; readers refuse other values.
        name: name of the data set.
        created_by: package and recipe that made it.
        sequence_length: tokens per record; every record is full.
        dtype: smallest type that holds every token id.
        vocab_size: number of token ids; every id is smaller.
        special_ids: ids of padding, unknown, BOS, EOS.
        pad_occurs: always false; padding is for the trainer to use.
        tokenizer: the model.
        seeds: seeds of all keyed hashes and permutations.
        mixture: weights, quotas, and realised sequences.
        sources: the sources in the order of their ids.
        splits: only "train".
        order: the permutation of all sequences.
        fingerprint: SHA-256 over schema, sequence length, dtype, tokenizer hash, and path, records and hash of each
            record shard.
    """

    schema: str
    name: str
    created_by: CreatedBy
    sequence_length: int
    dtype: Literal["uint16", "uint32"]
    vocab_size: int
    special_ids: SpecialIds
    pad_occurs: Literal[False] = False
    tokenizer: TokenizerFile
    seeds: dict[str, int]
    mixture: DatasetMixture
    sources: list[DatasetSource]
    splits: dict[str, DatasetSplit]
    order: PermutationInfo
    fingerprint: str

    @property
    def train(self) -> DatasetSplit:
        """Return the split "train"."""
        return self.splits["train"]

    def to_json(self) -> bytes:
        """Return the bytes of ``dataset.json``; equal data sets give equal bytes."""
        return msgspec.json.format(msgspec.json.encode(self, order="deterministic"), indent=2) + b"\n"

    @classmethod
    def from_json(cls, data: bytes, path: str = FILE_NAME) -> Self:
        """Return the data set that ``dataset.json`` describes.

        Args:
            data: bytes of the file.
            path: name of the file in errors.

        Raises:
            ValueError: the file is something else, has another schema, or contradicts itself.
        """
        try:
            schema = msgspec.json.decode(data, type=_Schema).schema
            if schema != SCHEMA:
                raise ValueError(f"{path}: want schema {SCHEMA!r}, got {schema!r}; read it with a matching massivetext")
            dataset = msgspec.json.decode(data, type=cls)
        except msgspec.DecodeError as error:
            raise ValueError(f"{path}: want the dataset.json of massivetext records: {error}") from error
        _check(dataset, path)
        return dataset


class _Schema(msgspec.Struct):
    schema: str


def describe_dataset(
    *,
    name: str,
    created_by: CreatedBy,
    sequence_length: int,
    vocab_size: int,
    special_ids: SpecialIds,
    tokenizer: TokenizerFile,
    seed: int,
    weights: Mapping[str, Decimal],
    documents: Mapping[str, int],
    draws: Mapping[str, int],
    realised: Mapping[str, int],
    shards: Sequence[RecordShard],
) -> Dataset:
    """Return the description of finished record shards.

    Args:
        name: name of the data set.
        created_by: package version and recipe hash.
        sequence_length: tokens per record.
        vocab_size: size of the vocabulary.
        special_ids: ids of padding, unknown, BOS, EOS.
        tokenizer: file of the model.
        seed: seed of the run.
        weights: share of each source, in the order of the sources' ids.
        documents: kept documents of each source.
        draws: draws of each source that its used sequences needed.
        realised: sequences of each source as counted in the record shards.
        shards: the record shards in order.

    Raises:
        ValueError: the record shards do not hold what the weights ask for.
    """
    sequences = sum(shard.records for shard in shards)
    quotas = compute_quotas(weights, sequences)
    order = SequenceOrder(sequences, len(shards), seed)
    result = Dataset(
        schema=SCHEMA,
        name=name,
        created_by=created_by,
        sequence_length=sequence_length,
        dtype="uint16" if vocab_size <= 1 << 16 else "uint32",
        vocab_size=vocab_size,
        special_ids=special_ids,
        tokenizer=tokenizer,
        seeds={"run": seed},
        mixture=DatasetMixture(
            weights=dict(weights), quotas=quotas, realised={source: realised[source] for source in weights}
        ),
        sources=[
            DatasetSource(
                id=number,
                name=source,
                documents=documents[source],
                draws=draws[source],
                epochs=draws[source] / max(documents[source], 1),
                sequences=realised[source],
                tokens=realised[source] * sequence_length,
            )
            for number, source in enumerate(weights)
        ],
        splits={"train": DatasetSplit(sequences=sequences, tokens=sequences * sequence_length, shards=list(shards))},
        order=PermutationInfo(key=order.permutation_key.hex(), n=sequences),
        fingerprint="",
    )
    result = msgspec.structs.replace(result, fingerprint=fingerprint(result))
    _check(result, FILE_NAME)
    return result


def fingerprint(dataset: Dataset) -> str:
    """Return the fingerprint of a data set, as hex; see :class:`Dataset`."""
    shards = [[shard.path, shard.records, shard.sha256] for shard in dataset.train.shards]
    values = [dataset.schema, dataset.sequence_length, dataset.dtype, dataset.tokenizer.sha256, shards]
    return hashlib.sha256(msgspec.json.encode(values)).hexdigest()


def _check(dataset: Dataset, path: str) -> None:
    """Raise ValueError unless all numbers of a data set agree with each other."""
    if "train" not in dataset.splits:
        raise ValueError(f"{path}: want a split 'train', got {', '.join(sorted(dataset.splits)) or 'none'}")
    train, mixture = dataset.train, dataset.mixture
    try:
        wanted_quotas = compute_quotas(mixture.weights, train.sequences)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    records = [shard.records for shard in train.shards]
    realised = {source.name: source.sequences for source in dataset.sources}
    for what, wanted, got in (
        ("sequences of the shards in all", train.sequences, sum(records)),
        ("records of the shards", shard_sizes(train.sequences, max(len(records), 1)), records),
        ("order.n", train.sequences, dataset.order.n),
        ("tokens", train.sequences * dataset.sequence_length, train.tokens),
        ("tokens of the sources in all", train.tokens, sum(source.tokens for source in dataset.sources)),
        ("mixture.quotas", wanted_quotas, mixture.quotas),
        ("mixture.realised", mixture.quotas, mixture.realised),
        ("sequences of the sources", mixture.realised, realised),
        ("source ids", list(range(len(dataset.sources))), [source.id for source in dataset.sources]),
        ("fingerprint", fingerprint(dataset), dataset.fingerprint),
    ):
        if wanted != got:
            raise ValueError(f"{path}: {what}: want {wanted}, got {got}; the file was changed, or its run went wrong")
