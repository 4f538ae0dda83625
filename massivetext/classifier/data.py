"""Labelled texts: read, checked and assigned to training splits; all copies of a text are in one split."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import pyarrow as pa

from massivetext.errors import UserError
from massivetext.signals.unsafe import prepare

TrainingSplit = Literal["train", "calibration", "held-out", "evaluation"]
# In order of precedence: if copies of a text belong to several splits, all of them go to the last of these.
_TRAINING_SPLITS: tuple[TrainingSplit, ...] = ("train", "calibration", "held-out", "evaluation")
_HELD_OUT = 0.2
_CALIBRATION = 0.1


class LabelledText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One labelled text: a line of the input file.

    Attributes:
        text: the text as it was found.
        label: 1 for unsafe, 0 for safe.
        split: "train" or "test" as the makers of the data say; "evaluation" for texts that are reported separately and
            are never in the held-out figures; empty: assigned by a hash of the text.
        source: origin of the label.
        group: identity group that the text names or is about.
        dialect: dialect of the text.
        test: functional test that the text belongs to.
    """

    text: str
    label: Literal[0, 1]
    split: Literal["", "train", "test", "evaluation"] = ""
    source: str = ""
    group: str = ""
    dialect: str = ""
    test: str = ""


class PreparedText(msgspec.Struct, frozen=True):
    """A labelled text with its text as the model reads it, and its training split."""

    row: LabelledText
    prepared: str
    training_split: TrainingSplit


def read_labelled_texts(path: Path) -> list[LabelledText]:
    """Return the labelled texts of a JSONL file, which may be compressed (.gz, .zst, .bz2).

    Raises:
        UserError: the file cannot be read, is empty, or has a line of another form; names file and line.
    """
    rows, decoder = [], msgspec.json.Decoder(LabelledText)
    try:
        with pa.input_stream(str(path)) as stream:
            lines = stream.read().split(b"\n")
    except OSError as error:
        raise UserError(f"{path}: want a JSONL file of labelled texts: {error}") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            rows.append(_row(line, decoder, f"{path}:{number}"))
    if not rows:
        raise UserError(f"{path}: want labelled texts, one JSON object per line, found none")
    return rows


def _row(line: bytes, decoder: msgspec.json.Decoder[LabelledText], where: str) -> LabelledText:
    try:
        return decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UserError(
            f"{where}: want a JSON object with text, label (0 or 1) and at most "
            f"{', '.join(name for name in LabelledText.__struct_fields__ if name not in ('text', 'label'))}: {error}"
        ) from error


def assign_splits(rows: Iterable[LabelledText], seed: int) -> list[PreparedText]:
    """Return the texts that have words, in the same order, each with its training split.

    The split follows from the seed and the prepared text: 20% held out, 10% for calibration, the rest for training. All
    copies of a prepared text are in one split: the last of their splits in the order of ``TrainingSplit``.
    """
    kept = [(row, prepared) for row in rows if (prepared := prepare(row.text))]
    precedence: dict[str, int] = {}
    for row, prepared in kept:
        precedence[prepared] = max(
            precedence.get(prepared, 0), _TRAINING_SPLITS.index(_choose_split(row, prepared, seed))
        )
    return [PreparedText(row, prepared, _TRAINING_SPLITS[precedence[prepared]]) for row, prepared in kept]


def _choose_split(row: LabelledText, prepared: str, seed: int) -> TrainingSplit:
    if row.split == "evaluation":
        return "evaluation"
    if row.split == "test":
        return "held-out"
    digest = hashlib.blake2b(f"{seed}:{prepared}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    fraction = int.from_bytes(digest, "big") / 2**64  # 0 to 1
    if fraction < _CALIBRATION:  # also of texts that the makers of the data assign to training
        return "calibration"
    return "held-out" if not row.split and fraction < _CALIBRATION + _HELD_OUT else "train"


def require_both(examples: Sequence[PreparedText], path: Path) -> None:
    """Check that training, calibration and held-out texts have both labels.

    Raises:
        UserError: a split has texts of one label only.
    """
    for split in _TRAINING_SPLITS[:3]:
        found = [example.row.label for example in examples if example.training_split == split]
        if len(set(found)) < 2:
            raise UserError(
                f"{path}: want texts of both labels for {split}, got {found.count(0)} with label 0 and "
                f"{found.count(1)} with label 1; give more labelled texts"
            )
