"""``dataset.json``: the description of a folder of records, from which the folder can be read and checked."""

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, Self

import msgspec

from massivetext.recipe import Mode
from massivetext.records.mixture import compute_quotas
from massivetext.records.sequences import SequenceOrder, shard_sizes

SCHEMA = "massivetext-records/1"
FILE_NAME = "dataset.json"
RECORDS_FOLDER = "records"  # of a run; also the name of the stage that writes it


class CreatedBy(msgspec.Struct, frozen=True, kw_only=True):
    """Package version, and SHA-256 of the resolved recipe as hex."""

    massivetext: str
    recipe_sha256: str


class SpecialIds(msgspec.Struct, frozen=True, kw_only=True):
    """Token ids without a text of their own; -1: the model has none.

    ``pad`` occurs in the records as padding alone, if at all. ``pad_origin`` says where it comes from if not from the
    model; it may be one above the model's ids, and ``vocab_size`` counts it then.
    """

    pad: int
    unk: int
    bos: int
    eos: int
    pad_origin: str = "the model"


class TokenizerFile(msgspec.Struct, frozen=True, kw_only=True):
    """The tokenizer: path relative to the folder of records, SHA-256 as hex, normalisation, byte fallback, type.

    ``normalizer_by_source`` is given where texts were normalised before the model saw them, by source.
    """

    path: str
    sha256: str
    normalizer: str
    byte_fallback: bool
    type: Literal["sentencepiece", "tokenizer.json", "tiktoken"] = "sentencepiece"
    normalizer_by_source: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class DatasetMixture(msgspec.Struct, frozen=True, kw_only=True):
    """The weight, the quota and the realised number of sequences of each source.

    Attributes:
        weights: decimals, written as strings.
        quotas: what each source has to give: by policy "exact-quota" its weight of all sequences, by policy "epochs"
            the sequences of as many passes as the recipe asks for.
        realised: what is counted in the record shards.
        limited_by: what decides the number of sequences, in words.
    """

    weights: dict[str, Decimal]
    quotas: dict[str, int]
    realised: dict[str, int]
    unit: Literal["sequence"] = "sequence"
    policy: Literal["exact-quota", "epochs"] = "exact-quota"
    limited_by: str = ""


class DatasetSource(msgspec.Struct, frozen=True, kw_only=True):
    """One source of the records.

    Attributes:
        id: the value of the feature ``source`` in its records: its position in the list of sources.
        name: name of the source in the recipe.
        documents: documents that every stage has kept.
        draws: draws that the used sequences needed.
        epochs: draws divided by documents; above 1, documents were drawn again, with new crops.
        sequences: sequences in the records.
        tokens: tokens in the records, without padding.
        padding: padding at the end of its sequences, in tokens.
        mode: "gopher": crops of documents; "pack": whole documents.
        kept_bytes: UTF-8 bytes of these documents.
        kept_tokens: their tokens; in mode "gopher" estimated from those of the crops.
        covered_bytes: how many of these bytes are in the records at least once; where a sequence ends within a crop,
            estimated from the share of its tokens.
        read_bytes: the same, counted as often as they are in the records.
        most_reads: in how many draws the document was used that was used most often.
    """

    id: int
    name: str
    documents: int
    draws: int
    epochs: float
    sequences: int
    tokens: int
    padding: int = 0
    mode: Mode = "gopher"
    kept_bytes: int = 0
    kept_tokens: int = 0
    covered_bytes: int = 0
    read_bytes: int = 0
    most_reads: int = 0

    @property
    def covered_frac(self) -> float:
        """Share of the kept bytes that is in the records, 0 to 1."""
        return self.covered_bytes / max(self.kept_bytes, 1)

    @property
    def mean_reads(self) -> float:
        """How often the kept bytes are in the records, on average."""
        return self.read_bytes / max(self.kept_bytes, 1)


class RecordShard(msgspec.Struct, frozen=True, kw_only=True):
    """One record shard: path relative to the folder, number of records, bytes, SHA-256 as hex."""

    path: str
    records: int
    bytes: int
    sha256: str


class SplitSource(msgspec.Struct, frozen=True, kw_only=True):
    """What a split of held-out documents has of a source: documents and sequences."""

    documents: int
    sequences: int


class DatasetSplit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The record shards of a split in order, with the sums of their sequences, tokens and padding.

    ``sources`` is given for splits of held-out documents; those of "train" are in the list of sources.
    """

    sequences: int
    tokens: int
    padding: int = 0
    shards: list[RecordShard]
    sources: dict[str, SplitSource] = {}

    @property
    def documents(self) -> int:
        """Number of documents of a split of held-out documents."""
        return sum(source.documents for source in self.sources.values())


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
        sequence_length: tokens per record, with padding.
        dtype: smallest type that holds every token id.
        vocab_size: number of token ids; every id is smaller.
        special_ids: ids of padding, unknown, BOS, EOS.
        pad_occurs: whether packed sequences end with padding. A text never gives the padding id, so it can be masked.
        tokenizer: the model.
        seeds: seeds of all keyed hashes and permutations.
        mixture: weights, quotas, and realised sequences.
        sources: the sources in the order of their ids.
        splits: "train"; and "validation", or one split for each source, if documents are held out.
        order: the permutation of all sequences of "train".
        doc_ids: "record" if every record has the feature ``doc_ids``; otherwise not given.
        fingerprint: SHA-256 over schema, sequence length, dtype, tokenizer hash, and path, records and hash of each
            record shard, those of "train" first.
    """

    schema: str
    name: str
    created_by: CreatedBy
    sequence_length: int
    dtype: Literal["uint16", "uint32"]
    vocab_size: int
    special_ids: SpecialIds
    pad_occurs: bool = False
    tokenizer: TokenizerFile
    seeds: dict[str, int]
    mixture: DatasetMixture
    sources: list[DatasetSource]
    splits: dict[str, DatasetSplit]
    order: PermutationInfo
    fingerprint: str
    doc_ids: Literal["record"] | msgspec.UnsetType = msgspec.UNSET

    @property
    def train(self) -> DatasetSplit:
        """Return the split "train"."""
        return self.splits["train"]

    @property
    def has_doc_ids(self) -> bool:
        """Whether every record has the feature ``doc_ids``."""
        return self.doc_ids == "record"

    @property
    def held_out(self) -> dict[str, DatasetSplit]:
        """Return the splits of held-out documents by name."""
        return {name: split for name, split in self.splits.items() if name != "train"}

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
    sources: Sequence[DatasetSource],
    shards: Sequence[RecordShard],
    quotas: Mapping[str, int] | None = None,
    limited_by: str = "",
    held_out: Mapping[str, DatasetSplit] | None = None,
    has_doc_ids: bool = False,
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
        sources: the sources in the order of their ids; sequences and padding as counted in the record shards.
        shards: the record shards in order.
        quotas: sequences that each source has to give; None: by its weight.
        limited_by: what decides the number of sequences, in words.
        held_out: the splits of held-out documents.
        has_doc_ids: whether every record has the feature ``doc_ids``.

    Raises:
        ValueError: the record shards do not hold what the weights ask for.
    """
    sequences = sum(shard.records for shard in shards)
    padding = sum(source.padding for source in sources)
    order = SequenceOrder(sequences, len(shards), seed)
    result = Dataset(
        schema=SCHEMA,
        name=name,
        created_by=created_by,
        sequence_length=sequence_length,
        dtype="uint16" if vocab_size <= 1 << 16 else "uint32",
        vocab_size=vocab_size,
        special_ids=special_ids,
        pad_occurs=padding > 0,
        tokenizer=tokenizer,
        seeds={"run": seed},
        mixture=DatasetMixture(
            weights=dict(weights),
            quotas=compute_quotas(weights, sequences) if quotas is None else dict(quotas),
            realised={source.name: source.sequences for source in sources},
            policy="exact-quota" if quotas is None else "epochs",
            limited_by=limited_by,
        ),
        sources=list(sources),
        splits={
            "train": DatasetSplit(
                sequences=sequences,
                tokens=sequences * sequence_length - padding,
                padding=padding,
                shards=list(shards),
            )
        }
        | dict(held_out or {}),
        order=PermutationInfo(key=order.permutation_key.hex(), n=sequences),
        fingerprint="",
        doc_ids="record" if has_doc_ids else msgspec.UNSET,
    )
    result = msgspec.structs.replace(result, fingerprint=fingerprint(result))
    _check(result, FILE_NAME)
    return result


def fingerprint(dataset: Dataset) -> str:
    """Return the fingerprint of a data set, as hex; see :class:`Dataset`."""
    splits = [dataset.train, *(split for name, split in sorted(dataset.splits.items()) if name != "train")]
    shards = [[shard.path, shard.records, shard.sha256] for split in splits for shard in split.shards]
    values = [dataset.schema, dataset.sequence_length, dataset.dtype, dataset.tokenizer.sha256, shards]
    return hashlib.sha256(msgspec.json.encode(values)).hexdigest()


def _check(dataset: Dataset, path: str) -> None:
    """Raise ValueError unless all numbers of a data set agree with each other."""
    if "train" not in dataset.splits:
        raise ValueError(f"{path}: want a split 'train', got {', '.join(sorted(dataset.splits)) or 'none'}")
    train, mixture = dataset.train, dataset.mixture
    try:
        by_weight = compute_quotas(mixture.weights, train.sequences)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    wanted_quotas = by_weight if mixture.policy == "exact-quota" else mixture.realised
    records = [shard.records for shard in train.shards]
    realised = {source.name: source.sequences for source in dataset.sources}
    for what, wanted, got in (
        ("sequences of the shards in all", train.sequences, sum(records)),
        ("records of the shards", shard_sizes(train.sequences, max(len(records), 1)), records),
        ("order.n", train.sequences, dataset.order.n),
        ("tokens and padding", train.sequences * dataset.sequence_length, train.tokens + train.padding),
        ("tokens of the sources in all", train.tokens, sum(source.tokens for source in dataset.sources)),
        ("padding of the sources in all", train.padding, sum(source.padding for source in dataset.sources)),
        ("pad_occurs", train.padding > 0, dataset.pad_occurs),
        ("mixture.quotas", wanted_quotas, mixture.quotas),
        ("mixture.realised", mixture.quotas, mixture.realised),
        ("sequences of the sources", mixture.realised, realised),
        ("source ids", list(range(len(dataset.sources))), [source.id for source in dataset.sources]),
        ("fingerprint", fingerprint(dataset), dataset.fingerprint),
    ):
        if wanted != got:
            raise ValueError(f"{path}: {what}: want {wanted}, got {got}; the file was changed, or its run went wrong")
    for name, split in dataset.splits.items():
        _check_split(dataset, name, split, path)


def _check_split(dataset: Dataset, name: str, split: DatasetSplit, path: str) -> None:
    records = [shard.records for shard in split.shards]
    places = split.sequences * dataset.sequence_length
    if sum(records) != split.sequences or split.tokens + split.padding != places:
        raise ValueError(
            f"{path}: split {name}: want shards of {split.sequences} sequences and {places} tokens with padding, "
            f"got {sum(records)} and {split.tokens + split.padding}; the file was changed, or its run went wrong"
        )
