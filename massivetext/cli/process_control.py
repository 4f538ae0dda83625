"""What a long command does to its own process: stop on signals, and keep standard error quiet."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stop_on_signals(*numbers: signal.Signals) -> Iterator[None]:
    """Raise KeyboardInterrupt with the number of the signal when one of these signals arrives.

    A signal that the process which started the command has set to be ignored stays ignored.
    """

    def stop(number: int, _: object) -> None:
        raise KeyboardInterrupt(number)

    handled = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in handled:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)


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
