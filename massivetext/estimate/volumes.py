"""Amounts of data in each stage of a run: bytes, documents, tokens and shards. They decide the work of the stages."""

import math
from collections.abc import Iterable
from typing import NamedTuple, Self

import msgspec

from massivetext.extract.extractors import ExtractorName
from massivetext.recipe import KINDS, KindName, NearOptions
from massivetext.records.crops import expected_crop
from massivetext.sources.splits import Split


class InputVolume(msgspec.Struct, frozen=True):
    """Sizes of the input files of a source.

    Attributes:
        raw_bytes: bytes of all files as stored, compressed or not.
        largest_file: bytes of the largest file.
        reread_bytes: bytes that slices skip; most formats decompress them, see `Format.skip_cost`.
    """

    raw_bytes: float
    largest_file: float
    reread_bytes: float

    @classmethod
    def from_splits(cls, splits: Iterable[Split]) -> Self:
        """Return the sizes of the files that these splits read."""
        sizes, largest, reread = 0.0, 0, 0.0
        for split in splits:
            sizes += split.size / split.slice_count
            reread += split.size - split.size / split.slice_count
            largest = max(largest, split.size)
        return cls(sizes, largest, reread)


class TextVolume(msgspec.Struct, frozen=True):
    """Number of documents and of the UTF-8 bytes of their texts."""

    documents: float
    bytes: float

    def scaled_by(self, factor: float) -> "TextVolume":
        """Return both numbers multiplied by a factor."""
        return TextVolume(self.documents * factor, self.bytes * factor)


class EarlierVolume(NamedTuple):
    """Documents of earlier corpora.

    Attributes:
        documents: number of documents that deduplication has compared in their runs.
        shards: number of shards that hold them.
        unknown: corpora, as the recipe names them, that cannot be read and are not counted.
    """

    documents: float = 0.0
    shards: float = 0.0
    unknown: tuple[str, ...] = ()


NO_EARLIER = EarlierVolume()


class SourceVolume(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts of data of one source in the stages of a run.

    Attributes:
        kind: kind of the source.
        inputs: sizes of its files.
        shard_bytes: bytes of input of a full shard.
        judged_by: names of the stages that can remove documents of the source.
        funnel: (stage, documents left after it) for ingest and every stage that can remove documents, in order.
        draws: number of draws that are encoded for the records.
        drawn_tokens: number of their tokens.
        drawn_bytes: UTF-8 bytes of their texts; UNSET in runs of older versions.
        format: name of the format of its files; UNSET: the default of the kind.
        extractor: name of the extractor of its web pages; UNSET: the default one.
    """

    kind: KindName
    inputs: InputVolume
    shard_bytes: int
    judged_by: tuple[str, ...]
    funnel: tuple[tuple[str, TextVolume], ...]
    draws: float
    drawn_tokens: float
    drawn_bytes: float | msgspec.UnsetType = msgspec.UNSET
    format: str | msgspec.UnsetType = msgspec.UNSET
    extractor: ExtractorName | msgspec.UnsetType = msgspec.UNSET

    @property
    def format_name(self) -> str:
        """Name of the format of its files."""
        return KINDS[self.kind].format if isinstance(self.format, msgspec.UnsetType) else self.format

    @property
    def ingested(self) -> TextVolume:
        """All ingested documents."""
        return self.funnel[0][1]

    @property
    def kept(self) -> TextVolume:
        """Documents that are left after all stages."""
        return self.funnel[-1][1]

    def after(self, stage: str) -> TextVolume:
        """Return the documents left after a stage. Raises KeyError for a stage that was not counted."""
        return dict(self.funnel)[stage]

    def before(self, stage: str) -> TextVolume:
        """Return the documents left before a stage. Raises ValueError for a stage that was not counted."""
        names = [name for name, _ in self.funnel]
        return self.funnel[names.index(stage) - 1][1]

    @property
    def shards(self) -> int:
        """Number of shards of the source; all but one are full."""
        return max(1, math.ceil(self.inputs.raw_bytes / self.shard_bytes))

    @property
    def largest_share(self) -> float:
        """Share of the source that is in one full shard, above 0 and at most 1."""
        whole = self.inputs.raw_bytes  # 0 if all files are empty
        return 1.0 if whole <= self.shard_bytes else self.shard_bytes / whole

    @property
    def tokens_per_draw(self) -> float:
        """Mean number of tokens per draw; 0.0 without draws."""
        return self.drawn_tokens / self.draws if self.draws else 0.0

    def tokens_per_byte(self, crop_bytes: int) -> float:
        """Return the mean number of tokens per byte of text; 0.0 without draws.

        Args:
            crop_bytes: bytes of the window of a crop; the mean crop is estimated from it where it was not counted.
        """
        if not isinstance(self.drawn_bytes, msgspec.UnsetType):
            return self.drawn_tokens / self.drawn_bytes if self.drawn_bytes else 0.0
        size = self.kept.bytes / self.kept.documents if self.kept.documents else 0.0
        return self.tokens_per_draw / expected_crop(size, crop_bytes) if size else 0.0


class RunVolume(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts of data of all sources in the stages of a run.

    Attributes:
        sources: amounts of each source, by name.
        candidates: number of candidate pairs of near duplicates.
        clustered: number of documents in clusters of near duplicates.
        sampled_bytes: bytes of text that the tokenizer is trained on; 0 if the recipe names a ready model.
        record_tokens: number of tokens in the records.
        token_bytes: bytes per token, 2 or 4, depending on the vocabulary.
        bands: number of LSH bands of a signature.
        signature_bytes: bytes of the signature of one document.
        shard_record_bytes: bytes of the tokens of one record shard.
        earlier_documents: number of documents of earlier corpora that the run compares its own with.
        earlier_shards: number of shards that hold them.
        canaries: number of canaries that are planted, at the most.
    """

    sources: dict[str, SourceVolume]
    candidates: float
    clustered: float
    sampled_bytes: float
    record_tokens: float
    token_bytes: int
    bands: int
    signature_bytes: int
    shard_record_bytes: float
    earlier_documents: float = 0.0
    earlier_shards: float = 0.0
    canaries: float = 0.0

    @property
    def raw_bytes(self) -> float:
        """Bytes of input of all sources."""
        return sum(volume.inputs.raw_bytes for volume in self.sources.values())

    @property
    def shards(self) -> int:
        """Number of shards of all sources."""
        return sum(volume.shards for volume in self.sources.values())

    @property
    def ingested(self) -> TextVolume:
        """All ingested documents of all sources."""
        return _sum(volume.ingested for volume in self.sources.values())

    def judged_by(self, stage: str) -> list[SourceVolume]:
        """Return the sources that a stage judges."""
        return [volume for volume in self.sources.values() if stage in volume.judged_by]

    def before(self, stage: str) -> TextVolume:
        """Return the documents that reach a stage, in the sources that it judges."""
        return _sum(volume.before(stage) for volume in self.judged_by(stage))

    def after(self, stage: str) -> TextVolume:
        """Return the documents that a stage keeps, in the sources that it judges."""
        return _sum(volume.after(stage) for volume in self.judged_by(stage))


def _sum(counts: Iterable[TextVolume]) -> TextVolume:
    each = list(counts)
    return TextVolume(sum(count.documents for count in each), sum(count.bytes for count in each))


def signature_bytes(near: NearOptions) -> int:
    """Return the bytes of the MinHash signature of one document."""
    return 4 * near.bands * near.rows
