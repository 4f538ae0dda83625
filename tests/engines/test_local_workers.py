"""Worker processes on this machine: the death of one ends the job, and they do not outlive their driver."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from beam_calls import map_each

from massivetext.engines.engine import DistributeLanes, Engine
from massivetext.engines.local_workers import describe_exit
from massivetext.errors import StageError

# Two workers that write their process IDs to files, and then work for a minute.
JOB = """
import os, sys, time
from pathlib import Path
import apache_beam as beam
from massivetext.engines.engine import DistributeLanes, Engine
folder = Path(sys.argv[1])
def work(lane):
    (folder / lane).write_text(str(os.getpid()))
    time.sleep(60)
Engine(workers=2).run(lambda pipeline: pipeline | DistributeLanes(["a", "b"]) | beam.Map(work), lanes=2)
"""

# Two workers, one of which fails.
FAILING_JOB = """
import sys
import apache_beam as beam
from massivetext.errors import StageError, mark_for_driver
from massivetext.engines.engine import DistributeLanes, Engine
def work(lane):
    if lane == "a":
        raise mark_for_driver(StageError("the disk is full"))
sys.platform = sys.argv[1]
try:
    Engine(workers=2).run(lambda pipeline: pipeline | DistributeLanes(["a", "b"]) | beam.Map(work), lanes=2)
except StageError as error:
    print(error)
"""


def at_work(folder: Path) -> list[int]:
    """Wait until both workers are at work, and return their process IDs."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        said = [(folder / lane).read_text() if (folder / lane).exists() else "" for lane in "ab"]
        if all(said):
            return list(map(int, said))
        time.sleep(0.05)
    raise AssertionError("the workers have not started")


def are_gone(processes: list[int]) -> bool:
    """Return whether processes end within seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not any(Path(f"/proc/{process}").exists() for process in processes):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)  # Beam's own, on the lost connection
def test_a_worker_that_is_killed_ends_the_job_with_one_message() -> None:
    def work(lane: str) -> None:
        if lane == "a":
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(StageError) as caught:
        Engine(workers=2).run(lambda pipeline: pipeline | DistributeLanes(["a", "b"]) | map_each(work), lanes=2)

    assert str(caught.value) == (
        "a worker process was ended by signal 9 (SIGKILL); often the machine had no memory left: give fewer --workers; "
        "what is complete is kept, run again to go on"
    )


def test_the_exit_of_a_worker_is_described_in_words() -> None:
    assert str(describe_exit(-signal.SIGSEGV)).startswith(
        "a worker process was ended by signal 11 (SIGSEGV); what is complete"
    )
    assert str(describe_exit(3)).startswith("a worker process ended with exit code 3; what is complete")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_their_driver(number: signal.Signals, tmp_path: Path) -> None:
    driver = subprocess.Popen([sys.executable, "-c", JOB, tmp_path], stderr=subprocess.DEVNULL)
    workers = at_work(tmp_path)
    driver.send_signal(number)
    driver.wait(timeout=30)  # and not when their work is done

    assert driver.returncode == -number
    assert are_gone(workers)


@pytest.mark.slow
def test_workers_that_are_only_starting_end_with_their_driver(tmp_path: Path) -> None:
    driver = subprocess.Popen([sys.executable, "-c", JOB, tmp_path], stderr=subprocess.DEVNULL)
    started: list[int] = []
    while not started:
        started = [process.pid for process in psutil.Process(driver.pid).children(recursive=True)]
        time.sleep(0.01)
    driver.kill()
    driver.wait()

    assert are_gone(started)  # and not after the minute in which they try to connect to it


@pytest.mark.slow
def test_workers_ignore_ctrl_c(tmp_path: Path) -> None:
    driver = subprocess.Popen([sys.executable, "-c", JOB, tmp_path], stderr=subprocess.DEVNULL)
    workers = at_work(tmp_path)
    for worker in workers:
        os.kill(worker, signal.SIGINT)
    time.sleep(1)

    assert driver.poll() is None
    assert all(Path(f"/proc/{worker}").exists() for worker in workers)
    driver.kill()
    driver.wait()
    assert are_gone(workers)


@pytest.mark.parametrize("platform", ["linux", "darwin"])  # where workers are forked, and where they are started
def test_a_failure_is_reported_if_standard_error_cannot_be_written(platform: str) -> None:
    with Path("/dev/full").open("w") as full:  # as a file on a full disk
        done = subprocess.run(
            [sys.executable, "-c", FAILING_JOB, platform],
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            timeout=120,
            check=False,
        )

    assert done.stdout == "the disk is full\n"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("victim", ["a", "b"])  # Beam waits for the workers one after the other, in their order
def test_the_other_worker_finishes_what_it_has_begun_before_the_job_ends(victim: str, tmp_path: Path) -> None:
    folder = str(tmp_path)

    def work(lane: str) -> None:
        Path(folder, f"{lane}.begun").touch()
        while len(list(Path(folder).glob("*.begun"))) < 2:
            time.sleep(0.05)
        if lane == victim:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(3)  # longer than it takes to see that the other one has ended, and to stop a worker
        Path(folder, f"{lane}.done").touch()

    with pytest.raises(StageError, match="SIGKILL"):
        Engine(workers=2).run(lambda pipeline: pipeline | DistributeLanes(["a", "b"]) | map_each(work), lanes=2)

    assert [path.name for path in tmp_path.glob("*.done")] == ["b.done" if victim == "a" else "a.done"]
