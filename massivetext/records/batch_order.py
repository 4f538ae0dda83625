"""The order in which rows of records become global batches, and the state that says how far it has been followed."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from massivetext.hashing import derive_hash_key
from massivetext.records.permutation import Permutation

I64 = npt.NDArray[np.int64]
State = dict[str, object]

_NEXT = "next_batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOrder:
    """Everything that decides which rows the n-th global batch holds, and in which order.

    Attributes:
        fingerprint: hash of the records, from ``dataset.json``.
        split: name of the split.
        rows: number of rows in the split.
        batch_size: rows of a global batch.
        seed: seed of the shuffle.
        shuffle: whether rows are shuffled, in each epoch anew.
    """

    fingerprint: str
    split: str
    rows: int
    batch_size: int
    seed: int
    shuffle: bool

    def rows_of(self, batch: int, places: I64) -> list[int]:
        """Return the numbers of the rows in some places of a global batch."""
        positions = batch * self.batch_size + places
        epochs, within = np.divmod(positions, self.rows)
        if not self.shuffle:
            return [int(row) for row in within]
        found = np.empty_like(within)
        for epoch in np.unique(epochs).tolist():
            chosen = epochs == epoch
            found[chosen] = _permutation(self.rows, self.seed, epoch).forward(within[chosen])
        return [int(row) for row in found]

    def state(self, next_batch: int) -> State:
        """Return a position in this order as JSON can hold it."""
        return {name: getattr(self, name) for name in self.__slots__} | {_NEXT: next_batch}

    def next_batch(self, state: Mapping[str, object]) -> int:
        """Return the position that a state holds.

        Raises:
            ValueError: the state belongs to another order.
            TypeError: it is no mapping.
        """
        wanted = self.state(0)
        if not isinstance(state, Mapping):
            raise TypeError(f"load: want a state that get_state returned, got {state!r}")
        if set(state) != set(wanted):
            raise ValueError(
                f"load: want a state with {', '.join(wanted)}, got {', '.join(sorted(map(str, state))) or 'nothing'}; "
                "it is not a state of massivetext's loader, or one of another version"
            )
        other = [name for name in wanted if name != _NEXT and state[name] != wanted[name]]
        if other:
            differences = "; ".join(f"{name} is {state[name]!r} there and {wanted[name]!r} here" for name in other)
            raise ValueError(
                f"load: the state belongs to other batches: {differences}; load what it was saved with, or start anew"
            )
        position = state[_NEXT]
        if not isinstance(position, int) or position < 0:
            raise ValueError(f"load: want a state whose {_NEXT} is a number from 0, got {position!r}")
        return position


@functools.lru_cache(4)
def _permutation(rows: int, seed: int, epoch: int) -> Permutation:
    return Permutation(rows, derive_hash_key("load", seed, epoch))
