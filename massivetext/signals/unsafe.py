"""Probability that a text is unsafe, told by a fastText model from a bounded sample of the text.

Texts are prepared by the same function for training and for use (:func:`prepare`).
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

LABEL = "__label__"  # fastText's mark of a label; `prepare` leaves no word that begins so
_ADDED = 1e-5  # fastText adds as much to every probability before it takes the logarithm
_SATURATED = 1e-9  # what single precision leaves of a probability once that is taken away
# Who is spoken to and what is linked says where a text was collected rather than what it says, and names persons.
_ADDRESSES = re.compile(r"https?://\S+|www\.\S+|(?:\brt\s+)?@\w+")
_ADDRESS_MARKS = ("@", "://", "www.")  # a search for these is ten times faster than one by the expression
# Telephone numbers and addresses of machines: no model may learn whose they are.
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


class Classifier(NamedTuple):
    """A fastText model with labels 0 and 1, and the calibration of its log-odds (Platt 1999)."""

    model: FastTextModel
    slope: float
    intercept: float


def measure(texts: Sequence[str], classifier: Classifier) -> dict[str, npt.NDArray[np.float64]]:
    """The score of each text, 0 to 1; 0.0 for a text without words.

    One sample a text, at its start, middle and end, is judged as a whole: a page has to be dense
    in what the model looks for, as with the phrases.
    """
    prepared = [prepare(model_input(text, definitions.UNSAFE_WINDOWS, definitions.UNSAFE_WINDOW)) for text in texts]
    asked = [index for index, one in enumerate(prepared) if one]
    scores = np.zeros(len(texts), np.float64)
    if asked:
        found = log_odds(classifier.model, [prepared[index] for index in asked])
        # To six digits: the last ones differ from one machine's exponential to another's.
        scores[asked] = np.round(probability(found, classifier.slope, classifier.intercept), 6)
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


def log_odds(model: FastTextModel, prepared: Sequence[str]) -> npt.NDArray[np.float64]:
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


# -- models ------------------------------------------------------------------------------------------------------------


def built_in() -> Classifier:
    """The shipped model; see its card beside it."""
    return load(str(definitions.UNSAFE_MODEL))


@functools.cache
def load(path: str) -> Classifier:
    """The model in a file, with the calibration that lies beside it; loaded once in a process.

    Raises:
        UserError: one of them is missing or cannot be read.
    """
    slope, intercept = _calibration(calibration_of(path))
    return Classifier(_model(path), slope, intercept)


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
    import fasttext  # it takes 0.15 s, and most processes never ask for a score

    try:
        with tempfile.NamedTemporaryFile(suffix=".ftz") as local:  # fastText reads files of this machine alone
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
