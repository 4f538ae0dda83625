"""What `verify`, `trace` and `report` say of a run that is damaged, or that is at work."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.cli.main import run_command_line
from massivetext.runs import documents
from massivetext.runs.store import Run, Shard
from massivetext.runs.verify import verify_run
from massivetext.storage import lock


@pytest.fixture
def run(quickstart: Path, tmp_path: Path) -> Path:
    """Return a copy of a finished quickstart; replace its files, do not write to them."""
    shutil.copytree(quickstart / "run", tmp_path / "run", copy_function=os.link)
    return tmp_path / "run"


def with_folder(path: Path) -> None:
    """Put a folder in the place of a file."""
    path.unlink()
    path.mkdir()


def with_junk(path: Path) -> None:
    """Put other bytes in the place of a file."""
    path.unlink()
    path.write_text("junk")


@pytest.mark.parametrize(
    "damaged", ["near-dedup/manifest.json", "documents/web/part-00000-of-00004.parquet", "records/dataset.json"]
)
def test_verify_lists_what_it_cannot_read_and_goes_on(damaged: str, run: Path) -> None:
    with_folder(run / damaged)
    with_junk(run / "report/index.html")
    problems = verify_run(Run(str(run)))

    assert f"{run / damaged}: cannot be read: Is a directory" in problems or any(
        problem.startswith(f"{run / damaged}: has ") for problem in problems
    )
    assert any(problem.startswith(f"{run}/report/index.html: has 4 bytes") for problem in problems)


def test_verify_names_folders_that_it_may_not_list(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = os.walk

    def refuse(folder: str, onerror: Callable[[OSError], None]) -> object:
        onerror(PermissionError(13, "Permission denied", f"{folder}/quarantine"))
        onerror(PermissionError(13, "Permission denied", f"{folder}/log"))
        return walk(folder)

    monkeypatch.setattr(os, "walk", refuse)  # the tests may run as root, whom no permissions stop

    assert verify_run(Run(str(run))) == [f"{run}/quarantine: cannot be listed: Permission denied"]


def test_verify_says_that_a_run_is_at_work(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with lock.hold(str(run)):
        assert run_command_line(["verify", str(run)]) == 0
    assert f"{run}: a run is at work here (process {os.getpid()} on " in capsys.readouterr().out

    assert run_command_line(["verify", str(run)]) == 0
    assert "at work" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["tokens/counts/{source}.u32", "records/dataset.json"])
def test_trace_does_not_tell_places_by_a_file_with_a_flipped_bit(
    name: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for source in (path.stem for path in (run / "tokens/counts").iterdir()):
        path = run / name.format(source=source)
        data = bytearray(path.read_bytes())
        data[1] ^= 1
        path.unlink()
        path.write_bytes(data)
        if "{source}" not in name:
            break
    # By a part of the origin a few documents are found, of which some are in the records.
    assert run_command_line(["trace", str(run), "news"]) == 1
    assert "its bytes have changed" in capsys.readouterr().err


@pytest.mark.parametrize("damage", [with_folder, with_junk, Path.unlink])
@pytest.mark.parametrize("damaged", ["near-dedup/manifest.json", "verdicts/near/web/part-00000-of-00004.parquet"])
def test_report_says_that_the_run_has_been_damaged_since(
    damaged: str, damage: Callable[[Path], None], run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(run / damaged)
    assert run_command_line(["report", str(run)]) == 1
    printed = capsys.readouterr()
    assert f"{run}/{damaged}" in printed.err
    assert "`massivetext verify" in printed.err
    assert printed.out in ("", f"{run}/report/index.html\n")


def test_trace_does_not_mix_two_shards(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = sorted((run / "documents/web").iterdir())[:2]
    for each in (first, second):
        each.rename(each.with_suffix(".before"))
    first.with_suffix(".before").rename(second)
    second.with_suffix(".before").rename(first)
    document = next(documents.read_row_groups(Run(str(run)), Shard("web", 0, 4), ["id"]))["id"][0].as_py()

    assert run_command_line(["trace", str(run), document]) == 1
    assert "documents/web/part-0000" in capsys.readouterr().err


def test_verify_lists_links_that_lead_nowhere_and_goes_on(run: Path) -> None:
    loop = run / "signals/web/part-00000-of-00004.parquet"
    loop.unlink()
    loop.symlink_to(loop.name)
    with_junk(run / "report/index.html")
    problems = verify_run(Run(str(run)))

    assert f"{loop}: cannot be read: Too many levels of symbolic links" in problems
    assert any(problem.startswith(f"{run}/report/index.html: has 4 bytes") for problem in problems)


@pytest.mark.parametrize("command", [["log"], ["watch", "--once"]])
def test_a_file_of_the_log_that_leads_nowhere_is_left_out(
    command: list[str], run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = next((run / "log").glob("*.jsonl"))
    log.with_name(f"{log.name.split('.')[0]}.worker-x-1.jsonl").symlink_to("nowhere")

    assert run_command_line([command[0], str(run), *command[1:]]) == 0
    assert "done" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["log", "watch"])
def test_a_run_without_its_log_is_told_from_a_folder_without_a_run(
    command: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(run / "log")

    assert run_command_line([command, str(run)]) == 2
    assert "the log of this run was removed" in capsys.readouterr().err
