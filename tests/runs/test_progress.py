"""Progress files: counts add up over processes, and a damaged line only loses its own counts."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.runs import progress
from massivetext.runs.progress import ProgressCounts, ProgressWriter

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path: Path) -> str:
    """A run folder that workers write progress to."""
    progress.make_progress_folder(str(tmp_path))
    return str(tmp_path)


def write(folder: Path, name: str, data: bytes) -> None:
    (folder / progress.FOLDER).mkdir(exist_ok=True)
    (folder / progress.FOLDER / name).write_bytes(data)


def test_what_is_added_is_read(run: str) -> None:
    reporter = ProgressWriter(run, "ingest")
    reporter.add(2, 300)
    reporter.add(documents=1, size=50, shards=1)

    assert progress.read_progress(run, "ingest") == ProgressCounts(3, 350, 1)


def test_nothing_has_been_done_where_nothing_was_reported(tmp_path: Path) -> None:
    assert progress.read_progress(str(tmp_path), "ingest") == ProgressCounts(0, 0, 0)
    assert progress.read_progress(str(tmp_path / "missing"), "ingest") == ProgressCounts(0, 0, 0)


def test_stages_are_told_apart(run: str) -> None:
    ProgressWriter(run, "near-dedup").add(1, shards=1)
    ProgressWriter(run, "exact-dedup").add(5, shards=1)

    assert progress.read_progress(run, "near-dedup").documents == 1
    assert progress.read_progress(run, "dedup").documents == 0


def test_reporters_of_one_process_add_up(run: str) -> None:
    for _ in range(3):
        ProgressWriter(run, "ingest").add(1, 10, 1)

    assert progress.read_progress(run, "ingest") == ProgressCounts(3, 30, 3)


def test_processes_add_up(run: str) -> None:
    code = (
        "import sys; from massivetext.runs.progress import ProgressWriter; r = ProgressWriter(sys.argv[1], 'ingest')\n"
        "for _ in range(1000): r.add(1, 7)\n"
        "r.add(shards=1)"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, run], cwd=ROOT) for _ in range(2)]

    assert [process.wait(timeout=30) for process in started] == [0, 0]
    assert progress.read_progress(run, "ingest") == ProgressCounts(2000, 14000, 2)
    assert len(list(Path(run, progress.FOLDER).iterdir())) == 2


def test_counts_are_written_now_and_then_and_at_the_end_of_a_shard(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    reporter = ProgressWriter(run, "ingest")
    reporter.add(1)  # the first is written at once
    reporter.add(1)

    assert progress.read_progress(run, "ingest").documents == 1
    now += 0.6
    reporter.add(1)
    assert progress.read_progress(run, "ingest").documents == 3
    reporter.add(1)
    assert progress.read_progress(run, "ingest").documents == 3
    reporter.add(shards=1)
    assert progress.read_progress(run, "ingest") == ProgressCounts(4, 0, 1)


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ProgressWriter(None, "ingest").add(1, 1, 1)

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / progress.FOLDER).write_text("a file where the folder should be")
    reporter = ProgressWriter(str(tmp_path), "ingest")
    reporter.add(1, 1, 1)

    (tmp_path / progress.FOLDER).unlink()
    progress.make_progress_folder(str(tmp_path))
    reporter.add(shards=1)
    assert progress.read_progress(str(tmp_path), "ingest") == ProgressCounts(1, 1, 2)  # nothing was forgotten


def test_who_reports_after_the_end_of_a_run_leaves_nothing_in_its_folder(tmp_path: Path) -> None:
    ProgressWriter(str(tmp_path), "ingest").add(1, 1, 1)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damage",
    [
        b"[1, 2",
        b"[1, 2]",
        b"[1, 2, 3, 4]",
        b"7",
        b"null",
        b"NaN",
        b'["a", 1, 2]',
        b"[1.5, 2, 3]",
        b"[null, null, null]",
        b'{"a": 1, "b": 2, "c": 3}',
        b"\xff\xfe[1, 2, 3]",
        b"\x00" * 100,
        b"[1, 2, 3][1, 2, 3]",
        b"",
    ],
)
def test_a_damaged_line_costs_itself_alone(tmp_path: Path, damage: bytes) -> None:
    write(tmp_path, "ingest.1.jsonl", b"[1, 10, 0]\n" + damage + b"\n[2, 20, 1]\n")
    write(tmp_path, "ingest.2.jsonl", b"[4, 40, 1]\n")

    assert progress.read_progress(str(tmp_path), "ingest") == ProgressCounts(7, 70, 2)


@given(st.binary(max_size=60))
def test_no_bytes_whatever_are_an_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "progress-bytes"
    folder.mkdir(exist_ok=True)
    write(folder, "ingest.1.jsonl", data)

    assert all(isinstance(count, int) for count in progress.read_progress(str(folder), "ingest"))
