"""Batches of records for JAX: globally shuffled, divided among processes, resumable exactly."""

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from massivetext.records.batch_order import BatchOrder, State
from massivetext.records.dataset import Dataset
from massivetext.records.formats import FORMATS, RecordFormats
from massivetext.records.reader import SequenceReader, open_records
from massivetext.records.row_features import EXTRAS, Features, read_batch

_AHEAD = 4  # batches that are read before they are asked for


class Batches(Iterator[Features]):
    """An iterator over batches, with a position that can be stored and restored.

    Attributes:
        dataset: contents of ``dataset.json``: names of the sources, special ids, vocabulary.
    """

    def __init__(
        self,
        records: SequenceReader,
        order: BatchOrder,
        extras: Sequence[str],
        total: int | None,
        rows: npt.NDArray[np.int64],
    ) -> None:
        """Keep what :func:`load` has checked; ``rows`` are those of each global batch that this process reads."""
        self.dataset: Dataset = records.dataset
        self._records, self._order, self._extras, self._total, self._rows = records, order, extras, total, rows
        self._next = 0
        self._batches: Iterator[Features] | None = None

    def __iter__(self) -> Self:
        """Return the iterator itself."""
        return self

    def __next__(self) -> Features:
        """Return the next batch of this process.

        Raises:
            StopIteration: the epochs are over.
            OSError: a record is damaged; the message names its shard.
        """
        if self._batches is None:
            self._batches = self._read_ahead()
        try:
            batch = next(self._batches)
        except OSError:
            self._batches = None  # another call reads the same batch again, and does not take the error for the end
            raise
        self._next += 1
        return batch

    def get_state(self) -> State:
        """Return the position and what it belongs to, in a form that JSON can hold; the same for every process."""
        return self._order.state(self._next)

    def set_state(self, state: Mapping[str, object]) -> None:
        """Move to a position, so that the next batch is the one that followed it.

        Raises:
            ValueError: the state is one of other records, or of another split, batch size, seed or kind of order.
        """
        self._next = self._order.next_batch(state)
        self._batches = None

    def on(self, mesh: object, axis: str | tuple[str, ...] = "data") -> "DeviceBatches":
        """Return the same batches as global ``jax.Array`` values, whose rows are divided along an axis of a mesh.

        A process reads the rows of its own devices, wherever they are in the mesh, so the arrays are the same for any
        number of processes. Along other axes of the mesh they are replicated. Integers become int32, as JAX has it;
        "doc_ids" stay numpy arrays of the rows of this process.

        Args:
            mesh: a ``jax.sharding.Mesh``.
            axis: name of the axis, or names, along which the rows are divided.

        Raises:
            ValueError: the mesh has no such axis, or its size does not divide the batch size.
        """
        jax = _jax()
        axes = (axis,) if isinstance(axis, str) else axis
        sizes: Mapping[str, int] = mesh.shape  # type: ignore[attr-defined]
        if not set(axes) <= set(sizes):
            raise ValueError(f"load: want an axis of the mesh ({', '.join(sizes)}), got {', '.join(axes)}")
        shards = int(np.prod([sizes[name] for name in axes]))
        if self._order.batch_size % shards:
            raise ValueError(
                f"load: want a batch_size that {shards} shards along {', '.join(axes)} divide evenly, "
                f"got {self._order.batch_size}"
            )
        sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(axes))
        places = sharding.addressable_devices_indices_map((self._order.batch_size,))
        every = np.arange(self._order.batch_size)
        rows = np.unique(np.concatenate([every[place] for place in places.values()]))
        own = Batches(self._records, self._order, self._extras, self._total, rows)
        own._next = self._next
        return DeviceBatches(own, sharding, rows, self._order.batch_size)

    def _read_ahead(self) -> Iterator[Features]:
        """Return an iterator over the batches from the next one on; it does not hold this object."""
        records, order, rows, extras = self._records, self._order, self._rows, self._extras

        def read(number: int) -> Features:
            return read_batch(records, order.rows_of(number, rows), extras)

        numbers = itertools.count(self._next) if self._total is None else range(self._next, self._total)
        return _compute_ahead(read, numbers)


class DeviceBatches(Iterator[dict[str, Any]]):
    """Batches as global ``jax.Array`` values; what :meth:`Batches.on` returns.

    Attributes:
        dataset: contents of ``dataset.json``.
        sharding: how the rows are divided among the devices.
    """

    def __init__(self, batches: Batches, sharding: Any, rows: npt.NDArray[np.int64], batch_size: int) -> None:
        """Keep the batches of this process, whose rows are those of its devices."""
        self.dataset, self.sharding = batches.dataset, sharding
        self._batches, self._rows, self._batch_size = batches, rows, batch_size

    def __iter__(self) -> Self:
        """Return the iterator itself."""
        return self

    def __next__(self) -> dict[str, Any]:
        """Return the next global batch. Raises StopIteration or OSError, as :class:`Batches` does."""
        return {name: self._place(name, values) for name, values in next(self._batches).items()}

    def get_state(self) -> State:
        """Return the position; it does not depend on mesh, devices or processes."""
        return self._batches.get_state()

    def set_state(self, state: Mapping[str, object]) -> None:
        """Move to a position. Raises ValueError for the state of other batches."""
        self._batches.set_state(state)

    def _place(self, name: str, values: npt.NDArray[np.integer]) -> object:
        if name == "doc_ids":
            return values
        narrow = values.astype(np.int32, copy=False)
        if (narrow != values).any():
            raise ValueError(f"load: {name} does not fit into int32: use the batches of each process instead of on()")

        def part(place: tuple[slice, ...]) -> npt.NDArray[np.int32]:
            begin, end, _ = place[0].indices(self._batch_size)
            first = int(np.searchsorted(self._rows, begin))
            return narrow[first : first + end - begin]

        return _jax().make_array_from_callback((self._batch_size, *values.shape[1:]), self.sharding, part)


def load(
    folder: str | os.PathLike[str],
    batch_size: int,
    seed: int,
    *,
    split: str = "train",
    include: Sequence[str] = (),
    shuffle: bool = True,
    epochs: int | None = None,
    process_index: int | None = None,
    process_count: int | None = None,
    cache: str | None = None,
    formats: RecordFormats = FORMATS,
) -> Batches:
    """Return batches of a folder of records, as dictionaries of int32 arrays of shape (rows, sequence length).

    "inputs" are the tokens and "targets" are the next tokens. The last target of a row is padding: give it no loss.
    "inputs_segmentation" numbers the documents in a row from 1 and is 0 at padding, and "inputs_position" counts from
    0 in each document. Gopher attends across documents; these two are for models that do not.

    More is returned where ``include`` names it:

    - "loss_mask": 1 where the target is the next token of the same document, otherwise 0. A model that attends across
      documents, as Gopher does, takes ``targets != dataset.special_ids.pad`` instead.
    - "source": (rows,), the number of the source in ``dataset.sources``.
    - "seq_id": (rows,), int64, the slot of the sequence in the data set.
    - "doc_ids": (rows, most documents of a row), int64, the stored numbers of the documents in segments 1, 2, ...;
      -1 after the last one.

    The global order is fixed before the rows are divided among the processes, in blocks: the n-th global batch is the
    same for any number of processes. Rows that do not fill a batch at the end of the last epoch are left out.

    All records of an object store are copied to this machine first, because the shuffle covers all of them.

    Args:
        folder: folder with ``dataset.json``; local path or URL.
        batch_size: rows of a global batch, over all processes.
        seed: seed of the shuffle; each epoch has its own order.
        split: which of the splits in ``dataset.json``.
        include: names of further features.
        shuffle: False: in the stored order, which is well mixed already.
        epochs: passes over the data; None: without end.
        process_index: number of this process; None: as JAX reports it.
        process_count: number of processes; None: as JAX reports it.
        cache: local folder for copies, which stay there and are used again; None: a temporary one.
        formats: record formats that can be read.

    Raises:
        ImportError: JAX is not installed, and ``process_index`` and ``process_count`` are not given.
        FileNotFoundError: the folder holds no finished records.
        ValueError: the batch size is not a multiple of the number of processes, or is larger than the data; an unknown
            split or feature; or "doc_ids" of records that have none.
        OSError: the records are incomplete or damaged; the message names the shard.
    """
    folder = os.fspath(folder)
    unknown = [name for name in include if name not in EXTRAS]
    if unknown:
        raise ValueError(f"load: want include to name some of {', '.join(EXTRAS)}; got {unknown[0]!r}")
    records = open_records(folder, cache, split=split, formats=formats)
    index, count = _process(process_index, process_count)
    if batch_size < 1 or batch_size % count:
        raise ValueError(f"load: want a batch_size that {count} processes divide evenly, got {batch_size}")
    if epochs is not None and batch_size > epochs * len(records):
        raise ValueError(f"load: want a batch_size of at most {epochs * len(records)} rows, got {batch_size}")
    records.fetch()
    if "doc_ids" in include and records.read_row(0).doc_ids is None:
        raise ValueError(
            f"load: {folder} stores no doc_ids, so none can be included; make the records with document ids, or leave "
            "them out"
        )
    order = BatchOrder(
        fingerprint=records.dataset.fingerprint,
        split=split,
        rows=len(records),
        batch_size=batch_size,
        seed=int(seed),
        shuffle=shuffle,
    )
    total = None if epochs is None else epochs * len(records) // batch_size
    share = batch_size // count
    return Batches(records, order, tuple(include), total, np.arange(index * share, (index + 1) * share))


def _compute_ahead(read: Callable[[int], Features], numbers: Iterable[int]) -> Iterator[Features]:
    """Yield the batches of some numbers, some of which are read by another thread before they are asked for."""
    # One thread, and whole batches: several threads hold each other up, since most of the work is Python's.
    # It is never joined here. An iterator that is given up may be collected at any point of any thread, even while that
    # thread holds the locks that a join needs; the pool's thread ends by itself when the pool is collected.
    thread = ThreadPoolExecutor(1, thread_name_prefix="massivetext-load")
    left = iter(numbers)
    reading = deque(thread.submit(read, number) for number in itertools.islice(left, _AHEAD))
    while reading:
        batch = reading.popleft().result()
        reading.extend(thread.submit(read, number) for number in itertools.islice(left, 1))
        yield batch


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


def _jax() -> ModuleType:
    try:
        import jax
    except ImportError as error:
        raise ImportError("loading records on devices needs JAX: pip install massivetext[jax]") from error
    module: ModuleType = jax
    return module
