"""The steps that decide on near-duplicates: the stage near-dedup and the public transforms both call them."""

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.dedup.minhash import U32, MinHash, sign_ngrams
from massivetext.dedup.row_types import split_by_partition
from massivetext.dedup.shingle_files import ShingleSets
from massivetext.recipe import NearOptions
from massivetext.schema import U64
from massivetext.shingles import shingle_hashes, shingle_hashes_of


def near_shingles(text: str, options: NearOptions) -> U64:
    """Return the shingles by which a text is compared, sorted and distinct; empty for a text without words."""
    return shingle_hashes(text, options.ngram, lowercase=options.lowercase)


def near_shingle_sets(texts: pa.Array, document_refs: U64, options: NearOptions) -> ShingleSets:
    """Return the shingles by which texts are compared, given the ascending references of their documents."""
    bounds, shingles = shingle_hashes_of(texts, options.ngram, lowercase=options.lowercase)
    return ShingleSets(document_refs, bounds, shingles)


def sign_texts(texts: Sequence[str] | pa.Array, options: NearOptions, seed: int) -> tuple[U32, npt.NDArray[np.bool_]]:
    """Return (signatures, signed) of texts: uint32[texts, bands * rows]; bool[texts], False for texts without words.

    A text without words is like no other text, so it must not share a bucket with another one.
    """
    family = MinHash(permutations=options.bands * options.rows, seed=seed)
    return sign_ngrams(texts, family, options.ngram, lowercase=options.lowercase)


def bucket_rows(
    row_type: np.dtype[np.void], buckets: U64, documents: npt.NDArray[np.uint64], partitions: int
) -> Iterator[tuple[bytes, bytes]]:
    """Yield (partition, packed rows) for documents in buckets, divided by bucket hash; empty partitions are left out.

    Args:
        row_type: structured type with two fields: the bucket hash, and what names the document.
        buckets: bucket hash of each row.
        documents: name of the document of each row, in the shape of the second field.
        partitions: number of partitions, at least 1.
    """
    bucket_field, document_field = row_type.names or ()
    rows = np.zeros(len(buckets), row_type)
    rows[bucket_field], rows[document_field] = buckets, documents
    yield from split_by_partition(rows, buckets, partitions)


@overload
def is_near_duplicate(jaccard: float, options: NearOptions) -> bool: ...
@overload
def is_near_duplicate(jaccard: npt.NDArray[np.float64], options: NearOptions) -> npt.NDArray[np.bool_]: ...
def is_near_duplicate(jaccard: float | npt.NDArray[np.float64], options: NearOptions) -> bool | npt.NDArray[np.bool_]:
    """Return whether pairs of this Jaccard similarity are near-duplicates: it must *exceed* the threshold.

    Source: Rae et al. 2021, A.1.1 (there the threshold is 0.8).
    """
    return jaccard > options.threshold
