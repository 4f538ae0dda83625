"""Extraction of a page within a bound on its time: beyond it the page is given up, and the next one goes on.

The first defence are the bounds of the extractors, which count bytes and elements and give the same text on every
machine. This one is for what they do not foresee, a library that hangs or crashes. A page is extracted in a process of
its own kind (:mod:`massivetext.extract.page_process`), one for each thread that extracts, which lives as long as the
thread's process does. Our own extractor uses a library for formulas of bounded length alone, and its work is bounded by
the bytes of the page; it stays in this process for all but large pages, which saves the way between the processes.
"""

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
from typing import NamedTuple

import msgspec

from massivetext.errors import StageError
from massivetext.extract.extracted_page import Comments, ExtractedPage
from massivetext.extract.extractors import ExtractorName, extract_page
from massivetext.extract.page_process import PageAnswer, PageRequest, extract_answer, receive, send

SMALL_PAGE = 1 << 19  # characters; of real pages one in fifty is larger
_CLOCK_TIMES = 30  # the bound on the time on the clock, for a page that waits for something: times that of the CPU
_START_SECONDS = 120.0
_END_SECONDS = 5.0
_REMEDY = "[ingest] max_page_seconds can allow more"
_FUNCTION = "massivetext.extract.extractors:extract_page"


class GivenUp(NamedTuple):
    """Why a page has no text.

    Attributes:
        reason: "extraction_timeout" or "extraction_failed".
        detail: what happened.
    """

    reason: str
    detail: str


class PageProcess:
    """A process that extracts pages, one at a time.

    Args:
        function: import path of the function that extracts.

    Raises:
        StageError: it cannot be started.
    """

    def __init__(self, function: str = _FUNCTION) -> None:
        self._connection, theirs = socket.socketpair()
        # The same modules as here, and none from the working folder.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-P", "-m", "massivetext.extract.page_process", str(theirs.fileno()), function]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command, env=environment, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        theirs.close()
        self._connection.settimeout(_START_SECONDS)
        if receive(self._connection) is None:
            code = self.end()
            raise StageError(f"the process that extracts web pages did not start: it ended with exit code {code}")

    @property
    def pid(self) -> int:
        """Process ID."""
        return self._process.pid

    def extract(self, html: str, request: PageRequest) -> PageAnswer | None:
        """Return what becomes of a page; None if the process has ended. Raises TimeoutError by the clock."""
        self._connection.settimeout(_CLOCK_TIMES * request.seconds)
        try:
            send(self._connection, request, html.encode("utf-8", "surrogatepass"))
        except ConnectionError:
            return None
        received = receive(self._connection)
        return None if received is None else msgspec.msgpack.decode(received[0], type=PageAnswer)

    def end(self, seconds: float = _END_SECONDS) -> int:
        """End the process and return its exit code; it is killed if it has not ended after some time."""
        self._connection.close()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class _Processes:
    """The processes that this process has started."""

    def __init__(self) -> None:
        self._idle: dict[str, list[PageProcess]] = {}  # by function; adding and popping are atomic
        self.all: dict[int, PageProcess] = {}

    def take(self, function: str) -> PageProcess:
        """Return a process that has nothing to do. Raises StageError if none can be started."""
        with contextlib.suppress(IndexError):
            return self._idle.setdefault(function, []).pop()
        started = PageProcess(function)
        self.all[started.pid] = started
        return started

    def give_back(self, function: str, process: PageProcess) -> None:
        """Keep a process for later pages."""
        self._idle[function].append(process)

    def end(self, process: PageProcess, seconds: float) -> int:
        """End a process and return its exit code."""
        self.all.pop(process.pid, None)
        return process.end(seconds)

    def end_idle(self) -> None:
        """End the processes that have nothing to do."""
        for idle in self._idle.values():
            while idle:
                self.end(idle.pop(), _END_SECONDS)

    def forget(self) -> None:
        """Forget all of them: they belong to the process from which this one was forked."""
        self._idle, self.all = {}, {}


_processes = _Processes()
atexit.register(_processes.end_idle)
os.register_at_fork(after_in_child=_processes.forget)


def page_processes() -> list[int]:
    """Return the process IDs of the processes that extract pages for this one."""
    return list(_processes.all)


def end_page_processes() -> None:
    """End the processes that extract pages for this one and have nothing to do; they would end with this process."""
    _processes.end_idle()


def extract_within(
    html: str, url: str | None, extractor: ExtractorName, comments: Comments | None, seconds: int
) -> ExtractedPage | GivenUp:
    """Return what is extracted from a page, or why nothing is.

    Args:
        html: the page.
        url: its URL, or None.
        extractor: see :func:`massivetext.extract.extractors.extract_page`.
        comments: the same.
        seconds: CPU time that the page may take; 0: any, and all pages are extracted in this process.

    Raises:
        StageError: no process can be started to extract it.
        MemoryError: there is no memory left to extract it.
    """
    if seconds == 0 or (extractor == "salient" and len(html) <= SMALL_PAGE):
        return _result(extract_answer(extract_page, html, PageRequest(url, extractor, comments, seconds)))
    return extract_apart(html, PageRequest(url, extractor, comments, seconds))


def extract_apart(html: str, request: PageRequest, function: str = _FUNCTION) -> ExtractedPage | GivenUp:
    """Extract a page in another process.

    A process that ends otherwise than by the bound gets a second chance: the system may have ended it.

    Args:
        html: the page.
        request: how.
        function: import path of the function that extracts.

    Raises:
        StageError: no process can be started, or it ends by itself.
        MemoryError: there is no memory left in it.
    """
    code = 0
    for _ in range(2):
        process = _processes.take(function)
        try:
            answer = process.extract(html, request)
        except TimeoutError:
            _processes.end(process, 0)
            clock = _CLOCK_TIMES * request.seconds
            return GivenUp("extraction_timeout", f"it took more than {clock:,} s on the clock; {_REMEDY}")
        if answer is not None:
            _processes.give_back(function, process)
            return _result(answer)
        code = _processes.end(process, _END_SECONDS)
        if code == -signal.SIGXCPU:
            return GivenUp("extraction_timeout", f"it took more than {request.seconds:,} s of CPU time; {_REMEDY}")
    if code >= 0:
        raise StageError(f"the process that extracts web pages ended with exit code {code}; its messages tell why")
    name = signal.Signals(-code).name
    return GivenUp("extraction_failed", f"the process that extracted it ended with signal {-code} ({name}), twice")


def _result(answer: PageAnswer) -> ExtractedPage | GivenUp:
    if answer.out_of_memory:
        raise MemoryError("no memory is left to extract a page")
    return answer.page or GivenUp("extraction_failed", f"the extractor raised {answer.error}")
