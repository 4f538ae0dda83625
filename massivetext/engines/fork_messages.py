"""Messages between the driver and its fork server: one JSON object per line."""

from collections.abc import Iterator

import msgspec


class StartWorker(msgspec.Struct, tag=True, frozen=True):
    """Request for a worker with these environment variables, in this working folder."""

    environment: dict[str, str]
    folder: str


class KillWorker(msgspec.Struct, tag=True, frozen=True):
    """Request to kill a worker."""

    process: int


class WorkerStarted(msgspec.Struct, tag=True, frozen=True):
    """Answer to :class:`StartWorker`, in the order of the requests."""

    process: int


class WorkerEnded(msgspec.Struct, tag=True, frozen=True):
    """Notice that a worker has ended.

    Attributes:
        process: its process ID.
        code: exit code as :class:`subprocess.Popen` reports it.
        cpu_seconds: user and system time that it has used.
        peak_bytes: its largest resident set.
    """

    process: int
    code: int
    cpu_seconds: float = 0.0
    peak_bytes: int = 0


Request = StartWorker | KillWorker
Answer = WorkerStarted | WorkerEnded


def encode(message: Request | Answer) -> bytes:
    """Return a message as a line."""
    return msgspec.json.encode(message) + b"\n"


def decode_answer(line: bytes) -> Answer:
    """Return the answer in a line."""
    answer: Answer = msgspec.json.decode(line, type=Answer)
    return answer


class RequestBuffer:
    """Received bytes, divided into requests."""

    def __init__(self) -> None:
        self._partial = b""

    def add(self, received: bytes) -> Iterator[Request]:
        """Yield the requests that are complete with these bytes."""
        *lines, self._partial = (self._partial + received).split(b"\n")
        for line in lines:
            request: Request = msgspec.json.decode(line, type=Request)
            yield request
