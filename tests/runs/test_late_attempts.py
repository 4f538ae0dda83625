"""Attempts at a work item that end too late: they overwrite nothing newer and leave no files."""

import os
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from massivetext.errors import StageError
from massivetext.runs.store import Manifest, Run, Shard, ShardCommit
from massivetext.stages import JUDGE, NEAR_DEDUP
from massivetext.storage import files as fs
from massivetext.storage import local_disk

SHARD = Shard("web", 0, 1)
TABLE = pa.table({"kept": [True]})


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(str(tmp_path / "run"))


def names(run: Run) -> list[str]:
    return [fs.relative(info.path, run.folder) for info in fs.find(run.folder)]


def finish(run: Run, key: str) -> None:
    """The stage "judge" with one shard, from its beginning to its end."""
    run.begin(JUDGE, key)
    commit = ShardCommit(SHARD.name, (run.write_table("verdicts/rules", SHARD, TABLE),), {})
    run.commit_shard("judge", key, commit)
    run.commit(JUDGE, Manifest("judge", key, {}, tuple(run.commits("judge", key)), {}))


def test_while_its_stage_is_under_way_an_attempt_writes(run: Run) -> None:
    run.begin(JUDGE, "a")
    with fs.fenced(run.marker("judge", "a")):
        assert not fs.is_marker_gone()
        file = run.write_table("verdicts/rules", SHARD, TABLE)
        run.commit_shard("judge", "a", ShardCommit(SHARD.name, (file,), {}))

    assert [commit.task for commit in run.commits("judge", "a")] == [SHARD.name]


def test_after_its_stage_it_writes_nothing(run: Run) -> None:
    finish(run, "a")
    before = names(run)
    with fs.fenced(run.marker("judge", "a")):
        assert fs.is_marker_gone()
        with pytest.raises(StageError, match="is not written: others have done this work in the meantime"):
            run.write_table("verdicts/rules", SHARD, pa.table({"kept": [False]}))

    assert names(run) == before
    assert run.read_table("verdicts/rules", SHARD) == TABLE


def test_when_another_key_has_the_stage_it_writes_nothing(run: Run) -> None:
    finish(run, "a")
    run.begin(JUDGE, "b")
    with fs.fenced(run.marker("judge", "a")), pytest.raises(StageError, match="is not written"):
        run.write_table("verdicts/rules", SHARD, TABLE)

    assert names(run) == ["judge/commits/b/begun"]


def test_a_fence_ends_with_its_block(run: Run) -> None:
    with fs.fenced(run.marker("judge", "a")):
        pass
    fs.write_bytes(run.path("free"), b"")

    assert names(run) == ["free"]


def test_a_commit_that_comes_just_after_the_end_of_its_stage_is_withdrawn(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.begin(JUDGE, "a")
    write = fs.write_bytes

    def late(path: str, data: bytes, *, durable: bool = True) -> None:
        write(path, data, durable=durable)
        (marker,) = Path(run.folder).rglob("begun")  # the stage ends at this moment
        marker.unlink()

    monkeypatch.setattr(fs, "write_bytes", late)
    with fs.fenced(run.marker("judge", "a")):
        run.commit_shard("judge", "a", ShardCommit(SHARD.name, (), {}))

    assert names(run) == []


def test_what_a_killed_worker_left_is_swept_and_what_can_go_on_stays(run: Run) -> None:
    finish(run, "a")
    run.begin(NEAR_DEDUP, "b")
    run.commit_shard("near-dedup", "b", ShardCommit("one", (), {}))
    kept = names(run)
    for name in ("documents/web/.tmp-0-part", ".tmp-1-run.json", "judge/commits/a/web.json", "signatures/.tmp-2"):
        path = Path(run.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    run.sweep(["judge"])

    assert names(run) == kept
    assert not Path(run.path("documents")).exists()
    assert not Path(run.path("signatures")).exists()


def test_a_run_whose_own_path_looks_temporary_is_not_swept_away(tmp_path: Path) -> None:
    run = Run(str(tmp_path / ".tmp-runs/run"))
    run.begin(JUDGE, "a")
    run.commit_shard("judge", "a", ShardCommit("one", (), {}))
    run.sweep([])

    assert [commit.task for commit in run.commits("judge", "a")] == ["one"]


# -- files of this machine ---------------------------------------------------------------------------------------------


def test_a_folder_to_which_another_adds_is_removed_all_the_same(tmp_path: Path) -> None:
    folder, stop = tmp_path / "folder", threading.Event()

    def add() -> None:
        number = 0
        while not stop.is_set() and number < 5_000:
            number += 1
            try:
                (folder / str(number)).touch()
            except FileNotFoundError:
                return

    folder.mkdir()
    for number in range(500):
        (folder / f"old-{number}").touch()
    writer = threading.Thread(target=add)
    writer.start()
    local_disk.remove(str(folder))
    stop.set()
    writer.join()

    assert not folder.exists()


def test_a_folder_from_which_another_takes_is_removed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, unlink = tmp_path / "folder", os.unlink
    folder.mkdir()
    for number in range(5):
        (folder / str(number)).touch()

    def raced(path: str, *, dir_fd: int | None = None) -> None:
        monkeypatch.setattr(os, "unlink", unlink)
        unlink(path, dir_fd=dir_fd)
        unlink(path, dir_fd=dir_fd)  # as if another attempt had been faster

    monkeypatch.setattr(os, "unlink", raced)
    local_disk.remove(str(folder))

    assert not folder.exists()


def test_what_cannot_be_read_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "memory").symlink_to("/proc/self/mem")  # reading it from its beginning fails with EIO
    with fs.open_read(str(tmp_path / "memory")) as handle, pytest.raises(StageError) as caught:
        handle.read(10)

    assert (
        str(caught.value) == f"{tmp_path}/memory: cannot be read: Input/output error; repair it and run again to go on"
    )
    with pytest.raises(StageError, match="cannot be read: Input/output error"):
        fs.read_bytes(str(tmp_path / "memory"))
