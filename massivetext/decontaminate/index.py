"""An index of the n-grams of evaluation items, and the exact overlap of documents with them."""

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

_MAGIC = b"massivetext n-gram index 1\n"
_ALIGNMENT = 8
_FILTER_BITS_A_HASH = 16  # the filter lets through one foreign n-gram in 16 to 32


class Overlap(NamedTuple):
    """What a document has in common with one evaluation item; both shares are exact and above 0.

    Attributes:
        item: position of the item among those the index was built from.
        shared: n-grams in common, at least 1.
        jaccard: shared n-grams over all n-grams of both, to 1.
        containment: shared n-grams over those of the item, to 1: 1.0 when all of the item stands in the document.
    """

    item: int
    shared: int
    jaccard: float
    containment: float


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    n: int
    lowercase: bool
    names: list[tuple[str, str]]
    hashes: int
    postings: int


@dataclass(frozen=True, eq=False)
class NgramIndex:
    """Which items hold which n-gram.

    An item of fewer than ``n`` words has one shingle, all of it, so it is found only in a document that is that text
    and no more; embedded in a longer one it is not found. Items without words are never found.

    Attributes:
        n: words an n-gram.
        lowercase: whether case is ignored; documents must be shingled with the same ``n`` and ``lowercase``.
        names: (test set, id) of each item, in the order given.
        hashes: distinct n-gram hashes of all items, ascending.
        offsets: int64[hashes + 1]; the items that hold n-gram i are ``postings[offsets[i]:offsets[i + 1]]``.
        postings: item numbers, ascending within an n-gram.
        counts: n-grams of each item.
        bits: a bit for each value of the top bits of a hash that occurs: tells most foreign n-grams at once.
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
        """The index of these items; memory: about 24 bytes an n-gram, twice that while it is built."""
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
        """Those of a document's shingles that may occur in an item: all that do, and a few more."""
        place = shingles >> np.uint64(64 - _filter_width(len(self.hashes)))
        byte = self.bits[place >> np.uint64(3)]
        possible: U64 = shingles[(byte >> (place & np.uint64(7)).astype(np.uint8)) & np.uint8(1) != 0]
        return possible

    def overlaps(self, shingles: U64) -> list[Overlap]:
        """The items that share an n-gram with a document, by item number; empty when there is none.

        Args:
            shingles: the document's, from :func:`massivetext.shingles.shingle_hashes` with this index's ``n`` and
                ``lowercase``: sorted and distinct.
        """
        hits = self._positions(self.screen(shingles))
        if not len(hits):
            return []
        items, shared = np.unique(self._items_of(hits), return_counts=True)
        counts = self.counts[items]
        jaccard = shared / (len(shingles) + counts - shared)
        columns = (items, shared, jaccard, shared / counts)
        return [Overlap(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]

    def _positions(self, shingles: U64) -> Counts:
        if not len(shingles):
            return np.empty(0, dtype=np.int64)
        places = np.searchsorted(self.hashes, shingles)
        places[places == len(self.hashes)] = 0
        found: Counts = places[self.hashes[places] == shingles].astype(np.int64)
        return found

    def _items_of(self, hits: Counts) -> U32:
        starts = self.offsets[hits]
        lengths = self.offsets[hits + 1] - starts
        before = np.cumsum(lengths) - lengths
        items: U32 = self.postings[np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)]
        return items

    def to_bytes(self) -> bytes:
        """The index as bytes, the same for the same items on every machine: a JSON header and the arrays."""
        header = _Header(self.n, self.lowercase, list(self.names), len(self.hashes), len(self.postings))
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
        """The index that :meth:`to_bytes` gave; its arrays are views of ``data``.

        Raises:
            ValueError: the bytes are something else, of another version, or cut off.
        """
        if not data.startswith(_MAGIC):
            raise ValueError(f"NgramIndex: want bytes that begin with {_MAGIC!r}, got {data[: len(_MAGIC)]!r}")
        end = data.find(b"\n", len(_MAGIC)) + 1
        try:
            header = msgspec.json.decode(data[len(_MAGIC) : end], type=_Header)
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
    return max(3, (hashes * _FILTER_BITS_A_HASH - 1).bit_length()) if hashes else 3


def _filter_bits(hashes: U64) -> npt.NDArray[np.uint8]:
    width = _filter_width(len(hashes))
    bits = np.zeros(1 << (width - 3), dtype=np.uint8)
    if len(hashes):
        place = hashes >> np.uint64(64 - width)
        byte = place >> np.uint64(3)
        marks = np.uint8(1) << (place & np.uint64(7)).astype(np.uint8)
        starts = np.flatnonzero(
            np.append(True, byte[1:] != byte[:-1])
        )  # the hashes ascend, so equal bytes are neighbours
        bits[byte[starts]] = np.bitwise_or.reduceat(marks, starts)
    return bits
