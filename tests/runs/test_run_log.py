"""The log of a run: what is in it, what is not, how large it may be, and what is read from it."""

import errno
import json
import logging
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jsonl_corpus import write

from massivetext.cli.main import run_command_line
from massivetext.engines.engine import Engine
from massivetext.errors import StageError, UserError
from massivetext.orchestration import driver
from massivetext.orchestration.driver import prepare
from massivetext.recipe import load_recipe
from massivetext.runs import run_log
from massivetext.runs.log_events import Event, ItemNow, Kind
from massivetext.runs.log_reading import item_in_work, item_records, read_log, stage_progress
from massivetext.runs.run_log import count_work, logged_item, new_session, note_position, open_log
from massivetext.storage import files as fs

STORES = pytest.mark.parametrize("where", ["local", "memory"])


def folder_of(where: str, tmp_path: Path) -> str:
    """Return a run folder on the local disk or in a store."""
    return str(tmp_path / "run") if where == "local" else f"memory://{tmp_path.name}/run"


def kinds(folder: str, session: str) -> list[tuple[str, str, str]]:
    """Return kind, stage and item of every event."""
    open_log(folder, session, "worker").flush()  # in a store lines wait for a few seconds
    return [(event.kind, event.stage, event.item) for event in read_log(folder).events(session)]


# -- one process -------------------------------------------------------------------------------------------------------


@STORES
def test_work_on_an_item_is_logged_with_its_counts(where: str, tmp_path: Path) -> None:
    folder = folder_of(where, tmp_path)
    with logged_item(folder, "s1", "ingest", "web/part-0", 2.5):
        count_work(3, 100)
        count_work(1, 20)

    assert kinds(folder, "s1") == [("item begun", "ingest", "web/part-0"), ("item done", "ingest", "web/part-0")]
    (record,) = item_records(read_log(folder).events("s1"))
    assert (record.documents, record.bytes, record.begun) == (4, 120, 1)
    assert record.seconds is not None
    assert record.peak_bytes > 1_000_000
    assert read_log(folder).events("s1")[-1].cost == 2.5


@STORES
def test_a_failure_is_logged_with_its_place_but_not_with_text_of_others(where: str, tmp_path: Path) -> None:
    folder = folder_of(where, tmp_path)
    with pytest.raises(ValueError, match="SECRET"), logged_item(folder, "s1", "ingest", "a"):
        raise ValueError("the document says SECRET")
    with pytest.raises(StageError), logged_item(folder, "s1", "ingest", "b"):
        raise StageError("ours")
    first, second = (event for event in read_log(folder).events("s1") if event.kind == "item failed")

    assert first.detail == "ValueError"
    assert first.frames[-1].startswith("test_run_log.py:")
    assert second.detail == "ours"
    assert item_records(read_log(folder).events("s1"))[1].detail == "ours"


def test_a_warning_of_a_library_is_logged_without_what_was_filled_in(tmp_path: Path) -> None:
    folder = str(tmp_path)
    with logged_item(folder, "s1", "measure", "a"):
        for _ in range(20):
            logging.getLogger("some.library").warning("cannot parse %s", "SECRET")
        logging.getLogger("some.library").error("says SECRET too")
    warnings = [event for event in read_log(folder).events("s1") if event.kind == "warning"]

    assert len(warnings) == run_log._WARNINGS_PER_PLACE + 1
    assert warnings[0].detail.endswith(": cannot parse %s")
    assert (warnings[0].stage, warnings[0].item) == ("measure", "a")
    assert "SECRET" not in "".join(event.detail for event in warnings)


def test_what_takes_long_is_named_with_its_position(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_log, "SLOW_SECONDS", 0.2)
    monkeypatch.setattr(run_log, "_LOOK_SECONDS", 0.05)
    folder = str(tmp_path)
    with logged_item(folder, "s1", "ingest", "a"):
        note_position("pages.warc.gz, after 123")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and ("slow", "ingest", "a") not in kinds(folder, "s1"):
            time.sleep(0.05)
        (now,) = read_log(folder).now("s1")
    slow = [event for event in read_log(folder).events("s1") if event.kind == "slow"]

    assert [event.detail for event in slow] == ["pages.warc.gz, after 123"]
    assert now.items[0].position == "pages.warc.gz, after 123"


def test_the_log_of_a_process_is_bounded_and_still_takes_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_log, "FILE_BYTES", 4000)
    folder = str(tmp_path)
    log = open_log(folder, "s1", "worker")
    for number in range(1000):
        log.write("item begun", stage="ingest", item=f"part-{number}")
    log.write("item failed", stage="ingest", item="the last")
    for number in range(1000):
        log.write("item failed", stage="ingest", item=f"part-{number}")
    found = kinds(folder, "s1")

    assert ("log full", "", "") in found
    assert ("item failed", "ingest", "the last") in found
    assert Path(log.path).stat().st_size <= 2 * 4000


def test_a_full_log_sums_up_the_work_items_that_it_does_not_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_log, "FILE_BYTES", 20_000)
    folder = str(tmp_path)
    log = open_log(folder, "s1", "worker")
    log.write("stage begun", stage="ingest")
    log.write("job begun", stage="ingest", items=500, cost=1000.0)
    for number in range(400):
        with logged_item(folder, "s1", "ingest", f"part-{number}", 2.0):
            count_work(3, 70)
    log.flush()
    (progress,) = stage_progress(read_log(folder).events("s1"), time.time())

    assert ("log full", "", "") in kinds(folder, "s1")
    assert len(item_records(read_log(folder).events("s1"))) < 400
    assert (progress.items_done, progress.items, progress.documents, progress.bytes) == (400, 500, 1200, 28_000)
    assert progress.seconds_left is not None
    log.write("stage done", stage="ingest")
    assert stage_progress(read_log(folder).events("s1"), time.time())[0].state == "done"


@STORES
def test_only_the_newest_sessions_are_kept(where: str, tmp_path: Path) -> None:
    folder = folder_of(where, tmp_path)
    for number in range(5):
        open_log(folder, f"s{number}", "driver").write("run done")
        open_log(folder, f"s{number}", "driver").flush()
    run_log.remove_old_sessions(folder, keep=2)

    assert read_log(folder).sessions() == ["s3", "s4"]


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("in the way")
    with logged_item(str(tmp_path), "s1", "ingest", "a"):
        count_work(1, 1)

    assert (tmp_path / "log").read_text() == "in the way"


def test_executions_of_the_same_second_are_in_order() -> None:
    names = []
    for _ in range(20):
        names.append(new_session())
        time.sleep(0.001)

    assert names == sorted(names)


def test_without_a_session_nothing_is_logged(tmp_path: Path) -> None:
    with logged_item(str(tmp_path), "", "ingest", "a"):
        count_work(1, 1)

    assert list(tmp_path.iterdir()) == []


def test_damaged_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    log = open_log(str(tmp_path), "s1", "driver")
    log.write("run begun")
    with Path(log.path).open("ab") as handle:
        handle.write(b'{"kind": 3}\n\x00\xff\n')
    log.write("run done")
    with Path(log.path).open("ab") as handle:
        handle.write(b'{"time": 1')  # being written
    reader = read_log(str(tmp_path))

    assert [event.kind for event in reader.events("s1")] == ["run begun", "run done"]
    assert reader.damaged_lines == 2


def test_a_run_folder_whose_name_holds_jsonl_keeps_its_log_in_a_store(tmp_path: Path) -> None:
    folder = f"memory://{tmp_path.name}/my.jsonl/run"
    log = open_log(folder, "s1", "driver")
    for kind in ("run begun", "run done"):
        log.write(kind)
        log.flush()

    assert [event.kind for event in read_log(folder).events("s1")] == ["run begun", "run done"]


def test_a_full_disk_leaves_room_for_the_line_that_says_how_the_run_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(str(tmp_path), "s1", "driver")
    log.write("run begun")
    log.reserve()
    (reserve,) = (tmp_path / "log").glob("*.reserve")
    append = run_log.append_whole

    def fill(path: str, data: bytes) -> None:
        if reserve.exists():
            raise OSError(errno.ENOSPC, "No space left on device", path)
        append(path, data)

    monkeypatch.setattr(run_log, "append_whole", fill)
    log.write("item begun", stage="ingest", item="a")
    log.write("run failed", detail="no space")

    assert [event.kind for event in read_log(str(tmp_path)).events("s1")] == ["run begun", "run failed"]
    assert "No space left" in log.problem
    log.close()
    assert not reserve.exists()


def test_a_line_is_appended_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "log"
    run_log.append_whole(str(path), b"first\n")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))  # as a disk with four bytes left
    try:
        with pytest.raises(OSError):  # noqa: PT011  # the system's message
            run_log.append_whole(str(path), b"second\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert path.read_bytes() == b"first\n"


@pytest.mark.parametrize(
    "line",
    [
        '{"time": 1e18, "kind": "run done", "process": "p"}',
        '{"time": 1e300, "kind": "run done", "process": "p"}',
        '{"time": -1e300, "kind": "run done", "process": "p"}',
        '{"time": 1, "kind": "run done", "process": "p", "seconds": 1e300}',
        '{"time": 1, "kind": "item done", "process": "p", "cost": 1e308}',
        '{"time": 1, "kind": "item done", "process": "p", "documents": -1}',
        '{"time": 1, "kind": "run done"',
    ],
)
def test_a_line_with_absurd_numbers_is_damaged(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log/s1.driver-h-1.jsonl").write_text(f"{line}\n")
    for command in ("log", "watch"):
        assert run_command_line([command, str(tmp_path)]) == 0
        printed = capsys.readouterr()
        assert "1 damaged line of the log is left out" in printed.out + printed.err
    assert "begun s1: no line of its log can be read\n" in printed.out


def test_what_a_process_says_with_absurd_numbers_is_left_out(tmp_path: Path) -> None:
    log = open_log(str(tmp_path), "s1", "driver")
    log.write("run begun")
    item = {"stage": "a", "item": "b", "documents": 0, "bytes": 0, "position": "", "position_since": 1}
    now = {"time": 1.0, "process": "p", "peak_bytes": 0, "items": [{**item, "since": -1e300}]}
    (tmp_path / "log/s1.p.now.json").write_text(json.dumps(now))

    assert [each.process for each in read_log(str(tmp_path)).now("s1")] in ([], [log.process])


def test_a_log_that_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(folder: str) -> frozenset[str]:
        raise PermissionError(errno.EACCES, "Permission denied", folder)

    monkeypatch.setattr(fs, "names", refuse)  # the tests may run as root, whom no permissions stop
    for command in ("log", "watch"):
        assert run_command_line([command, str(tmp_path)]) == 2
        assert "the log cannot be read: Permission denied" in capsys.readouterr().err


def test_a_run_without_a_log_says_so_once(tmp_path: Path) -> None:
    recipe, run = load_recipe(str(write(tmp_path / "corpus", shards=1, documents=6))), tmp_path / "run"
    run.mkdir()
    (run / "log").write_text("in the way")
    said: list[str] = []
    with pytest.raises(UserError, match="is not empty"):
        prepare(recipe, str(run), Engine(), until="ingest")
    (run / "log").unlink()
    driver = prepare(recipe, str(run), Engine(), until="ingest", notify=said.append)
    (run / "log").write_text("in the way")
    driver.run()

    assert len([message for message in said if "lines of the log cannot be written" in message]) == 1


# -- what is read from it ----------------------------------------------------------------------------------------------


def event(moment: float, kind: Kind, *, stage: str = "ingest", item: str = "", **fields: object) -> Event:
    """Return an event."""
    return Event(time=moment, kind=kind, process="worker-h-1", stage=stage, item=item, **fields)  # type: ignore[arg-type]


def test_time_left_follows_the_costs_not_the_number_of_work_items() -> None:
    events = [
        event(0.0, "stage begun"),
        event(0.0, "job begun", items=4, cost=100.0),
        event(40.0, "item done", item="a", cost=60.0, documents=10, bytes=4000),
        event(60.0, "item done", item="b", cost=20.0),
    ]
    (progress,) = stage_progress(events, 65.0)

    assert (progress.state, progress.items, progress.items_done) == ("running", 4, 2)
    assert progress.seconds_left == pytest.approx(10.0)  # 80 of 100 in 60 s, and 5 s since then
    assert stage_progress(events, 76.0)[0].seconds_left is None  # what was thought to take 15 s takes longer
    assert progress.documents == 10


def test_documents_of_work_items_in_work_count_and_those_of_earlier_jobs_stay() -> None:
    events = [
        event(0.0, "stage begun"),
        event(0.0, "job begun", items=2, cost=2.0),
        event(1.0, "item done", item="a", cost=1.0, documents=10, bytes=4000),
        event(2.0, "item done", item="b", cost=1.0, documents=5, bytes=1000),
        event(2.0, "job begun", items=3),
        event(3.0, "item done", item="verdicts/a"),
    ]
    now = [
        ItemNow(stage=stage, item="x", since=3.0, documents=7, bytes=300, position="", position_since=3.0)
        for stage in ("ingest", "a stage of an earlier execution")
    ]
    (progress,) = stage_progress(events, 4.0, now)

    assert (progress.documents, progress.bytes) == (22, 5300)
    assert (progress.items_done, progress.items) == (1, 3)


@pytest.mark.parametrize(
    "events",
    [
        [event(0.0, "stage begun"), event(0.0, "job begun", items=9, cost=100.0)],
        [event(0.0, "stage begun"), event(0.0, "job begun", items=9, cost=100.0), event(1.0, "item done", cost=50.0)],
        [
            event(0.0, "stage begun"),
            event(0.0, "job begun", items=9, cost=100.0),
            *[event(1.0, "item done", cost=1.0)] * 5,
        ],
        [event(0.0, "stage begun"), event(0.0, "job begun", items=2), *[event(1.0, "item done", cost=1.0)] * 2],
    ],
    ids=["nothing done", "one item", "a twentieth", "other jobs follow"],
)
def test_no_time_left_is_given_where_it_could_not_be_honest(events: list[Event]) -> None:
    assert stage_progress(events, 10.0)[0].seconds_left is None


def test_an_item_whose_first_line_is_missing_has_begun_once() -> None:
    assert item_records([event(1.0, "item done", item="a", seconds=1.0)])[0].begun == 1


def test_retries_are_counted_and_the_item_in_work_is_found(tmp_path: Path) -> None:
    log = open_log(str(tmp_path), "s1", "worker")
    log.write("item begun", stage="ingest", item="a")
    log.write("item failed", stage="ingest", item="a")
    log.write("item begun", stage="ingest", item="a")

    assert item_records(read_log(str(tmp_path)).events("s1"))[0].begun == 2
    assert item_in_work(str(tmp_path), "s1", os.getpid()) == "ingest a"
    assert item_in_work(str(tmp_path), "s1", 1) == ""
    log.write("item done", stage="ingest", item="a", seconds=1.0)
    assert item_in_work(str(tmp_path), "s1", os.getpid()) == ""


# -- a run -------------------------------------------------------------------------------------------------------------


def test_a_run_is_logged_from_its_beginning_to_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe, run = load_recipe(str(write(tmp_path / "corpus", shards=2, documents=6))), str(tmp_path / "run")
    prepare(recipe, run, Engine(), until="judge").run()
    prepare(recipe, run, Engine(), until="judge").run()
    first, second = read_log(run).sessions()
    events = read_log(run).events(first)

    assert (events[0].kind, events[-1].kind) == ("run begun", "run done")
    assert [e.stage for e in events if e.kind == "stage done"] == ["ingest", "measure", "judge"]
    shared = [e for e in events if e.kind == "stage done"]
    assert {e.detail for e in shared} == {"one job of ingest, measure, judge: run.json has an equal share for each"}
    for e, progress in zip(shared, stage_progress(events, 0.0), strict=True):
        assert e.seconds == pytest.approx(progress.seconds, abs=1.0)  # `log` and `watch` say the same
    done = [e for e in events if e.kind == "item done"]
    assert len(done) == 3 * 4
    assert sum(e.documents for e in done if e.stage == "ingest") == 24
    assert all(e.cpu_seconds is not None for e in done)
    assert [kind for kind, _, _ in kinds(run, second)] == ["run begun", *["stage skipped"] * 3, "run done"]
    assert not [path for path in Path(run, "log").iterdir() if path.name.endswith(".now.json")]

    assert run_command_line(["log", run, "--stage", "judge"]) == 0
    assert "stage skipped  judge" in capsys.readouterr().out
    assert run_command_line(["log", run, "--errors"]) == 0
    assert "nothing of this kind in the log" in capsys.readouterr().out
    assert run_command_line(["log", run, "--json"]) == 0
    assert [json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()][-1] == "run done"
    assert run_command_line(["watch", run]) == 0
    watched = capsys.readouterr().out
    assert "recipe corpus, 4 shards, 1 worker): done" in watched
    assert "= judge           done before" in watched


def test_a_resumed_stage_counts_the_work_items_that_were_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, run = load_recipe(str(write(tmp_path / "corpus", shards=2, documents=6))), str(tmp_path / "run")

    def fail(*_: object) -> None:
        raise StageError("not now")

    with monkeypatch.context() as patched:
        patched.setattr("massivetext.jobs.measure.measure_shard", fail)
        with pytest.raises(StageError, match="not now"):
            prepare(recipe, run, Engine(), until="judge").run()
    prepare(recipe, run, Engine(), until="judge").run()
    events = read_log(run).events(read_log(run).sessions()[-1])
    stages = {each.stage: (each.items_done, each.items) for each in stage_progress(events, 0.0)}

    assert stages["ingest"][0] == stages["ingest"][1] < 4  # of four shards some had been ingested
    assert stages["measure"] == (4, 4)


def test_the_log_holds_no_text_of_documents(tmp_path: Path) -> None:
    corpus = write(tmp_path / "corpus", shards=1, documents=6)
    words = {
        word
        for path in corpus.parent.glob("*.jsonl")
        for line in path.read_text().splitlines()
        for word in json.loads(line)["text"].split()
        if len(word) > 7
    }
    prepare(load_recipe(str(corpus)), str(tmp_path / "run"), Engine(), until="judge").run()
    logged = "".join(path.read_text() for path in Path(tmp_path, "run/log").iterdir())

    assert len(words) > 50
    assert [word for word in words if word in logged] == []


def test_a_failure_names_the_file_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, run = load_recipe(str(write(tmp_path / "corpus", shards=1, documents=6))), str(tmp_path / "run")

    def refuse(*_: object) -> None:
        raise UserError("correct this")

    monkeypatch.setattr(driver, "run_shards", refuse)
    with pytest.raises(UserError, match=r"^correct this \(log: .*/run/log/.*driver.*\.jsonl\)$") as caught:
        prepare(recipe, run, Engine(), until="judge").run()

    assert Path(str(caught.value).rpartition("log: ")[2].rstrip(")")).is_file()
    assert run_command_line(["log", run, "--errors"]) == 0
    printed = capsys.readouterr().out
    assert "run failed" in printed
    assert "correct this" in printed
    assert "test_run_log.py:" in printed  # the place in the code
    assert run_command_line(["watch", run]) == 0
    assert "✗ ingest" in capsys.readouterr().out


KILLED = """
import os, signal, sys
from massivetext.engines.engine import Engine
from massivetext.orchestration.driver import prepare
from massivetext.recipe import load_recipe
from massivetext.runs.store import Run

Run.committed = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
prepare(load_recipe(sys.argv[1]), sys.argv[2], Engine(), until="judge").run()
"""


def test_a_killed_run_is_told_at_once_with_what_it_worked_on(tmp_path: Path) -> None:
    recipe, run = write(tmp_path / "corpus", shards=1, documents=6), tmp_path / "run"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(recipe), str(run)], check=False)
    assert killed.returncode == -signal.SIGKILL

    watched = subprocess.run(
        [sys.executable, "-m", "massivetext", "watch", str(run)], capture_output=True, text=True, check=True
    ).stdout
    assert "): was killed, " in watched
    assert re.search(r"driver-.*: ingest \w+/part-00000-of-00001 was begun", watched)
    assert "its process has ended without a word" in watched


def test_a_folder_without_a_log_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("log", "watch"):
        assert run_command_line([command, str(tmp_path)]) == 2
        assert "no log here; give the folder" in capsys.readouterr().err
