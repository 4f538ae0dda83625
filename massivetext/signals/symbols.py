"""Symbol signals: hashes and ellipses a word, and the size of a text."""

import numpy as np

from massivetext.signals.batch import Batch, Columns, ratios


def measure(batch: Batch) -> Columns:
    """Characters and bytes of each text, and its hashes and ellipses a word, each by itself ("either" in A.1.1)."""
    hashes = [text.count("#") for text in batch.texts]
    ellipses = [text.count("...") + text.count("…") for text in batch.texts]
    return {
        "character_count": np.array([len(text) for text in batch.texts], np.int64),
        "byte_count": np.array([_byte_count(text) for text in batch.texts], np.int64),
        "hash_to_word_ratio": ratios(hashes, batch.counts),
        "ellipsis_to_word_ratio": ratios(ellipses, batch.counts),
    }


def _byte_count(text: str) -> int:
    # A lone surrogate cannot be stored, but measuring must not fail on one.
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
