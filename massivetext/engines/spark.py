"""A Spark standalone cluster on this machine: a Master and Workers, each a process, from the pyspark wheel.

It behaves as a cluster of several hosts does: to try a recipe before a larger cluster is used, and for the tests. The
wheel has no start scripts, so the Java classes are started by name.
"""

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from massivetext.engines.java import LOOPBACK, require_java
from massivetext.errors import StageError, UserError

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
# Every job copies a jar of 260 MB to every Worker, where it would stay for a week by default. A Worker removes any
# folder in its work folder that no running application has and in which nothing was written for so many seconds.
_TIDY = {"enabled": "true", "interval": "10", "appDataTtl": "60"}


@dataclass(frozen=True, slots=True)
class SparkCluster:
    """A running cluster.

    Attributes:
        url: URL of the Master, for ``--spark_master_url``.
        master: process of the Master.
        workers: processes of the Workers.
        cores: tasks that each Worker runs at a time.
    """

    url: str
    master: subprocess.Popen[bytes]
    workers: tuple[subprocess.Popen[bytes], ...]
    cores: int

    def options(self) -> list[str]:
        """Return the options with which Beam sends jobs to this cluster."""
        return ["--runner=SparkRunner", f"--spark_master_url={self.url}", f"--sdk_worker_parallelism={self.cores}"]


def spark_home() -> Path:
    """Return the folder of Spark in the pyspark wheel. Raises UserError if it is not installed."""
    found = importlib.util.find_spec("pyspark")
    if found is None or not found.submodule_search_locations:
        raise UserError("pyspark: not installed; a local Spark cluster needs it: pip install 'massivetext[spark]'")
    return Path(found.submodule_search_locations[0])


@contextlib.contextmanager
def cluster(
    folder: Path, *, workers: int = 2, cores: int = 1, memory: str = "2g", port: int = 0
) -> Iterator[SparkCluster]:
    """Start a Master and Workers, and stop them with all their child processes at the end of the block.

    Args:
        folder: for logs, work and temporary files; made if missing. Files of a job are removed a minute after it.
        workers: number of Workers.
        cores: tasks that each Worker runs at a time.
        memory: memory of each Worker for its executors, as Spark writes it; Python processes use memory besides.
        port: port of the Master; 0 chooses a free one.

    Raises:
        UserError: pyspark or Java is missing.
        StageError: a process did not start; the message names its log.
    """
    require_java()
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        url = f"spark://{LOOPBACK}:{port or _free_port()}"
        master = stack.enter_context(_master(folder / "master.log", url))
        started = [
            stack.enter_context(_worker(folder / f"worker-{number}", url, cores, memory)) for number in range(workers)
        ]
        yield SparkCluster(url, master, tuple(started), cores)


def start_worker(folder: Path, url: str, *, cores: int = 1, memory: str = "2g") -> subprocess.Popen[bytes]:
    """Start one more Worker and wait until the Master knows it; the caller ends it with :func:`stop`."""
    log = folder / "worker.log"
    folder.mkdir(parents=True, exist_ok=True)
    # Logs and temporary files, which executors use for long without writing to them, are not in the work folder.
    where = ["--host", LOOPBACK, "--webui-port", "0", "--work-dir", str(folder / "work")]
    process = _start(
        log, "org.apache.spark.deploy.worker.Worker", *where, "--cores", str(cores), "--memory", memory, url
    )
    _wait(process, log, "Successfully registered with master")
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process of the cluster and its child processes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def _master(log: Path, url: str) -> Iterator[subprocess.Popen[bytes]]:
    port = url.rpartition(":")[2]
    process = _start(
        log, "org.apache.spark.deploy.master.Master", "--host", LOOPBACK, "--port", port, "--webui-port", "0"
    )
    try:
        _wait(process, log, "I have been elected leader")
        yield process
    finally:
        stop(process)


@contextlib.contextmanager
def _worker(folder: Path, url: str, cores: int, memory: str) -> Iterator[subprocess.Popen[bytes]]:
    process = start_worker(folder, url, cores=cores, memory=memory)
    try:
        yield process
    finally:
        stop(process)


def _start(log: Path, name: str, *arguments: str) -> subprocess.Popen[bytes]:
    home = spark_home()
    command = [str(home / "bin/spark-class"), name, *arguments]
    environment = _environment(home, log.with_name("tmp"))
    with log.open("wb") as output:
        return subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )


def _environment(home: Path, temporary: Path) -> Mapping[str, str]:
    """Return the variables for a process of the cluster and its children; the user's own options come last and win."""
    temporary.mkdir(exist_ok=True)
    options = {
        "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={temporary}",
        "SPARK_WORKER_OPTS": " ".join(f"-Dspark.worker.cleanup.{name}={value}" for name, value in _TIDY.items()),
    }
    return {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": LOOPBACK,
        "TMPDIR": str(temporary),
        **{name: f"{value} {os.environ.get(name, '')}".strip() for name, value in options.items()},
    }


def _wait(process: subprocess.Popen[bytes], log: Path, wanted: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while wanted not in (log_text := log.read_text(errors="replace")):
        if process.poll() is not None or time.monotonic() > end:
            stop(process)
            raise StageError(f"{log}: Spark did not start: {log_text.strip().rpartition(chr(10))[2][:300]}")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
