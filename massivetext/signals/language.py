"""Language of a text, told by fastText's compressed model for 176 languages from a bounded sample of the text."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from massivetext.errors import UserError
from massivetext.signals.columns import Columns
from massivetext.signals.definitions import LANGUAGE_MODEL, LANGUAGE_WINDOW, UNDETERMINED

_LABEL = "__label__"


def measure(texts: Sequence[str]) -> Columns:
    """Language code and its probability for each text; "und" and 0.0 for a text without words.

    Raises:
        UserError: the model is missing or cannot be read.
    """
    samples = [sample(text) for text in texts]
    asked = [index for index, one in enumerate(samples) if one]
    codes = np.full(len(texts), UNDETERMINED, dtype=object)
    scores = np.zeros(len(texts), np.float64)
    if asked:
        labels, probabilities = _model(LANGUAGE_MODEL).predict([samples[index] for index in asked])
        codes[asked] = [label[0].removeprefix(_LABEL) for label in labels]
        # Quantisation can push a probability a little above 1.
        scores[asked] = np.clip([float(probability[0]) for probability in probabilities], 0.0, 1.0)
    return {"language": codes, "language_score": scores}


def sample(text: str, window: int = LANGUAGE_WINDOW) -> str:
    """What the model sees of a text: all, or windows at its start, middle and end; one line, single spaces."""
    if len(text) > 3 * window:
        middle = (len(text) - window) // 2
        text = " ".join((text[:window], text[middle : middle + window], text[-window:]))
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
