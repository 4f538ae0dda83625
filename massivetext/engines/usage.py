"""What a stage took of this machine: wall time, and CPU time and memory of this process and those it waited for."""

import resource
import time
from typing import NamedTuple, Self

_PEAK_UNIT = 1024  # bytes of ru_maxrss on Linux


class Usage(NamedTuple):
    """A reading of the clocks, or the difference of two.

    Attributes:
        seconds: of wall time.
        cpu_seconds: user and system time of this process and of its children that have ended.
        peak_bytes: largest resident set of any of them so far.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int

    @classmethod
    def now(cls) -> Self:
        """The clocks as they stand."""
        own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
        return cls(time.monotonic(), cpu, max(own.ru_maxrss, children.ru_maxrss) * _PEAK_UNIT)

    def since(self, before: "Usage") -> "Usage":
        """What was used between two readings; the peak is that of the later one."""
        return Usage(self.seconds - before.seconds, self.cpu_seconds - before.cpu_seconds, self.peak_bytes)
