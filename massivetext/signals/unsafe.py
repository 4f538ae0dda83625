"""The signal of unsafe text: the probability that a fastText model gives for a bounded sample of the text.

Training and use prepare texts by the same function, :func:`prepare`.
"""

import functools
import html
import json
import re
import tempfile
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.errors import UserError
from massivetext.signals import definitions
from massivetext.signals.language import FastTextModel, model_input
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import SignalGroup
from massivetext.signals.unsafe_files import calibration_of
from massivetext.storage import files as fs

LABEL = "__label__"  # fastText's prefix of labels; `prepare` leaves no word that begins with it
_ADDED = 1e-5  # fastText adds this to every probability before it takes the logarithm
_SATURATED = 1e-9  # lower bound after the subtraction of _ADDED: single precision can leave 0 or less
# Mentioned users and links show where a text was collected, not what it says; and they identify persons.
_ADDRESSES = re.compile(r"https?://\S+|www\.\S+|(?:\brt\s+)?@\w+")
_ADDRESS_MARKS = ("@", "://", "www.")  # searching these first is ten times faster than applying the expression
# Phone numbers and IP addresses: no model may learn to whom they belong.
_LONG_NUMBER = re.compile(r"\d(?:[^\s\d]?\d){4,}")
_WORD = re.compile(r"[^\W_](?:\S*[^\W_])?")

GROUP = SignalGroup(
    signals=(
        describe(
            "unsafe_score",
            "share",
            "Probability that the text is unsafe, calibrated on the labels that the model was trained with; long texts "
            f"are sampled, {definitions.UNSAFE_WINDOW} characters each at the start, in the middle and at the "
            "end, judged as one text.",
            family="safety",
            source=(
                "ours: a fastText model of short texts labelled for hate and toxicity; `signals/models/unsafe.md` is "
                "its card"
            ),
        ),
    )
)


class UnsafeModel(NamedTuple):
    """A fastText model with labels 0 and 1, and the calibration of its log-odds (Platt 1999)."""

    model: FastTextModel
    slope: float
    intercept: float


def score_unsafe(texts: Sequence[str], classifier: UnsafeModel) -> dict[str, npt.NDArray[np.float64]]:
    """Return the score of each text, 0 to 1, by name; 0.0 for a text without words.

    The windows of a text (start, middle, end) are scored together: as with the phrases, a page has a high score only if
    much of it is unsafe.
    """
    prepared = [prepare(model_input(text, definitions.UNSAFE_WINDOWS, definitions.UNSAFE_WINDOW)) for text in texts]
    nonempty = [index for index, one in enumerate(prepared) if one]
    scores = np.zeros(len(texts), np.float64)
    if nonempty:
        found = log_odds(classifier.model, [prepared[index] for index in nonempty])
        # Rounded to six digits because the exponentials of two machines differ in the last ones.
        scores[nonempty] = np.round(probability(found, classifier.slope, classifier.intercept), 6)
    return {"unsafe_score": scores}


def prepare(text: str) -> str:
    """Return what the model reads of a text: lower-case words without punctuation at their edges, on one line.

    HTML entities are decoded; URLs, mentions of users (``@name``) and numbers of five or more digits are removed.
    """
    lowered = html.unescape(text).lower()
    if any(mark in lowered for mark in _ADDRESS_MARKS):
        lowered = _ADDRESSES.sub(" ", lowered)
    return " ".join(_WORD.findall(_LONG_NUMBER.sub(" ", lowered)))


def log_odds(model: FastTextModel, prepared: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return the log-odds of label 1, not calibrated, that the model gives to prepared, non-empty texts."""
    labels, found = model.predict(list(prepared), k=2)
    # The less probable label is used: the probability of the other is too near to 1 to distinguish two certain cases.
    less = np.clip(np.array([float(one[1]) for one in found]) - _ADDED, _SATURATED, 0.5)
    odds: npt.NDArray[np.float64] = np.log1p(-less) - np.log(less)
    return np.where([label[0] == f"{LABEL}1" for label in labels], odds, -odds)


def probability(odds: npt.NDArray[np.float64], slope: float, intercept: float) -> npt.NDArray[np.float64]:
    """Return the calibrated probability of label 1 for log-odds (Platt 1999)."""
    calibrated: npt.NDArray[np.float64] = 1.0 / (1.0 + np.exp(-(slope * odds + intercept)))
    return calibrated


# -- models ------------------------------------------------------------------------------------------------------------


def built_in() -> UnsafeModel:
    """Return the shipped model; its card is in the same folder."""
    return load(str(definitions.UNSAFE_MODEL))


@functools.cache
def load(path: str) -> UnsafeModel:
    """Return the model in a file with its calibration, loaded once per process.

    Raises:
        UserError: the model or its calibration is missing or cannot be read.
    """
    slope, intercept = _calibration(calibration_of(path))
    return UnsafeModel(_model(path), slope, intercept)


def _calibration(path: str) -> tuple[float, float]:
    try:
        found = json.loads(fs.read_bytes(path))["calibration"]
        return float(found["slope"]), float(found["intercept"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"calibration of the unsafe-text model {path}: want calibration.slope and calibration.intercept, "
            f"got {type(error).__name__}: {error}; put the file there that `massivetext classifier train` wrote"
        ) from error


def _model(path: str) -> FastTextModel:
    import fasttext  # takes 0.15 s, and most processes need no score

    try:
        with tempfile.NamedTemporaryFile(suffix=".ftz") as local:  # fastText reads local files only
            local.write(fs.read_bytes(path))
            local.flush()
            model: FastTextModel = fasttext.load_model(local.name)
    except FileNotFoundError as error:
        raise UserError(
            f"unsafe-text model: want a file {path}, found none; install massivetext from its wheel or from a whole "
            "checkout, or put a model there that `massivetext classifier train` wrote"
        ) from error
    except ValueError as error:
        raise UserError(f"unsafe-text model {path}: cannot be read ({error}); put an undamaged copy there") from error
    if set(model.get_labels()) != {f"{LABEL}0", f"{LABEL}1"}:
        raise UserError(
            f"unsafe-text model {path}: want the labels 0 and 1, got {', '.join(sorted(model.get_labels())[:5])}; "
            "put a model there that `massivetext classifier train` wrote"
        )
    return model
