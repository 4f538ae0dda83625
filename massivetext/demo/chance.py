"""Random choices from a seed, the same on every platform and Python version."""

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """A sequence of random choices that depends only on the key.

    All choices use ``random.Random.random``: Python guarantees its sequence for a seed, but not that of ``shuffle`` or
    ``sample``. Its values are only added, multiplied and truncated, which IEEE 754 defines to the last bit.
    """

    def __init__(self, *key: object) -> None:
        name = "\x00".join(map(str, key)).encode()
        seed = int.from_bytes(hashlib.blake2b(name, digest_size=16).digest(), "big")
        self._draw = random.Random(seed).random  # noqa: S311  these numbers protect nothing

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to ``limit - 1``, uniformly."""
        return int(self._draw() * limit)

    def between(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included, uniformly."""
        return low + int(self._draw() * (high - low + 1))

    def share(self, share: float) -> bool:
        """Return True with this probability, 0 to 1."""
        return self._draw() < share

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options, uniformly."""
        return options[int(self._draw() * len(options))]

    def favour(self, options: Sequence[T]) -> T:
        """Return an option; number r of n has probability of about log(n / r) / n, similar to words of a language."""
        return options[int(self._draw() * self._draw() * len(options))]

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """Return ``count`` different options (or all, if there are fewer) in random order."""
        rest = list(options)
        return [rest.pop(self.below(len(rest))) for _ in range(min(count, len(rest)))]
