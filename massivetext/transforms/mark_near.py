"""Marks near-duplicates among documents: the pairs, and one verdict per document."""

from collections.abc import Iterable, Iterator
from typing import TypedDict, TypeVar

import apache_beam as beam
import numpy as np

from massivetext.dedup.clusters import keepers
from massivetext.dedup.keeper import keeper_rank
from massivetext.recipe import NearOptions
from massivetext.transforms.arguments import checked_options, checked_seed
from massivetext.transforms.near_pairs import BATCH_SIGNATURES, FindPairs, repeated_id
from massivetext.transforms.pcollection_rows import AnyIdRow, DuplicatePair, DuplicateVerdict, Rows, fields_of

_DEFAULT = NearOptions()
Output = TypeVar("Output", DuplicatePair, DuplicateVerdict)


class Similarities(TypedDict):
    """A document grouped by id: an empty value, and its partners with their similarities."""

    ids: Iterable[bytes]
    partners: Iterable[tuple[str, float]]


# Beam does not accept a TypedDict for the output of CoGroupByKey, but it accepts a type variable.
AnySimilarities = TypeVar("AnySimilarities", bound=Similarities)


class _NearDuplicateTransform(beam.PTransform[Rows, beam.PCollection[Output]]):
    def __init__(
        self,
        *,
        ngram: int = _DEFAULT.ngram,
        threshold: float = _DEFAULT.threshold,
        bands: int = _DEFAULT.bands,
        rows: int = _DEFAULT.rows,
        lowercase: bool = _DEFAULT.lowercase,
        max_bucket: int = _DEFAULT.max_bucket,
        seed: int = 0,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        self._options = checked_options(
            name,
            NearOptions,
            ngram=ngram,
            threshold=threshold,
            bands=bands,
            rows=rows,
            lowercase=lowercase,
            max_bucket=max_bucket,
        )
        self._seed = checked_seed(name, seed)

    def _pairs(self, documents: Rows, batch_signatures: int) -> beam.PCollection[DuplicatePair]:
        fields_of(documents, type(self).__name__, id=str, text=str)
        find = FindPairs(self._options, self._seed, batch_signatures=batch_signatures)
        pairs: beam.PCollection[DuplicatePair] = documents | "Pairs" >> find
        return pairs


class FindNearDuplicates(_NearDuplicateTransform[DuplicatePair]):
    """Rows with ``id`` and ``text`` -> every :class:`DuplicatePair` above the threshold.

    The pairs are those of a run, except in a bucket of more than ``max_bucket`` documents: there each document is
    paired with the first of the bucket and with its neighbour, and a run orders documents differently.

    The input must be bounded and in one window. The ids of documents that are in a candidate pair are a side input, 16
    bytes per id on every worker. With more than about ten million of them, use a run. The embedded runner keeps all
    documents in memory until the candidate pairs are known.

    Args:
        ngram: words per shingle.
        threshold: two documents are near-duplicates if the Jaccard similarity of their shingles exceeds this, 0 to 1.
        bands: number of LSH bands of a signature.
        rows: MinHash values per band.
        lowercase: whether case is ignored.
        max_bucket: in a bucket of more documents, each is paired only with the first of the bucket and its neighbour.
        seed: seed of the signatures; the seed of a recipe gives the pairs of its runs.

    Raises:
        UserError: an argument is out of range, or the rows lack a field; in a worker: an id occurs twice.
    """

    def expand(self, documents: Rows, *, batch_signatures: int = BATCH_SIGNATURES) -> beam.PCollection[DuplicatePair]:
        """Find candidate pairs by their buckets, and measure them by their shingles."""
        return self._pairs(documents, batch_signatures)


class MarkNearDuplicates(_NearDuplicateTransform[DuplicateVerdict]):
    """Rows with ``id`` and ``text`` -> one :class:`DuplicateVerdict` per row.

    A document is dropped if it is in a pair (see :class:`FindNearDuplicates`) with a document of smaller rank (the
    keyed hash of the id). ``duplicate_of`` is the partner with the smallest rank, ``similarity`` is the similarity with
    the closest partner.

    A run decides differently on chains. It keeps one document of each cluster (documents connected by pairs, directly
    or through others), and a cluster is known only when all pairs are in one place. This transform judges a document by
    its own pairs alone. Every document that it drops, a run drops too. It keeps more if a cluster has several documents
    that rank before all their own partners: A and B are a pair, B and C are a pair, A and C are none, and B ranks last.
    Then a run keeps A or C, and this transform keeps both.

    Args:
        ngram: words per shingle.
        threshold: two documents are near-duplicates if the Jaccard similarity of their shingles exceeds this, 0 to 1.
        bands: number of LSH bands of a signature.
        rows: MinHash values per band.
        lowercase: whether case is ignored.
        max_bucket: in a bucket of more documents, each is paired only with the first of the bucket and its neighbour.
        seed: seed of the signatures and of the keyed hash; the seed of a recipe gives the ranks of its runs.

    Raises:
        UserError: an argument is out of range, or the rows lack a field; in a worker: an id occurs twice.
    """

    def expand(
        self, documents: Rows, *, batch_signatures: int = BATCH_SIGNATURES
    ) -> beam.PCollection[DuplicateVerdict]:
        """Find the pairs, group them with the ids of all documents, and judge each document."""
        pairs = self._pairs(documents, batch_signatures)
        partners = pairs | "Partners" >> beam.FlatMap(partners_of).with_output_types(tuple[str, tuple[str, float]])
        ids = (
            documents
            | "Ids" >> beam.Map(key_by_id).with_output_types(tuple[str, bytes])
            | "GroupIds" >> beam.GroupByKey()
            | "OneEach" >> beam.Map(require_unique_id).with_output_types(tuple[str, bytes])
        )
        verdicts: beam.PCollection[DuplicateVerdict] = (
            {"ids": ids, "partners": partners}
            | "GroupById" >> beam.CoGroupByKey()
            | "Judge" >> beam.Map(judge_document, self._seed).with_output_types(DuplicateVerdict)
        )
        return verdicts


def partners_of(pair: DuplicatePair) -> Iterator[tuple[str, tuple[str, float]]]:
    """Yield (document, partner and similarity) for both documents of a pair."""
    yield pair.a, (pair.b, pair.jaccard)
    yield pair.b, (pair.a, pair.jaccard)


def key_by_id(document: AnyIdRow) -> tuple[str, bytes]:
    """Return the id of a document as a key with an empty value."""
    return document.id, b""


def require_unique_id(group: tuple[str, Iterable[bytes]]) -> tuple[str, bytes]:
    """Return an id with its only value.

    Raises:
        UserError: the id occurs several times.
    """
    document_id, (value, *more) = group
    if more:
        raise repeated_id(document_id)
    return document_id, value


def judge_document(group: tuple[str, AnySimilarities], seed: int) -> DuplicateVerdict:
    """Return the verdict on a document: it is dropped if a partner has a smaller rank."""
    document_id, found = group
    similarities = dict(found["partners"])
    if not similarities:  # most documents have no partner
        return DuplicateVerdict(document_id, kept=True, duplicate_of=None, similarity=None)
    ids = sorted([document_id, *similarities])
    one_cluster = np.zeros(len(ids), np.int64)
    first = ids[int(keepers(np.arange(len(ids), dtype=np.uint64), one_cluster, keeper_rank(ids, seed))[0])]
    kept = first == document_id
    closest = max(similarities.values())
    return DuplicateVerdict(document_id, kept=kept, duplicate_of=None if kept else first, similarity=closest)
