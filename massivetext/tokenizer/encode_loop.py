"""The compiled loop that turns a batch of texts into ids.

The normal form of a text is written into a buffer part by part and cut into *pretokens*: between two characters, if no
piece of the vocabulary has these two bytes next to each other, as before most spaces and around line breaks. No
merge can cross such a place, so each pretoken is merged alone, and short ones are looked up in a cache.
"""

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from massivetext.compiled import CompiledFunction, compiled, compiled_and_cached, inlined
from massivetext.tokenizer.merging import merge_pretoken
from massivetext.tokenizer.nfkc_check import NfkcTable, is_nfkc, nfkc_table
from massivetext.tokenizer.normal_form import SPACE, U8, NormalForm, decode, normalize_part, signed
from massivetext.tokenizer.piece_tables import I32, Vocabulary
from massivetext.tokenizer.pretoken_cache import (
    KEY_BYTES,
    PretokenCache,
    Words,
    cached_count,
    cached_id,
    fill_slot,
    find_slot,
    take_slot,
)

I64 = npt.NDArray[np.int64]

_BUFFER_BYTES = 1 << 15
_BYTE = np.uint64(8)


def encode_utf8(
    data: U8, bounds: I64, form: NormalForm, vocabulary: Vocabulary, cache: PretokenCache
) -> tuple[I32, I64]:
    """Return the ids of all texts, one after the other, and their bounds, int64[texts + 1].

    Args:
        data: UTF-8 of the texts, read-only.
        bounds: int64[texts + 1], where each text begins, and where the last one ends.
        form: the normalisation of the model.
        vocabulary: the vocabulary of the model.
        cache: cache of this model; it is changed.
    """
    with np.errstate(over="ignore"):  # without numba, hashes overflow as they should
        return _loop()(data, bounds, form, vocabulary, cache)


def select_for_nfkc(data: U8, bounds: I64) -> npt.NDArray[np.bool_]:
    """Return for each text whether it has to be normalised, because it is not in NFKC or might not be."""
    return _selection()(data, bounds, nfkc_table())


def announce_compilation(say: Callable[[str], None]) -> None:
    """Say that the first run after an installation compiles the loops of this module, if this is one."""
    if not (_loop().is_cached() and _selection().is_cached()):
        say("The first run after an installation compiles the encoder for this machine, in about 20 seconds.")


@functools.cache
def _loop() -> CompiledFunction[[U8, I64, NormalForm, Vocabulary, PretokenCache], tuple[I32, I64]]:
    return compiled_and_cached(_encode_all)


@functools.cache
def _selection() -> CompiledFunction[[U8, I64, NfkcTable], npt.NDArray[np.bool_]]:
    return compiled_and_cached(_select_all)


def _select_all(data: U8, bounds: I64, table: NfkcTable) -> npt.NDArray[np.bool_]:
    selected = np.zeros(len(bounds) - 1, np.bool_)
    for row in range(len(selected)):
        selected[row] = not is_nfkc(table, data, bounds[row], bounds[row + 1])
    return selected


def _encode_all(
    data: U8, bounds: I64, form: NormalForm, vocabulary: Vocabulary, cache: PretokenCache
) -> tuple[I32, I64]:
    ids, count = np.empty(len(data) // 3 + _BUFFER_BYTES, np.int32), 0
    id_bounds = np.zeros(len(bounds), np.int64)
    buffer = np.empty(max(_BUFFER_BYTES, 4 * form.longest), np.uint8)
    symbols = np.empty((2, len(buffer)), np.int64)
    for row in range(len(bounds) - 1):
        position, stop, first, filled, after_space = bounds[row], bounds[row + 1], count, 0, form.strips
        more = position < stop
        if more and form.dummy_prefix:
            buffer[0], filled = SPACE, 1
        while more:
            position, filled, after_space = normalize_part(form, data, position, stop, buffer, filled, after_space)
            more = position < stop
            if count + filled > len(ids):  # one id per byte at most
                ids = _enlarged_ids(ids, count, filled)
            if len(buffer) > symbols.shape[1]:
                symbols = np.empty((2, len(buffer)), np.int64)
            end = _before_spaces(buffer, filled) if form.strips else filled
            taken, count = _encode_buffer(vocabulary, cache, symbols, buffer, end, more, ids, first, count)
            buffer, filled = _keep_rest(buffer, taken, filled)
        id_bounds[row + 1] = count
    return ids[:count], id_bounds


@compiled
def _before_spaces(buffer: U8, filled: int) -> int:
    """Return where the spaces at the end of the buffer begin: they are dropped if no other character follows."""
    while filled > 0 and buffer[filled - 1] == SPACE:
        filled -= 1
    return filled


@compiled
def _enlarged_ids(ids: I32, count: int, needed: int) -> I32:
    larger = np.empty(max(count + needed, len(ids) + len(ids) // 2), np.int32)
    larger[:count] = ids[:count]
    return larger


@compiled
def _keep_rest(buffer: U8, taken: int, filled: int) -> tuple[U8, int]:
    """Move what is not encoded yet to the front, into a larger buffer if it is half of this one."""
    rest = filled - taken
    target = np.empty(2 * len(buffer), np.uint8) if 2 * rest > len(buffer) else buffer
    for index in range(rest):
        target[index] = buffer[taken + index]
    return target, rest


@compiled
def _encode_buffer(
    vocabulary: Vocabulary,
    cache: PretokenCache,
    symbols: I64,
    buffer: U8,
    end: int,
    more: bool,
    ids: I32,
    first: int,
    count: int,
) -> tuple[int, int]:
    """Encode the pretokens of ``buffer[:end]``, and return how many bytes and ids that makes.

    Args:
        vocabulary: the vocabulary.
        cache: the cache.
        symbols: int64[2, bytes], working memory.
        buffer: normal form of a part of a text.
        end: end of it.
        more: whether the text goes on; then its last pretoken is left for the next call.
        ids: receives the ids.
        first: where the ids of this text begin.
        count: number of ids so far.
    """
    characters, merges, shift, piece_ids, joined, byte_ids, ascii_ids, unknown_id = vocabulary
    slots, cache_shift = cache
    values, made = symbols[0], symbols[1]
    start = 0
    while start < end:
        stop, words, word = _find_end(joined, buffer, start, end)
        if more and stop == end:
            break
        length, byte = stop - start, buffer[start]
        if length == 1 and ascii_ids[byte] >= 0:
            ids[count] = ascii_ids[byte]
            count += 1
            start = stop
            continue
        slot, known = find_slot(slots, cache_shift, words, word, length) if length <= KEY_BYTES else (0, False)
        if known:
            for index in range(cached_count(slots, slot)):
                count = _append(ids, first, count, cached_id(slots, slot, index), unknown_id)
        else:
            before = count
            found = merge_pretoken(characters, merges, shift, buffer, start, stop, values, made)
            count = _append_pieces(piece_ids, byte_ids, unknown_id, buffer, values, found, ids, first, count)
            if length <= KEY_BYTES:
                take_slot(slots, slot, words, word, length)
                hidden = before > first and ids[before - 1] == unknown_id
                fill_slot(slots, slot, ids, before, count, not hidden)
        start = stop
    return start, count


@inlined
def _find_end(joined: npt.NDArray[np.bool_], buffer: U8, start: int, end: int) -> tuple[int, Words, np.uint64]:
    """Return where a pretoken ends, and its bytes as :func:`find_slot` wants them."""
    none = np.uint64(0)
    first, second, third = none, none, none
    byte = signed(buffer[start])
    word, stop = np.uint64(byte), start + 1
    while stop < end:
        following = signed(buffer[stop])
        if not joined[byte << 8 | following]:
            break
        word = word << _BYTE | np.uint64(following)
        byte = following
        stop += 1
        if (stop - start) & 7 == 0:
            first, second, third, word = word, first, second, none
    return stop, (first, second, third), word


@compiled
def _append_pieces(
    piece_ids: I32,
    byte_ids: I32,
    unknown_id: int,
    buffer: U8,
    values: I64,
    found: int,
    ids: I32,
    first: int,
    count: int,
) -> int:
    """Append the ids of the symbols ``values[:found]`` of a pretoken."""
    for index in range(found):
        symbol = values[index]
        if symbol >= 0:
            ids[count] = piece_ids[symbol]
            count += 1
        elif byte_ids[0] < 0:
            count = _append(ids, first, count, unknown_id, unknown_id)
        else:
            position = -1 - symbol
            for at in range(position, position + decode(buffer, position)[1]):
                ids[count] = byte_ids[buffer[at]]
                count += 1
    return count


@compiled
def _append(ids: I32, first: int, count: int, number: int, unknown_id: int) -> int:
    """Append an id; unknown text beside unknown text has one id together, also across pretokens."""
    if number == unknown_id and count > first and ids[count - 1] == number:
        return count
    ids[count] = number
    return count + 1
