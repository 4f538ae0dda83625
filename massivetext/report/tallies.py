"""Counts and samples that add up: the sum of two never depends on their order."""

from collections.abc import Callable, Mapping
from typing import ClassVar, TypeVar

import msgspec

T = TypeVar("T")
Matrix = tuple[tuple[int, ...], ...]

SAMPLES = 5  # documents that are shown for each rule and source
KEPT_SAMPLES = 20  # kept documents that tokens are measured on
EXAMPLES = 20  # of each reason for quarantine
TOP_HITS = 10  # of each test set


class Tally(msgspec.Struct, frozen=True):
    """Documents, their words and the UTF-8 bytes of their text."""

    documents: int = 0
    words: int = 0
    bytes: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.documents + other.documents, self.words + other.words, self.bytes + other.bytes)


class RuleTally(msgspec.Struct, frozen=True):
    """What one rule did to one source.

    Attributes:
        failed: documents that fail it.
        first: documents of which it is the first failed rule, in the order of the rules; 0 for a report-only rule.
        unique: documents that fail it and no other rule that drops: what is gained where it is taken away (of a
            report-only rule: what is lost where it is made to drop).
        failed_words: words of the documents that fail it.
        unique_words: words of the documents that fail it alone.
        failed_bytes: UTF-8 bytes of the documents that fail it.
        unique_bytes: UTF-8 bytes of the documents that fail it alone.
    """

    failed: int = 0
    first: int = 0
    unique: int = 0
    failed_words: int = 0
    unique_words: int = 0
    failed_bytes: int = 0
    unique_bytes: int = 0

    def __add__(self, other: "RuleTally") -> "RuleTally":
        return RuleTally(*add_bins(_fields(self), _fields(other)))


class Histogram(msgspec.Struct, frozen=True):
    """Documents of each bin of a signal that passed the rules, and that did not."""

    kept: tuple[int, ...]
    dropped: tuple[int, ...]

    def __add__(self, other: "Histogram") -> "Histogram":
        return Histogram(add_bins(self.kept, other.kept), add_bins(self.dropped, other.dropped))


class PartTally(msgspec.Struct, frozen=True):
    """What the rules did to a part of a source: a language, or a host.

    Attributes:
        documents: as ingested.
        kept: those of them that passed the rules.
        removed_words: words of the others.
        removed_bytes: UTF-8 bytes of the others.
    """

    documents: int
    kept: int
    removed_words: int = 0
    removed_bytes: int = 0

    @property
    def removed(self) -> int:
        """Documents that the rules removed."""
        return self.documents - self.kept

    def __add__(self, other: "PartTally") -> "PartTally":
        return PartTally(*add_bins(_fields(self), _fields(other)))


class RejectedInput(msgspec.Struct, frozen=True):
    """One line of quarantine."""

    origin: str
    offset: str
    detail: str
    length: int | None = None
    url: str | None = None

    @property
    def order(self) -> tuple[str, int, str, str]:
        """By file, then by offset as a number where it is one."""
        return self.origin, len(self.offset), self.offset, self.detail


class Reason(msgspec.Struct, frozen=True):
    """How much input was rejected for one reason, with the first examples by file and offset."""

    count: int
    examples: tuple[RejectedInput, ...]

    def __add__(self, other: "Reason") -> "Reason":
        examples = sorted(self.examples + other.examples, key=lambda example: example.order)
        return Reason(self.count + other.count, tuple(examples[:EXAMPLES]))


class Pick(msgspec.Struct, frozen=True, order=True):
    """A sampled document: the smallest are kept, so a sample does not depend on the order of merging.

    Attributes:
        rank: 0 for the documents that are asked for first.
        key: keyed hash of the document's id.
        source: name of the source.
        shard: index of the shard.
        row: row in the shard.
    """

    rank: int
    key: int
    source: str
    shard: int
    row: int


class Hit(msgspec.Struct, frozen=True):
    """A document's overlap with one test item; similarities 0 to 1."""

    jaccard: float
    containment: float
    shared: int
    test_set: str
    item: str
    source: str
    shard: int
    row: int

    @property
    def order(self) -> tuple[bool, float, float, int, str, str, str, int, int]:
        """Pages told by their title first (they share 0 n-grams), then the most similar."""
        return (
            self.shared > 0,
            -self.jaccard,
            -self.containment,
            -self.shared,
            self.test_set,
            self.item,
            self.source,
            self.shard,
            self.row,
        )


class TestSetTally(msgspec.Struct, frozen=True):
    """What one test set has in common with a source.

    Attributes:
        overlapping: documents that share an n-gram with any of its items.
        removed: documents that overlap one of its items too much.
        items: items that some document overlaps, sorted.
        top: the most similar pairs of document and item.
    """

    __test__: ClassVar[bool] = False  # or pytest takes the class for a test

    overlapping: int
    removed: int
    items: tuple[str, ...]
    top: tuple[Hit, ...]

    def __add__(self, other: "TestSetTally") -> "TestSetTally":
        return TestSetTally(
            self.overlapping + other.overlapping,
            self.removed + other.removed,
            tuple(sorted({*self.items, *other.items})),
            tuple(sorted(self.top + other.top, key=lambda hit: hit.order)[:TOP_HITS]),
        )


def add_bins(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Sums bin by bin. Raises ValueError where the bins differ in number."""
    return tuple(x + y for x, y in zip(a, b, strict=True))


def add_matrices(a: Matrix, b: Matrix) -> Matrix:
    """Sums number by number. Raises ValueError where the shapes differ."""
    return tuple(add_bins(x, y) for x, y in zip(a, b, strict=True))


def add_maps(a: Mapping[str, T], b: Mapping[str, T], add: Callable[[T, T], T]) -> dict[str, T]:
    """Both maps, sums where a key is in both; keys in order."""
    return {
        key: add(a[key], b[key]) if key in a and key in b else (a[key] if key in a else b[key])
        for key in sorted({*a, *b})
    }


def add_picks(a: tuple[Pick, ...], b: tuple[Pick, ...], size: int) -> tuple[Pick, ...]:
    """The smallest of both."""
    return tuple(sorted(a + b)[:size])


def _fields(struct: RuleTally | PartTally) -> tuple[int, ...]:
    return msgspec.structs.astuple(struct)
