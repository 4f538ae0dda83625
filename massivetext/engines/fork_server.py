"""Fork worker processes from one process that has already imported Beam and the stages.

Every job has its own workers, and a new process needs a second or two for its imports; a fork of this one needs some
tens of milliseconds. The server has a single Python thread and uses no file, socket or library state other than its
connection to the driver (:mod:`massivetext.engines.fork_messages`), so nothing is in use when it forks.

`multiprocessing.forkserver` with its preload does not do the same, in three respects that we need:
- its children get the environment variables that the server had when it started, not those that the driver has now;
- its children outlive a driver that is killed, until they look at a pipe, which a Beam worker does not do;
- its children handle Ctrl-C themselves.
"""

import atexit
import contextlib
import gc
import importlib
import itertools
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue

from massivetext.engines import leash
from massivetext.engines.fork_messages import (
    Answer,
    KillWorker,
    Request,
    RequestBuffer,
    StartWorker,
    WorkerEnded,
    WorkerStarted,
    decode_answer,
    encode,
)

CONNECTION = "MASSIVETEXT_FORK_SERVER"  # environment variable: file descriptor of the connection
_END_SECONDS = 5.0


def process_usage(process: int) -> tuple[float, int]:
    """Return the CPU seconds that a process has used without its children, and its largest resident set in bytes.

    Both are 0 for a process that has ended.
    """
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0, 0
    ticks = int(fields[11]) + int(fields[12])  # utime and stime, as proc(5) counts the fields after the name
    peak = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")), "0")
    return ticks / os.sysconf("SC_CLK_TCK"), int(peak) * 1024


def child_processes(process: int) -> list[int]:
    """Return the processes that a process has started and that have not ended, such as those that extract pages."""
    found: list[int] = []
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread has ended
            found += map(int, path.read_text().split())
    return found


class ForkedWorker:
    """A worker process, with those methods of :class:`subprocess.Popen` that are needed."""

    def __init__(self, server: "ForkServer", process: int) -> None:
        self._server, self.pid = server, process
        self._ended = threading.Event()
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code; None while the process runs."""
        return self._code

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait for the end and return the exit code. Raises subprocess.TimeoutExpired after ``seconds``."""
        if not self._ended.wait(seconds):
            raise subprocess.TimeoutExpired([str(self.pid)], seconds or 0.0)
        return self._code

    def kill(self) -> None:
        """Kill the process if it has not ended."""
        self._server.kill(self.pid)

    def set_ended(self, code: int) -> None:
        """Record the exit code; called when the server reports the end."""
        self._code = code
        self._ended.set()


class ForkServer:
    """The driver's side: starts the server process, which ends with this process, and requests workers from it.

    Args:
        preload: dotted names of the modules that the server imports before it forks.
    """

    def __init__(self, preload: Sequence[str] = ()) -> None:
        self._connection, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            leash.leashed_command(__name__, preload),
            env={**os.environ, CONNECTION: str(theirs.fileno())},
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self._requesting = threading.Lock()  # one request at a time
        self._started: SimpleQueue[ForkedWorker | None] = SimpleQueue()
        self._workers: dict[int, ForkedWorker] = {}
        self._ended_cpu, self._ended_peak = 0.0, 0
        self._reader = threading.Thread(target=self._read, name="massivetext-fork-server", daemon=True)
        self._reader.start()
        atexit.register(self.close)

    @property
    def pid(self) -> int:
        """Process ID of the server."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the server can fork."""
        return self._reader.is_alive()

    def usage(self) -> tuple[float, int]:
        """Return the CPU seconds of the server and of all its workers, and the bytes of the largest of them so far.

        The system counts the time of a process for its parent only after both have ended.
        """
        if not self.alive:
            return self._ended_cpu, self._ended_peak
        workers = list(self._workers)
        running = [
            process_usage(process)
            for process in (self.pid, *workers, *itertools.chain.from_iterable(map(child_processes, workers)))
        ]
        return (
            self._ended_cpu + sum(cpu for cpu, _ in running),
            max(self._ended_peak, *(peak for _, peak in running)),
        )

    def fork(self, environment: Mapping[str, str]) -> ForkedWorker | None:
        """Start a worker with these environment variables, in the present working folder; None: the server has died."""
        with self._requesting:
            if not self._send(StartWorker(dict(environment), str(Path.cwd()))):
                return None
            return self._started.get()

    def kill(self, process: int) -> None:
        """Kill a worker. The server checks that the process is still that worker."""
        self._send(KillWorker(process))

    def close(self) -> None:
        """End the server and its workers."""
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

    def _send(self, request: Request) -> bool:
        try:
            self._connection.sendall(encode(request))
        except OSError:
            return False
        return True

    def _read(self) -> None:
        with self._connection.makefile("rb") as lines, contextlib.suppress(OSError):
            for line in lines:
                answer = decode_answer(line)
                if isinstance(answer, WorkerStarted):
                    self._workers[answer.process] = ForkedWorker(self, answer.process)
                    self._started.put(self._workers[answer.process])
                else:
                    self._ended_cpu += answer.cpu_seconds
                    self._ended_peak = max(self._ended_peak, answer.peak_bytes)
                    self._workers.pop(answer.process).set_ended(answer.code)
        for worker in self._workers.values():
            worker.set_ended(-signal.SIGKILL)  # they end with the server
        self._started.put(None)


def serve_forks(preload: Iterable[str]) -> None:
    """Import modules, then fork on request: return in each worker, and exit in the server when the driver is gone."""
    for name in preload:
        importlib.import_module(name)

    gc.collect()
    gc.freeze()  # keeps memory pages shared after the fork: the garbage collector would write to them
    _ForkServerProcess(socket.socket(fileno=int(os.environ.pop(CONNECTION)))).serve()


class _ForkServerProcess:
    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._process = connection, os.getpid()
        self._requests = RequestBuffer()
        self._running: set[int] = set()
        # The signal for the end of a worker writes to this pair, which ends the wait for requests.
        self._wakeup_reader, self._wakeup_writer = socket.socketpair()
        self._wakeup_writer.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._wakeup_writer.fileno(), warn_on_full_buffer=False)

    def serve(self) -> None:
        while os.getpid() == self._process:
            ready, _, _ = select.select([self._connection, self._wakeup_reader], [], [])
            if self._wakeup_reader in ready:
                self._wakeup_reader.recv(4096)
                self._report_exits()
            if self._connection in ready:
                self._handle(self._connection.recv(1 << 16))

    def _handle(self, received: bytes) -> None:
        if not received:
            sys.exit()  # the driver is gone, and the workers end with this process
        for request in self._requests.add(received):
            if isinstance(request, StartWorker):
                if not (process := os.fork()):
                    self._become_worker(request)
                    return
                self._running.add(process)
                self._answer(WorkerStarted(process))
            elif request.process in self._running:  # the PID cannot be another's until its exit has been collected
                os.kill(request.process, signal.SIGKILL)

    def _become_worker(self, request: StartWorker) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        leash.exit_with_parent(self._process)
        for end in (self._connection, self._wakeup_reader, self._wakeup_writer):
            end.close()
        os.environ.clear()
        os.environ.update(request.environment)
        os.chdir(request.folder)

    def _report_exits(self) -> None:
        for process in sorted(self._running):
            ended, status, used = os.wait4(process, os.WNOHANG)
            if ended:
                self._running.discard(process)
                cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024
                self._answer(WorkerEnded(process, os.waitstatus_to_exitcode(status), cpu, peak))

    def _answer(self, answer: Answer) -> None:
        try:
            self._connection.sendall(encode(answer))
        except OSError:
            sys.exit()


if __name__ == "__main__":
    from massivetext.engines import worker

    modules, sys.argv = sys.argv[1:], sys.argv[:1]
    if CONNECTION in os.environ:  # without it, this process is itself a worker
        serve_forks(modules)
    worker.run_beam_worker()
