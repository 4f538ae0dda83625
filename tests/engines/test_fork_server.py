"""Workers are forked from one process: with the driver's present environment and folder, and whatever becomes of it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import apache_beam as beam
import psutil
import pytest

from massivetext.engines.engine import DealOut, Engine
from massivetext.engines.fork_server import ForkServer
from massivetext.errors import StageError


def run_on_two(work: object) -> None:
    """Runs a function of a lane, "a" and "b", in a worker each."""
    Engine(workers=2).run(lambda pipeline: pipeline | DealOut(["a", "b"]) | beam.Map(work), lanes=2)  # type: ignore[no-untyped-call]


def server_process() -> psutil.Process:
    """The process that this one's workers are forked from."""
    (found,) = (child for child in psutil.Process().children() if "massivetext.engines.fork_server" in child.cmdline())
    return found


def gone(process: psutil.Process) -> bool:
    """Whether a process ends within seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_workers_have_the_environment_and_the_folder_that_the_driver_has_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(lane: str) -> None:
        (tmp_path / lane).write_text(f"{os.environ.get('WORD')} {os.getcwd()} {os.getppid()}")  # noqa: PTH109

    for word in ("one", "two"):
        folder = tmp_path / word
        folder.mkdir()
        monkeypatch.setenv("WORD", word)
        monkeypatch.chdir(folder)
        run_on_two(work)

        said = f"{word} {folder} {server_process().pid}"
        assert [(tmp_path / lane).read_text() for lane in "ab"] == [said, said]


def test_workers_differ_in_what_chance_gives_them(tmp_path: Path) -> None:
    def work(lane: str) -> None:
        import random
        import uuid

        (tmp_path / lane).write_text(f"{random.random()} {uuid.uuid4()}")

    run_on_two(work)
    first, second = ((tmp_path / lane).read_text().split() for lane in "ab")

    assert first[0] != second[0]
    assert first[1] != second[1]


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)  # Beam's own, on the lost connection
def test_a_server_that_is_killed_ends_the_job_and_the_next_job_has_another(tmp_path: Path) -> None:
    def kill_server(lane: str) -> None:
        (tmp_path / lane).write_text(str(os.getpid()))
        if lane == "a":
            os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)

    with pytest.raises(StageError, match=r"a worker process was ended by signal 9 \(SIGKILL\)"):
        run_on_two(kill_server)
    said = [(tmp_path / lane).read_text() for lane in "ab" if (tmp_path / lane).exists()]
    workers = [int(process) for process in said if process]  # one may have died before it could write
    assert workers
    assert all(gone(psutil.Process(worker)) for worker in workers if psutil.pid_exists(worker))

    run_on_two(lambda lane: (tmp_path / lane).write_text("again"))
    assert [(tmp_path / lane).read_text() for lane in "ab"] == ["again", "again"]


def test_a_closed_server_leaves_no_process_and_forks_no_more() -> None:
    server = ForkServer()
    worker = server.fork(dict(os.environ))
    assert worker is not None
    process = psutil.Process(worker.pid)
    server.close()

    assert gone(process)
    assert worker.wait(1) is not None
    assert not server.alive
    assert server.fork({}) is None


def test_a_killed_worker_is_told_with_its_code() -> None:
    server = ForkServer()
    worker = server.fork(dict(os.environ))
    assert worker is not None
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(0.0)
    worker.kill()

    assert worker.wait(10) == -signal.SIGKILL
    assert worker.poll() == -signal.SIGKILL
    worker.kill()  # does nothing: its number may be another's by now
    server.close()


def test_where_a_fork_is_not_safe_workers_are_processes_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    run_on_two(lambda lane: (tmp_path / lane).write_text(str(os.getppid())))

    assert [(tmp_path / lane).read_text() for lane in "ab"] == [str(os.getpid())] * 2
