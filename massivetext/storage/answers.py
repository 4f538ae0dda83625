"""A limit for the time that an object store may take to answer.

The libraries limit each attempt, and repeat it many times: a store that accepts a request and never answers would hold
a run for half an hour without a word. Here a call as a whole has a limit, and after it fails as if the store had said
so. The library's own attempt is left behind in a thread that ends with the process; if it succeeds late, it has written
the bytes that the next attempt writes.
"""

import contextlib
import contextvars
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

from massivetext.errors import UserError
from massivetext.storage.file_systems import FileSystem

VARIABLE = "MASSIVETEXT_STORE_SECONDS"
_SECONDS = 300.0  # that a call may take which transfers little, attempts and pauses included
_LONGEST_SECONDS = 7 * 24 * 3600
_SILENT_SECONDS = 8.0  # after which a store is said not to answer
_TOLD_AGAIN_SECONDS = 60.0
_SLOWEST_BYTES_PER_SECOND = 1 << 18
_CALLS = frozenset(
    {"info", "size", "exists", "find", "ls", "glob", "open", "cat_file", "pipe_file", "put_file", "rm", "rm_file"}
)
P = ParamSpec("P")
R = TypeVar("R")


def limit_seconds(size: int = 0) -> float:
    """Return how long a call that transfers some bytes may take. Raises UserError if the environment sets no number."""
    given = os.environ.get(VARIABLE, "")
    try:
        seconds = float(given or _SECONDS)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise UserError(f"{VARIABLE}: want a number of seconds above 0 and at most {_LONGEST_SECONDS:,}, got {given!r}")
    return seconds + size / _SLOWEST_BYTES_PER_SECOND


_say: list[Callable[[str], None]] = []  # what shows a message to the user; the last one is called


@contextlib.contextmanager
def silence_told(say: Callable[[str], None]) -> Iterator[None]:
    """Within this block, tell the user when a store does not answer for some seconds, while its library tries again."""
    _say.append(say)
    try:
        yield
    finally:
        _say.remove(say)


def answer_within(seconds: float, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what a function returns, or raise what it raises.

    Raises:
        TimeoutError: it has not ended after so many seconds.
    """
    result: list[R] = []
    error: list[BaseException] = []

    def call() -> None:
        try:
            result.append(function(*args, **kwargs))
        except BaseException as raised:
            error.append(raised)

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(call,), name="massivetext-store", daemon=True
    )
    thread.start()
    silent = min(seconds, _SILENT_SECONDS + max(0.0, seconds - limit_seconds()))  # longer for many bytes
    thread.join(silent)
    if thread.is_alive():
        _tell_silence(args[0] if args else "", silent, seconds)
        thread.join(seconds - silent)
    if error:
        raise error[0]
    if not result:
        raise TimeoutError(f"no answer within {seconds:.0f} seconds; {VARIABLE} sets the limit")
    return result[0]


_told = [-math.inf]  # when the silence of a store was told last; its calls come many at a time


def _tell_silence(path: object, silent: float, seconds: float) -> None:
    if not _say or time.monotonic() - _told[0] < _TOLD_AGAIN_SECONDS:
        return
    _told[0] = time.monotonic()
    where = path if isinstance(path, str) else "the object store"
    _say[-1](f"{where}: the store has not answered for {silent:.0f} s; trying for up to {seconds:.0f} s")


class AnsweringFileSystem:
    """A file system of an object store whose calls raise TimeoutError if the store does not answer in time.

    Attributes:
        inner: the file system without limits.
    """

    def __init__(self, inner: FileSystem) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> object:
        found = getattr(self.inner, name)
        if name not in _CALLS:
            return found

        def call(*args: object, **kwargs: object) -> object:
            return answer_within(limit_seconds(_size(name, args)), found, *args, **kwargs)

        return call


def with_limit(inner: FileSystem) -> FileSystem:
    """Return the file system with a limit on every call that talks to the store."""
    return cast("FileSystem", AnsweringFileSystem(inner))


def _size(name: str, args: tuple[object, ...]) -> int:
    """Return the bytes that a call sends."""
    if name == "pipe_file" and isinstance(args[1], bytes):
        return len(args[1])
    if name == "put_file" and isinstance(args[0], str):
        return Path(args[0]).stat().st_size
    return 0
