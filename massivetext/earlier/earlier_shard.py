"""The documents of a shard of an earlier corpus, as deduplication compares later documents with them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from massivetext.recipe import NearOptions
from massivetext.runs.store import Shard
from massivetext.schema import U64

I64 = npt.NDArray[np.int64]

SHINGLE_BITS = 40  # of each shingle in a packed index: see `massivetext.earlier.dedup_index`


class CorpusParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must be equal for signatures and similarities of two corpora to be comparable.

    Attributes:
        signature_version: version of the definition of words, shingles and signatures.
        seed: seed of the signatures.
        ngram, lowercase, bands, rows, threshold: as in :class:`massivetext.recipe.NearOptions`.
    """

    signature_version: int
    seed: int
    ngram: int
    lowercase: bool
    bands: int
    rows: int
    threshold: float

    @classmethod
    def of(cls, near: NearOptions, seed: int, signature_version: int) -> "CorpusParameters":
        """Return the parameters of a recipe."""
        return cls(signature_version, seed, near.ngram, near.lowercase, near.bands, near.rows, near.threshold)


@dataclass(frozen=True, slots=True, eq=False)
class EarlierDocuments:
    """The documents of a shard that the exact deduplication of their run has kept, in the order of their rows.

    Attributes:
        rows: int64[documents], row of each in its run.
        ids: id of each.
        text_hashes: uint64[documents, 2].
        keepers: uint64[documents], document reference, within its run, of the document for which near-deduplication
            removed it; its own one if it was kept.
        is_compared: bool[documents], whether later documents are compared with it: not if it has no words, or was
            removed for a document of a still earlier corpus.
    """

    rows: I64
    ids: list[str]
    text_hashes: U64
    keepers: U64
    is_compared: npt.NDArray[np.bool_]


class DocumentName(NamedTuple):
    """What evidence says of a document of an earlier corpus."""

    id: str
    origin: str
    url: str | None


class EarlierCorpus(Protocol):
    """A finished run, or an index of one."""

    @property
    def parameters(self) -> CorpusParameters:
        """What must be equal in a later run."""

    @property
    def shards(self) -> tuple[Shard, ...]:
        """The shards that took part in deduplication, ordered by source and index."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of all sources of the run, sorted: they number the sources in its document references."""

    @property
    def made_against(self) -> Mapping[str, str]:
        """The :func:`massivetext.stages.earlier_digests.run_digest` of each corpus that the run was made against."""

    @property
    def document_count(self) -> int:
        """Number of documents that near-deduplication compared."""

    @property
    def has_whole_shingles(self) -> bool:
        """Whether :meth:`shingles` gives all bits of a shingle, not only the upper :data:`SHINGLE_BITS`."""

    def documents(self, shard: Shard) -> EarlierDocuments:
        """Return the documents of a shard."""

    def buckets(self, shard: Shard, bands: Iterable[int]) -> Mapping[int, tuple[U64, I64]]:
        """Return (bucket hashes, rows) of the compared documents of a shard, by band."""

    def shingles(self, shard: Shard, rows: I64) -> list[U64]:
        """Return the sorted distinct shingles of rows of a shard, which must be sorted."""

    def sizes(self, shard: Shard, rows: I64) -> U64:
        """Return about how many bytes the texts of rows of a shard have; only for dividing work."""

    def names(self, shard: Shard, rows: I64) -> list[DocumentName]:
        """Return the names of rows of a shard, which must be sorted."""
