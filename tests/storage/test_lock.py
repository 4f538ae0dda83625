"""The lock of a run folder: never two holders; a dead holder blocks no run; a holder that lost the lock stops."""

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path

import msgspec
import pytest
from builders import write_recipe, write_texts
from command import massivetext
from tiny_run import finish, tiny_context

from massivetext.engines.engine import Engine
from massivetext.errors import LockHeldError, LockLostError, StoreFailedError
from massivetext.jobs.report_pages import write_report
from massivetext.orchestration.driver import prepare
from massivetext.recipe import load_recipe
from massivetext.runs.store import Run
from massivetext.runs.verify import verify_run
from massivetext.storage import files as fs
from massivetext.storage import lock
from massivetext.storage.lock_owner import Owner, process_start, this_machine

ROUNDS = 50
ELSEWHERE = Owner(token="e" * 32, host="far", machine="another boot", process=7, started="1", since="today")


@pytest.fixture(params=["local", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A run folder that does not exist yet, on each kind of file system."""
    path = str(tmp_path / "run") if request.param == "local" else f"memory:///{tmp_path.name}"
    yield path
    fs.remove(path)


class Time:
    """A clock that advances when a test waits, and a function that is called meanwhile."""

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.now = 0.0
        self._meanwhile = meanwhile

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self._meanwhile()

    def clock(self) -> float:
        return self.now


def put(folder: str, owner: Owner, name: str = lock.NAME) -> None:
    fs.write_bytes(fs.join(folder, name), msgspec.json.encode(owner))


def here(process: int, started: str | None, token: str = "d" * 32) -> Owner:
    """Return the content of a lock of a process of this machine."""
    return Owner(token=token, host="near", machine=this_machine(), process=process, started=str(started), since="noon")


def gone() -> Owner:
    """Return the content of a lock of a process of this machine that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    owner = here(ended.pid, process_start(ended.pid))
    ended.wait()
    return owner


def never(_: float) -> None:
    raise AssertionError("there is nothing to wait for")


def names(folder: str) -> list[str]:
    return [fs.relative(info.path, folder) for info in fs.find(folder)]


# -- one holder --------------------------------------------------------------------------------------------------------


def test_a_lock_is_there_while_it_is_held_and_not_after(folder: str) -> None:
    with lock.hold(folder):
        assert names(folder) == [lock.NAME]
    assert names(folder) == []

    with lock.hold(folder) as held:
        held.check()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_lock_is_released_whatever_happens(folder: str, error: type[BaseException]) -> None:
    with pytest.raises(error), lock.hold(folder):
        raise error

    assert names(folder) == []


def test_a_second_run_is_refused_at_once_with_the_name_of_the_holder(folder: str) -> None:
    with lock.hold(folder):
        with pytest.raises(
            LockHeldError, match=rf"at work in this folder: process {os.getpid()} on .+, since 20.* UTC"
        ):
            lock.acquire(folder, wait=never)
        assert names(folder) == [lock.NAME]


def race(folder: str, barrier: Barrier, results: "multiprocessing.Queue[int]", stale: Owner | None) -> None:
    """Take the lock of many folders, as one of two processes that do so at the same time."""
    for number in range(ROUNDS):
        run = f"{folder}/{number}"
        if stale is not None and barrier.wait(30) == 0:
            put(run, stale)
        barrier.wait(30)
        try:
            held = lock.acquire(run)
        except LockHeldError:
            held = None
        results.put(number if held else -1)
        barrier.wait(30)  # the lock is held until the other has tried
        if held:
            held.check()


@pytest.mark.parametrize("stale", [False, True], ids=["free", "stale"])
def test_of_two_processes_exactly_one_wins_every_time(tmp_path: Path, stale: bool) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    arguments = (str(tmp_path), barrier, results, gone() if stale else None)
    processes = [context.Process(target=race, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    outcomes = [results.get(timeout=60) for _ in range(2 * ROUNDS)]
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0, 0]
    assert sorted(outcomes) == [-1] * ROUNDS + list(range(ROUNDS))


# -- stale locks -------------------------------------------------------------------------------------------------------


def test_the_lock_of_a_process_that_has_ended_is_taken_over_at_once(folder: str) -> None:
    put(folder, gone())
    held = lock.acquire(folder, wait=never)
    held.check()

    assert len(names(folder)) == 2  # the stale one stays until the run ends: nobody writes another's file
    with pytest.raises(LockHeldError, match=f"process {os.getpid()}"):
        lock.acquire(folder, wait=never)
    held.release()
    assert names(folder) == []


def test_a_process_with_the_number_of_one_that_has_ended_is_another(folder: str) -> None:
    put(folder, here(os.getpid(), "1"))
    lock.acquire(folder, wait=never).check()


def test_a_process_that_has_ended_but_was_not_waited_for_has_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = here(process.pid, process_start(process.pid))
    assert not owner.has_ended

    process.kill()
    deadline = time.monotonic() + 30
    while not owner.has_ended and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.returncode is None  # its exit code has not been collected yet
    assert owner.has_ended
    process.communicate()


def test_a_lock_of_another_machine_that_is_not_renewed_is_taken_over_after_a_while(folder: str) -> None:
    put(folder, ELSEWHERE)
    messages: list[str] = []
    passing = Time()
    held = lock.acquire(folder, messages.append, wait=passing.wait, clock=passing.clock)
    held.check()

    assert lock.STALE_SECONDS <= passing.now < lock.STALE_SECONDS + 2
    (message,) = messages
    assert "process 7 on far, since today" in message
    assert "30 seconds" in message


def test_a_lock_of_another_machine_that_is_renewed_is_respected(folder: str) -> None:
    put(folder, ELSEWHERE)
    moving = iter(range(10**6))

    def meanwhile() -> None:
        if passing.now >= 5:
            put(folder, msgspec.structs.replace(ELSEWHERE, count=ELSEWHERE.count + next(moving)))

    passing = Time(meanwhile)
    with pytest.raises(LockHeldError, match="process 7 on far"):
        lock.acquire(folder, wait=passing.wait, clock=passing.clock)
    assert passing.now < 10
    assert names(folder) == [lock.NAME]


def test_a_holder_that_changes_while_we_watch_is_watched_anew(folder: str) -> None:
    put(folder, ELSEWHERE)
    other = msgspec.structs.replace(ELSEWHERE, token="f" * 32)

    def meanwhile() -> None:
        if passing.now == 20:
            put(folder, other, f"lock-{ELSEWHERE.token}.json")

    passing = Time(meanwhile)
    lock.acquire(folder, wait=passing.wait, clock=passing.clock).check()

    assert 20 + lock.STALE_SECONDS <= passing.now < 22 + lock.STALE_SECONDS


def test_a_lock_that_is_released_while_we_watch_is_ours(folder: str) -> None:
    put(folder, ELSEWHERE)
    passing = Time(lambda: fs.remove(fs.join(folder, lock.NAME)))
    lock.acquire(folder, wait=passing.wait, clock=passing.clock).check()

    assert passing.now < 2


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"token": 3}'])
def test_a_damaged_lock_is_watched_like_any_other(folder: str, data: bytes) -> None:
    fs.write_bytes(fs.join(folder, lock.NAME), data)
    passing = Time()
    lock.acquire(folder, wait=passing.wait, clock=passing.clock).check()

    assert passing.now >= lock.STALE_SECONDS


def test_a_lock_that_was_released_during_the_takeover_is_not_taken(folder: str) -> None:
    put(folder, ELSEWHERE)
    chain = lock.read_chain(folder)
    fs.remove(fs.join(folder, lock.NAME))

    assert lock.try_take(folder, Owner.this_process(), chain) is None
    assert names(folder) == []


def test_leftovers_of_a_killed_release_block_no_run(folder: str) -> None:
    put(folder, ELSEWHERE, "lock-0123.json")
    with lock.hold(folder, wait=never):
        assert names(folder) == [lock.NAME]


# -- a lock that is lost -----------------------------------------------------------------------------------------------


def rob(folder: str) -> None:
    """Take the lock over as another machine would."""
    (held,) = lock.read_chain(folder)
    put(folder, ELSEWHERE, f"lock-{held.token}.json")


def test_the_loss_is_noticed_and_the_files_of_the_other_stay(folder: str) -> None:
    with lock.hold(folder) as held:
        rob(folder)
        before = names(folder)
        for look in (held.check, held.renew):
            with pytest.raises(LockLostError, match=r"another run has taken this folder over .*process 7 on far"):
                look()
    assert names(folder) == before


def test_a_holder_that_wakes_up_after_all_is_over_does_not_bring_its_lock_back(folder: str) -> None:
    with lock.hold(folder) as held:
        fs.remove(folder)
        with pytest.raises(LockLostError, match="its lock has gone"):
            held.renew()
    assert names(folder) == []


def test_a_renewal_moves_the_count_alone(folder: str) -> None:
    with lock.hold(folder) as held:
        path = fs.join(folder, lock.NAME)
        before = fs.read_bytes(path)
        held.renew()
        held.renew()
        after = fs.read_bytes(path)
    owner = msgspec.json.decode(before, type=Owner)

    assert len(before) == len(after)
    assert msgspec.json.decode(after, type=Owner) == msgspec.structs.replace(owner, count=owner.count + 2)


def test_the_loss_stops_the_main_thread(tmp_path: Path) -> None:
    def work() -> None:
        with lock.hold(str(tmp_path), renew_seconds=0.02):
            rob(str(tmp_path))
            time.sleep(60)

    with pytest.raises(LockLostError, match="has taken this folder over"):
        work()


def test_a_store_that_does_not_answer_for_a_while_is_no_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([StoreFailedError("the store fails")] * 3)
    overwrite = fs.overwrite

    def fail_at_first(path: str, data: bytes) -> None:
        for error in failures:
            raise error
        overwrite(path, data)

    monkeypatch.setattr(fs, "overwrite", fail_at_first)
    with lock.hold(str(tmp_path), renew_seconds=0.02):
        before = (tmp_path / lock.NAME).read_bytes()
        deadline = time.monotonic() + 30
        while (tmp_path / lock.NAME).read_bytes() == before and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (tmp_path / lock.NAME).read_bytes() != before


# -- runs --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lock.json", True),
        ("lock-0123.json", True),
        ("lock.json.txt", False),
        ("ingest/lock.json", False),
        ("lock-a/b.json", False),
        ("run.json", False),
    ],
)
def test_files_of_a_lock_are_recognised_by_their_names(name: str, expected: bool) -> None:
    assert lock.is_lock(name) is expected


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe of one source with a single document."""
    write_texts(tmp_path / "a.jsonl", ["a document of a few words"])
    return write_recipe(tmp_path, {"news": {"rules": []}})


def test_the_command_refuses_a_folder_in_use_and_goes_on_when_it_is_free(recipe: Path, tmp_path: Path) -> None:
    command = ("run", recipe, "--output", "run", "--until", "judge", "--workers", "1")
    with lock.hold(str(tmp_path / "run")):
        done = massivetext(*command, folder=tmp_path, check=False)
    assert done.returncode == 2
    assert "another run is at work in this folder" in done.stderr
    assert "Traceback" not in done.stderr
    assert names(str(tmp_path / "run")) == []

    put(str(tmp_path / "run"), gone())
    massivetext(*command, folder=tmp_path)
    assert not [name for name in names(str(tmp_path / "run")) if lock.is_lock(name)]


def test_a_report_needs_the_lock_and_verify_does_not(tmp_path: Path) -> None:
    folder = str(tmp_path / "run")
    context = tiny_context(folder, {"news": [["a document of a few words"]]})
    finish(context)
    with lock.hold(folder):
        with pytest.raises(LockHeldError, match="another run is at work in this folder"):
            write_report(context)
        assert verify_run(Run(folder)) == []
        assert context.run.manifest("report") is None


def test_a_driver_that_loses_its_lock_writes_no_manifest(recipe: Path, tmp_path: Path) -> None:
    folder = str(tmp_path / "run")

    def listener(stage: str, event: str, _: int) -> None:
        if (stage, event) == ("ingest", "run"):
            rob(folder)

    driver = prepare(load_recipe(str(recipe)), folder, Engine(), until="ingest", listener=listener)
    with pytest.raises(LockLostError, match="another run has taken this folder over"):
        driver.run()

    state = Run(folder).state()
    assert state is not None
    assert state.stages == ()
    assert Run(folder).manifest("ingest") is None
    assert len([name for name in names(folder) if lock.is_lock(name)]) == 2
