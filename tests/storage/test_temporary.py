"""Temporary files of a run: in a folder of its own, which goes with it, or with the next one."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from massivetext.storage.temporary import own_folder

# Says what folder it has, with a file in it, and waits for its end.
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
    """Another process that has such a folder, and the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process, Path(process.stdout.readline().strip())
    process.kill()
    process.wait()


def test_files_of_the_process_and_of_those_it_starts_lie_in_one_folder_and_go_with_it(system: Path) -> None:
    with own_folder():
        ours = Path(tempfile.mkstemp()[1])
        said = subprocess.run(
            [sys.executable, "-c", "import tempfile; print(tempfile.mkdtemp())"],
            capture_output=True,
            text=True,
            check=True,
        )

        assert ours.parent.parent == system
        assert Path(said.stdout.strip()).parent == ours.parent

    assert list(system.iterdir()) == []
    assert tempfile.gettempdir() == os.environ["TMPDIR"] == str(system)


def test_an_error_within_does_not_keep_it(system: Path) -> None:
    with pytest.raises(KeyboardInterrupt), own_folder():
        raise KeyboardInterrupt

    assert list(system.iterdir()) == []


def test_the_folder_of_a_process_that_lives_stays(another: tuple["subprocess.Popen[str]", Path]) -> None:
    with own_folder():
        pass

    assert len(list(another[1].iterdir())) == 1


def test_what_a_killed_process_has_left_goes_with_the_next_one(another: tuple["subprocess.Popen[str]", Path]) -> None:
    process, folder = another
    process.send_signal(signal.SIGKILL)
    process.wait()

    assert folder.exists()
    with own_folder():
        assert not folder.exists()


def test_what_is_not_ours_stays(system: Path) -> None:
    (system / "massivetext-tmp-file").write_text("a file of somebody")
    (system / "other").mkdir()
    with own_folder():
        pass

    assert sorted(path.name for path in system.iterdir()) == ["massivetext-tmp-file", "other"]
