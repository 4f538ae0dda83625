"""The vocabulary of a SentencePiece BPE model as tables for compiled code.

A *symbol* is the number of a piece in the order of their scores, so the symbol of what two neighbours make is also the
rank of this merge. Spaces are spaces here, not ▁.
"""

import math
from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext import hashing
from massivetext.compiled import compiled
from massivetext.tokenizer.model_proto import ModelFields, ModelType, Piece, PieceType
from massivetext.tokenizer.normal_form import signed

U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]

SPACE_MARK = "\u2581"  # SentencePiece writes a space as this character inside its pieces
UNKNOWN = -1
NO_MERGE = 1 << 62  # above all symbols

_MARKED = SPACE_MARK.encode()
_BITS = 21  # of a symbol: three of them are one entry of the table of merges
_LOW = np.uint64((1 << _BITS) - 1)
_SHIFT = np.uint64(_BITS)
_MULTIPLIER = hashing.GOLDEN
_CODE_POINTS = 0x110000
_NO_CHARACTER = 0xFF  # a byte that UTF-8 does not have


class Vocabulary(NamedTuple):
    """What merging needs to know of a model.

    Attributes:
        characters: int32[0x110000], symbols of the code points; :data:`UNKNOWN` for a character that is no piece.
        merges: uint64[capacity], open addressing: left symbol, right symbol, merged symbol + 1; 0 for an empty slot.
        shift: right shift that turns the hash of two symbols into a slot.
        ids: int32[symbols], the id of each symbol.
        joined: bool[65536], whether some piece has byte y after byte x where a character ends, at ``x << 8 | y``; true
            also where y does not begin a character.
        byte_ids: int32[256], ids of single bytes; all -1 without byte fallback.
        ascii_ids: int32[256], ids of ASCII characters that are pieces, at their bytes; -1 elsewhere.
        unknown_id: id of unknown text.
    """

    characters: I32
    merges: U64
    shift: np.uint64
    ids: I32
    joined: npt.NDArray[np.bool_]
    byte_ids: I32
    ascii_ids: I32
    unknown_id: int


def reason_for_plain_path(model: ModelFields, pieces: Sequence[Piece]) -> str | None:
    """Return why the pieces of a model are not found by merging pretokens one by one; None if they are."""
    return _reason_in_options(model, {piece.type for piece in pieces}) or _reason_in_pieces(model, pieces)


def _reason_in_options(model: ModelFields, types: Set[int]) -> str | None:
    if model.model_type != ModelType.BPE:
        return "it is not a BPE model"
    if PieceType.USER_DEFINED in types:
        return "it has user-defined pieces"
    if PieceType.UNUSED in types:
        return "it has unused pieces"
    if model.space_is_suffix or not model.escapes_spaces:
        return "its pieces do not begin with the space before a word"
    if _MARKED in model.character_map:
        return "its normalisation writes ▁"
    return None


def _reason_in_pieces(model: ModelFields, pieces: Sequence[Piece]) -> str | None:
    normal = {piece.text for piece in pieces if piece.type == PieceType.NORMAL}
    others = {piece.text for piece in pieces if piece.type != PieceType.NORMAL}
    if normal & others or any(len(text) == 1 for text in others) or any(" " in text for text in normal):
        return "its pieces are ambiguous"
    byte_pieces = {f"<0x{byte:02X}>" for byte in range(256)}
    if model.byte_fallback and not byte_pieces <= others:
        return "it lacks pieces of bytes"
    if not set("".join(normal)) <= normal:
        return "some character of its pieces is no piece"
    scores = [piece.score for piece in pieces if piece.type == PieceType.NORMAL and len(piece.text) > 1]
    if len(set(scores)) < len(scores) or not all(map(math.isfinite, scores)):
        return "some of its pieces have equal scores"
    if len(pieces) >= 1 << (_BITS - 1):
        return f"it has more than {1 << (_BITS - 1):,} pieces"
    return None


def read_vocabulary(model: ModelFields, pieces: Sequence[Piece]) -> Vocabulary:
    """Return the tables of a model for which :func:`reason_for_plain_path` gives no reason."""
    normal = [(-piece.score, id_) for id_, piece in enumerate(pieces) if piece.type == PieceType.NORMAL]
    ids = {pieces[id_].text.replace(SPACE_MARK, " "): id_ for _, id_ in sorted(normal)}
    symbols = {text: symbol for symbol, text in enumerate(ids)}
    characters = np.full(_CODE_POINTS, UNKNOWN, np.int32)
    for text, symbol in symbols.items():
        if len(text) == 1:
            characters[ord(text)] = symbol
    merges, shift = _merge_table(symbols)
    numbers = {piece.text: id_ for id_, piece in enumerate(pieces) if piece.type == PieceType.BYTE}
    return Vocabulary(
        characters=characters,
        merges=merges,
        shift=shift,
        ids=np.array(list(ids.values()), np.int32),
        joined=_joined_bytes(list(ids)),
        byte_ids=np.array([numbers.get(f"<0x{byte:02X}>", -1) for byte in range(256)], np.int32),
        ascii_ids=np.array([ids.get(chr(byte), -1) if byte < 0x80 else -1 for byte in range(256)], np.int32),
        unknown_id=next(id_ for id_, piece in enumerate(pieces) if piece.type == PieceType.UNKNOWN),
    )


def _merge_table(symbols: Mapping[str, int]) -> tuple[U64, np.uint64]:
    """Return the table of all pairs of symbols that make a piece, also of those that were not merged in training."""
    found = [
        (symbols[text[:at]], symbols[text[at:]], merged)
        for text, merged in symbols.items()
        for at in range(1, len(text))
        if text[:at] in symbols and text[at:] in symbols
    ]
    left, right, merged = np.array(found or np.zeros((0, 3)), np.uint64).T
    pairs = left << _SHIFT | right
    entries = pairs << _SHIFT | (merged + np.uint64(1))
    bits = max(4, (2 * len(found)).bit_length())
    shift, mask = np.uint64(64 - bits), np.uint64((1 << bits) - 1)
    table = np.zeros(1 << bits, np.uint64)
    slots = (pairs * _MULTIPLIER) >> shift
    while len(entries):  # those that find their slot empty take it; the others go on to the next slot
        free = table[slots] == 0
        table[slots[free]] = entries[free]
        left_over = table[slots] != entries
        slots, entries = (slots[left_over] + np.uint64(1)) & mask, entries[left_over]
    return table, shift


def _joined_bytes(texts: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which bytes are next to each other in some piece, at an end of a character; see :class:`Vocabulary`."""
    separator = bytes([_NO_CHARACTER])
    data = np.frombuffer(separator.join(text.encode() for text in texts), np.uint8)
    before, after = data[:-1], data[1:]
    inside = (after & 0xC0 != 0x80) & (before != _NO_CHARACTER) & (after != _NO_CHARACTER)
    joined = np.zeros((256, 256), np.bool_)
    joined[before[inside], after[inside]] = True
    joined[:, 0x80:0xC0] = True
    return joined.reshape(-1)


@compiled
def find_merge(merges: U64, shift: np.uint64, left: int, right: int) -> int:
    """Return the symbol that two symbols make, or :data:`NO_MERGE`."""
    if left < 0 or right < 0:
        return NO_MERGE
    pair = np.uint64(left) << _SHIFT | np.uint64(right)
    slot = signed((pair * _MULTIPLIER) >> shift)
    mask = len(merges) - 1
    while merges[slot] != 0:
        if merges[slot] >> _SHIFT == pair:
            return signed(merges[slot] & _LOW) - 1
        slot = (slot + 1) & mask
    return NO_MERGE
