"""Records as batches for JAX, through Grain: globally shuffled, split among processes, resumable to the bit."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from massivetext.records.formats import FORMATS, RecordFormats
from massivetext.records.local_copies import Copies
from massivetext.records.reader import open_records
from massivetext.records.record_format import SequenceRecord

Features = dict[str, npt.NDArray[np.int32]]


class Batches(Protocol):
    """An iterator over batches whose position can be stored and restored (a Grain ``DatasetIterator``)."""

    def __iter__(self) -> "Batches":
        """Itself."""

    def __next__(self) -> Features:
        """The next batch of this process. Raises StopIteration."""

    def get_state(self) -> dict[str, Any]:
        """The position, as something that JSON can hold; the same for every process."""

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes to a position: the next batch is the one that would have come there."""


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
    """Batches of a folder of records, as dictionaries of int32 arrays of shape (rows, sequence length).

    "inputs" are the tokens and "targets" the next ones (the last target of a row is padding: give it no loss).
    "inputs_segmentation" numbers the crops of documents in a row from 1, and "inputs_position" counts from 0 in each;
    Gopher attends across documents, so they are for those who want otherwise.

    The global order is fixed first and then dealt to the processes row by row, so the rows of the n-th global batch are
    the same for any number of processes. Rows that fill no batch at the end of the last epoch are left out.

    Records of an object store are copied to this machine first, all of them: the shuffle is over all.

    Args:
        folder: folder with ``dataset.json``; local path or URL.
        batch_size: rows of a global batch, over all processes.
        seed: seed of the shuffle, below 2**32; each epoch has its own order.
        shuffle: False: in stored order, which is well mixed already.
        epochs: passes over the data; None: without end.
        process_index: number of this process; None: JAX knows.
        process_count: number of processes; None: JAX knows.
        cache: local folder for copies, which stay there and are used again; None: a temporary one.
        formats: record formats that can be read.

    Raises:
        ImportError: Grain or JAX is not installed.
        ValueError: the batch cannot be dealt evenly, or is larger than the data.
        OSError: the records are incomplete or damaged.
    """
    grain = _grain()
    records = open_records(folder, formats=formats)
    index, count = _process(process_index, process_count)
    if batch_size < 1 or batch_size % count:
        raise ValueError(f"load: want a batch_size that {count} processes divide evenly, got {batch_size}")
    if epochs is not None and batch_size > epochs * len(records):
        raise ValueError(f"load: want a batch_size of at most {epochs * len(records)} rows, got {batch_size}")
    copies = Copies(folder, records.dataset, cache)
    rows = grain.MapDataset.source(records.record_format.open(copies.paths()))
    if shuffle:
        rows = rows.seed(seed).shuffle()
    # Batched before it becomes an iterator: threads that fetch single records only get into each other's way.
    batches: Batches = iter(
        rows.repeat(epochs)[index::count]
        .map(_ToFeatures(records.dataset.special_ids.pad, copies))
        .batch(batch_size // count, drop_remainder=True)
        .to_iter_dataset(grain.ReadOptions(num_threads=1, prefetch_buffer_size=4))
    )
    return batches


def on_devices(batch: Mapping[str, npt.NDArray[np.int32]], sharding: Any) -> dict[str, Any]:
    """A process's part of a batch as global JAX arrays under a ``NamedSharding`` whose first axis is the batch."""
    jax = _jax()
    return {name: jax.make_array_from_process_local_data(sharding, values) for name, values in batch.items()}


class _ToFeatures:
    def __init__(self, pad_id: int, copies: Copies) -> None:
        self._pad_id = pad_id
        self._copies = copies  # which are removed when nobody needs them any more

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
    if (index is None) != (count is None):
        raise ValueError(f"load: want both process_index and process_count or neither, got {index} and {count}")
    if index is None or count is None:
        jax = _jax()
        return jax.process_index(), jax.process_count()
    if not 0 <= index < count:
        raise ValueError(f"load: want 0 <= process_index < process_count, got {index} and {count}")
    return index, count


def _grain() -> Any:
    try:
        import grain
    except ImportError as error:
        raise ImportError("loading records needs Grain: pip install massivetext[jax]") from error
    return grain


def _jax() -> Any:
    try:
        import jax
    except ImportError as error:
        raise ImportError("loading records on devices needs JAX: pip install massivetext[jax]") from error
    return jax
