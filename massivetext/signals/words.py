"""Word signals of the quality filter: how many, how long, how many with a letter, which stop words."""

import numpy as np
import numpy.typing as npt

from massivetext.signals.batch import I64, Batch, Columns, ratios

# Rae et al. 2021, A.1.1: "at least two of the following English words".
STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
_STOP_NUMBER = {word: number for number, word in enumerate(STOP_WORDS)}


def measure(batch: Batch) -> Columns:
    """Word count, mean word length, share of words with a letter and number of distinct stop words of each text."""
    return {
        "word_count": batch.counts,
        "mean_word_length": ratios(batch.characters, batch.counts),
        "alphabetic_word_frac": ratios(batch.sums(_alphabetic(batch)), batch.counts),
        "stop_word_count": _stop_words(batch),
    }


def _alphabetic(batch: Batch) -> npt.NDArray[np.bool_]:
    known = (word.isalpha() or any(map(str.isalpha, word)) for word in batch.vocabulary)
    table = np.fromiter(known, np.bool_, len(batch.vocabulary))
    return table[batch.words]


def _stop_words(batch: Batch) -> I64:
    numbers = (_STOP_NUMBER.get(form, -1) for form in batch.forms)
    stops = np.fromiter(numbers, np.int8, len(batch.vocabulary))[batch.words]
    at = np.flatnonzero(stops >= 0)
    seen = np.zeros((len(batch.texts), len(STOP_WORDS)), np.bool_)
    seen[batch.owners[at], stops[at]] = True
    counts: I64 = seen.sum(axis=1, dtype=np.int64)
    return counts
