"""Many requests to an object store at a time, for a process that would otherwise wait for each in turn."""

import contextvars
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from massivetext.storage.paths import is_local

AT_ONCE = 16  # threads; each spends most of its time waiting for the store
T = TypeVar("T")
R = TypeVar("R")


def concurrently(folder: str, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield the results of a function in the order of its arguments, computed in threads if ``folder`` is on a store.

    Args:
        folder: the folder that ``function`` reads; on a local disk everything runs in this thread.
        function: reads one small file, for example.
        items: arguments of ``function``, taken a few ahead of the results.
    """
    if is_local(folder):
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(AT_ONCE, "massivetext-requests")
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(contextvars.copy_context().run, function, item))
            if len(waiting) >= 2 * AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # Without a wait: the garbage collector may end this generator in a thread that holds locks of a thread's end.
        pool.shutdown(wait=False, cancel_futures=True)
