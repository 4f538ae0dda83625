"""What commands print where the output is closed, full, narrow or a pipe, and that nothing in it steers a terminal."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from massivetext.cli.main import run_command_line
from massivetext.runs.run_log import open_log


@pytest.fixture
def run(tmp_path: Path) -> str:
    """Return a run folder with a log of one work item, whose name would steer a terminal, and of many others."""
    log = open_log(str(tmp_path), "s1", "driver")
    log.write("run begun")
    for item in ["\x1b[31mred\x1b[0m", *(f"news/part-{number:05d}-of-02000" for number in range(2000))]:
        log.write("item done", stage="ingest", item=item, seconds=2.0 if "red" in item else 1.0, documents=1)
    log.write("run done")
    log.close()
    return str(tmp_path)


def shell(command: str, run: str, variables: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
    """Run a command in a shell, where $M is massivetext and $RUN a run folder."""
    here = {"M": f"{sys.executable} -m massivetext", "RUN": run}
    environment = {**{k: v for k, v in os.environ.items() if k != "COLUMNS"}, **here, **variables}
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize("command", ["log $RUN", "log $RUN --slowest", "log $RUN --json", "watch $RUN"])
def test_a_full_standard_output_is_named(command: str, run: str) -> None:
    done = shell(f"$M {command} >/dev/full", run)

    assert done.stderr == ("massivetext: standard output: No space left on device; correct this and try again\n")
    assert done.returncode == 1


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_streams_may_be_closed(closed: str, run: str) -> None:
    done = shell(f"$M log $RUN {closed}", run)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("option", ["", "--json"])
def test_a_reader_that_stops_ends_the_command_as_others(option: str, run: str) -> None:
    done = shell(f"$M log $RUN {option} | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}", run)

    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(
    ("columns", "widest"), [("0", 100_000), ("20", 40), ("x", 100_000), ("", 100_000), ("120", 120)]
)
def test_tables_are_shown_whatever_the_width(columns: str, widest: int, run: str) -> None:
    lines = shell("$M log $RUN --slowest", run, {"COLUMNS": columns}).stdout.splitlines()

    assert len(lines) > 20
    assert max(map(len, lines)) <= widest
    if widest > 40:
        assert "news/part-00000-of-02000" in "\n".join(lines)
    else:
        first = [line.split("│")[1:] for line in lines if "│" in line][:20]
        assert all(any(row[column].strip() for row in first) for column in range(8))  # folded, but there


@pytest.mark.parametrize("command", [["log", "--slowest"], ["log"], ["watch"]])
def test_names_of_work_items_do_not_steer_the_terminal(
    command: list[str], run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line([*command, run]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert ("\ufffd[31mred" in printed) == (command[0] == "log")


@pytest.mark.parametrize(
    ("module", "command", "message"),
    [
        ("pyspark", "engine spark", "pyspark: is not installed, and this needs it: pip install 'massivetext[spark]'"),
        ("s3fs", "log s3://bucket/run", "s3:// needs more than is installed here: pip install 'massivetext[s3]'"),
        ("apache_beam", "check quickstart", ""),
        ("msgspec", "log $RUN", "msgspec: is not installed, and massivetext needs it"),
    ],
)
def test_a_missing_module_is_named_with_what_to_install(module: str, command: str, message: str, run: str) -> None:
    block = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] == {module!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Block())\n"
        "sys.argv[0] = 'massivetext'\n"
        "from massivetext.__main__ import main\n"
        "main()\n"
    )
    Path(run, "blocked.py").write_text(block)
    done = shell(f"{sys.executable} $RUN/blocked.py {command}", run)

    assert "fault of massivetext" not in done.stderr
    assert "Traceback" not in done.stderr
    assert message in done.stderr
    assert done.returncode == (2 if message else 0)
