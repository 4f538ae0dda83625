"""An index of the n-grams of test-set items, and the exact overlaps of documents with the items."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import msgspec
import numpy as np
import numpy.typing as npt

from massivetext.decontaminate.evaluation_items import EvaluationItem
from massivetext.schema import U64
from massivetext.shingles import shingle_hashes

U32 = npt.NDArray[np.uint32]
Counts = npt.NDArray[np.int64]

_MAGIC = b"massivetext n-gram index 2\n"
_ALIGNMENT = 8
_FILTER_BITS_PER_HASH = 16  # then one n-gram in 16 to 32 that is in no item passes the filter


class NgramOverlap(NamedTuple):
    """What a document has in common with one item. Both shares are exact and above 0.

    Attributes:
        item: number of the item in the index.
        shared: number of n-grams in common, at least 1.
        jaccard: shared n-grams divided by all n-grams of both, at most 1.
        containment: shared n-grams divided by those of the item; 1.0 if the document contains all of the item.
    """

    item: int
    shared: int
    jaccard: float
    containment: float


class _IndexHeader(msgspec.Struct, forbid_unknown_fields=True):
    n: int
    lowercase: bool
    names: list[tuple[str, str]]
    hashes: int
    postings: int


@dataclass(frozen=True, eq=False)
class NgramIndex:
    """Maps n-grams to the items that contain them.

    An item of fewer than ``n`` words has one shingle, its whole text. So it is found only in a document that is exactly
    this text, not in a longer document that contains it. Items without words are never found.

    Attributes:
        n: words per n-gram.
        lowercase: whether case is ignored; documents must be shingled with the same ``n`` and ``lowercase``.
        names: (test set, id) of each item, in the given order.
        hashes: distinct n-gram hashes of all items, ascending.
        offsets: int64[hashes + 1]; the items that contain n-gram i are ``postings[offsets[i]:offsets[i + 1]]``.
        postings: item numbers, ascending within an n-gram.
        counts: number of n-grams of each item.
        bits: filter with one bit per value of the top bits of a hash; it rejects most n-grams that are in no item.
    """

    n: int
    lowercase: bool
    names: tuple[tuple[str, str], ...]
    hashes: U64
    offsets: Counts
    postings: U32
    counts: Counts
    bits: npt.NDArray[np.uint8]

    @classmethod
    def build(cls, items: Sequence[EvaluationItem], n: int = 13, lowercase: bool = False) -> Self:
        """Build the index of items. It takes about 24 bytes per n-gram, and twice that during the build."""
        sets = [shingle_hashes(item.text, n, lowercase=lowercase) for item in items]
        counts = np.array([len(shingles) for shingles in sets], dtype=np.int64)
        flat = np.concatenate([np.empty(0, dtype=np.uint64), *sets])
        del sets
        order = np.argsort(flat, kind="stable")
        flat = flat[order]
        postings = np.repeat(np.arange(len(items), dtype=np.uint32), counts)[order]
        first = np.ones(len(flat), dtype=bool)
        first[1:] = flat[1:] != flat[:-1]
        offsets = np.append(np.flatnonzero(first), len(flat)).astype(np.int64)
        names = tuple((item.test_set, item.id) for item in items)
        hashes = flat[first]
        return cls(n, lowercase, names, hashes, offsets, postings, counts, _filter_bits(hashes))

    def screen(self, shingles: U64) -> U64:
        """Return the shingles that pass the filter: all that occur in an item, and a few more."""
        filter_bit = shingles >> np.uint64(64 - _filter_width(len(self.hashes)))
        byte = self.bits[filter_bit >> np.uint64(3)]
        possible: U64 = shingles[(byte >> (filter_bit & np.uint64(7)).astype(np.uint8)) & np.uint8(1) != 0]
        return possible

    def overlaps(self, shingles: U64) -> list[NgramOverlap]:
        """Return the overlaps of a document, in the order of item numbers.

        Args:
            shingles: shingles of the document, sorted and distinct, from :func:`massivetext.shingles.shingle_hashes`
                with the ``n`` and ``lowercase`` of this index.
        """
        hits = self._positions(self.screen(shingles))
        if not len(hits):
            return []
        items, shared = np.unique(self._items_of(hits), return_counts=True)
        counts = self.counts[items]
        jaccard = shared / (len(shingles) + counts - shared)
        columns = (items, shared, jaccard, shared / counts)
        return [NgramOverlap(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]

    def _positions(self, shingles: U64) -> Counts:
        if not len(shingles):
            return np.empty(0, dtype=np.int64)
        positions = np.searchsorted(self.hashes, shingles)
        positions[positions == len(self.hashes)] = 0
        found: Counts = positions[self.hashes[positions] == shingles].astype(np.int64)
        return found

    def _items_of(self, hits: Counts) -> U32:
        starts = self.offsets[hits]
        lengths = self.offsets[hits + 1] - starts
        before = np.cumsum(lengths) - lengths
        items: U32 = self.postings[np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)]
        return items

    def to_bytes(self) -> bytes:
        """Return the index as bytes: a JSON header and the arrays. Equal items give equal bytes on every machine."""
        header = _IndexHeader(self.n, self.lowercase, list(self.names), len(self.hashes), len(self.postings))
        head = _MAGIC + msgspec.json.encode(header) + b"\n"
        arrays = (
            self.hashes.astype("<u8", copy=False),
            self.offsets.astype("<i8", copy=False),
            self.counts.astype("<i8", copy=False),
            self.postings.astype("<u4", copy=False),
        )
        return b"".join([head, b"\n" * (-len(head) % _ALIGNMENT), *(array.tobytes() for array in arrays)])

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the index that :meth:`to_bytes` has written; its arrays are views of ``data``.

        Raises:
            ValueError: the bytes are something else, have another version, or are truncated.
        """
        if not data.startswith(_MAGIC):
            raise ValueError(f"NgramIndex: want bytes that begin with {_MAGIC!r}, got {data[: len(_MAGIC)]!r}")
        end = data.find(b"\n", len(_MAGIC)) + 1
        try:
            header = msgspec.json.decode(data[len(_MAGIC) : end], type=_IndexHeader)
        except msgspec.DecodeError as error:
            raise ValueError(f"NgramIndex: the header is damaged, build the index again: {error}") from error
        items = len(header.names)
        lengths = [8 * header.hashes, 8 * (header.hashes + 1), 8 * items, 4 * header.postings]
        starts = np.cumsum([end + -end % _ALIGNMENT, *lengths]).tolist()
        if starts[-1] != len(data):
            raise ValueError(f"NgramIndex: want {starts[-1]} bytes, got {len(data)}; build the index again")
        kinds = ("<u8", "<i8", "<i8", "<u4")
        hashes, offsets, counts, postings = (
            np.frombuffer(memoryview(data)[a:b], dtype=kind)
            for a, b, kind in zip(starts, starts[1:], kinds, strict=False)
        )
        names = tuple(header.names)
        return cls(header.n, header.lowercase, names, hashes, offsets, postings, counts, _filter_bits(hashes))


def _filter_width(hashes: int) -> int:
    """Return the number of top bits of a hash that select a bit of the filter."""
    return max(3, (hashes * _FILTER_BITS_PER_HASH - 1).bit_length()) if hashes else 3


def _filter_bits(hashes: U64) -> npt.NDArray[np.uint8]:
    width = _filter_width(len(hashes))
    bits = np.zeros(1 << (width - 3), dtype=np.uint8)
    if len(hashes):
        filter_bit = hashes >> np.uint64(64 - width)
        byte = filter_bit >> np.uint64(3)
        marks = np.uint8(1) << (filter_bit & np.uint64(7)).astype(np.uint8)
        # The hashes ascend, so equal bytes are neighbours.
        starts = np.flatnonzero(np.append(True, byte[1:] != byte[:-1]))
        bits[byte[starts]] = np.bitwise_or.reduceat(marks, starts)
    return bits
