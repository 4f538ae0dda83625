"""The paths of the files of an archive that were read, in little memory: an archive may have millions of them."""

import bisect
import hashlib

import numpy as np

_MOST_RECENT = 1 << 16


class SeenPaths:
    """Counts how often each path came, in 8 bytes per path: paths are known by 64 bits of their hash.

    Two paths out of a million have the same bits with a probability of 3e-8; the second would get the key of a repeated
    path.
    """

    def __init__(self) -> None:
        self._recent: set[int] = set()
        self._older = np.empty(0, np.uint64)  # sorted
        self._repeated: dict[str, int] = {}

    def count(self, path: str) -> int:
        """Return how often a path has come, with this time: 1 for a new one."""
        if path in self._repeated:
            self._repeated[path] += 1
            return self._repeated[path]
        digest = hashlib.blake2b(path.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        number = int.from_bytes(digest, "little")
        if number in self._recent or self._is_older(number):
            self._repeated[path] = 2
            return 2
        self._recent.add(number)
        if len(self._recent) >= _MOST_RECENT:
            recent = np.fromiter(self._recent, np.uint64, len(self._recent))
            self._older = np.sort(np.concatenate([self._older, recent]))
            self._recent.clear()
        return 1

    def _is_older(self, number: int) -> bool:
        place = bisect.bisect_left(self._older, number)
        return place < len(self._older) and int(self._older[place]) == number
