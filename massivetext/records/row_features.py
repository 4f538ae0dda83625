"""What a model is fed of records: inputs, targets, segments, positions, a loss mask, and where each row is from."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled_and_cached
from massivetext.records.dataset import Dataset
from massivetext.records.reader import SequenceReader
from massivetext.records.record_format import SequenceRecord

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Features = dict[str, npt.NDArray[np.integer]]

# What a batch may hold beside inputs, targets, segments and positions.
EXTRAS = ("loss_mask", "source", "seq_id", "doc_ids")
_NO_DOCUMENT = -1


class RowArrays(NamedTuple):
    """Arrays of some rows, each int32[rows, sequence length]; :func:`massivetext.loader.load` says what they hold."""

    inputs: I32
    targets: I32
    inputs_segmentation: I32
    inputs_position: I32
    loss_mask: I32


def read_batch(records: SequenceReader, rows: Sequence[int], extras: Sequence[str] = ()) -> Features:
    """Return the features of some rows of the records, counted through one shard after another.

    Args:
        records: where to read.
        rows: numbers of the rows.
        extras: which of ``EXTRAS`` to add.

    Raises:
        OSError: a record is missing or damaged, or has no ``doc_ids`` although they are asked for; its shard is named.
    """
    arrays = RowArrays(*(np.empty((len(rows), records.dataset.sequence_length), np.int32) for _ in RowArrays._fields))
    found = [records.read_row(row) for row in rows]
    for place, (row, record) in enumerate(zip(rows, found, strict=True)):
        try:
            fill_row(arrays, place, record, records.dataset)
            if "doc_ids" in extras:
                _check_doc_ids(record)
        except ValueError as error:
            raise OSError(f"{records.place(row)}: {error}; copy the folder again") from error
    batch: Features = {**arrays._asdict()}
    if "loss_mask" not in extras:
        del batch["loss_mask"]
    if "source" in extras:
        batch["source"] = np.array([record.source for record in found], np.int32)
    if "seq_id" in extras:
        batch["seq_id"] = np.array([record.seq_id for record in found], np.int64)
    if "doc_ids" in extras:
        batch["doc_ids"] = _join([np.asarray(record.doc_ids, np.int64) for record in found])
    return batch


def _check_doc_ids(record: SequenceRecord) -> None:
    found = 0 if record.doc_ids is None else len(record.doc_ids)
    if found != len(record.doc_starts):
        raise ValueError(f"want {len(record.doc_starts)} doc_ids, one per document, got {found}")


def _join(lists: Sequence[I64]) -> I64:
    """Return lists of numbers as the rows of an array, filled up with -1."""
    joined = np.full((len(lists), max(map(len, lists))), _NO_DOCUMENT, np.int64)
    for row, numbers in zip(joined, lists, strict=True):
        row[: len(numbers)] = numbers
    return joined


def fill_row(arrays: RowArrays, row: int, record: SequenceRecord, dataset: Dataset) -> None:
    """Write the features of a record into one row.

    Raises:
        ValueError: the record has another length, ids outside the vocabulary, or documents that begin elsewhere.
    """
    tokens = np.asarray(record.tokens, np.int64)
    starts = np.asarray(record.doc_starts, np.int64)
    if len(tokens) != dataset.sequence_length:
        raise ValueError(f"want {dataset.sequence_length} tokens, got {len(tokens)}")
    if not 0 <= record.source < len(dataset.sources):
        raise ValueError(f"want a source below {len(dataset.sources)}, got {record.source}")
    place = _fill(tokens, starts, dataset.special_ids.pad, dataset.vocab_size, row, *arrays)
    if place < 0:
        raise ValueError(f"want doc_starts that begin at 0 and rise below {len(tokens)}, got {starts.tolist()}")
    if place < len(tokens):
        raise ValueError(f"want ids from 0 to {dataset.vocab_size - 1}, got {tokens[place]} at position {place}")


def _fill_features(
    tokens: I64,
    starts: I64,
    pad: int,
    vocabulary: int,
    row: int,
    inputs: I32,
    targets: I32,
    segmentation: I32,
    position: I32,
    loss_mask: I32,
) -> int:
    """Write a row and return its length; the position of an id outside the vocabulary; or -1 for wrong starts."""
    length, documents = len(tokens), len(starts)
    filled = length  # padding follows
    while filled > 0 and tokens[filled - 1] == pad:
        filled -= 1
    if documents == 0 or starts[0] != 0:
        return -1
    for document in range(documents):
        begin = starts[document]
        end = starts[document + 1] if document + 1 < documents else length
        if begin >= end or end > length:
            return -1
        for at in range(begin, end):
            token = tokens[at]
            if token < 0 or token >= vocabulary:
                return at
            follows = at + 1 < length
            used = at < filled
            inputs[row, at] = token
            targets[row, at] = tokens[at + 1] if follows else pad
            segmentation[row, at] = document + 1 if used else 0
            position[row, at] = at - begin if used else 0
            loss_mask[row, at] = at + 1 < min(end, filled)
    return length


_fill = compiled_and_cached(_fill_features)
