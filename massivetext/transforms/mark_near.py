"""Marks near-duplicates among documents: the pairs, and one verdict per document."""

from collections.abc import Iterable, Sequence
from typing import TypedDict, TypeVar

import apache_beam as beam

from massivetext.recipe import NearOptions
from massivetext.transforms.arguments import checked_options, checked_seed
from massivetext.transforms.near_keepers import ChooseKeepers, Kept
from massivetext.transforms.near_pairs import BATCH_SIGNATURES, FindPairs, repeated_id
from massivetext.transforms.pcollection_rows import AnyIdRow, DuplicatePair, DuplicateVerdict, Rows, fields_of
from massivetext.transforms.row_preferences import checked_preferences, require_preferred_fields

_DEFAULT = NearOptions()
Output = TypeVar("Output", DuplicatePair, DuplicateVerdict)


class Keepers(TypedDict):
    """A document grouped by id: an empty value, and its keeper if it has near-duplicates."""

    ids: Iterable[bytes]
    keepers: Iterable[Kept]


# Beam does not accept a TypedDict for the output of CoGroupByKey, but it accepts a type variable.
AnyKeepers = TypeVar("AnyKeepers", bound=Keepers)


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


class FindNearDuplicates(_NearDuplicateTransform[DuplicatePair]):
    """Rows with ``id`` and ``text`` -> every :class:`DuplicatePair` above the threshold.

    The pairs are those that the bands propose to a run, except in a bucket of more than ``max_bucket`` documents: there
    each document is paired with the first of the bucket and with its neighbour.

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
        fields_of(documents, type(self).__name__, id=str, text=str)
        find = FindPairs(self._options, self._seed, batch_signatures=batch_signatures)
        pairs: beam.PCollection[DuplicatePair] = documents | "Pairs" >> find
        return pairs


class MarkNearDuplicates(_NearDuplicateTransform[DuplicateVerdict]):
    """Rows with ``id`` and ``text`` -> one :class:`DuplicateVerdict` per row.

    Documents are judged in the order of their ranks (the preferences, then the keyed hash of the id), as in a run: one
    is dropped if its measured similarity with a document that stays exceeds the threshold. ``duplicate_of`` is the
    first such document and ``similarity`` the similarity with it; for a document that stays, the highest with one that
    it stands for.

    Documents that near-duplicate pairs or oversized buckets connect come together on one worker, with their shingle
    hashes (about 1.3 times the bytes of their text); 32 bytes per such pair and per row of an oversized bucket come
    together on one worker, too. With more than about ten million documents in candidate pairs, use a run.

    Args:
        ngram: words per shingle.
        threshold: two documents are near-duplicates if the Jaccard similarity of their shingles exceeds this, 0 to 1.
        bands: number of LSH bands of a signature.
        rows: MinHash values per band.
        lowercase: whether case is ignored.
        max_bucket: in a bucket of more documents, each is compared only with so many that stay: the first by rank.
        seed: seed of the signatures and of the keyed hash; the seed of a recipe gives the ranks of its runs.
        keep: which copy stays, as `dedup.keep` of a recipe: "source:A>B" (rows need ``source``), "longest", "latest"
            (rows need ``metadata`` with a ``date``), "seed".

    Raises:
        UserError: an argument is out of range, or the rows lack a field; in a worker: an id occurs twice.
    """

    def __init__(  # its own signature, which Beam YAML reads
        self,
        *,
        ngram: int = _DEFAULT.ngram,
        threshold: float = _DEFAULT.threshold,
        bands: int = _DEFAULT.bands,
        rows: int = _DEFAULT.rows,
        lowercase: bool = _DEFAULT.lowercase,
        max_bucket: int = _DEFAULT.max_bucket,
        seed: int = 0,
        keep: Sequence[str] = ("seed",),
    ) -> None:
        super().__init__(
            ngram=ngram,
            threshold=threshold,
            bands=bands,
            rows=rows,
            lowercase=lowercase,
            max_bucket=max_bucket,
            seed=seed,
        )
        self._preferences = checked_preferences("MarkNearDuplicates", keep)

    def expand(
        self, documents: Rows, *, batch_signatures: int = BATCH_SIGNATURES
    ) -> beam.PCollection[DuplicateVerdict]:
        """Choose the keepers, group them with the ids of all documents, and give each document its verdict."""
        require_preferred_fields(documents, type(self).__name__, self._preferences)
        keepers = documents | "Keepers" >> ChooseKeepers(
            self._options, self._seed, self._preferences, batch_signatures=batch_signatures
        )
        ids = (
            documents
            | "Ids" >> beam.Map(key_by_id).with_output_types(tuple[str, bytes])
            | "GroupIds" >> beam.GroupByKey()
            | "OneEach" >> beam.Map(require_unique_id).with_output_types(tuple[str, bytes])
        )
        verdicts: beam.PCollection[DuplicateVerdict] = (
            {"ids": ids, "keepers": keepers}
            | "GroupById" >> beam.CoGroupByKey()
            | "Judge" >> beam.Map(judge_document).with_output_types(DuplicateVerdict)
        )
        return verdicts


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


def judge_document(group: tuple[str, AnyKeepers]) -> DuplicateVerdict:
    """Return the verdict on a document: it is dropped if another one is its keeper."""
    document_id, found = group
    for keeper, jaccard in found["keepers"]:
        kept = keeper == document_id
        return DuplicateVerdict(document_id, kept, None if kept else keeper, jaccard or None)
    return DuplicateVerdict(document_id, kept=True, duplicate_of=None, similarity=None)
