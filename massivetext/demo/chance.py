"""Seeded choices that come out the same on every platform and Python version."""

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """A stream of choices that depends on its key alone.

    Only ``random.Random.random`` is drawn from: Python promises its sequence for a seed, but not that of ``shuffle``,
    ``sample`` and the like. Only ``+``, ``*`` and truncation follow, which IEEE 754 fixes to the last bit.
    """

    def __init__(self, *key: object) -> None:
        name = "\x00".join(map(str, key)).encode()
        seed = int.from_bytes(hashlib.blake2b(name, digest_size=16).digest(), "big")
        self._draw = random.Random(seed).random  # noqa: S311  no secrets here

    def below(self, limit: int) -> int:
        """A whole number from 0 to ``limit - 1``, all alike."""
        return int(self._draw() * limit)

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included, all alike."""
        return low + int(self._draw() * (high - low + 1))

    def share(self, share: float) -> bool:
        """True in this share of cases, 0 to 1."""
        return self._draw() < share

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, all alike."""
        return options[int(self._draw() * len(options))]

    def favour(self, options: Sequence[T]) -> T:
        """One of the options, the earlier the likelier, as words of a language are: rank r about as log(n / r)."""
        return options[int(self._draw() * self._draw() * len(options))]

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """``count`` different options (or all, if there are fewer), in random order."""
        rest = list(options)
        return [rest.pop(self.below(len(rest))) for _ in range(min(count, len(rest)))]
