"""Worker processes of the embedded runner that never outlive their driver, and whose death ends the job.

Beam starts such processes, but waits for ever for the results of one that was killed, leaves those that are starting
or do not let go behind when the driver is killed, lets each of them meet a Ctrl-C by itself, and starts each from
nothing. So this registers its own handler of them with Beam.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import Any

import grpc
from apache_beam.portability import python_urns
from apache_beam.portability.api import endpoints_pb2
from apache_beam.runners.portability.fn_api_runner import worker_handlers
from apache_beam.runners.portability.fn_api_runner.worker_handlers import GrpcWorkerHandler, WorkerHandler
from google.protobuf import json_format, text_format

from massivetext.engines import fork_server, leash
from massivetext.engines.fork_server import ForkServer, Worker
from massivetext.errors import StageError

_LOOK_SECONDS = 0.5
_END_SECONDS = 1.0  # for a worker that has nothing left to do to come to its end by itself


def register() -> None:
    """Makes Beam's embedded runner start workers by the handler below, and talk to them over loopback alone.

    May be called again.
    """
    WorkerHandler.register_environment(python_urns.SUBPROCESS_SDK, bytes)(_LocalWorker)
    worker_handlers.grpc = _Loopback()


class _Loopback:
    """The module grpc as the embedded runner sees it: its servers listen on loopback.

    Beam has them listen to the whole network. They ask nobody who they are, read any file that they are asked for, and
    unpickle what they are sent.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(grpc, name)

    @staticmethod
    def server(*arguments: Any, **options: Any) -> Any:
        server = grpc.server(*arguments, **options)
        listen = server.add_insecure_port
        server.add_insecure_port = lambda address: listen(address.replace("[::]", "localhost"))
        return server


def died(code: int) -> StageError:
    """What to tell of a worker process that ended with a code of :class:`subprocess.Popen`."""
    how = f"was ended by signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"ended with exit code {code}"
    why = "; often the machine had no memory left: give fewer --workers" if code == -signal.SIGKILL else ""
    return StageError(f"a worker process {how}{why}; what is complete is kept, run again to go on")


_server: ForkServer | None = None  # of this process, for all its jobs
_serving = threading.Lock()


def _start(environment: dict[str, str]) -> Worker | subprocess.Popen[bytes]:
    """A worker process, forked where that is safe: elsewhere system libraries may refuse to work in a fork."""
    global _server  # noqa: PLW0603
    if sys.platform != "linux":
        return subprocess.Popen(leash.command(fork_server.__name__), env=environment)
    with _serving:
        if _server is None or not _server.alive:
            _server = ForkServer()
    if (worker := _server.fork(environment)) is None:
        raise StageError("the process that starts workers has ended; what is complete is kept, run again to go on")
    return worker


class _LocalWorker(GrpcWorkerHandler):
    def __init__(self, _command: bytes, state: Any, provision_info: Any, grpc_server: Any) -> None:
        super().__init__(state, provision_info, grpc_server)
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
        self._process = _start(environment)
        self._watcher.start()

    def stop_worker(self) -> None:
        # Either every result has arrived or the job has failed: nothing that it still does is of use.
        self._ending.set()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._ending.wait(_LOOK_SECONDS):
            if (code := self._process.poll()) is not None:
                # Again and again: Beam may ask more of a worker before it has heard that there is none.
                with contextlib.suppress(RuntimeError):  # something was asked just now
                    self.control_conn.abort(died(code))
