"""What a stage used of this machine: wall time, and CPU time and memory of this process and its children."""

import resource
import time
from typing import NamedTuple, Self

from massivetext.engines import local_workers
from massivetext.engines.fork_server import process_usage
from massivetext.extract.watchdog import page_processes

_PEAK_UNIT = 1024  # bytes per unit of ru_maxrss on Linux


class Usage(NamedTuple):
    """A reading of the clocks, or the difference of two.

    Attributes:
        seconds: wall time.
        cpu_seconds: user and system time of this process, of its children that have ended, of all worker processes,
            and of the processes that extract pages.
        peak_bytes: largest resident set of any of these processes so far.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int

    @classmethod
    def now(cls) -> Self:
        """Read the clocks."""
        own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        others = [local_workers.workers_usage(), *map(process_usage, page_processes())]
        cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime + sum(cpu for cpu, _ in others)
        peak = max(own.ru_maxrss * _PEAK_UNIT, children.ru_maxrss * _PEAK_UNIT, *(peak for _, peak in others))
        return cls(time.monotonic(), cpu, peak)

    def since(self, before: "Usage") -> "Usage":
        """Return what was used since an earlier reading; the peak is that of this reading."""
        return Usage(self.seconds - before.seconds, self.cpu_seconds - before.cpu_seconds, self.peak_bytes)
