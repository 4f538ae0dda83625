"""Run a module in a process that ends with its parent: ``python -m massivetext.engines.leash PID MODULE``.

PID is the process ID of the parent.
"""

import contextlib
import ctypes
import os
import runpy
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def command(module: str) -> list[str]:
    """What this process starts to run a module so; nothing of weight is imported before the leash holds."""
    return [sys.executable, "-m", __name__, str(os.getpid()), module]


def main() -> None:
    """Runs the module. A Ctrl-C is left to the process that started it."""
    starter, module = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bind(int(starter))
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def bind(starter: int) -> None:
    """Has this process end with the one that has started it; at once where that has gone already."""
    with contextlib.suppress(OSError, AttributeError):  # where there is no such call, it ends with its connection
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != starter:
        sys.exit()


if __name__ == "__main__":
    main()
