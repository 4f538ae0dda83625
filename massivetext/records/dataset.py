"""``dataset.json``: what a folder of records holds, how it was mixed, and how to check it."""

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, Self

import msgspec

from massivetext.records.mixture import quotas
from massivetext.records.sequences import Order, shard_sizes

SCHEMA = "massivetext-records/1"
FILE_NAME = "dataset.json"


class CreatedBy(msgspec.Struct, frozen=True, kw_only=True):
    """Package version, and the SHA-256 of the resolved recipe as hex."""

    massivetext: str
    recipe_sha256: str


class SpecialIds(msgspec.Struct, frozen=True, kw_only=True):
    """The ids that stand for no text. ``pad`` never occurs in the records."""

    pad: int
    unk: int
    bos: int
    eos: int


class TokenizerFile(msgspec.Struct, frozen=True, kw_only=True):
    """The SentencePiece model: path relative to the records' folder, hash, normalisation, byte fallback."""

    path: str
    sha256: str
    normalizer: str
    byte_fallback: bool


class Mixture(msgspec.Struct, frozen=True, kw_only=True):
    """The shares that were wanted and the sequences that came of them, by source.

    ``weights`` are decimals written as strings; ``realised`` is counted in the shards.
    """

    weights: dict[str, Decimal]
    quotas: dict[str, int]
    realised: dict[str, int]
    unit: Literal["sequence"] = "sequence"
    policy: Literal["exact-quota"] = "exact-quota"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One source as it went in.

    Attributes:
        id: the number that stands in the records' ``source``: position in the list.
        name: name of the source in the recipe.
        documents: documents that passed every stage.
        draws: crops that were drawn for the sequences used.
        epochs: draws divided by documents; above 1 documents were read again, in fresh crops.
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


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """One file: path relative to the folder, records, bytes, SHA-256 as hex."""

    path: str
    records: int
    bytes: int
    sha256: str


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a split in order, with the sums of their sequences and tokens."""

    sequences: int
    tokens: int
    shards: list[Shard]


class Permuted(msgspec.Struct, frozen=True, kw_only=True):
    """The order: ``slot = feistel6(key, n)(row)``, shard ``slot % shards``, index ``slot // shards``."""

    key: str
    n: int
    kind: Literal["feistel6"] = "feistel6"


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of ``dataset.json``.

    Attributes:
        schema: what the file means; another value is refused.
        name: name of the data set.
        created_by: what made it.
        sequence_length: tokens a record, all of them full.
        dtype: smallest type that holds every id.
        vocab_size: ids are smaller.
        special_ids: padding, unknown, BOS, EOS.
        pad_occurs: always false: padding is for the trainer to use.
        tokenizer: the model.
        seeds: of all keyed hashes and permutations.
        mixture: shares wanted and realised.
        sources: in the order of their ids.
        splits: only "train".
        order: the permutation of all sequences.
        fingerprint: SHA-256 over schema, sequence length, dtype, tokenizer hash and the shards' paths, records, hashes.
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
    mixture: Mixture
    sources: list[Source]
    splits: dict[str, Split]
    order: Permuted
    fingerprint: str

    @property
    def train(self) -> Split:
        """The split "train"."""
        return self.splits["train"]

    def to_json(self) -> bytes:
        """The bytes of ``dataset.json``: equal for equal data sets."""
        return msgspec.json.format(msgspec.json.encode(self, order="deterministic"), indent=2) + b"\n"

    @classmethod
    def from_json(cls, data: bytes, path: str = FILE_NAME) -> Self:
        """The data set that ``dataset.json`` describes.

        Args:
            data: the file's bytes.
            path: its name, for errors.

        Raises:
            ValueError: the file is something else, of another schema, or contradicts itself.
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


def dataset(
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
    shards: Sequence[Shard],
) -> Dataset:
    """What a finished set of shards is.

    Args:
        name: name of the data set.
        created_by: package version and recipe hash.
        sequence_length: tokens a record.
        vocab_size: size of the vocabulary.
        special_ids: ids of padding, unknown, BOS, EOS.
        tokenizer: the model's file.
        seed: seed of the run.
        weights: share of each source; their order is that of the sources' ids.
        documents: surviving documents of each source.
        draws: draws of each source that went into its sequences.
        realised: sequences of each source as counted in the shards.
        shards: the files in order.

    Raises:
        ValueError: the shards do not hold what the weights ask for.
    """
    sequences = sum(shard.records for shard in shards)
    wanted = quotas(weights, sequences)
    order = Order(sequences, len(shards), seed)
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
        mixture=Mixture(
            weights=dict(weights), quotas=wanted, realised={source: realised[source] for source in weights}
        ),
        sources=[
            Source(
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
        splits={"train": Split(sequences=sequences, tokens=sequences * sequence_length, shards=list(shards))},
        order=Permuted(key=order.key.hex(), n=sequences),
        fingerprint="",
    )
    result = msgspec.structs.replace(result, fingerprint=fingerprint(result))
    _check(result, FILE_NAME)
    return result


def fingerprint(dataset: Dataset) -> str:
    """SHA-256, as hex, over schema, sequence length, dtype, tokenizer hash and each shard's path, records and hash."""
    shards = [[shard.path, shard.records, shard.sha256] for shard in dataset.train.shards]
    parts = [dataset.schema, dataset.sequence_length, dataset.dtype, dataset.tokenizer.sha256, shards]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _check(dataset: Dataset, path: str) -> None:
    """Raises ValueError where parts that must agree do not."""
    if "train" not in dataset.splits:
        raise ValueError(f"{path}: want a split 'train', got {', '.join(sorted(dataset.splits)) or 'none'}")
    train, mixture = dataset.train, dataset.mixture
    try:
        wanted_quotas = quotas(mixture.weights, train.sequences)
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
