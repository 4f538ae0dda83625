"""The 64-bit hashes of words and of sequences of words, for compiled code. All arithmetic is modulo 2**64."""

import numpy as np

from massivetext import hashing
from massivetext.compiled import inlined, uncompiled

SEED = hashing.GOLDEN  # state of the hash of a word before its first character
CHARACTER = hashing.CHARACTER  # multiplier after each character
_STEP = hashing.STEP
_HALF = np.uint64(32)


@inlined
def extend_hash(sequence: np.uint64, following: np.uint64) -> np.uint64:
    """Return the hash of a sequence after one more hash is appended to it."""
    mixed = (sequence * CHARACTER ^ following) * _STEP  # only one is multiplied, so that the order matters
    return mixed ^ (mixed >> _HALF)


@inlined
def finish_hash(spelling: np.uint64) -> np.uint64:
    """Return the final hash of a word, never 0, from the state after its last character."""
    mixed = (spelling ^ SEED) * _STEP
    return (mixed ^ (mixed >> _HALF)) | np.uint64(1)


def word_hash(word: str) -> np.uint64:
    """Return the hash that the compiled scan gives this word; for a normal form, the hash of the form."""
    with np.errstate(over="ignore"):  # arithmetic is modulo 2**64
        spelling = SEED
        for character in word:
            spelling = (spelling ^ np.uint64(ord(character))) * CHARACTER
        return np.uint64(uncompiled(finish_hash)(spelling))
