"""Training: labelled texts -> a compressed fastText model, its calibration and the figures on texts it has not seen."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from massivetext.classifier import figures
from massivetext.classifier.data import Example
from massivetext.errors import UserError
from massivetext.signals.unsafe import LABEL, log_odds, probability

FIELDS = ("source", "group", "dialect", "test")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What decides a model beside its texts.

    Attributes:
        seed: of fastText, and of the split.
        dimensions: of a vector.
        epochs: passes over the texts; as many again after features have been left out.
        learning_rate: of fastText, falling to 0.
        subwords: shortest and longest run of characters that has a vector of its own, against tricks of spelling.
        buckets: that the subwords share.
        features: words and subwords that the compressed model keeps.
        false_alarm_rate: share of the safe texts above the threshold.
    """

    seed: int = 1
    dimensions: int = 16
    epochs: int = 3
    learning_rate: float = 0.05
    subwords: tuple[int, int] = (3, 5)
    buckets: int = 200_000
    features: int = 30_000
    false_alarm_rate: float = 0.01


class Slice(msgspec.Struct, frozen=True):
    """Figures on the texts that have one value of a field, of the held-out and the evaluation ones."""

    field: str
    value: str
    false_alarms: figures.Share
    recall: figures.Share


class Platt(msgspec.Struct, frozen=True):
    """The logistic curve from fastText's logarithm of odds to a probability."""

    slope: float
    intercept: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a model.

    Attributes:
        settings: it was trained with.
        texts: (safe, unsafe) texts of each part.
        calibration: fitted on the part of that name.
        chosen: held-out texts at the threshold that has the wanted false-alarm rate on the calibration part.
        even: held-out texts at 0.5.
        exact: held-out texts at the threshold that has the wanted rate on themselves.
        reliability: of the scores of held-out texts.
        slices: at the chosen threshold.
    """

    settings: Settings
    texts: dict[str, tuple[int, int]]
    calibration: Platt
    chosen: figures.Judgement
    even: figures.Judgement
    exact: figures.Judgement
    reliability: figures.Calibration
    slices: tuple[Slice, ...]


def fit(examples: Sequence[Example], settings: Settings) -> Any:
    """The compressed model of the training part; the same bytes for the same input on the same kind of machine."""
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "train.txt")
        lines = [f"{LABEL}{one.row.label} {one.prepared}\n" for one in examples if one.part == "train"]
        path.write_bytes("".join(lines).encode("utf-8", "ignore"))
        shared = {
            "input": str(path),
            "epoch": settings.epochs,
            "lr": settings.learning_rate,
            "thread": 1,  # more write to the same vectors in the order of their arrival
            "verbose": 0,
        }
        model = fasttext.train_supervised(
            dim=settings.dimensions,
            minn=settings.subwords[0],
            maxn=settings.subwords[1],
            bucket=settings.buckets,
            minCount=2,  # what one text alone says is no evidence, and may be a name
            loss="softmax",
            seed=settings.seed,
            **shared,
        )
        model.quantize(cutoff=settings.features, retrain=True, qnorm=True, dsub=2, **shared)
    return model


def evaluate(model: Any, examples: Sequence[Example], settings: Settings) -> Report:
    """Calibrates a model and measures it on what it was not trained on.

    Raises:
        UserError: scores do not rise with the labels.
    """
    unseen = [one for one in examples if one.part != "train"]
    odds = log_odds(model, [one.prepared for one in unseen])
    labels = np.array([one.row.label for one in unseen], np.int64)
    parts = np.array([one.part for one in unseen], dtype=object)
    fitting, held = parts == "calibration", parts == "held-out"
    slope, intercept = (round(number, 6) for number in figures.platt(odds[fitting], labels[fitting]))
    if slope <= 0:
        raise UserError("the labels cannot be told from the texts: scores do not rise with them; check the labels")
    scores = probability(odds, slope, intercept)
    # Rounded as a person writes it into a rule.
    chosen = round(figures.threshold_at(scores[fitting], labels[fitting], settings.false_alarm_rate), 4)
    exact = figures.threshold_at(scores[held], labels[held], settings.false_alarm_rate)
    slices = [
        Slice(field, value, *found)
        for field in FIELDS
        for value, found in figures.by_value(
            [getattr(one.row, field) for one in unseen if one.part != "calibration"],
            scores[~fitting],
            labels[~fitting],
            chosen,
        ).items()
    ]
    counts = {
        part: tuple(sum(one.part == part and one.row.label == label for one in examples) for label in (0, 1))
        for part in ("train", "calibration", "held-out", "evaluation")
    }
    return Report(
        settings=settings,
        texts={part: (safe, unsafe) for part, (safe, unsafe) in counts.items()},
        calibration=Platt(slope, intercept),
        chosen=figures.judge(scores[held], labels[held], chosen),
        even=figures.judge(scores[held], labels[held], 0.5),
        exact=figures.judge(scores[held], labels[held], exact),
        reliability=figures.calibration(scores[held], labels[held]),
        slices=tuple(slices),
    )
