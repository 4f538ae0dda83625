"""Run a module in a process that ends with its parent: ``python -m massivetext.engines.leash PID MODULE ARGUMENT...``.

PID is the process ID of the parent.
"""

import contextlib
import ctypes
import os
import runpy
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def leashed_command(module: str, arguments: Sequence[str] = ()) -> list[str]:
    """Return the command that runs a module so, as a child of this process; large imports come after the leash."""
    return [sys.executable, "-m", __name__, str(os.getpid()), module, *arguments]


def main() -> None:
    """Run the module. Ctrl-C is ignored here: the parent handles it."""
    parent, module, *arguments = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    exit_with_parent(int(parent))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def exit_with_parent(parent: int) -> None:
    """Make the kernel kill this process when its parent ends; exit at once if the parent has ended already."""
    with contextlib.suppress(OSError, AttributeError):  # not on Linux: this process ends when its connection closes
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit()


if __name__ == "__main__":
    main()
