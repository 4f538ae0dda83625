"""Probability that a text is unsafe, told by a fastText model from a bounded sample of the text.

Texts are prepared by the same function for training and for use (:func:`prepare`).
"""

import functools
import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from massivetext.errors import UserError
from massivetext.signals import definitions
from massivetext.signals.columns import Columns
from massivetext.signals.language import sample

LABEL = "__label__"  # fastText's mark of a label; `prepare` leaves no word that begins so
_ADDED = 1e-5  # fastText adds as much to every probability before it takes the logarithm
_SATURATED = 1e-9  # what single precision leaves of a probability once that is taken away
# Who is spoken to and what is linked says where a text was collected rather than what it says, and names persons.
_ADDRESSES = re.compile(r"https?://\S+|www\.\S+|(?:\brt\s+)?@\w+")
_ADDRESS_MARKS = ("@", "://", "www.")  # a search for these is ten times faster than one by the expression
# Telephone numbers and addresses of machines: no model may learn whose they are.
_LONG_NUMBER = re.compile(r"\d(?:[^\s\d]?\d){4,}")
_WORD = re.compile(r"[^\W_](?:\S*[^\W_])?")


def measure(texts: Sequence[str]) -> Columns:
    """The score of each text, 0 to 1; 0.0 for a text without words.

    One sample a text, at its start, middle and end, is judged as a whole: a page has to be dense
    in what the model looks for, as with the phrases.

    Raises:
        UserError: the model or its calibration is missing or cannot be read.
    """
    prepared = [prepare(sample(text, definitions.UNSAFE_WINDOWS, definitions.UNSAFE_WINDOW)) for text in texts]
    asked = [index for index, one in enumerate(prepared) if one]
    scores = np.zeros(len(texts), np.float64)
    if asked:
        slope, intercept = _calibration(definitions.UNSAFE_MODEL.with_suffix(".json"))
        found = log_odds(_model(definitions.UNSAFE_MODEL), [prepared[index] for index in asked])
        # To six digits: the last ones differ from one machine's exponential to another's.
        scores[asked] = np.round(probability(found, slope, intercept), 6)
    return {"unsafe_score": scores}


def prepare(text: str) -> str:
    """What the model sees of a text: lower-case words without punctuation at their edges, in one line.

    HTML entities are resolved, addresses on the web, mentions of users (``@name``) and numbers of five
    digits or more are left out.
    """
    lowered = html.unescape(text).lower()
    if any(mark in lowered for mark in _ADDRESS_MARKS):
        lowered = _ADDRESSES.sub(" ", lowered)
    return " ".join(_WORD.findall(_LONG_NUMBER.sub(" ", lowered)))


def log_odds(model: Any, prepared: Sequence[str]) -> npt.NDArray[np.float64]:
    """Logarithm of the odds that the model gives to label 1 for prepared texts, none of them empty; not calibrated."""
    labels, found = model.predict(list(prepared), k=2)
    # Of the less probable label: the other's probability is too near to 1 to tell two sure cases apart.
    less = np.clip(np.array([float(one[1]) for one in found]) - _ADDED, _SATURATED, 0.5)
    odds: npt.NDArray[np.float64] = np.log1p(-less) - np.log(less)
    return np.where([label[0] == f"{LABEL}1" for label in labels], odds, -odds)


def probability(odds: npt.NDArray[np.float64], slope: float, intercept: float) -> npt.NDArray[np.float64]:
    """Calibrated probability of the label 1 for logarithms of odds (Platt 1999)."""
    calibrated: npt.NDArray[np.float64] = 1.0 / (1.0 + np.exp(-(slope * odds + intercept)))
    return calibrated


@functools.cache
def _calibration(path: Path) -> tuple[float, float]:
    """Slope and intercept from the file beside the model, read once in a process."""
    try:
        found = json.loads(path.read_bytes())["calibration"]
        return float(found["slope"]), float(found["intercept"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"calibration of the unsafe-text model {path}: want calibration.slope and calibration.intercept, "
            f"got {type(error).__name__}: {error}; put the file there that `massivetext classifier train` wrote"
        ) from error


@functools.cache
def _model(path: Path) -> Any:
    """The model, loaded once in a process."""
    if not path.is_file():
        raise UserError(
            f"unsafe-text model: want a file {path}, found none; install massivetext from its wheel or from a whole "
            "checkout, or put a model there that `massivetext classifier train` wrote"
        )
    import fasttext  # it takes 0.15 s, and most processes never ask for a score

    try:
        return fasttext.load_model(str(path))
    except ValueError as error:
        raise UserError(f"unsafe-text model {path}: cannot be read ({error}); put an undamaged copy there") from error
