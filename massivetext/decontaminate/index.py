"""An index of the words of test-set items, in arrays that all workers map from one file."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import msgspec
import numpy as np
import numpy.typing as npt

from massivetext.decontaminate.evaluation_items import FULL, EvaluationItem
from massivetext.decontaminate.matching_words import matching_characters, matching_words, number_words, word_room
from massivetext.decontaminate.passages import (
    NOWHERE,
    SEQUENCE_WORDS,
    TELLING_WORDS,
    CharacterTables,
    SearchRoom,
    SequenceTable,
    find_candidates,
    find_matches,
    find_ranges,
    find_telling,
    index_sequences,
    split_items,
)

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
I64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LONG_WORDS = 13  # parts of fewer words are found as a whole, and with another sign; the paper's n-gram has as many
COMMON_POSITIONS = 512  # a sequence of five words at more positions of the items says nothing about one of them
# Of a part must be found at least so many words, or this share of fewer, and this share of all, common ones too.
_SURE_WORDS, _SURE_SHARE_OF_SHORT, _SURE_SHARE_OF_ALL = 13, 0.8, 0.35
# Words of program code that say nothing about a program: sequences need three others. In prose, few sequences have
# more than two of them.
_CODE_WORDS = (
    "and append arr assert class def dp elif else enumerate false for from if import in int is len list lst map max min"
    " none not num nums or print range res result return self set sorted str sum true while"
)
_SURE_SHARE = 0.2  # of the sequences of a part: what is left of short halves, and of formulas without their marks
_RUN_WANTED = LONG_WORDS - SEQUENCE_WORDS + 1

_MAGIC = b"massivetext item index 2\n"
_ALIGNMENT = 64
_BITS_PER_WORD = 16  # of the bitmap


class _IndexHeader(msgspec.Struct, forbid_unknown_fields=True):
    test_sets: list[str]
    part_names: list[str]
    arrays: list[tuple[str, str, int]]  # field, type, length


class ItemCounts(NamedTuple):
    """How many items there are, and how many of them no text is compared with.

    Attributes:
        items: number of items.
        short: items of fewer than five words: only a document that is such an item is found.
        common: longer items whose sequences of five words are all common, or have too few words of two letters.
    """

    items: int
    short: int
    common: int


class IndexedPart(NamedTuple):
    """A part of an item.

    Attributes:
        name: what it is: "question", "answer" and so on; "full" for all words of the item.
        first: its first word in the item.
        last: the word after its last.
        tested: number of its words that stand in sequences that texts are compared by; fewer than all if some are
            common.
    """

    name: str
    first: int
    last: int
    tested: int

    @property
    def length(self) -> int:
        """Number of its words."""
        return self.last - self.first

    @property
    def is_long(self) -> bool:
        """Whether it is tested by the share of its words that a text holds."""
        return self.tested >= LONG_WORDS

    @property
    def is_sparse(self) -> bool:
        """Whether it is long, and has too few tested words for the share of them to say much: formulas, numbers."""
        return self.length >= LONG_WORDS > self.tested > 0 and self.name not in SIGNS

    @property
    def wanted(self) -> float:
        """Number of its words that must be found at least, whatever the share that a recipe sets."""
        return max(min(_SURE_WORDS, _SURE_SHARE_OF_SHORT * self.tested), _SURE_SHARE_OF_ALL * self.length)

    @property
    def is_phrase(self) -> bool:
        """Whether it is tested as a whole, with another sign."""
        return SEQUENCE_WORDS <= self.length < LONG_WORDS and self.tested > 0


@dataclass(frozen=True, eq=False)
class ItemIndex:
    """The words of test-set items, with a hash table of their sequences of five words.

    An item is one row of words; its parts are ranges of it. A sequence at more than :data:`COMMON_POSITIONS` positions
    is common, and texts are not compared by it.

    Attributes:
        test_sets: names of the test sets, sorted.
        part_names: names of the kinds of parts.
        text: texts of all items, UTF-8.
        text_offsets: first byte of each item in ``text``, and the end.
        ids: ids of all items, UTF-8.
        id_offsets: first byte of each id, and the end.
        set_numbers: number of the test set of each item.
        words: hash of each word of all items, one item after the other.
        item_starts: first word of each item, and the end.
        part_offsets: number of the first part of each item, and the end.
        part_kinds: number of the name of each part.
        part_ranges: rows of: first word in the item, word after the last, tested words.
        following: for each word, the next position with the same five words; NOWHERE: none.
        heads: hash table: first position with five words of a hash.
        bitmap: one bit per value of the top bits of a hash.
        sequences_wanted: sequences that a text must share with an item at least to be looked at word by word.
    """

    test_sets: tuple[str, ...]
    part_names: tuple[str, ...]
    text: U8
    text_offsets: I64
    ids: U8
    id_offsets: I64
    set_numbers: U32
    words: U32
    item_starts: I64
    part_offsets: I64
    part_kinds: U8
    part_ranges: U32
    following: U32
    heads: U32
    bitmap: U8
    sequences_wanted: U32

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.set_numbers)

    @classmethod
    def build(cls, items: Sequence[EvaluationItem]) -> Self:
        """Build the index of items; it takes about 20 bytes per word of an item, and the texts."""
        encoded = [item.text.encode("utf-8", "surrogatepass") for item in items]
        data = np.frombuffer(b"".join(encoded), np.uint8)
        offsets = _offsets([len(one) for one in encoded])
        words, firsts, lasts = (np.empty(word_room(len(data)) + len(items), np.uint32) for _ in range(3))
        starts = split_items(data, offsets, matching_characters(), number_words(), words, firsts, lasts)
        words = words[: starts[-1]].copy()
        count = len(words)
        heads = np.full(table_length(count), NOWHERE, np.uint32)
        following = np.full(count, NOWHERE, np.uint32)
        bitmap = np.zeros(bitmap_length(count), np.uint8)
        compared = np.zeros(count, np.bool_)
        weak = np.append(split_document(_CODE_WORDS)[1], number_words()[:, 1])
        telling = find_telling(data, offsets, starts, words, firsts, lasts, np.unique(weak))
        part_offsets, kinds, part_names, places = _parts(items, encoded, offsets)
        told = _told(telling)
        planned = find_ranges(*places, starts, firsts, lasts, told >= TELLING_WORDS)
        chosen = told >= _least_telling(planned, kinds, part_names, places, starts, count)
        index_sequences(words, chosen, starts, COMMON_POSITIONS, heads, following, bitmap, compared)
        ranges = find_ranges(*places, starts, firsts, lasts, compared)
        test_sets = sorted({item.test_set for item in items})
        numbers = {name: number for number, name in enumerate(test_sets)}
        ids = [item.id.encode("utf-8", "surrogatepass") for item in items]
        built = cls(
            test_sets=tuple(test_sets),
            part_names=part_names,
            text=data,
            text_offsets=offsets,
            ids=np.frombuffer(b"".join(ids), np.uint8),
            id_offsets=_offsets([len(one) for one in ids]),
            set_numbers=np.array([numbers[item.test_set] for item in items], np.uint32),
            words=words,
            item_starts=starts,
            part_offsets=part_offsets,
            part_kinds=kinds,
            part_ranges=ranges[:, :3].reshape(-1),
            following=following,
            heads=heads,
            bitmap=bitmap,
            sequences_wanted=_sequences_wanted(part_offsets, kinds, ranges, part_names),
        )
        for name in _ARRAYS:  # as those that are read, so that numba compiles one version
            getattr(built, name).flags.writeable = False
        return built

    def name(self, item: int) -> tuple[str, str]:
        """Return (test set, id) of an item."""
        id_bytes = self.ids[self.id_offsets[item] : self.id_offsets[item + 1]].tobytes()
        return self.test_sets[self.set_numbers[item]], id_bytes.decode("utf-8", "surrogatepass")

    def text_of(self, item: int) -> str:
        """Return the text of an item."""
        data = self.text[self.text_offsets[item] : self.text_offsets[item + 1]]
        return data.tobytes().decode("utf-8", "surrogatepass")

    def words_of(self, item: int) -> U32:
        """Return the hashes of the words of an item."""
        return self.words[self.item_starts[item] : self.item_starts[item + 1]]

    def parts(self, item: int) -> list[IndexedPart]:
        """Return the parts of an item; the first is the whole item."""
        rows = range(int(self.part_offsets[item]), int(self.part_offsets[item + 1]))
        ranges = self.part_ranges.reshape(-1, 3)
        return [IndexedPart(self.part_names[self.part_kinds[row]], *ranges[row].tolist()) for row in rows]

    def candidates(self, data: U8, offsets: I64, asked: Flags) -> Flags:
        """Return which texts share enough with an item that :meth:`matches` is worth its time.

        Args:
            data: UTF-8 of all texts.
            offsets: first byte of each text, and the end of the last.
            asked: which texts are looked at; the others are no candidates.
        """
        longest = word_room(int(np.diff(offsets).max(initial=0)))
        tables = CharacterTables(matching_characters(), number_words())
        has_tiny = bool(self._tiny)
        return find_candidates(data, offsets, asked, tables, self._table, _RUN_WANTED, self._room, longest, has_tiny)

    def matches(self, words: U32) -> I64:
        """Return the sequences of five words that a text shares with items of which it shares enough.

        Returns:
            int64[matches, 3]: item, first word in the text, first word in the item; sorted.
        """
        return find_matches(words, self._table, _RUN_WANTED, self._room)

    def equal_items(self, words: U32) -> list[int]:
        """Return the items of fewer than five words, and at least one, that are exactly these words."""
        return self._tiny.get(words.tobytes(), []) if 0 < len(words) < SEQUENCE_WORDS else []

    @functools.cached_property
    def _tiny(self) -> dict[bytes, list[int]]:
        found: dict[bytes, list[int]] = {}
        lengths = np.diff(self.item_starts)
        for item in np.flatnonzero((lengths > 0) & (lengths < SEQUENCE_WORDS)).tolist():
            found.setdefault(self.words_of(item).tobytes(), []).append(item)
        return found

    @functools.cached_property
    def _table(self) -> SequenceTable:
        return SequenceTable(
            self.words, self.item_starts, self.following, self.heads, self.bitmap, self.sequences_wanted
        )

    @functools.cached_property
    def _room(self) -> SearchRoom:
        size = len(self)
        counts, touched = np.zeros(size, np.uint32), np.zeros(size, np.uint32)
        runs, uses = np.zeros((size, 3), np.uint32), np.zeros(len(self.words), np.uint32)
        return SearchRoom(counts, touched, runs, np.zeros(size, np.bool_), uses)

    def to_bytes(self) -> bytes:
        """Return the index as bytes: a JSON header and the arrays. Equal items give equal bytes on every machine."""
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in _ARRAYS}
        described = [(name, kind, len(arrays[name])) for name, kind in _ARRAYS.items()]
        header = _IndexHeader(list(self.test_sets), list(self.part_names), described)
        pieces = [_MAGIC + msgspec.json.encode(header) + b"\n"]
        pieces[0] += b"\n" * (-len(pieces[0]) % _ALIGNMENT)
        for name, kind in _ARRAYS.items():
            piece = arrays[name].astype(kind, copy=False).tobytes()
            pieces += [piece, b"\0" * (-len(piece) % _ALIGNMENT)]
        return b"".join(pieces)

    @classmethod
    def from_bytes(cls, data: bytes | U8) -> Self:
        """Return the index that :meth:`to_bytes` has written; its arrays are views of ``data``.

        Raises:
            ValueError: the bytes are something else, have another version, or are truncated.
        """
        view = np.frombuffer(data, np.uint8)
        magic = view[: len(_MAGIC)].tobytes()
        if magic != _MAGIC:
            raise ValueError(f"ItemIndex: want bytes that begin with {_MAGIC!r}, got {magic!r}")
        end = len(_MAGIC)
        while end < len(view) and view[end] != ord("\n"):
            end += 1
        try:
            header = msgspec.json.decode(view[len(_MAGIC) : end].tobytes(), type=_IndexHeader)
        except msgspec.DecodeError as error:
            raise ValueError(f"ItemIndex: the header is damaged, build the index again: {error}") from error
        at = end + 1 + -(end + 1) % _ALIGNMENT
        arrays: dict[str, npt.NDArray[np.generic]] = {}
        for name, kind, length in header.arrays:
            size = length * np.dtype(kind).itemsize
            if at + size > len(view):
                break
            arrays[name] = view[at : at + size].view(kind)
            at += size + -size % _ALIGNMENT
        if len(arrays) != len(_ARRAYS) or at != len(view):
            raise ValueError(f"ItemIndex: want {at} bytes, got {len(view)}; build the index again")
        return cls(tuple(header.test_sets), tuple(header.part_names), **arrays)  # type: ignore[arg-type]


_ARRAYS = {
    "text": "<u1",
    "text_offsets": "<i8",
    "ids": "<u1",
    "id_offsets": "<i8",
    "set_numbers": "<u4",
    "words": "<u4",
    "item_starts": "<i8",
    "part_offsets": "<i8",
    "part_kinds": "<u1",
    "part_ranges": "<u4",
    "following": "<u4",
    "heads": "<u4",
    "bitmap": "<u1",
    "sequences_wanted": "<u4",
}


def table_length(words: int) -> int:
    """Return the length of the hash table for so many words: a power of two, at most three quarters full."""
    return 1 << max(4, (words * 4 // 3).bit_length())


def bitmap_length(words: int) -> int:
    """Return the bytes of the bitmap for so many words: a power of two, at least 16 bits for each word."""
    return 1 << max(0, (_BITS_PER_WORD * max(words, 1) - 1).bit_length() - 3)


def _offsets(lengths: Sequence[int] | I64) -> I64:
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(np.array(lengths, np.int64), out=offsets[1:])
    return offsets


def _parts(
    items: Sequence[EvaluationItem],
    encoded: Sequence[bytes],
    offsets: I64,
) -> tuple[I64, U8, tuple[str, ...], tuple[I64, I64, I64]]:
    """Return the number of the first part of each item, the kind of each part, the names of the kinds, and places.

    The places are, for each part, its first byte, the byte after its last, and its item.
    """
    counts = np.array([1 + len(item.parts) for item in items], np.int64)
    part_offsets = _offsets(counts)
    names = {FULL: 0}
    for item in items:
        for part in item.parts:
            names.setdefault(part.name, len(names))
    wholes = part_offsets[:-1]  # the first part of each item is all of it
    kinds = np.zeros(part_offsets[-1], np.uint8)
    begins, ends = np.zeros(len(kinds), np.int64), np.zeros(len(kinds), np.int64)
    within = np.ones(len(kinds), np.bool_)
    within[wholes] = False
    kinds[within] = [names[part.name] for item in items for part in item.parts]
    places = [
        (part.start, part.end)
        if len(data) == len(item.text)
        else (_bytes_before(item.text, part.start), _bytes_before(item.text, part.end))
        for item, data in zip(items, encoded, strict=True)
        for part in item.parts
    ]
    begins[within], ends[within] = np.array(places, np.int64).reshape(-1, 2).T
    ends[wholes] = np.diff(offsets)
    owner = np.repeat(np.arange(len(items)), counts)
    return part_offsets, kinds, tuple(names), (begins, ends, owner)


def _told(telling: Flags) -> U8:
    """Return how many of the five words from each word on say something; items do not matter."""
    told = np.zeros(len(telling) + SEQUENCE_WORDS, np.uint8)
    for at in range(SEQUENCE_WORDS):  # the word at + i stands in the sequence from i on
        told[SEQUENCE_WORDS - at : len(told) - at] += telling
    return told[SEQUENCE_WORDS:]


def _least_telling(
    planned: U32, kinds: U8, names: Sequence[str], places: tuple[I64, I64, I64], starts: I64, words: int
) -> U8:
    """Return how many words of each sequence must say something: fewer in formulas, which would not be found at all."""
    first, last, tested = planned[:, :3].T.astype(np.int64)
    asks = np.array([name not in SIGNS for name in names], np.bool_)[kinds]
    least = np.full(words, TELLING_WORDS, np.uint8)
    for part in np.flatnonzero(asks & (last - first >= LONG_WORDS) & (tested == 0)).tolist():
        start = starts[places[2][part]]
        least[start + first[part] : start + last[part]] = 1
    return least


def _bytes_before(text: str, end: int) -> int:
    return len(text[:end].encode("utf-8", "surrogatepass"))


def _sequences_wanted(part_offsets: I64, kinds: U8, ranges: U32, names: Sequence[str]) -> U32:
    """Return the smallest number of shared sequences with which a part of each item can be found."""
    first, last, tested, sequences = ranges.T.astype(np.int64)
    length = last - first
    wanted = np.full(len(ranges), int(NOWHERE), np.int64)
    asks = np.array([name not in SIGNS for name in names], np.bool_)[kinds] & (tested > 0)
    long = (tested >= LONG_WORDS) | (asks & (length >= LONG_WORDS))
    wanted[long] = np.ceil(_SURE_SHARE * sequences[long])
    phrase = asks & (length >= SEQUENCE_WORDS) & (length < LONG_WORDS)
    wanted[phrase] = sequences[phrase]
    if not len(part_offsets) > 1:
        return np.empty(0, np.uint32)
    smallest: U32 = np.minimum.reduceat(wanted, part_offsets[:-1]).astype(np.uint32)
    return smallest


def sizes_of_test_sets(index: ItemIndex) -> dict[str, ItemCounts]:
    """Return how many items each test set has, and how many of them are not tested."""
    lengths, sets = np.diff(index.item_starts), index.set_numbers
    untested = index.sequences_wanted == NOWHERE
    short = lengths < SEQUENCE_WORDS
    kinds = [
        np.bincount(sets[chosen], minlength=len(index.test_sets)) for chosen in (sets >= 0, short, untested & ~short)
    ]
    return {name: ItemCounts(*(int(each[at]) for each in kinds)) for at, name in enumerate(index.test_sets)}


def untested_items(index: ItemIndex) -> list[int]:
    """Return the items that are not looked for within documents: too short, or of common words only."""
    found: list[int] = np.flatnonzero(index.sequences_wanted == NOWHERE).tolist()
    return found


SIGNS = ("answer", "choices", "rest")  # parts that say nothing alone if they are short: they confirm another part


def split_document(text: str) -> tuple[U8, U32, U32, U32]:
    """Return the UTF-8 of a text, and hash, first byte and end of each of its words."""
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    return (data, *matching_words(data))
