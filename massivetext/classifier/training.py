"""Training of a compressed fastText model, its calibration, and its figures on texts that it has not seen."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from massivetext.classifier import figures
from massivetext.classifier.data import PreparedText
from massivetext.errors import UserError
from massivetext.signals.language import FastTextModel
from massivetext.signals.unsafe import LABEL, log_odds, probability

FIELDS = ("source", "group", "dialect", "test")


class TrainedModel(FastTextModel, Protocol):
    """What training needs of a fastText model besides its use."""

    def quantize(self, **options: object) -> None:
        """Compress the model, with further training on the texts in the file ``input``."""

    def save_model(self, path: str) -> None:
        """Write the model to a file."""


class TrainingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything but the texts that decides a model.

    Attributes:
        seed: seed of fastText and of the training splits.
        dimensions: numbers per vector.
        epochs: passes over the texts; the same number again after features have been removed.
        learning_rate: learning rate at the start; fastText lowers it to 0.
        subwords: smallest and largest length of the runs of characters that have vectors, against altered spellings.
        buckets: number of vectors that all subwords share.
        features: number of words and subwords that the compressed model keeps.
        false_alarm_rate: wanted share of the safe texts above the threshold.
    """

    seed: int = 1
    dimensions: int = 16
    epochs: int = 3
    learning_rate: float = 0.05
    subwords: tuple[int, int] = (3, 5)
    buckets: int = 200_000
    features: int = 30_000
    false_alarm_rate: float = 0.01


class GroupFigures(msgspec.Struct, frozen=True):
    """Figures of the held-out and evaluation texts with one value of a field."""

    field: str
    value: str
    false_alarms: figures.ShareWithInterval
    recall: figures.ShareWithInterval


class Platt(msgspec.Struct, frozen=True):
    """The logistic curve from fastText's log-odds to a probability."""

    slope: float
    intercept: float


class ClassifierReport(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of a trained model.

    Attributes:
        settings: settings of the training.
        texts: number of (safe, unsafe) texts per training split.
        calibration: logistic curve, fitted on the calibration texts.
        chosen: held-out texts at the threshold that has the wanted false-alarm rate on the calibration texts.
        even: held-out texts at the threshold 0.5.
        exact: held-out texts at the threshold that has the wanted false-alarm rate on the held-out texts.
        reliability: agreement of scores and labels of the held-out texts.
        slices: figures per value of each field, at the chosen threshold.
    """

    settings: TrainingSettings
    texts: dict[str, tuple[int, int]]
    calibration: Platt
    chosen: figures.ThresholdFigures
    even: figures.ThresholdFigures
    exact: figures.ThresholdFigures
    reliability: figures.Calibration
    slices: tuple[GroupFigures, ...]


def fit(examples: Sequence[PreparedText], settings: TrainingSettings) -> TrainedModel:
    """Return the compressed model of the training texts: the same bytes for the same input on the same hardware."""
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "train.txt")
        lines = [f"{LABEL}{one.row.label} {one.prepared}\n" for one in examples if one.training_split == "train"]
        path.write_bytes("".join(lines).encode("utf-8", "ignore"))
        shared = {
            "input": str(path),
            "epoch": settings.epochs,
            "lr": settings.learning_rate,
            "thread": 1,  # several threads update the same vectors in no fixed order
            "verbose": 0,
        }
        model: TrainedModel = fasttext.train_supervised(
            dim=settings.dimensions,
            minn=settings.subwords[0],
            maxn=settings.subwords[1],
            bucket=settings.buckets,
            minCount=2,  # a word of one text only is no evidence, and may be a name
            loss="softmax",
            seed=settings.seed,
            **shared,
        )
        model.quantize(cutoff=settings.features, retrain=True, qnorm=True, dsub=2, **shared)
    return model


def evaluate(model: FastTextModel, examples: Sequence[PreparedText], settings: TrainingSettings) -> ClassifierReport:
    """Calibrate a model and return its figures on the texts that it was not trained on.

    Raises:
        UserError: unsafe texts do not have higher scores than safe ones.
    """
    unseen = [one for one in examples if one.training_split != "train"]
    odds = log_odds(model, [one.prepared for one in unseen])
    labels = np.array([one.row.label for one in unseen], np.int64)
    training_splits = np.array([one.training_split for one in unseen], dtype=object)
    fitting, held = training_splits == "calibration", training_splits == "held-out"
    slope, intercept = (round(number, 6) for number in figures.platt(odds[fitting], labels[fitting]))
    if slope <= 0:
        raise UserError(
            "the labels cannot be learned from the texts: unsafe texts do not have higher scores; check the labels"
        )
    scores = probability(odds, slope, intercept)
    # Rounded, because a person copies it into a rule.
    chosen = round(figures.threshold_at(scores[fitting], labels[fitting], settings.false_alarm_rate), 4)
    exact = figures.threshold_at(scores[held], labels[held], settings.false_alarm_rate)
    slices = [
        GroupFigures(field, value, *found)
        for field in FIELDS
        for value, found in figures.by_value(
            [getattr(one.row, field) for one in unseen if one.training_split != "calibration"],
            scores[~fitting],
            labels[~fitting],
            chosen,
        ).items()
    ]
    counts = {
        split: tuple(
            sum(one.training_split == split and one.row.label == label for one in examples) for label in (0, 1)
        )
        for split in ("train", "calibration", "held-out", "evaluation")
    }
    return ClassifierReport(
        settings=settings,
        texts={split: (safe, unsafe) for split, (safe, unsafe) in counts.items()},
        calibration=Platt(slope, intercept),
        chosen=figures.figures_at_threshold(scores[held], labels[held], chosen),
        even=figures.figures_at_threshold(scores[held], labels[held], 0.5),
        exact=figures.figures_at_threshold(scores[held], labels[held], exact),
        reliability=figures.calibration(scores[held], labels[held]),
        slices=tuple(slices),
    )
