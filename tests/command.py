"""Runs the command `massivetext` as a user does."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# A small process between the tests and the command: the peak memory of a child starts at that of its parent.
MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
raise SystemExit(code)
"""


def massivetext(*arguments: str | Path, folder: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder; with ``check``, an exit code other than 0 raises AssertionError with the output."""
    command = [sys.executable, "-m", "massivetext", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "160"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise AssertionError(f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def peak_memory(*arguments: str | Path, folder: Path) -> int:
    """Run the command and return the resident bytes of its largest process, workers included."""
    command = [sys.executable, "-c", MEASURE, sys.executable, "-m", "massivetext", *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"exit code {done.returncode}\n{done.stderr}")
    return int(done.stdout)
