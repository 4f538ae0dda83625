"""Candidate pairs of canaries: what they share buckets with, apart from the pairs of documents."""

import numpy as np
import numpy.typing as npt

from massivetext.dedup.candidates import Pairs, distinct_pairs
from massivetext.dedup.row_types import BUCKET_ROW
from massivetext.recipe import NearOptions

_NUMBER = np.dtype("<u8")


def pack_canary_candidates(rows: npt.NDArray[np.void], planted: npt.NDArray[np.bool_], near: NearOptions) -> bytes:
    """Return the pairs of canaries with what they share a bucket with, and their rows in oversized buckets, as bytes.

    Whether a bucket is oversized depends on its documents alone, so canaries are candidates where a document in their
    place would be: of up to ``max_bucket`` documents with all of them. With transitive clusters, a document in a larger
    bucket is paired with the first one.

    Args:
        rows: rows of :data:`massivetext.dedup.row_types.BUCKET_ROW`; buckets are whole.
        planted: which of them are canaries.
        near: size of buckets, and how clusters are made.
    """
    rows, planted = rows[in_planted := np.isin(rows["bucket"], rows["bucket"][planted])], planted[in_planted]
    order = np.lexsort((rows["document_ref"], planted, rows["bucket"]))
    rows, planted = rows[order], planted[order]
    starts = np.flatnonzero(np.append(True, np.diff(rows["bucket"]) != 0)) if len(rows) else np.zeros(0, np.int64)
    pairs, crowds = [np.zeros((0, 2), np.uint64)], [np.zeros(0, BUCKET_ROW)]
    for bucket, is_planted in zip(np.split(rows, starts[1:]), np.split(planted, starts[1:]), strict=True):
        if not len(bucket):
            continue
        others, canaries = np.unique(bucket[~is_planted]["document_ref"]), np.unique(bucket[is_planted]["document_ref"])
        if len(others) > near.max_bucket and not near.is_transitive:
            crowds.append(np.unique(bucket[is_planted]))
        paired = others if len(others) <= near.max_bucket else others[: int(near.is_transitive)]
        pairs.append(np.stack([np.tile(paired, len(canaries)), np.repeat(canaries, len(paired))], axis=1))
        if len(canaries) <= near.max_bucket:
            first, second = np.triu_indices(len(canaries), 1)
            pairs.append(np.stack([canaries[first], canaries[second]], axis=1))
    found = distinct_pairs(np.concatenate(pairs))
    return (
        np.array([len(found)], _NUMBER).tobytes() + found.astype(_NUMBER).tobytes() + np.concatenate(crowds).tobytes()
    )


def unpack_canary_candidates(data: bytes) -> tuple[Pairs, npt.NDArray[np.void]]:
    """Return (pairs, rows in oversized buckets) of :func:`pack_canary_candidates`; of a pair the second is a canary."""
    count = int(np.frombuffer(data[:8], _NUMBER)[0])
    pairs = np.frombuffer(data[8 : 8 + 16 * count], _NUMBER).reshape(-1, 2).astype(np.uint64)
    return pairs, np.frombuffer(data[8 + 16 * count :], BUCKET_ROW)
