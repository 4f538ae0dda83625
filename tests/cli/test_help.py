"""`massivetext --help` answers at once: it imports none of the libraries that the work itself needs."""

import subprocess
import sys

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


def test_every_command_is_registered_once() -> None:
    commands = getattr(typer.main.get_command(app), "commands", {})
    groups = [str(command.info.name) for command in COMMANDS if isinstance(command, typer.Typer)]
    single = [command.__name__.replace("_", "-") for command in COMMANDS if not isinstance(command, typer.Typer)]

    assert list(commands) == [*single, *groups]
    assert [name for name, command in commands.items() if hasattr(command, "commands")] == groups


def test_paragraphs_are_folded_by_the_terminal_alone() -> None:
    commands = [*getattr(typer.main.get_command(app), "commands", {}).values()]
    parts = [part for each in commands for part in getattr(each, "commands", {"": each}).values()]

    assert len(parts) > len(commands)
    assert [part.name for part in parts if any("\n" in text for text in (part.help or "").split("\n\n"))] == []
