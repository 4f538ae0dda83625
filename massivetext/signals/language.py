"""Signals of the language of a text: fastText's compressed model for 176 languages, on a bounded sample of the text."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from massivetext.errors import UserError
from massivetext.signals.definitions import (
    LANGUAGE_MODEL,
    LANGUAGE_WINDOW,
    LANGUAGE_WINDOWS,
    PARAGRAPH_EXCERPTS,
    PARAGRAPH_LEAST,
    PARAGRAPH_SIGNAL,
    PARAGRAPH_WINDOW,
    UNDETERMINED,
)
from massivetext.signals.scan import F64
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import Columns, SignalGroup, ratios

_LABEL = "__label__"
_RANKS = 2
_BLANK = "\n\n"
_language = functools.partial(
    describe,
    family="language",
    source=(
        "Rae et al. 2021, A.1.1, content filtering; the classifier is ours (fastText lid.176.ftz), the paper names none"
    ),
)

GROUP = SignalGroup(
    signals=(
        _language(
            "language", "code", "Code of the most probable language (`en`, `de`, ...); `und` for a text without words."
        ),
        _language(
            "language_score",
            "share",
            f"Probability of that language; long texts are sampled: {LANGUAGE_WINDOWS} windows of "
            f"{LANGUAGE_WINDOW} characters, evenly spread from start to end.",
        ),
        _language(
            "second_language", "code", "Code of the next most probable language; `und` for a text without words."
        ),
        _language("second_language_score", "share", "Probability of that one."),
        _language(
            PARAGRAPH_SIGNAL,
            "share",
            f"Share of {PARAGRAPH_EXCERPTS} evenly spread places of a text whose own paragraph is in the "
            f"language of the text, by {PARAGRAPH_WINDOW} characters there; places in paragraphs (parted "
            f"by empty lines) with fewer than {PARAGRAPH_LEAST} are left out, and 1 is for a text without "
            "others, of one paragraph, or where the recipe does not say `measure.paragraph_languages = true`.",
            empty=1.0,
        ),
    )
)


class FastTextModel(Protocol):
    """What is used of a fastText model, whose package has no types."""

    def predict(self, texts: list[str], k: int) -> tuple[Sequence[Sequence[str]], Sequence[npt.NDArray[np.float32]]]:
        """Return the labels and the probabilities of the ``k`` most probable labels per text."""

    def get_labels(self) -> list[str]:
        """Return all labels."""

    def get_words(self) -> list[str]:
        """Return all words that have a vector."""


def detect_languages(texts: Sequence[str], paragraphs: bool = False) -> Columns:
    """Return the language signals by name: two languages per text, their probabilities, and agreement of paragraphs.

    A text without words has the language "und" with probability 0.0, and agreement 1.0.

    Args:
        texts: the texts.
        paragraphs: whether the language of paragraphs is detected; if not, agreement is 1.0.

    Raises:
        UserError: the model is missing or cannot be read.
    """
    codes, scores = _predict([model_input(text) for text in texts], _RANKS)
    return {
        "language": codes[:, 0],
        "language_score": scores[:, 0],
        "second_language": codes[:, 1],
        "second_language_score": scores[:, 1],
        PARAGRAPH_SIGNAL: _in_language(texts, codes[:, 0]) if paragraphs else np.ones(len(texts)),
    }


def _in_language(texts: Sequence[str], codes: npt.NDArray[np.object_]) -> F64:
    """Return the share of each text's excerpts that are in its language, 1.0 for a text without excerpts."""
    found = [excerpts(text) for text in texts]
    owners = np.repeat(np.arange(len(texts)), [len(some) for some in found])
    predicted, _ = _predict([excerpt for some in found for excerpt in some], 1)
    total = np.bincount(owners, minlength=len(texts))
    same = np.bincount(owners[predicted[:, 0] == codes[owners]], minlength=len(texts))
    return np.where(total > 0, ratios(same, total), 1.0)


def rank_languages(lines: Sequence[str]) -> list[list[tuple[str, float]]]:
    """Return the two most probable languages of each line of text (:func:`model_input`), with their probabilities."""
    codes, scores = _predict(lines, _RANKS)
    return [list(zip(*ranked, strict=True)) for ranked in zip(codes.tolist(), scores.tolist(), strict=True)]


def _predict(samples: Sequence[str], ranks: int) -> tuple[npt.NDArray[np.object_], F64]:
    """Return the most probable languages of each sample and their probabilities, both [samples, ranks]."""
    codes = np.full((len(samples), ranks), UNDETERMINED, dtype=object)
    scores = np.zeros((len(samples), ranks), np.float64)
    nonempty = [index for index, one in enumerate(samples) if one]
    if nonempty:
        labels, probabilities = _model(LANGUAGE_MODEL).predict([samples[index] for index in nonempty], k=ranks)
        for index, ranked, found in zip(nonempty, labels, probabilities, strict=True):
            # fastText gives fewer than it is asked for where the others have no probability at all.
            codes[index, : len(ranked)] = [label.removeprefix(_LABEL) for label in ranked]
            # Quantisation can raise a probability slightly above 1.
            scores[index, : len(ranked)] = np.clip(np.asarray(found, np.float64), 0.0, 1.0)
    return codes, scores


def model_input(text: str, windows: int = LANGUAGE_WINDOWS, window: int = LANGUAGE_WINDOW) -> str:
    """Return what a model reads of a text, on one line with single spaces: all of it, or evenly spread windows.

    Args:
        text: text of any length.
        windows: number of windows from start to end, at least 2.
        window: number of characters per window.
    """
    if len(text) > windows * window:
        last = len(text) - window
        starts = [last * number // (windows - 1) for number in range(windows)]
        text = " ".join([text[start : start + window] for start in starts])
    return _line(text)


def excerpts(text: str) -> list[str]:
    """Return what the model reads of single paragraphs: excerpts around evenly spread positions of the text.

    An excerpt stays within the paragraph of its position, so longer paragraphs have more excerpts. A text of one
    paragraph has none, because its language is known already. Positions in short paragraphs (headings, dates, menu
    items) are skipped.
    """
    if _BLANK not in text:
        return []
    found = []
    for number in range(PARAGRAPH_EXCERPTS):
        at = len(text) * (2 * number + 1) // (2 * PARAGRAPH_EXCERPTS)
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
def _model(path: Path) -> FastTextModel:
    """Return the model, loaded once per process."""
    if not path.is_file():
        raise UserError(
            f"language model: want a file {path}, found none; install massivetext from its wheel or from a whole "
            "checkout, or put lid.176.ftz from https://fasttext.cc/docs/en/language-identification.html there"
        )
    import fasttext  # takes 0.15 s, and most processes need no language

    try:
        model: FastTextModel = fasttext.load_model(str(path))
    except ValueError as error:
        raise UserError(f"language model {path}: cannot be read ({error}); put an undamaged copy there") from error
    return model
