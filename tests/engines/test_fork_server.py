"""Workers are forked from one process, with the driver's present environment and folder; what happens when it fails."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from beam_calls import map_each
from jsonl_corpus import write

from massivetext.engines.engine import DistributeLanes, Engine
from massivetext.engines.fork_server import ForkServer
from massivetext.engines.leash import leashed_command
from massivetext.errors import StageError
from massivetext.orchestration.driver import prepare
from massivetext.recipe import load_recipe


def run_on_two(work: Callable[[str], object], preload: tuple[str, ...] = ()) -> None:
    """Run a function of a lane, "a" and "b", in a worker each."""
    Engine(workers=2, preload=preload).run(
        lambda pipeline: pipeline | DistributeLanes(["a", "b"]) | map_each(work), lanes=2
    )


def server_process(*preload: str) -> psutil.Process:
    """Return the process from which this one's workers are forked."""
    command = leashed_command("massivetext.engines.fork_server", preload)
    (found,) = (child for child in psutil.Process().children() if child.cmdline() == command)
    return found


def gone(process: psutil.Process) -> bool:
    """Return whether a process ends within seconds."""
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
        (tmp_path / lane).write_text(f"{os.environ.get('WORD')} {Path.cwd()} {os.getppid()}")

    for word in ("one", "two"):
        folder = tmp_path / word
        folder.mkdir()
        monkeypatch.setenv("WORD", word)
        monkeypatch.chdir(folder)
        run_on_two(work)

        said = f"{word} {folder} {server_process().pid}"
        assert [(tmp_path / lane).read_text() for lane in "ab"] == [said, said]


def test_the_named_modules_are_imported_before_workers_are_forked_and_no_other_stage_is(tmp_path: Path) -> None:
    preload = ("massivetext.sources.warc", "massivetext.storage.lock_owner")

    def work(lane: str) -> None:
        loaded = [name for name in (*preload, "massivetext.orchestration.driver") if name in sys.modules]
        (tmp_path / lane).write_text(f"{loaded} {os.getppid()}")

    run_on_two(work, preload)

    said = f"{list(preload)} {server_process(*preload).pid}"
    assert [(tmp_path / lane).read_text() for lane in "ab"] == [said, said]


def test_the_driver_has_every_stage_imported_before_workers_are_forked(tmp_path: Path) -> None:
    recipe = load_recipe(str(write(tmp_path / "corpus", shards=1, documents=6)))
    driver = prepare(recipe, str(tmp_path / "run"), Engine(workers=2))

    def work(lane: str) -> None:
        (tmp_path / lane).write_text(" ".join(name for name in sys.modules if name.startswith("massivetext.jobs.")))

    run_on_two(work, driver._engine.preload)

    found = set((tmp_path / "a").read_text().split())
    assert {f"massivetext.jobs.{name}" for name in ("ingest", "near_dedup", "record_shards", "report_pages")} <= found


def test_workers_have_different_random_numbers(tmp_path: Path) -> None:
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


def test_a_killed_worker_has_its_exit_code() -> None:
    server = ForkServer()
    worker = server.fork(dict(os.environ))
    assert worker is not None
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(0.0)
    worker.kill()

    assert worker.wait(10) == -signal.SIGKILL
    assert worker.poll() == -signal.SIGKILL
    worker.kill()  # does nothing: its PID may be another's by now
    server.close()


def test_where_a_fork_is_not_safe_workers_are_processes_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    run_on_two(lambda lane: (tmp_path / lane).write_text(str(os.getppid())))

    assert [(tmp_path / lane).read_text() for lane in "ab"] == [str(os.getpid())] * 2
