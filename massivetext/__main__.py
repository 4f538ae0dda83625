"""The command ``massivetext``, also ``python -m massivetext``: handles signals from the first moment on.

The imports of the command take some tenths of a second. A signal in that time would end in a traceback, or in an exit
code other than 128 plus its number.
"""

import os
import signal
import sys

from massivetext.cli.process_control import STOPPING
from massivetext.errors import describe_missing_module


def _stop_at_once(number: int, _: object) -> None:
    if not _has_begun:
        os.write(2, b"massivetext: stopped before anything had begun\n")
    os._exit(128 + number)  # nothing is at work that would have to end well


_has_begun: list[bool] = []


def open_standard_streams() -> None:
    """Open standard streams that the caller has closed, to nowhere: a file of ours would get the number of one."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode))


def main() -> None:
    """Run the command."""
    open_standard_streams()
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop_at_once)
    try:
        from massivetext.cli.main import main as run_command
    except ModuleNotFoundError as error:
        sys.stderr.write(f"massivetext: {describe_missing_module(error)}\n")
        sys.exit(2)
    _has_begun.append(True)
    run_command()


if __name__ == "__main__":
    main()
