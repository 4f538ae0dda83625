"""The draws of a source: the document and the bytes of each, as a pure function of seed, source and draw number.

Rae et al. 2021, "Constructing Token Sequences": choose a document uniformly, crop 15 * 2048 UTF-8 bytes so that the
first token of a document is as likely as any other, add BOS and EOS only at true ends.

Ours: documents are drawn without replacement within an epoch, in a new order each epoch. In every draw each document is
as likely as in the paper, and no document is missed by chance.
"""

import hashlib
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from massivetext.hashing import derive_hash_key
from massivetext.records.permutation import Permutation

I64 = npt.NDArray[np.int64]
Ids = npt.NDArray[np.uint16 | np.uint32]
Length = TypeVar("Length", float, npt.NDArray[np.float64])
_NONE: I64 = np.empty(0, np.int64)


def epoch_order(documents: int, seed: int, source: str, epoch: int) -> Permutation:
    """Return the order in which an epoch draws a source: draw k is position k mod D in the order of epoch k div D."""
    return Permutation(documents, derive_hash_key("draws", seed, source, epoch))


def draws_of_documents(indices: I64, documents: int, draws: int, seed: int, source: str) -> tuple[I64, I64]:
    """Return all draws below ``draws`` that hit some documents of a source, as (row, draw) in the order of the draws.

    Args:
        indices: the documents, as ranks among all kept ones of the source; a shard has a range of ranks.
        documents: D, number of kept documents of the source.
        draws: K, number of draws of the source.
        seed: seed of the run.
        source: name of the source.

    Returns:
        Positions in ``indices``, and the draws that hit them. Each document is drawn once per epoch.

    Raises:
        ValueError: an index is not below D.
    """
    if not indices.size:
        return _NONE, _NONE
    rows, numbers = [], []
    for epoch in range(-(-draws // documents)):
        order = epoch_order(documents, seed, source, epoch)
        draw = order.inverse(indices).astype(np.int64) + epoch * documents
        hit = np.flatnonzero(draw < draws)
        by_draw = hit[np.argsort(draw[hit])]
        rows.append(by_draw)
        numbers.append(draw[by_draw])
    return np.concatenate([_NONE, *rows]), np.concatenate([_NONE, *numbers])


def crop_window(length: int, crop_bytes: int, seed: int, source: str, draw: int) -> tuple[int, int]:
    """Return the bytes [start, stop) that a draw takes of its document.

    The window of ``crop_bytes`` begins at a uniform position from -(crop_bytes - 1) to length - 1 and is clipped, so
    every byte is in the same number of windows, also at both ends.

    Args:
        length: UTF-8 bytes of the document; for an empty one the result is (0, 0).
        crop_bytes: bytes of a window; the paper: 15 * 2048.
        seed: seed of the run.
        source: name of the source.
        draw: draw number.
    """
    if length == 0:
        return 0, 0
    digest = hashlib.blake2b(derive_hash_key("crop", seed, source, draw), digest_size=16).digest()
    begin = int.from_bytes(digest, "big") % (length + crop_bytes - 1) - (crop_bytes - 1)
    return max(0, begin), min(length, begin + crop_bytes)


def expected_crop(length: Length, crop_bytes: int) -> Length:
    """Return the mean bytes that a window takes of documents of so many bytes; see :func:`crop_window`."""
    return crop_bytes * length / (crop_bytes + length - 1)


def crop(utf8: bytes, start: int, stop: int) -> tuple[str, bool, bool]:
    """Return the whole characters of a document within [start, stop), and whether they reach its start and its end.

    A character that the window cuts is left out (the paper does not specify this).

    Returns:
        The text, whether it begins where the document begins (then BOS), whether it ends where the document ends (then
        EOS). A window within a single character gives ("", False, False).
    """
    while start < len(utf8) and _continues(utf8[start]):
        start += 1
    while stop < len(utf8) and stop > 0 and _continues(utf8[stop]):
        stop -= 1
    if stop < start:
        return "", False, False
    return utf8[start:stop].decode("utf-8"), start == 0, stop == len(utf8)


def _continues(byte: int) -> bool:
    return byte & 0xC0 == 0x80


def add_bos_eos(ids: Ids, has_start: bool, has_end: bool, bos_id: int, eos_id: int) -> Ids:
    """Return the ids of a crop, with BOS before them at a document's start and EOS after them at its end.

    A model that has no BOS or no EOS (id -1) gives none.

    The type of the ids does not change. It is small on purpose: tokens cross a shuffle in it.
    """
    before, after = has_start and bos_id >= 0, has_end and eos_id >= 0
    tokens = np.empty(before + len(ids) + after, ids.dtype)
    tokens[before : before + len(ids)] = ids
    if before:
        tokens[0] = bos_id
    if after:
        tokens[-1] = eos_id
    return tokens
