"""Near-duplicate pairs of many documents, read again and again in the order of the later document, with little memory.

A document is named by its *place*: its position among the documents in the order of their ranks, from 0.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]

WINDOW_PAIRS = 2**22  # 64 MiB of pairs; sorting a window takes about four times as much


class PairWindows:
    """A set of pairs of places, divided into *windows*: equal ranges of the place of the later document.

    One window stays in memory. Several are files in a temporary folder, and one is in memory at a time.

    Args:
        documents: number of places.
        expected_pairs: about how many pairs there will be, which fixes the number of windows.
        window_pairs: pairs per window on average, at least 1; does not change what is read.
    """

    def __init__(self, documents: int, expected_pairs: int, *, window_pairs: int = WINDOW_PAIRS) -> None:
        windows = max(1, -(-expected_pairs // window_pairs))
        self._places_per_window = max(1, -(-documents // windows))
        self._held = [np.zeros((0, 2), np.int64)]  # of the only window: made one array when it is read
        self._folder = tempfile.TemporaryDirectory(prefix="massivetext-pairs-") if windows > 1 else None

    def __enter__(self) -> "PairWindows":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove the temporary files."""
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, pairs: I64) -> None:
        """Add pairs of places, int64[k, 2], in any order and direction; a pair may be added again."""
        pairs = np.sort(pairs, axis=1)
        if self._folder is None:
            self._held.append(pairs)
            return
        windows = pairs[:, 1] // self._places_per_window
        for window in np.unique(windows).tolist():
            with self._file(window).open("ab") as file:
                pairs[windows == window].astype("<i8").tofile(file)

    def __iter__(self) -> Iterator[I64]:
        """Yield the distinct pairs, (earlier, later) by later and earlier place; later windows have later places."""
        if self._folder is None:
            if len(self._held) > 1:
                self._held = [sort_pairs(np.concatenate(self._held))]
            yield self._held[0]
            return
        for path in sorted(Path(self._folder.name).iterdir()):
            yield sort_pairs(np.fromfile(path, "<i8").astype(np.int64).reshape(-1, 2))

    def _file(self, window: int) -> Path:
        assert self._folder is not None
        return Path(self._folder.name) / f"{window:012d}"


def sort_pairs(pairs: I64) -> I64:
    """Return the distinct pairs, sorted by the second place, then by the first."""
    if not len(pairs):
        return pairs
    pairs = pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))]
    new = np.ones(len(pairs), np.bool_)
    new[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    return pairs[new]
