"""Labelled texts: read, checked and dealt out to training, calibration and held-out, copies of a text to one part."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import pyarrow as pa

from massivetext.errors import UserError
from massivetext.signals.unsafe import prepare

Part = Literal["train", "calibration", "held-out", "evaluation"]
# From the weakest claim to the strongest: a text that is in one of them for one row is there for all its copies.
_PARTS: tuple[Part, ...] = ("train", "calibration", "held-out", "evaluation")
_HELD_OUT = 0.2
_CALIBRATION = 0.1


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One labelled text.

    Attributes:
        text: as it was found.
        label: 1 for unsafe.
        split: "train" or "test" where the makers of the data say so; "evaluation" for what is reported apart and never
            part of the held-out figures; empty to be dealt out by a hash of the text.
        source: where the label is from.
        group: identity group that the text names or is about.
        dialect: of the text.
        test: functional test that the text belongs to.
    """

    text: str
    label: Literal[0, 1]
    split: Literal["", "train", "test", "evaluation"] = ""
    source: str = ""
    group: str = ""
    dialect: str = ""
    test: str = ""


class Example(msgspec.Struct, frozen=True):
    """A row with its text as the model sees it, and the part that it is in."""

    row: Row
    prepared: str
    part: Part


def read(path: Path) -> list[Row]:
    """Rows of a JSONL file, which may be compressed (.gz, .zst, .bz2).

    Raises:
        UserError: the file cannot be read, is empty, or a line is not a row; file and line are named.
    """
    rows, decoder = [], msgspec.json.Decoder(Row)
    try:
        with pa.input_stream(str(path)) as stream:
            lines = stream.read().split(b"\n")
    except OSError as error:
        raise UserError(f"{path}: want a JSONL file of labelled texts: {error}") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            rows.append(_row(line, decoder, f"{path}:{number}"))
    if not rows:
        raise UserError(f"{path}: want labelled texts, one JSON object a line, found none")
    return rows


def _row(line: bytes, decoder: msgspec.json.Decoder[Row], place: str) -> Row:
    try:
        return decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UserError(
            f"{place}: want a JSON object with text, label (0 or 1) and at most "
            f"{', '.join(name for name in Row.__struct_fields__ if name not in ('text', 'label'))}: {error}"
        ) from error


def deal(rows: Iterable[Row], seed: int) -> list[Example]:
    """The rows that have words, each with its part; the order stays.

    A text's part follows from the seed and the prepared text: 20% held out, 10% for calibration, the rest for training.
    All copies of a prepared text are in one part, that with the strongest claim.
    """
    kept = [(row, prepared) for row in rows if (prepared := prepare(row.text))]
    claims: dict[str, int] = {}
    for row, prepared in kept:
        claims[prepared] = max(claims.get(prepared, 0), _PARTS.index(_part(row, prepared, seed)))
    return [Example(row, prepared, _PARTS[claims[prepared]]) for row, prepared in kept]


def _part(row: Row, prepared: str, seed: int) -> Part:
    if row.split == "evaluation":
        return "evaluation"
    if row.split == "test":
        return "held-out"
    digest = hashlib.blake2b(f"{seed}:{prepared}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    place = int.from_bytes(digest, "big") / 2**64
    if place < _CALIBRATION:  # of what may be trained on, whoever dealt it out
        return "calibration"
    return "held-out" if not row.split and place < _CALIBRATION + _HELD_OUT else "train"


def require_both(examples: Sequence[Example], path: Path) -> None:
    """Checks that there is enough of both labels to train, to calibrate and to say how well it works.

    Raises:
        UserError: a part has texts of one label only.
    """
    for part in _PARTS[:3]:
        found = [example.row.label for example in examples if example.part == part]
        if len(set(found)) < 2:
            raise UserError(
                f"{path}: want texts of both labels for {part}, got {found.count(0)} with label 0 and "
                f"{found.count(1)} with label 1; give more labelled texts"
            )
