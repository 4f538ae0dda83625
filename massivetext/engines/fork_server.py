"""Forks worker processes from one process that has loaded Beam and the stages already.

Every job has workers of its own, and a new process takes a second or two to import what it needs; a fork of this one
takes some tens of milliseconds. The server has a single thread of Python and touches no file, socket or library state
but its connection to the driver, so there is nothing that a fork could break.

The connection carries a JSON object a line. The driver asks ``{"environment": {...}, "folder": "..."}`` for a worker or
``{"kill": PID}`` for its end; the server says ``{"started": PID}`` in the order of the requests, and
``{"ended": PID, "code": CODE}``, with codes as :class:`subprocess.Popen` has them.
"""

import atexit
import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from queue import SimpleQueue
from typing import Any

from massivetext.engines import leash

CONNECTION = "MASSIVETEXT_FORK_SERVER"  # environment variable: file descriptor of the connection
_END_SECONDS = 5.0


class Worker:
    """A worker process, with the part of the interface of :class:`subprocess.Popen` that is needed."""

    def __init__(self, server: "ForkServer", process: int) -> None:
        self._server, self.pid = server, process
        self._ended = threading.Event()
        self._code: int | None = None

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        return self._code

    def wait(self, seconds: float | None = None) -> int | None:
        """Waits for its end. Raises subprocess.TimeoutExpired where it takes longer."""
        if not self._ended.wait(seconds):
            raise subprocess.TimeoutExpired([str(self.pid)], seconds or 0.0)
        return self._code

    def kill(self) -> None:
        """Ends it at once, if it has not ended."""
        self._server.kill(self.pid)

    def end(self, code: int) -> None:
        """Is told that it has ended."""
        self._code = code
        self._ended.set()


class ForkServer:
    """The driver's side: starts the server, which ends with this process, and asks it for workers."""

    def __init__(self) -> None:
        self._connection, theirs = socket.socketpair()
        number = str(theirs.fileno())
        self._process = subprocess.Popen(
            leash.command(__name__), env={**os.environ, CONNECTION: number}, pass_fds=[theirs.fileno()]
        )
        theirs.close()
        self._asking = threading.Lock()  # one request at a time
        self._started: SimpleQueue[Worker | None] = SimpleQueue()
        self._workers: dict[int, Worker] = {}
        self._reader = threading.Thread(target=self._read, name="massivetext-fork-server", daemon=True)
        self._reader.start()
        atexit.register(self.close)

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._reader.is_alive()

    def fork(self, environment: Mapping[str, str]) -> Worker | None:
        """A new worker with these environment variables, in the present working folder; None: the server has died."""
        with self._asking:
            if not self._say({"environment": dict(environment), "folder": os.getcwd()}):  # noqa: PTH109
                return None
            return self._started.get()

    def kill(self, process: int) -> None:
        """Ends a worker at once. The server knows whether the process is still that worker."""
        self._say({"kill": process})

    def close(self) -> None:
        """Ends the server and its workers."""
        atexit.unregister(self.close)
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._connection.close()

    def _say(self, request: Mapping[str, Any]) -> bool:
        try:
            self._connection.sendall(json.dumps(request).encode() + b"\n")
        except OSError:
            return False
        return True

    def _read(self) -> None:
        with self._connection.makefile("rb") as answers, contextlib.suppress(OSError):
            for line in answers:
                answer = json.loads(line)
                if (process := answer.get("started")) is not None:
                    self._workers[process] = Worker(self, process)
                    self._started.put(self._workers[process])
                else:
                    self._workers.pop(answer["ended"]).end(answer["code"])
        for worker in self._workers.values():
            worker.end(-signal.SIGKILL)  # they are bound to the server
        self._started.put(None)


def main() -> None:
    """The server: returns in each worker as soon as it is forked, and ends in the server when the driver is gone."""
    import massivetext.orchestration.driver  # noqa: F401  loads every stage
    from massivetext.sources.registry import load_readers

    load_readers()

    gc.collect()
    gc.freeze()  # what is shared stays shared: the collector would write to it
    _Server(socket.socket(fileno=int(os.environ.pop(CONNECTION)))).serve()


class _Server:
    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._process = connection, os.getpid()
        self._said = b""
        self._running: set[int] = set()
        # The signal of a worker's end wakes the wait for requests.
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)

    def serve(self) -> None:
        while os.getpid() == self._process:
            ready, _, _ = select.select([self._connection, self._woken], [], [])
            if self._woken in ready:
                self._woken.recv(4096)
                self._tell_ends()
            if self._connection in ready:
                self._heed(self._connection.recv(1 << 16))

    def _heed(self, received: bytes) -> None:
        if not received:
            sys.exit()  # the driver is gone, and the workers are bound to this process
        *requests, self._said = (self._said + received).split(b"\n")
        for request in map(json.loads, requests):
            if (process := request.get("kill")) is None:
                if not (process := os.fork()):
                    self._become_worker(request)
                    return
                self._running.add(process)
                self._answer({"started": process})
            elif process in self._running:  # the number is no other process's before its end has been noted
                os.kill(process, signal.SIGKILL)

    def _become_worker(self, request: Mapping[str, Any]) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        leash.bind(self._process)
        for end in (self._connection, self._woken, self._waker):
            end.close()
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])

    def _tell_ends(self) -> None:
        for process in sorted(self._running):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                self._running.discard(process)
                self._answer({"ended": process, "code": os.waitstatus_to_exitcode(status)})

    def _answer(self, answer: Mapping[str, Any]) -> None:
        try:
            self._connection.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:
            sys.exit()


if __name__ == "__main__":
    from massivetext.engines import worker

    if CONNECTION in os.environ:  # or it is a worker by itself
        main()
    worker.become()
