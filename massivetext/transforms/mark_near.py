"""Near duplicates among documents: candidate pairs, their exact measure, and the verdict on each document.

What crosses the shuffles: 24 bytes a document and band; 32 bytes a candidate pair and band in which it meets; the
shingle hashes of documents that are in a candidate pair, once for themselves and once a pair; ids. Never a text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np

from massivetext.dedup.candidates import bucket_pairs
from massivetext.dedup.keeper import keeper_rank
from massivetext.dedup.minhash import MinHash, bucket_hashes
from massivetext.dedup.row_types import split_by_partition
from massivetext.dedup.similarity import similarity
from massivetext.errors import UserError
from massivetext.recipe import NearOptions
from massivetext.shingles import shingle_hashes
from massivetext.transforms.arguments import checked, checked_seed
from massivetext.transforms.id_sets import PackDigests, holds, id_digest
from massivetext.transforms.pcollection_rows import DuplicatePair, DuplicateVerdict, fields_of

_DEFAULT = NearOptions()
_BATCH = 1024  # signatures that are cut into bands together
_PARTITIONS = 4096  # groups of buckets: enough for a thousand workers

MEMBER = np.dtype([("key", "<u8"), ("document", "<u8", (2,))])  # a document's digest in a bucket

Sent = tuple[str, bytes]  # id of a document and its shingles


class _NearDuplicates(beam.PTransform[Any, Any]):
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
        self._options = checked(
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

    def _pairs(self, documents: beam.PCollection[Any]) -> beam.PCollection[DuplicatePair]:
        fields_of(documents, type(self).__name__, id=str, text=str)
        pairs: beam.PCollection[DuplicatePair] = documents | "Pairs" >> _Pairs(self._options, self._seed)
        return pairs


class FindNearDuplicates(_NearDuplicates):
    """Rows with ``id`` and ``text`` -> every :class:`DuplicatePair` above the threshold.

    The pairs are those that a run finds and measures (a run numbers documents in another order, so in a bucket of more
    than ``max_bucket`` other documents may be the ones paired). The input is bounded and in one window. The ids of
    documents that are in a candidate pair are a side input, 16 bytes each on every worker; with more than some ten
    million of them, use a run. A runner that keeps what lies before a side input, as the embedded one does, holds the
    documents until the candidates are known.

    Args:
        ngram: words a shingle.
        threshold: documents are duplicates when the Jaccard similarity of their shingles exceeds it, 0 to 1.
        bands: bands of the signature.
        rows: hashes a band.
        lowercase: ignore case.
        max_bucket: in a larger bucket each document is paired with the bucket's first and with its neighbour alone.
        seed: of the signature; the recipe's gives the pairs of its runs.

    Raises:
        UserError: an argument is out of range, or the rows lack a field; in a worker: an id occurs twice.
    """

    def expand(self, documents: beam.PCollection[Any]) -> beam.PCollection[DuplicatePair]:
        """Bands -> candidates -> shingles of the candidates -> pairs."""
        return self._pairs(documents)


class MarkNearDuplicates(_NearDuplicates):
    """Rows with ``id`` and ``text`` -> a :class:`DuplicateVerdict` on each.

    A document goes when it is in a pair (see :class:`FindNearDuplicates`) with one whose id has a smaller keyed hash;
    ``duplicate_of`` is the partner with the smallest, ``similarity`` that with the closest partner. A run goes further:
    it gathers pairs into connected components, which takes a loop that Beam has not, and of each leaves the document
    with the smallest hash. So all that goes here goes there. The verdicts differ only in a component where some
    document has a larger hash than another of it and than none of its own partners: A is like B and B like C, A not
    like C, and B has the largest hash; then a run drops B and C, this transform B.

    Args:
        ngram: words a shingle.
        threshold: documents are duplicates when the Jaccard similarity of their shingles exceeds it, 0 to 1.
        bands: bands of the signature.
        rows: hashes a band.
        lowercase: ignore case.
        max_bucket: in a larger bucket each document is paired with the bucket's first and with its neighbour alone.
        seed: of the signature and the keyed hash; the recipe's gives the verdicts of its runs, but for such components.

    Raises:
        UserError: an argument is out of range, or the rows lack a field; in a worker: an id occurs twice.
    """

    def expand(self, documents: beam.PCollection[Any]) -> beam.PCollection[DuplicateVerdict]:
        """The pairs meet with the ids of all documents."""
        pairs = self._pairs(documents)
        partners = pairs | "Partners" >> beam.FlatMap(partners_of).with_output_types(tuple[str, tuple[str, float]])
        ids = (
            documents
            | "Ids" >> beam.Map(own_id).with_output_types(tuple[str, bytes])
            | "GroupIds" >> beam.GroupByKey()
            | "OneEach" >> beam.Map(once).with_output_types(tuple[str, bytes])
        )
        verdicts: beam.PCollection[DuplicateVerdict] = (
            {"ids": ids, "partners": partners}
            | "GroupById" >> beam.CoGroupByKey()
            | "Judge" >> beam.Map(judged, self._seed).with_output_types(DuplicateVerdict)
        )
        return verdicts


class _Pairs(beam.PTransform[Any, Any]):
    def __init__(self, options: NearOptions, seed: int) -> None:
        super().__init__()
        self._options, self._seed = options, seed

    # Where two branches meet in a CoGroupByKey, both come out of a shuffle. When one comes straight from the documents,
    # and the outcome is a side input of something else that reads them, as in ApplyVerdicts, the embedded runner of
    # Beam 2.77 never gets to an end ("watermark-pending bundles did not execute", apache/beam issue 26190).
    def expand(self, documents: beam.PCollection[Any]) -> beam.PCollection[DuplicatePair]:
        candidates = (
            documents
            | "Sign" >> beam.FlatMap(signed, self._options, self._seed).with_output_types(tuple[bytes, bytes])
            | "Batch" >> beam.BatchElements(min_batch_size=_BATCH, max_batch_size=_BATCH)
            | "CutIntoBands" >> beam.FlatMap(banded, self._options).with_output_types(tuple[bytes, bytes])
            | "GroupByBucket" >> beam.GroupByKey()
            | "PairUp" >> beam.FlatMap(paired, self._options.max_bucket).with_output_types(tuple[bytes, bytes])
        )
        members = candidates | "Members" >> beam.FlatMapTuple(both).with_output_types(bytes) | "Pack" >> PackDigests()
        shingled = (
            documents
            | "Shingle"
            >> beam.FlatMap(shingled_candidate, beam.pvalue.AsSingleton(members), self._options).with_output_types(
                tuple[bytes, Sent]
            )
            | "GroupShingles" >> beam.GroupByKey()
            | "OneEach" >> beam.Map(once_shingled).with_output_types(tuple[bytes, Sent])
        )
        sent = (
            {"own": shingled, "partners": candidates}
            | "GroupByFirst" >> beam.CoGroupByKey()
            | "Send" >> beam.FlatMap(send).with_output_types(tuple[bytes, Sent])
        )
        pairs: beam.PCollection[DuplicatePair] = (
            {"own": shingled, "sent": sent}
            | "GroupBySecond" >> beam.CoGroupByKey()
            | "Verify" >> beam.FlatMap(verified, self._options.threshold).with_output_types(DuplicatePair)
        )
        return pairs


def signed(document: Any, options: NearOptions, seed: int) -> Iterator[tuple[bytes, bytes]]:
    """(digest of the id, signature) of a document; nothing for one without words."""
    shingles = shingle_hashes(document.text, options.ngram, lowercase=options.lowercase)
    if len(shingles):
        signature = MinHash(permutations=options.bands * options.rows, seed=seed).signature(shingles)
        yield id_digest(document.id), signature.astype("<u4").tobytes()


def banded(batch: Sequence[tuple[bytes, bytes]], options: NearOptions) -> Iterator[tuple[bytes, bytes]]:
    """(partition, rows of :data:`MEMBER`) of some signatures."""
    signatures = np.frombuffer(b"".join(signature for _, signature in batch), "<u4").reshape(len(batch), -1)
    members = np.zeros(len(batch) * options.bands, MEMBER)
    members["key"] = bucket_hashes(signatures, options.bands, options.rows).ravel()
    digests = np.frombuffer(b"".join(digest for digest, _ in batch), "<u8").reshape(-1, 2)
    members["document"] = np.repeat(digests, options.bands, axis=0)
    yield from split_by_partition(members, members["key"], _PARTITIONS)


def paired(group: tuple[bytes, Iterable[bytes]], max_bucket: int) -> Iterator[tuple[bytes, bytes]]:
    """The pairs of digests that share a bucket, the smaller (as a pair of numbers) first."""
    members = np.frombuffer(b"".join(group[1]), MEMBER)
    digests, numbers = np.unique(members["document"], axis=0, return_inverse=True)
    pairs, _oversized = bucket_pairs(members["key"], numbers.reshape(-1).astype(np.uint64), max_bucket)
    for a, b in pairs.tolist():
        yield digests[a].tobytes(), digests[b].tobytes()


def both(a: bytes, b: bytes) -> tuple[bytes, bytes]:
    """The two documents of a pair."""
    return a, b


def shingled_candidate(document: Any, members: bytes, options: NearOptions) -> Iterator[tuple[bytes, Sent]]:
    """(digest, id and shingles) of a document that is in a candidate pair."""
    digest = id_digest(document.id)
    if holds(members, digest):
        shingles = shingle_hashes(document.text, options.ngram, lowercase=options.lowercase)
        yield digest, (document.id, shingles.astype("<u8").tobytes())


def send(group: tuple[bytes, Mapping[str, Iterable[Any]]]) -> Iterator[tuple[bytes, Sent]]:
    """The shingles of a document to each of its partners, once however often they met."""
    (own,) = group[1]["own"]
    for partner in sorted(set(group[1]["partners"])):
        yield partner, own


def verified(group: tuple[bytes, Mapping[str, Iterable[Any]]], threshold: float) -> Iterator[DuplicatePair]:
    """The partners of a document that are more similar to it than the threshold."""
    ((own_id, packed),) = group[1]["own"]
    own = np.frombuffer(packed, "<u8")
    for other_id, other in sorted(group[1]["sent"]):
        jaccard, containment = similarity(own, np.frombuffer(other, "<u8"))
        if jaccard > threshold:
            a, b = sorted((own_id, other_id))
            yield DuplicatePair(a, b, jaccard, containment)


def partners_of(pair: DuplicatePair) -> Iterator[tuple[str, tuple[str, float]]]:
    """(document, partner and similarity) of both documents of a pair."""
    yield pair.a, (pair.b, pair.jaccard)
    yield pair.b, (pair.a, pair.jaccard)


def own_id(document: Any) -> tuple[str, bytes]:
    """The id of a document as a key without a value."""
    return document.id, b""


def once(group: tuple[str, Iterable[bytes]]) -> tuple[str, bytes]:
    """An id with its only value. Raises UserError where it has several."""
    document_id, (value, *more) = group
    if more:
        raise _twice(document_id)
    return document_id, value


def once_shingled(group: tuple[bytes, Iterable[Sent]]) -> tuple[bytes, Sent]:
    """A digest with the only document that has it. Raises UserError where there are several."""
    digest, (sent, *more) = group
    if more:
        raise _twice(sent[0])
    return digest, sent


def judged(group: tuple[str, Mapping[str, Iterable[Any]]], seed: int) -> DuplicateVerdict:
    """The verdict on a document from its partners."""
    document_id, found = group
    similarities = dict(found["partners"])
    names = [document_id, *sorted(similarities)]
    _, first = min(zip(keeper_rank(names, seed).tolist(), names, strict=True))
    kept = first == document_id
    closest = max(similarities.values(), default=None)
    return DuplicateVerdict(document_id, kept=kept, duplicate_of=None if kept else first, similarity=closest)


def _twice(document_id: str) -> UserError:
    return UserError(f"near duplicates: want each id once, got {document_id!r} twice; give every document its own")
