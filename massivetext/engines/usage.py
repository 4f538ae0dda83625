"""What a stage used of this machine: wall time, and CPU time and memory of this process and its ended children."""

import resource
import time
from typing import NamedTuple, Self

_PEAK_UNIT = 1024  # bytes per unit of ru_maxrss on Linux


class Usage(NamedTuple):
    """A reading of the clocks, or the difference of two.

    Attributes:
        seconds: wall time.
        cpu_seconds: user and system time of this process and of its children that have ended.
        peak_bytes: largest resident set of any of these processes so far.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int

    @classmethod
    def now(cls) -> Self:
        """Read the clocks."""
        own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
        return cls(time.monotonic(), cpu, max(own.ru_maxrss, children.ru_maxrss) * _PEAK_UNIT)

    def since(self, before: "Usage") -> "Usage":
        """Return what was used since an earlier reading; the peak is that of this reading."""
        return Usage(self.seconds - before.seconds, self.cpu_seconds - before.cpu_seconds, self.peak_bytes)
