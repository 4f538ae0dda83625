"""Language of a text, told by fastText's compressed model for 176 languages from a bounded sample of the text."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from massivetext.errors import UserError
from massivetext.signals.columns import Columns
from massivetext.signals.definitions import LANGUAGE_MODEL, LANGUAGE_WINDOW, LANGUAGE_WINDOWS, UNDETERMINED

_LABEL = "__label__"
_RANKS = 2


def measure(texts: Sequence[str]) -> Columns:
    """The two most probable languages of each text and their probabilities; "und" and 0.0 for a text without words.

    Raises:
        UserError: the model is missing or cannot be read.
    """
    samples = [sample(text) for text in texts]
    asked = [index for index, one in enumerate(samples) if one]
    codes = np.full((len(texts), _RANKS), UNDETERMINED, dtype=object)
    scores = np.zeros((len(texts), _RANKS), np.float64)
    if asked:
        labels, probabilities = _model(LANGUAGE_MODEL).predict([samples[index] for index in asked], k=_RANKS)
        codes[asked] = [[label.removeprefix(_LABEL) for label in ranked] for ranked in labels]
        # Quantisation can push a probability a little above 1.
        scores[asked] = np.clip(np.array(probabilities, np.float64), 0.0, 1.0)
    return {
        "language": codes[:, 0],
        "language_score": scores[:, 0],
        "second_language": codes[:, 1],
        "second_language_score": scores[:, 1],
    }


def sample(text: str) -> str:
    """What the model sees of a text: all, or windows from its start to its end; one line, single spaces."""
    if len(text) > LANGUAGE_WINDOWS * LANGUAGE_WINDOW:
        last = len(text) - LANGUAGE_WINDOW
        starts = [last * window // (LANGUAGE_WINDOWS - 1) for window in range(LANGUAGE_WINDOWS)]
        text = " ".join([text[start : start + LANGUAGE_WINDOW] for start in starts])
    return " ".join(text.encode("utf-8", "ignore").decode("utf-8").split())


@functools.cache
def _model(path: Path) -> Any:
    """The model, loaded once in a process."""
    if not path.is_file():
        raise UserError(
            f"language model: want a file {path}, found none; install massivetext from its wheel or from a whole "
            "checkout, or put lid.176.ftz from https://fasttext.cc/docs/en/language-identification.html there"
        )
    import fasttext  # it takes 0.15 s, and most processes never ask for a language

    try:
        return fasttext.load_model(str(path))
    except ValueError as error:
        raise UserError(f"language model {path}: cannot be read ({error}); put an undamaged copy there") from error
