"""Runs the command as a user does."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def massivetext(*arguments: str | Path, folder: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs the command as a user does, in a folder."""
    command = [sys.executable, "-m", "massivetext.cli", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "160"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise AssertionError(f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done
