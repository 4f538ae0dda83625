"""Finds near-duplicate pairs among documents: candidate pairs from LSH buckets, and their exact similarity.

What crosses the shuffles: 24 bytes per document and band; 32 bytes per candidate pair and band in which the pair meets;
the shingle hashes of each document that is in a candidate pair, once for the document and once per pair; ids. Texts do
not cross a shuffle.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypedDict, TypeVar

import apache_beam as beam
import numpy as np

from massivetext.dedup.candidates import bucket_pairs, split_crowds
from massivetext.dedup.minhash import bucket_hashes
from massivetext.dedup.near_duplicates import bucket_rows, is_near_duplicate, near_shingles, sign_texts
from massivetext.dedup.similarity import similarity
from massivetext.errors import UserError
from massivetext.recipe import NearOptions
from massivetext.transforms.id_sets import PackDigests, contains_digest, id_digest
from massivetext.transforms.pcollection_rows import AnyDocument, DuplicatePair, Rows
from massivetext.transforms.row_preferences import pack_ranks

BATCH_SIGNATURES = 1024  # signatures whose buckets are computed together; the result does not depend on it
_PARTITIONS = 4096  # enough for a thousand workers

BUCKET_MEMBER = np.dtype([("bucket", "<u8"), ("document", "<u8", (2,))])  # bucket hash, digest of a document's id

Sent = tuple[str, bytes, bytes]  # id, packed shingles and packed ranks (by preferences of the caller) of a document


class Partners(TypedDict):
    """A candidate with its partners, grouped by digest: its own shingles, and the digests of the partners."""

    own: Iterable[Sent]
    partners: Iterable[bytes]


class SentShingles(TypedDict):
    """A candidate grouped by digest: its own shingles, and those that its partners sent."""

    own: Iterable[Sent]
    sent: Iterable[Sent]


# Beam does not accept a TypedDict for the output of CoGroupByKey, but it accepts a type variable.
AnyPartners = TypeVar("AnyPartners", bound=Partners)
AnySentShingles = TypeVar("AnySentShingles", bound=SentShingles)


class FindPairs(beam.PTransform[Rows, beam.PCollection[DuplicatePair]]):
    """Rows with ``id`` and ``text`` -> the near-duplicate pairs.

    Args:
        options: what a near-duplicate is.
        seed: seed of the signatures.
        batch_signatures: number of signatures whose buckets are computed together.
    """

    def __init__(self, options: NearOptions, seed: int, *, batch_signatures: int = BATCH_SIGNATURES) -> None:
        super().__init__()
        self._options, self._seed, self._batch = options, seed, batch_signatures

    # Both inputs of each CoGroupByKey come out of a shuffle. If one came straight from the documents, and the result
    # were a side input of something else that reads them, as in ApplyVerdicts, the embedded runner of Beam 2.77 would
    # never finish ("watermark-pending bundles did not execute", apache/beam issue 26190).
    def expand(self, documents: Rows) -> beam.PCollection[DuplicatePair]:
        """Pair up the members of each bucket, send the shingles of each candidate to its partners, and compare."""
        buckets = group_buckets(documents, self._options, self._seed, self._batch)
        candidates = buckets | "PairUp" >> beam.FlatMap(pair_buckets, self._options.max_bucket).with_output_types(
            tuple[bytes, bytes]
        )
        members = candidates | "Members" >> beam.FlatMapTuple(pair_members).with_output_types(bytes)
        shingled = shingle_candidates(documents, members, self._options)
        pairs: beam.PCollection[DuplicatePair] = measure_candidates(candidates, shingled, self._options)
        return pairs


def group_buckets(
    documents: Rows, options: NearOptions, seed: int, batch_signatures: int
) -> beam.PCollection[tuple[bytes, Iterable[bytes]]]:
    """Return the rows of :data:`BUCKET_MEMBER` of all documents, grouped so that no bucket is split."""
    groups: beam.PCollection[tuple[bytes, Iterable[bytes]]] = (
        documents
        | "Sign" >> beam.FlatMap(sign_document, options, seed).with_output_types(tuple[bytes, bytes])
        | "Batch" >> beam.BatchElements(min_batch_size=batch_signatures, max_batch_size=batch_signatures)
        | "CutIntoBands" >> beam.FlatMap(band_signatures, options).with_output_types(tuple[bytes, bytes])
        | "GroupByBucket" >> beam.GroupByKey()
    )
    return groups


def shingle_candidates(
    documents: Rows, members: beam.PCollection[bytes], options: NearOptions, preferences: Sequence[str] = ()
) -> beam.PCollection[tuple[bytes, Sent]]:
    """Return (digest of the id, what is sent) of the documents whose digests are members."""
    packed = members | "Pack" >> PackDigests()
    shingled: beam.PCollection[tuple[bytes, Sent]] = (
        documents
        | "Shingle"
        >> beam.FlatMap(shingle_candidate, beam.pvalue.AsSingleton(packed), options, preferences).with_output_types(
            tuple[bytes, Sent]
        )
        | "GroupShingles" >> beam.GroupByKey()
        | "OneEach" >> beam.Map(require_unique_digest).with_output_types(tuple[bytes, Sent])
    )
    return shingled


def measure_candidates(
    candidates: beam.PCollection[tuple[bytes, bytes]],
    shingled: beam.PCollection[tuple[bytes, Sent]],
    options: NearOptions,
) -> beam.PCollection[DuplicatePair]:
    """Return the near-duplicates among the candidate pairs, each once."""
    sent = (
        {"own": shingled, "partners": candidates}
        | "GroupByFirst" >> beam.CoGroupByKey()
        | "Send" >> beam.FlatMap(send_shingles).with_output_types(tuple[bytes, Sent])
    )
    pairs: beam.PCollection[DuplicatePair] = (
        {"own": shingled, "sent": sent}
        | "GroupBySecond" >> beam.CoGroupByKey()
        | "Verify" >> beam.FlatMap(verify_partners, options).with_output_types(DuplicatePair)
    )
    return pairs


def sign_document(document: AnyDocument, options: NearOptions, seed: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield (digest of the id, packed signature) of a document; nothing for a document without words."""
    signatures, signed = sign_texts([document.text], options, seed)
    if signed[0]:
        yield id_digest(document.id), signatures[0].astype("<u4").tobytes()


def band_signatures(batch: Sequence[tuple[bytes, bytes]], options: NearOptions) -> Iterator[tuple[bytes, bytes]]:
    """Yield (partition, packed rows of :data:`BUCKET_MEMBER`) for some signatures: one row per signature and band."""
    signatures = np.frombuffer(b"".join(signature for _, signature in batch), "<u4").reshape(len(batch), -1)
    buckets = bucket_hashes(signatures, options.bands, options.rows).ravel()
    digests = np.frombuffer(b"".join(digest for digest, _ in batch), "<u8").reshape(-1, 2)
    yield from bucket_rows(BUCKET_MEMBER, buckets, np.repeat(digests, options.bands, axis=0), _PARTITIONS)


def pair_buckets(group: tuple[bytes, Iterable[bytes]], max_bucket: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the pairs of digests that share a bucket; in each pair the smaller one (as two numbers) comes first."""
    members = np.frombuffer(b"".join(group[1]), BUCKET_MEMBER)
    digests, numbers = np.unique(members["document"], axis=0, return_inverse=True)
    pairs, _oversized = bucket_pairs(members["bucket"], numbers.reshape(-1).astype(np.uint64), max_bucket)
    for a, b in pairs.tolist():
        yield digests[a].tobytes(), digests[b].tobytes()


def split_buckets(group: tuple[bytes, Iterable[bytes]], max_bucket: int) -> Iterator[object]:
    """Yield the pairs of digests that share a bucket of at most ``max_bucket``, and the rows of larger buckets.

    The rows are tagged outputs "crowds": (digest, bucket hash and digest of the first document of the bucket).
    """
    members = np.frombuffer(b"".join(group[1]), BUCKET_MEMBER)
    digests, numbers = np.unique(members["document"], axis=0, return_inverse=True)
    pairs, buckets, crowded = split_crowds(members["bucket"], numbers.reshape(-1).astype(np.uint64), max_bucket)
    for a, b in pairs.tolist():
        yield digests[a].tobytes(), digests[b].tobytes()
    firsts = crowded[np.unique(buckets, return_index=True)[1]][np.unique(buckets, return_inverse=True)[1]]
    for bucket, document, first in zip(buckets, crowded.tolist(), firsts.tolist(), strict=True):
        row = (digests[document].tobytes(), bucket.tobytes() + digests[first].tobytes())
        yield beam.pvalue.TaggedOutput("crowds", row)


def pair_members(a: bytes, b: bytes) -> tuple[bytes, bytes]:
    """Return the two documents of a pair."""
    return a, b


def shingle_candidate(
    document: AnyDocument, members: bytes, options: NearOptions, preferences: Sequence[str] = ()
) -> Iterator[tuple[bytes, Sent]]:
    """Yield (digest of the id, what is sent) of a document if it is in a candidate pair."""
    digest = id_digest(document.id)
    if contains_digest(members, digest):
        shingles = near_shingles(document.text, options).astype("<u8").tobytes()
        yield digest, (document.id, shingles, pack_ranks(document, preferences))


def send_shingles(group: tuple[bytes, AnyPartners]) -> Iterator[tuple[bytes, Sent]]:
    """Yield the shingles of a document to each of its partners, once even if they share several buckets."""
    (own,) = group[1]["own"]
    for partner in sorted(set(group[1]["partners"])):
        yield partner, own


def verify_partners(group: tuple[bytes, AnySentShingles], options: NearOptions) -> Iterator[DuplicatePair]:
    """Yield the pairs of a document with those partners that are near-duplicates of it."""
    ((own_id, packed, _),) = group[1]["own"]
    own = np.frombuffer(packed, "<u8")
    for other_id, other, _ in sorted(group[1]["sent"]):
        jaccard, containment = similarity(own, np.frombuffer(other, "<u8"))
        if is_near_duplicate(jaccard, options):
            a, b = sorted((own_id, other_id))
            yield DuplicatePair(a, b, jaccard, containment)


def require_unique_digest(group: tuple[bytes, Iterable[Sent]]) -> tuple[bytes, Sent]:
    """Return the digest of an id with its only document.

    Raises:
        UserError: several documents have it.
    """
    digest, (sent, *more) = group
    if more:
        raise repeated_id(sent[0])
    return digest, sent


def repeated_id(document_id: str) -> UserError:
    """Return the error for an id that several documents have."""
    return UserError(f"near duplicates: want each id once, got {document_id!r} twice; give every document its own")
