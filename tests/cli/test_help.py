"""`massivetext --help` answers at once: it imports none of the libraries that the work itself needs."""

import subprocess
import sys

import pytest
import typer

from massivetext.cli.main import COMMANDS, app

HEAVY = ("apache_beam", "numba", "pyarrow", "numpy", "trafilatura", "fsspec", "msgspec")
# What `massivetext --help` runs, without the exit.
SHOW_HELP = """
import sys
from massivetext.cli.main import run_command_line
assert run_command_line(["--help"]) == 0
print(*(name for name in sys.argv[1:] if name in sys.modules), file=sys.stderr)
"""


def loaded(script: str) -> list[str]:
    """Return which of the heavy libraries a script has loaded in a process of its own."""
    done = subprocess.run([sys.executable, "-c", script, *HEAVY], capture_output=True, text=True, check=True)
    return done.stderr.split()


def test_the_help_loads_no_library_of_the_work() -> None:
    assert loaded(SHOW_HELP) == []


def test_a_library_that_is_loaded_is_found() -> None:
    assert loaded(f"import numpy{SHOW_HELP}") == ["numpy"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_registered_under_its_name(name: str) -> None:
    commands = getattr(typer.main.get_command(app), "commands", {})

    assert set(commands) == set(COMMANDS)
    assert commands[name].name == name
    assert hasattr(commands[name], "commands") == isinstance(COMMANDS[name], typer.Typer)
