"""What a command does to its own process: stop on signals, and keep standard error quiet."""

import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


_when_stopped = ["stopped"]


def say_when_stopped(message: str) -> None:
    """Set what the command says if a signal stops it from now on."""
    _when_stopped[:] = [message]


def stop_message() -> str:
    """Return what the command says when a signal has stopped it."""
    return _when_stopped[0]


@contextmanager
def stop_on_signals() -> Iterator[list[int]]:
    """Raise KeyboardInterrupt with the number of the signal when SIGINT, SIGTERM or SIGHUP arrives.

    The numbers are also added to the list that is given: an exception in the middle of an import may become another.

    A signal that the process which started the command has set to be ignored stays ignored.
    """
    received: list[int] = []
    say_when_stopped("stopped")

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


# What a crash prints: a signal, an exception of C++, Python's stack, errors and fatal errors of glog.
_CRASH_LINE = re.compile(r"terminate called|  what\(\):|Fatal Python|Segmentation|[EF]\d{4} ")
_STACK = re.compile(
    r"Fatal Python|(Current t|T)hread 0x"
)  # the head of the stack of a thread, as faulthandler prints it
_FRAME = '  File "'
_LAST_BYTES = 1 << 20
_LONGEST_LINE = 200  # characters


def crash_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield those lines of standard error that show a crash, without the tracebacks of exceptions.

    A worker that is killed makes threads of gRPC end in exceptions, whose tracebacks would bury the cause.
    """
    in_stack = False
    for line in lines:
        in_stack = bool(_STACK.match(line)) or (in_stack and line.startswith(_FRAME))
        if in_stack or _CRASH_LINE.match(line):
            yield line


@contextmanager
def hide_standard_error(*, debug: bool, keep: Callable[[list[str]], None] | None = None) -> Iterator[None]:
    """Send what workers and libraries print to standard error into a temporary file; with ``debug``, do nothing.

    Args:
        debug: whether the user wants to see it.
        keep: called, if the block fails, with those of the last lines that show a crash. Others may quote documents.
    """
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
        except Exception:
            if keep is not None:
                log.seek(max(0, log.seek(0, os.SEEK_END) - _LAST_BYTES))
                lines = log.read().decode(errors="replace").splitlines()
                keep([line[:_LONGEST_LINE] for line in crash_lines(lines)][-50:])
            raise
        finally:
            sys.stderr.flush()
            os.dup2(original, 2)
            os.close(original)
