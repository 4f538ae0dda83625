"""What SentencePiece does to a text before it looks for pieces, for compiled code.

A model may hold a table of sequences of bytes and what each of them becomes ("nfkc", "nmt_nfkc", rules of one's own);
the longest match at a position wins. It may put a space before every text, and remove repeated spaces and those at the
ends of a text.
The table is stored as SentencePiece has it: a double-array trie (Darts-clone, https://github.com/s-yata/darts-clone).
"""

import struct
from collections.abc import Callable
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, uncompiled
from massivetext.tokenizer.model_proto import ModelFields

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]

SPACE = 0x20
signed = cast("Callable[[object], int]", np.int64)  # in compiled code, int() of an unsigned number is unsigned
_LEAF = np.uint32(1 << 31)
_LABEL = np.uint32(1 << 31 | 0xFF)
_HAS_LEAF = np.uint32(1 << 8)
_CODE_POINTS = 0x110000


class NormalForm(NamedTuple):
    """The normalisation of a model.

    Attributes:
        trie: uint32[units], the trie of the byte sequences that change; empty if none does.
        forms: what they become, as UTF-8, each with a NUL after it.
        unchanged: bool[128], whether an ASCII character stays as it is where the next one is ASCII as well.
        inert: bool[0x110000], whether no sequence of the trie begins with a character.
        longest: most bytes that one step appends.
        dummy_prefix: whether a space is put before every text.
        strips: whether spaces are removed at both ends of a text, and runs of them become one.
    """

    trie: U32
    forms: U8
    unchanged: npt.NDArray[np.bool_]
    inert: npt.NDArray[np.bool_]
    longest: int
    dummy_prefix: bool
    strips: bool


def read_normal_form(model: ModelFields) -> NormalForm:
    """Return the normalisation of a model. Raises ValueError if its table is cut short."""
    trie, forms = np.zeros(0, np.uint32), b""
    if model.character_map:
        (size,) = struct.unpack_from("<I", model.character_map)
        if size % 4 or 4 + size >= len(model.character_map):
            raise ValueError(f"tokenizer: its table of characters should have more than {size} bytes")
        trie = np.frombuffer(model.character_map, "<u4", size // 4, 4).astype(np.uint32)
        forms = model.character_map[4 + size :]
    return NormalForm(
        trie=trie,
        forms=np.frombuffer(forms + b"\0", np.uint8).copy(),
        unchanged=_unchanged(trie),
        inert=_inert(trie),
        longest=max(4, *map(len, forms.split(b"\0"))),
        dummy_prefix=model.dummy_prefix,
        strips=model.strips_spaces,
    )


def _unchanged(trie: U32) -> npt.NDArray[np.bool_]:
    """Return for every ASCII character whether no sequence of the trie is it, or goes on after it with ASCII."""
    unchanged = np.ones(128, np.bool_)
    for first in range(128) if len(trie) else ():
        node = uncompiled(_offset)(trie[0]) ^ first
        if node < len(trie) and trie[node] & _LABEL == first:
            children = (node ^ uncompiled(_offset)(trie[node])) ^ np.arange(128)
            known = children[children < len(trie)]
            goes_on = (trie[known] & _LABEL == np.arange(128)[children < len(trie)]).any()
            unchanged[first] = not (goes_on or trie[node] & _HAS_LEAF)
    return unchanged


def _inert(trie: U32) -> npt.NDArray[np.bool_]:
    """Return for every character whether no sequence of the trie begins with it."""
    inert = np.ones(_CODE_POINTS, np.bool_)
    if not len(trie):
        return inert
    for size, first, stop in ((1, 0, 0x80), (2, 0x80, 0x800), (3, 0x800, 0x10000), (4, 0x10000, _CODE_POINTS)):
        codes = np.arange(first, stop)
        begins, ends = np.ones(len(codes), np.bool_), np.zeros(len(codes), np.bool_)
        nodes = np.full(len(codes), uncompiled(_offset)(trie[0]))
        for index in range(size):
            shifted = codes >> 6 * (size - 1 - index)
            labels = shifted & 0x3F | 0x80 if index else shifted | (0, 0xC0, 0xE0, 0xF0)[size - 1]
            nodes ^= labels
            units = trie[np.minimum(nodes, len(trie) - 1)]
            begins &= (nodes < len(trie)) & (units & _LABEL == labels)
            ends |= begins & (units & _HAS_LEAF != 0)
            nodes ^= uncompiled(_offset)(units)
        inert[first:stop] = ~(begins | ends)
    return inert


@compiled
def normalize_part(
    form: NormalForm, data: U8, position: int, stop: int, out: U8, filled: int, after_space: bool
) -> tuple[int, int, bool]:
    """Append the normal form of ``data[position:stop]`` to ``out``, until the text ends or ``out`` might be too small.

    Args:
        form: the normalisation.
        data: valid UTF-8.
        position: where to begin.
        stop: end of the text.
        out: receives the normal form.
        filled: number of bytes in ``out``.
        after_space: whether the next space is dropped. To be carried from one call to the next, at first ``strips``.

    Returns:
        The values of ``position``, ``filled`` and ``after_space`` for the next call.
    """
    trie, forms, unchanged, inert, strips = form.trie, form.forms, form.unchanged, form.inert, form.strips
    last = len(out) - form.longest
    while position < stop and filled <= last:
        byte = data[position]
        if byte < 128 and unchanged[byte] and (inert[byte] or position + 1 == stop or data[position + 1] < 128):
            position += 1
            if not (after_space and byte == SPACE):
                out[filled] = byte
                filled += 1
            after_space = strips and byte == SPACE
            continue
        code, size = decode(data, position)
        if size > 1 and inert[code]:
            for index in range(size):
                out[filled + index] = data[position + index]
            filled += size
            position += size
            after_space = False
            continue
        length, at = _longest_match(trie, data, position, stop)
        if length and at < len(forms):
            filled, after_space = _append(forms, at, _end_of_form(forms, at), out, filled, after_space, strips)
            position += length
        else:
            filled, after_space = _append(data, position, position + size, out, filled, after_space, strips)
            position += size
    return position, filled, after_space


@compiled
def _end_of_form(forms: U8, at: int) -> int:
    while forms[at] != 0:
        at += 1
    return at


@compiled
def _append(source: U8, at: int, end: int, out: U8, filled: int, after_space: bool, strips: bool) -> tuple[int, bool]:
    while after_space and at < end and source[at] == SPACE:
        at += 1
    if at < end:
        after_space = strips and source[end - 1] == SPACE
    while at < end:
        out[filled] = source[at]
        filled += 1
        at += 1
    return filled, after_space


@compiled
def decode(data: U8, position: int) -> tuple[int, int]:
    """Return the code point of the character at a position, and its number of bytes."""
    first = signed(data[position])
    if first < 0x80:
        return first, 1
    second = signed(data[position + 1]) & 0x3F
    if first < 0xE0:
        return (first & 0x1F) << 6 | second, 2
    third = signed(data[position + 2]) & 0x3F
    if first < 0xF0:
        return (first & 0x0F) << 12 | second << 6 | third, 3
    return (first & 0x07) << 18 | second << 12 | third << 6 | signed(data[position + 3]) & 0x3F, 4


@compiled
def _longest_match(trie: U32, data: U8, position: int, stop: int) -> tuple[int, int]:
    """Return the length of the longest sequence of the trie at a position, or 0, and where its form is."""
    found, at = 0, signed(0)
    if len(trie) == 0:
        return found, at
    node = _offset(trie[0])
    for index in range(position, stop):
        node ^= signed(data[index])
        if node >= len(trie):
            break
        unit = trie[node]
        if unit & _LABEL != data[index]:
            break
        node ^= _offset(unit)
        if unit & _HAS_LEAF and node < len(trie):
            found, at = index + 1 - position, signed(trie[node] & ~_LEAF)
    return found, at


@compiled
def _offset(unit: np.uint32) -> int:
    """Return what leads from a node of the trie to its children."""
    return signed((unit >> np.uint32(10)) << ((unit & np.uint32(1 << 9)) >> np.uint32(6)))
