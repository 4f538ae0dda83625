"""What a command does to its own process: stop on signals, and keep standard error quiet."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StoppedError(Exception):
    """A signal has stopped a command that has something to say about it."""


@contextmanager
def stop_on_signals() -> Iterator[list[int]]:
    """Raise KeyboardInterrupt with the number of the signal when SIGINT, SIGTERM or SIGHUP arrives.

    The numbers are also added to the list that is given: an exception in the middle of an import may become another.

    A signal that the process which started the command has set to be ignored stays ignored.
    """
    received: list[int] = []

    def stop(number: int, _: object) -> None:
        received.append(number)
        raise KeyboardInterrupt(number)

    here = threading.current_thread() is threading.main_thread()  # Python lets no other thread handle signals
    before = {number: signal.getsignal(number) for number in STOPPING if here}
    handled = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    for number in handled:
        signal.signal(number, stop)
    try:
        yield received
    finally:
        for number, handler in handled.items():
            signal.signal(number, handler)


@contextmanager
def hide_standard_error(*, debug: bool) -> Iterator[None]:
    """Send what workers and libraries print to standard error into a temporary file; with ``debug``, do nothing."""
    if debug:
        yield
        return
    import tempfile

    sys.stderr.flush()
    original = os.dup(2)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(original, 2)
            os.close(original)
