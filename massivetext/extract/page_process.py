"""A process that extracts pages for another one, which can stop it: ``python -m massivetext.extract.page_process``.

A library that hangs in compiled code holds the interpreter; no thread and no signal handler of Python gets a turn.
Here the kernel counts the CPU time of every page and ends the process at the bound (RLIMIT_CPU). Time on the clock
would stop pages on a machine that is merely busy.
"""

import math
import os
import pkgutil
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from massivetext.extract.extracted_page import Comments, ExtractedPage
from massivetext.extract.extractors import ExtractorName

Extract = Callable[[str, str | None, ExtractorName, Comments | None], ExtractedPage]
_LENGTHS = struct.Struct("<II")  # of a message and of the page behind it


class PageRequest(NamedTuple):
    """How to extract a page, which follows it as UTF-8 that may hold surrogates.

    Attributes:
        url: its URL, or None.
        extractor: what extracts it.
        comments: see :func:`massivetext.extract.extractors.extract_page`.
        seconds: CPU time after which the process ends.
    """

    url: str | None
    extractor: ExtractorName
    comments: Comments | None
    seconds: int


class PageAnswer(NamedTuple):
    """What became of a page.

    Attributes:
        page: what was extracted, or None.
        error: name and message of the exception that the extractor raised; "" if none.
        out_of_memory: whether it was a lack of memory.
    """

    page: ExtractedPage | None
    error: str = ""
    out_of_memory: bool = False


def send(connection: socket.socket, message: object, page: bytes = b"") -> None:
    """Send a message, and a page. Raises OSError if the other side has gone."""
    data = msgspec.msgpack.encode(message)
    parts = [memoryview(part) for part in (_LENGTHS.pack(len(data), len(page)), data, page)]
    while parts:
        sent = connection.sendmsg(parts)
        while parts and sent >= len(parts[0]):
            sent -= len(parts.pop(0))
        if sent:
            parts[0] = parts[0][sent:]


def receive(connection: socket.socket) -> tuple[memoryview, memoryview] | None:
    """Return the next message, encoded, and the page; None if the other side has gone. Raises TimeoutError."""
    head = _read(connection, _LENGTHS.size)
    if head is None:
        return None
    size, page_size = _LENGTHS.unpack(head)
    data = _read(connection, size + page_size)
    return None if data is None else (data[:size], data[size:])


def _read(connection: socket.socket, size: int) -> memoryview | None:
    view, at = memoryview(bytearray(size)), 0
    while at < size:
        try:
            got = connection.recv_into(view[at:])
        except ConnectionError:
            return None
        if not got:
            return None
        at += got
    return view


def extract_answer(extract: Extract, html: str, request: PageRequest) -> PageAnswer:
    """Return what an extractor makes of a page; what it raises is an answer too, since one odd page is no defect.

    Raises:
        ImportError: the extractor is not installed.
    """
    try:
        return PageAnswer(extract(html, request.url, request.extractor, request.comments))
    except ImportError:  # the extractor is not installed
        raise
    except MemoryError:
        return PageAnswer(None, "MemoryError", out_of_memory=True)
    except Exception as error:
        return PageAnswer(None, f"{type(error).__name__}: {error}"[:1000])


def main() -> None:
    """Answer requests until the other side has gone. Arguments: a file descriptor, and the function that extracts."""
    connection, extract = socket.socket(fileno=int(sys.argv[1])), pkgutil.resolve_name(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    send(connection, os.getpid())
    while (received := receive(connection)) is not None:
        request = msgspec.msgpack.decode(received[0], type=PageRequest)
        _bound_cpu(request.seconds)
        answer = extract_answer(extract, str(received[1], "utf-8", "surrogatepass"), request)
        try:
            send(connection, answer)
        except ConnectionError:
            return


def _bound_cpu(seconds: int) -> None:
    """Have the kernel end this process when it has used so much more CPU time."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = math.ceil(time.process_time()) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


if __name__ == "__main__":
    main()
