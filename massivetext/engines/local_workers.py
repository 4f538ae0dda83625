"""Worker processes of the embedded runner that never outlive their driver; the death of one ends the job.

Beam's own handler of such processes waits for ever for the results of a worker that was killed, leaves workers behind
when the driver is killed while they start or do not stop, lets each of them handle Ctrl-C by itself, and starts each as
a new interpreter. The handler here replaces it.
"""

import contextlib
import functools
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable

import grpc
from apache_beam.portability import python_urns
from apache_beam.portability.api import endpoints_pb2
from apache_beam.runners.portability.fn_api_runner import worker_handlers
from apache_beam.runners.portability.fn_api_runner.fn_runner import ExtendedProvisionInfo
from apache_beam.runners.portability.fn_api_runner.worker_handlers import (
    GrpcServer,
    GrpcWorkerHandler,
    StateServicer,
    WorkerHandler,
)
from google.protobuf import json_format, text_format

from massivetext.engines import fork_server, leash
from massivetext.engines.fork_server import ForkedWorker, ForkServer
from massivetext.errors import StageError

_LOOK_SECONDS = 0.5  # between two looks whether a worker has ended
_END_SECONDS = 1.0  # for a worker without work to end by itself


def ignore_worker_end(_process: int, _error: StageError) -> None:
    """Do nothing about a worker process that has ended before its time; the error of its job follows."""


WorkerEnd = Callable[[int, StageError], None]  # process ID, and what happened


def register_worker_handler(preload: tuple[str, ...] = (), on_end: WorkerEnd = ignore_worker_end) -> None:
    """Make Beam's embedded runner start workers by the handler below, and communicate over loopback only.

    May be called again; later jobs use the last call.

    Args:
        preload: dotted names of the modules that are imported before workers are forked.
        on_end: called as soon as a worker has ended before its time. The others go on with what they have begun and,
            where work items are claimed, with the rest; only then does the job fail.
    """
    handler = functools.partial(_LocalWorker, preload, on_end)
    WorkerHandler.register_environment(python_urns.SUBPROCESS_SDK, bytes)(handler)
    worker_handlers.grpc = _Loopback()


class _Loopback:
    """The module grpc as the embedded runner sees it: its servers listen on loopback.

    Beam makes them listen on all network interfaces. They do not authenticate clients, read any file that a client
    names, and unpickle what a client sends.
    """

    def __getattr__(self, name: str) -> object:
        return getattr(grpc, name)

    @staticmethod
    def server(*arguments: object, **options: object) -> object:
        server = grpc.server(*arguments, **options)
        listen = server.add_insecure_port
        server.add_insecure_port = lambda address: listen(address.replace("[::]", "localhost"))
        return server


def describe_exit(code: int) -> StageError:
    """Return the error for a worker process that ended with an exit code of :class:`subprocess.Popen`."""
    how = f"was ended by signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"ended with exit code {code}"
    why = "; often the machine had no memory left: give fewer --workers" if code == -signal.SIGKILL else ""
    return StageError(f"a worker process {how}{why}; what is complete is kept, run again to go on")


_servers: dict[tuple[str, ...], ForkServer] = {}  # of this process, by the modules that they have imported
_choosing_server = threading.Lock()


def workers_usage() -> tuple[float, int]:
    """Return the CPU seconds of all forked workers and their servers, and the bytes of the largest one so far."""
    used = [server.usage() for server in _servers.values()]
    return sum(cpu for cpu, _ in used), max((peak for _, peak in used), default=0)


def _start(environment: dict[str, str], preload: tuple[str, ...]) -> ForkedWorker | subprocess.Popen[bytes]:
    """Start a worker process: a fork on Linux; elsewhere a new process, because system libraries may fail in a fork."""
    if sys.platform != "linux":
        return subprocess.Popen(leash.leashed_command(fork_server.__name__), env=environment)
    with _choosing_server:
        server = _servers.get(preload)
        if server is None or not server.alive:
            server = _servers[preload] = ForkServer(preload)
    if (worker := server.fork(environment)) is None:
        raise StageError("the process that starts workers has ended; what is complete is kept, run again to go on")
    return worker


_running: "weakref.WeakSet[_LocalWorker]" = weakref.WeakSet()  # of all jobs of this process


class _LocalWorker(GrpcWorkerHandler):
    def __init__(
        self,
        preload: tuple[str, ...],
        on_end: WorkerEnd,
        _command: bytes,
        state: StateServicer,
        provision_info: ExtendedProvisionInfo,
        grpc_server: GrpcServer,
    ) -> None:
        super().__init__(state, provision_info, grpc_server)
        self._preload, self._on_end = preload, on_end
        self.job: object = grpc_server  # each job has its own
        self._ending = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="massivetext-worker", daemon=True)

    def start_worker(self) -> None:
        address = endpoints_pb2.ApiServiceDescriptor(url=self.control_address)
        environment = {
            **os.environ,
            "CONTROL_API_SERVICE_DESCRIPTOR": text_format.MessageToString(address),
            "PIPELINE_OPTIONS": json_format.MessageToJson(self.provision_info.provision_info.pipeline_options),
            "WORKER_ID": self.worker_id,
        }
        self._process = _start(environment, self._preload)
        _running.add(self)
        self._watcher.start()

    def stop_worker(self) -> None:
        # Either every result has arrived or the job has failed: nothing that the worker still does is needed.
        self._ending.set()
        _running.discard(self)
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._watcher.join()

    def _watch(self) -> None:
        is_reported = False
        while not self._ending.wait(_LOOK_SECONDS):
            if (code := self._process.poll()) is not None:
                error = describe_exit(code)
                if not is_reported:
                    self._on_end(self._process.pid, error)
                is_reported = True
                if any(each.is_working_beside(self) for each in list(_running)):
                    continue  # the error would end the job, and with it their work items in the middle
                # Repeatedly: Beam may send more requests to a worker before it notices that there is none.
                with contextlib.suppress(RuntimeError):  # a request was sent just now
                    self.control_conn.abort(error)

    def is_working_beside(self, other: "_LocalWorker") -> bool:
        """Return whether this worker lives, is of the same job as another, and has not answered every request."""
        is_other = self is not other and self.job is other.job
        # Beam keeps the requests that are not answered in this dictionary alone.
        return is_other and self._process.poll() is None and bool(self.control_conn._futures_by_id)  # noqa: SLF001
