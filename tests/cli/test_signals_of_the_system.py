"""Signals to the command: exit codes and messages, from its first moment on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
DEFAULT = (
    "import signal; [signal.signal(n, signal.SIG_DFL) for n in (signal.SIGTERM, signal.SIGHUP)]\n"  # not as in nohup
)
# The handlers are in place when this is printed; all imports of the command are still to come.
START = (
    "import builtins, massivetext.__main__ as command; imported = builtins.__import__\n"
    "def slow(name, *arguments, **named):\n"
    "    if name == 'massivetext.cli.main':\n"
    "        print('ready', flush=True); import time; time.sleep(30)\n"
    "    return imported(name, *arguments, **named)\n"
    "builtins.__import__ = slow; command.main()"
)


@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
def test_a_signal_during_the_imports_of_the_command(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", DEFAULT + START, "--version"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    _, printed = process.communicate(timeout=20)

    assert process.returncode == CODES[number]
    assert printed == "massivetext: stopped before anything had begun\n"


@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
def test_a_signal_while_a_command_works(number: signal.Signals, tmp_path: Path) -> None:
    fifo = tmp_path / "text"
    os.mkfifo(fifo)  # the command waits for what somebody writes to it
    process = subprocess.Popen(
        [sys.executable, "-c", DEFAULT + "from massivetext.__main__ import main; main()", "signals", str(fifo)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))  # fails until the command has opened it
        except OSError:
            time.sleep(0.05)
        else:
            break
    process.send_signal(number)
    _, printed = process.communicate(timeout=20)

    assert process.returncode in (CODES[number], 0)
    assert "Traceback" not in printed


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    script = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN);" + START.replace(
        "time.sleep(30)", "time.sleep(1)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, "--version"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    printed, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert printed.strip()


@pytest.mark.parametrize("has_log", [False, True])
def test_a_run_that_is_stopped_before_it_begins_says_so(tmp_path: Path, has_log: bool) -> None:
    log = tmp_path / "run/log/an-earlier-execution.jsonl"
    if has_log:
        log.parent.mkdir(parents=True)
        log.touch()
    start = START.replace("'massivetext.cli.main'", "'massivetext.orchestration.driver'")
    process = subprocess.Popen(
        [sys.executable, "-c", DEFAULT + start, "run", "quickstart", "--output", str(tmp_path / "run")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    _, printed = process.communicate(timeout=60)

    assert process.returncode == 143
    before = "; `massivetext log` and `watch` show the execution before this one" if has_log else ""
    assert printed == f"massivetext: stopped before the run began{before}\n"
    assert [*tmp_path.rglob("*.jsonl")] == [log] * has_log
