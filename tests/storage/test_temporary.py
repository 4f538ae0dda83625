"""Temporary files of a run: in its own folder, removed at its end or by the next run."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from massivetext.storage.temporary import own_folder

# Prints the path of its folder, with a file in it, and waits until it is killed.
HOLD = """
import tempfile, time
from massivetext.storage.temporary import own_folder
with own_folder():
    open(tempfile.mkstemp()[1], "w").close()
    print(tempfile.gettempdir(), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture
def another(system: Path) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """Another process that has such a folder, and this folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process, Path(process.stdout.readline().strip())
    process.kill()
    process.wait()


def test_files_of_the_process_and_its_children_are_in_one_folder_that_is_removed(system: Path) -> None:
    with own_folder():
        ours = Path(tempfile.mkstemp()[1])
        done = subprocess.run(
            [sys.executable, "-c", "import tempfile; print(tempfile.mkdtemp())"],
            capture_output=True,
            text=True,
            check=True,
        )

        assert ours.parent.parent == system
        assert Path(done.stdout.strip()).parent == ours.parent

    assert list(system.iterdir()) == []
    assert tempfile.gettempdir() == os.environ["TMPDIR"] == str(system)


def test_the_folder_is_removed_after_an_error(system: Path) -> None:
    with pytest.raises(KeyboardInterrupt), own_folder():
        raise KeyboardInterrupt

    assert list(system.iterdir()) == []


def test_the_folder_of_a_live_process_stays(another: tuple["subprocess.Popen[str]", Path]) -> None:
    with own_folder():
        pass

    assert len(list(another[1].iterdir())) == 1


def test_the_folder_of_a_killed_process_is_removed_by_the_next_run(
    another: tuple["subprocess.Popen[str]", Path],
) -> None:
    process, folder = another
    process.send_signal(signal.SIGKILL)
    process.wait()

    assert folder.exists()
    with own_folder():
        assert not folder.exists()


def test_other_files_stay(system: Path) -> None:
    (system / "massivetext-tmp-file").write_text("a file of somebody")
    (system / "other").mkdir()
    with own_folder():
        pass

    assert sorted(path.name for path in system.iterdir()) == ["massivetext-tmp-file", "other"]


def test_a_folder_that_another_run_removes_before_it_is_locked_is_made_again(
    system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = tempfile.mkdtemp
    removed: list[str] = []

    def make_and_lose(*, prefix: str) -> str:
        folder = make(prefix=prefix)
        if len(removed) < 2:
            Path(folder).rmdir()
            removed.append(folder)
        return folder

    monkeypatch.setattr(tempfile, "mkdtemp", make_and_lose)
    with own_folder():
        assert len(list(system.iterdir())) == 1
    assert len(removed) == 2
