"""Language of a text, told by fastText's compressed model for 176 languages from a bounded sample of the text."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from massivetext.errors import UserError
from massivetext.signals.columns import F64, Columns, ratios
from massivetext.signals.definitions import (
    LANGUAGE_MODEL,
    LANGUAGE_WINDOW,
    LANGUAGE_WINDOWS,
    PARAGRAPH_LEAST,
    PARAGRAPH_PLACES,
    PARAGRAPH_SIGNAL,
    PARAGRAPH_WINDOW,
    UNDETERMINED,
)

_LABEL = "__label__"
_RANKS = 2
_BLANK = "\n\n"


def measure(texts: Sequence[str], paragraphs: bool = False) -> Columns:
    """The two most probable languages of each text, their probabilities, and the share of its paragraphs in the first.

    A text without words is "und", with 0.0, and no paragraph of it is in another language.

    Args:
        texts: what to measure.
        paragraphs: whether paragraphs are asked for their own language; their share is 1.0 if not.

    Raises:
        UserError: the model is missing or cannot be read.
    """
    codes, scores = _told([sample(text) for text in texts], _RANKS)
    return {
        "language": codes[:, 0],
        "language_score": scores[:, 0],
        "second_language": codes[:, 1],
        "second_language_score": scores[:, 1],
        PARAGRAPH_SIGNAL: _in_language(texts, codes[:, 0]) if paragraphs else np.ones(len(texts)),
    }


def _in_language(texts: Sequence[str], codes: npt.NDArray[np.object_]) -> F64:
    """Share of each text's excerpts that are in its language, 1.0 where it has none."""
    pieces = [excerpts(text) for text in texts]
    owners = np.repeat(np.arange(len(texts)), [len(some) for some in pieces])
    spoken, _ = _told([piece for some in pieces for piece in some], 1)
    asked = np.bincount(owners, minlength=len(texts))
    same = np.bincount(owners[spoken[:, 0] == codes[owners]], minlength=len(texts))
    return np.where(asked > 0, ratios(same, asked), 1.0)


def _told(samples: Sequence[str], ranks: int) -> tuple[npt.NDArray[np.object_], F64]:
    """The most probable languages of each sample and their probabilities, [samples, ranks]."""
    codes = np.full((len(samples), ranks), UNDETERMINED, dtype=object)
    scores = np.zeros((len(samples), ranks), np.float64)
    asked = [index for index, one in enumerate(samples) if one]
    if asked:
        labels, probabilities = _model(LANGUAGE_MODEL).predict([samples[index] for index in asked], k=ranks)
        codes[asked] = [[label.removeprefix(_LABEL) for label in ranked] for ranked in labels]
        # Quantisation can push a probability a little above 1.
        scores[asked] = np.clip(np.array(probabilities, np.float64), 0.0, 1.0)
    return codes, scores


def sample(text: str, windows: int = LANGUAGE_WINDOWS, window: int = LANGUAGE_WINDOW) -> str:
    """What a model sees of a text: all, or windows from its start to its end; one line, single spaces.

    Args:
        text: of any length.
        windows: how many, at least 2.
        window: characters of each.
    """
    if len(text) > windows * window:
        last = len(text) - window
        starts = [last * number // (windows - 1) for number in range(windows)]
        text = " ".join([text[start : start + window] for start in starts])
    return _line(text)


def excerpts(text: str) -> list[str]:
    """What the model sees of single paragraphs: what stands around evenly spread places within their own paragraph.

    So the longer a paragraph, the more often it is seen. Empty for a text of one paragraph, whose language is told
    already; places in short paragraphs (headings, dates, items of menus) are left out.
    """
    if _BLANK not in text:
        return []
    found = []
    for place in range(PARAGRAPH_PLACES):
        at = len(text) * (2 * place + 1) // (2 * PARAGRAPH_PLACES)
        first = max(0, at - PARAGRAPH_WINDOW)
        before = text.rfind(_BLANK, first, at)
        after = text.find(_BLANK, at, at + PARAGRAPH_WINDOW)
        start = first if before < 0 else before + len(_BLANK)
        piece = text[start : at + PARAGRAPH_WINDOW if after < 0 else after]
        over = max(0, len(piece) - PARAGRAPH_WINDOW) // 2
        piece = _line(piece[over : over + PARAGRAPH_WINDOW])
        if len(piece) >= PARAGRAPH_LEAST:
            found.append(piece)
    return found


def _line(text: str) -> str:
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
