"""Batches of records for JAX, through Grain: globally shuffled, divided among processes, resumable exactly."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from massivetext.records.formats import FORMATS, RecordFormats
from massivetext.records.local_copies import LocalShards
from massivetext.records.reader import open_records
from massivetext.records.record_format import SequenceRecord

Features = dict[str, npt.NDArray[np.int32]]
State = dict[str, object]


class Batches(Protocol):
    """An iterator over batches with a position that can be stored and restored (a Grain ``DatasetIterator``)."""

    def __iter__(self) -> "Batches":
        """Return the iterator itself."""

    def __next__(self) -> Features:
        """Return the next batch of this process. Raises StopIteration."""

    def get_state(self) -> State:
        """Return the position in a form that JSON can hold; it is the same for every process."""

    def set_state(self, state: State) -> None:
        """Move to a position, so that the next batch is the one that followed it."""


def load(
    folder: str,
    batch_size: int,
    seed: int,
    *,
    shuffle: bool = True,
    epochs: int | None = None,
    process_index: int | None = None,
    process_count: int | None = None,
    cache: str | None = None,
    formats: RecordFormats = FORMATS,
) -> Batches:
    """Return batches of a folder of records, as dictionaries of int32 arrays of shape (rows, sequence length).

    "inputs" are the tokens and "targets" are the next tokens. The last target of a row is padding: give it no loss.
    "inputs_segmentation" numbers the crops in a row from 1, and "inputs_position" counts from 0 in each crop. Gopher
    attends across documents; these two are for models that do not.

    The global order is fixed before the rows are divided among the processes, so the rows of the n-th global batch are
    the same for any number of processes. Rows that do not fill a batch at the end of the last epoch are left out.

    All records of an object store are copied to this machine first, because the shuffle covers all of them.

    Args:
        folder: folder with ``dataset.json``; local path or URL.
        batch_size: rows of a global batch, over all processes.
        seed: seed of the shuffle, below 2**32; each epoch has its own order.
        shuffle: False: in the stored order, which is well mixed already.
        epochs: passes over the data; None: without end.
        process_index: number of this process; None: as JAX reports it.
        process_count: number of processes; None: as JAX reports it.
        cache: local folder for copies, which stay there and are used again; None: a temporary one.
        formats: record formats that can be read.

    Raises:
        ImportError: Grain or JAX is not installed.
        ValueError: the batch size is not a multiple of the number of processes, or is larger than the data.
        OSError: the records are incomplete or damaged.
    """
    grain = _grain()
    records = open_records(folder, formats=formats)
    index, count = _process(process_index, process_count)
    if batch_size < 1 or batch_size % count:
        raise ValueError(f"load: want a batch_size that {count} processes divide evenly, got {batch_size}")
    if epochs is not None and batch_size > epochs * len(records):
        raise ValueError(f"load: want a batch_size of at most {epochs * len(records)} rows, got {batch_size}")
    shards = LocalShards(folder, records.dataset, cache)
    rows = grain.MapDataset.source(records.record_format.open(shards.paths()))
    if shuffle:
        rows = rows.seed(seed).shuffle()
    # Batched before it becomes an iterator: threads that fetch single records slow each other down.
    batches: Batches = iter(
        rows.repeat(epochs)[index::count]
        .map(_ToFeatures(records.dataset.special_ids.pad, shards))
        .batch(batch_size // count, drop_remainder=True)
        .to_iter_dataset(grain.ReadOptions(num_threads=1, prefetch_buffer_size=4))
    )
    return batches


def on_devices(batch: Mapping[str, npt.NDArray[np.int32]], sharding: object) -> dict[str, Any]:
    """Return a batch of this process as global JAX arrays.

    Args:
        batch: arrays of this process.
        sharding: a ``NamedSharding``; its first axis is the batch.
    """
    jax = _jax()
    return {name: jax.make_array_from_process_local_data(sharding, values) for name, values in batch.items()}


class _ToFeatures:
    def __init__(self, pad_id: int, shards: LocalShards) -> None:
        self._pad_id = pad_id
        self._shards = shards  # a temporary folder of copies is removed with this object

    def __call__(self, record: SequenceRecord) -> Features:
        tokens = record.tokens.astype(np.int32)
        starts = record.doc_starts
        lengths = np.diff(starts, append=len(tokens))
        return {
            "inputs": tokens,
            "targets": np.append(tokens[1:], np.int32(self._pad_id)),
            "inputs_segmentation": np.repeat(np.arange(1, len(starts) + 1, dtype=np.int32), lengths),
            "inputs_position": (np.arange(len(tokens)) - np.repeat(starts, lengths)).astype(np.int32),
        }


def _process(index: int | None, count: int | None) -> tuple[int, int]:
    """Return the number of this process and the number of processes, from JAX if both are None."""
    if (index is None) != (count is None):
        raise ValueError(f"load: want both process_index and process_count or neither, got {index} and {count}")
    if index is None or count is None:
        jax = _jax()
        return jax.process_index(), jax.process_count()
    if not 0 <= index < count:
        raise ValueError(f"load: want 0 <= process_index < process_count, got {index} and {count}")
    return index, count


def _grain() -> ModuleType:
    try:
        import grain
    except ImportError as error:
        raise ImportError("loading records needs Grain: pip install massivetext[jax]") from error
    module: ModuleType = grain
    return module


def _jax() -> ModuleType:
    try:
        import jax
    except ImportError as error:
        raise ImportError("loading records on devices needs JAX: pip install massivetext[jax]") from error
    module: ModuleType = jax
    return module
