"""Counts and samples of documents that can be added in any order."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, TypeVar

import msgspec
import numpy as np

T = TypeVar("T")
Matrix = tuple[tuple[int, ...], ...]

SAMPLES = 5  # documents in the sample of a rule of a source
KEPT_SAMPLES = 20  # kept documents of a source in the sample; bytes per token are measured on them
EXAMPLES = 20  # examples of a reason for quarantine
TOP_HITS = 10  # closest overlaps that are kept per test set


class DocumentTally(msgspec.Struct, frozen=True):
    """Number of documents, of their words and of the UTF-8 bytes of their text."""

    documents: int = 0
    words: int = 0
    bytes: int = 0

    def __add__(self, other: "DocumentTally") -> "DocumentTally":
        return DocumentTally(self.documents + other.documents, self.words + other.words, self.bytes + other.bytes)


class RuleTally(msgspec.Struct, frozen=True):
    """Counts of one rule in one source.

    Attributes:
        failed: documents that fail the rule.
        first: documents that fail this rule and no dropping rule before it; 0 for a report-only rule.
        unique: documents that fail only this rule: those that would be kept if it were removed (for a report-only
            rule: lost if it dropped documents).
        failed_words: words of the documents that fail it.
        unique_words: words of the documents that fail only this rule.
        failed_bytes: UTF-8 bytes of the documents that fail it.
        unique_bytes: UTF-8 bytes of the documents that fail only this rule.
    """

    failed: int = 0
    first: int = 0
    unique: int = 0
    failed_words: int = 0
    unique_words: int = 0
    failed_bytes: int = 0
    unique_bytes: int = 0

    def __add__(self, other: "RuleTally") -> "RuleTally":
        return RuleTally(*map(operator.add, _fields(self), _fields(other)))


class Histogram(msgspec.Struct, frozen=True):
    """Documents in each bin of a signal that passed the rules (kept), and that failed them (dropped).

    Only bins from the first to the last that hold any document are stored: in small shards most are empty.

    Attributes:
        first: number of the first stored bin.
        kept: kept documents in each stored bin.
        dropped: dropped documents in each stored bin.
    """

    first: int
    kept: tuple[int, ...]
    dropped: tuple[int, ...]

    @classmethod
    def of_counts(cls, kept: Sequence[int], dropped: Sequence[int]) -> "Histogram":
        """Return the histogram with these documents in each bin."""
        held = np.flatnonzero(np.logical_or(kept, dropped))
        first, end = (int(held[0]), int(held[-1]) + 1) if len(held) else (0, 0)
        return cls(first, tuple(kept[first:end]), tuple(dropped[first:end]))

    def __add__(self, other: "Histogram") -> "Histogram":
        if not self.kept or not other.kept:
            return other if not self.kept else self
        first = min(self.first, other.first)
        end = max(self.first + len(self.kept), other.first + len(other.kept))

        def add(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
            a = (0,) * (self.first - first) + a
            a += (0,) * (end - first - len(a))
            at = other.first - first
            return a[:at] + add_bins(a[at : at + len(b)], b) + a[at + len(b) :]

        return Histogram(first, add(self.kept, other.kept), add(self.dropped, other.dropped))


class GroupTally(msgspec.Struct, frozen=True):
    """What the rules removed of a group of documents: a language or a host.

    Attributes:
        documents: ingested documents.
        kept: documents that passed the rules.
        removed_words: words of the documents that failed them.
        removed_bytes: UTF-8 bytes of the documents that failed them.
    """

    documents: int
    kept: int
    removed_words: int = 0
    removed_bytes: int = 0

    @property
    def removed(self) -> int:
        """Number of documents that the rules removed."""
        return self.documents - self.kept

    def __add__(self, other: "GroupTally") -> "GroupTally":
        return GroupTally(*add_bins(_fields(self), _fields(other)))


class RejectedInput(msgspec.Struct, frozen=True):
    """One rejected piece of input."""

    origin: str
    offset: str
    detail: str
    length: int | None = None
    url: str | None = None

    @property
    def order(self) -> tuple[str, int, str, str]:
        """Sort key: the file, then the offset (as a number if it is one)."""
        return self.origin, len(self.offset), self.offset, self.detail


class RejectReason(msgspec.Struct, frozen=True):
    """Number of pieces of input that were rejected for one reason, with the first examples by file and offset."""

    count: int
    examples: tuple[RejectedInput, ...]

    def __add__(self, other: "RejectReason") -> "RejectReason":
        examples = sorted(self.examples + other.examples, key=lambda example: example.order)
        return RejectReason(self.count + other.count, tuple(examples[:EXAMPLES]))


class SampledDocument(msgspec.Struct, frozen=True, order=True):
    """A sampled document. A sample holds the smallest ones, so it does not depend on the order of merging.

    Attributes:
        rank: 0 for the documents that are preferred, else 1.
        key: keyed hash of the id of the document.
        source: name of the source.
        shard: index of the shard.
        row: row in the shard.
    """

    rank: int
    key: int
    source: str
    shard: int
    row: int


class ReportedOverlap(msgspec.Struct, frozen=True, kw_only=True):
    """Overlap of a document with a test item.

    Attributes:
        test_set: name of the test set.
        item: name of the item.
        part: what of the item was found: "question", "question+answer", "full"; "title": its page.
        method: by what it was found: "title", "jaccard", "containment", "phrase" or "run".
        removes: whether the document is dropped for it.
        words: number of words of the part that were found; 0: the document was recognised by its title.
        jaccard: Jaccard similarity, 0 to 1.
        containment: share of the part's words that the document holds, 0 to 1.
        start: first character of the matched passage in the document.
        end: the character after its last.
        item_start: first matched character in the text of the item.
        item_end: the character after the last.
        text: the matched passage, the beginning of a long one.
        item_text: the matched text of the item, likewise.
        cuts: whether the passage is cut out of the document for it.
    """

    test_set: str
    item: str
    part: str
    method: str
    removes: bool
    words: int
    jaccard: float
    containment: float
    start: int
    end: int
    item_start: int
    item_end: int
    text: str
    item_text: str
    cuts: bool = False

    @property
    def reason(self) -> str:
        """What connects document and item, to come after "the document": "overlaps item 7 of quiz (question)"."""
        if not self.words:
            return f"has a {self.method} of {self.test_set}: {self.item}"
        return f"overlaps item {self.item} of {self.test_set} ({self.part})"

    @property
    def outcome(self) -> str:
        """What happens to the document for it: "", " (cut out)" or " (stays)"."""
        return "" if self.removes else " (cut out)" if self.cuts else " (stays)"


class RankedOverlap(ReportedOverlap, frozen=True, kw_only=True):
    """The same with its document: the source, the number of the shard and the row."""

    source: str
    shard: int
    row: int

    @property
    def order(self) -> tuple[bool, bool, float, int, str, str, str, int, int]:
        """Sort key: overlaps that remove, pages recognised by their title before others, then by what is shared."""
        return (
            not (self.removes or self.cuts),
            self.words > 0,
            -max(self.jaccard, self.containment),
            -self.words,
            self.test_set,
            self.item,
            self.source,
            self.shard,
            self.row,
        )


class TestSetTally(msgspec.Struct, frozen=True):
    """Overlap of one test set with a source.

    Attributes:
        overlapping: number of documents that overlap any of its items.
        removed: number of documents that are removed because of it.
        words: their words.
        items: number of documents that overlap each item, by its name; items that none overlaps are missing.
        parts: number of overlaps by what was found of the item.
        top: the closest pairs of document and item.
        cut: number of documents of which something is cut out, and that are not removed, because of it.
    """

    __test__: ClassVar[bool] = False  # otherwise pytest collects the class as a test

    overlapping: int
    removed: int
    words: int
    items: dict[str, int]
    parts: dict[str, int]
    top: tuple[RankedOverlap, ...]
    cut: int = 0

    def __add__(self, other: "TestSetTally") -> "TestSetTally":
        return TestSetTally(
            self.overlapping + other.overlapping,
            self.removed + other.removed,
            self.words + other.words,
            add_maps(self.items, other.items, int.__add__),
            add_maps(self.parts, other.parts, int.__add__),
            tuple(sorted(self.top + other.top, key=lambda hit: hit.order)[:TOP_HITS]),
            self.cut + other.cut,
        )


def add_bins(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sums per bin. Raises ValueError if the numbers of bins differ."""
    if len(a) != len(b):
        raise ValueError(f"bins: want as many as in the other, {len(b)}, got {len(a)}")
    return tuple(map(operator.add, a, b))


def add_matrices(a: Matrix, b: Matrix) -> Matrix:
    """Return the sum of two matrices. Raises ValueError if their shapes differ."""
    return tuple(add_bins(x, y) for x, y in zip(a, b, strict=True))


def add_maps(a: Mapping[str, T], b: Mapping[str, T], add: Callable[[T, T], T]) -> dict[str, T]:
    """Return the union of two maps with names in order; values of names in both maps are added."""
    if a.keys() == b.keys():
        return {name: add(a[name], b[name]) for name in sorted(a)}
    return {
        name: add(a[name], b[name]) if name in a and name in b else (a[name] if name in a else b[name])
        for name in sorted({*a, *b})
    }


def add_picks(a: tuple[SampledDocument, ...], b: tuple[SampledDocument, ...], size: int) -> tuple[SampledDocument, ...]:
    """Return the smallest of two samples, at most ``size``."""
    return tuple(sorted(a + b)[:size])


def _fields(struct: RuleTally | GroupTally) -> tuple[int, ...]:
    return msgspec.structs.astuple(struct)
