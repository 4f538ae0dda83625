"""The command ``massivetext``: the list of its commands, its exit codes, and how errors become messages."""

import logging
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from rich.console import Console

from massivetext import __version__
from massivetext.cli import (
    check_command,
    classifier_commands,
    demo_command,
    engine_commands,
    plan_command,
    report_command,
    run_command,
    signals_command,
    trace_command,
    verify_command,
)
from massivetext.cli.messages import print_error
from massivetext.errors import MENDABLE, StageError, UserError

# Every command and group of commands, in the order of `massivetext --help`, where groups come after the commands.
# A command is named after its function; a group has a name of its own.
COMMANDS: Sequence[Callable[..., None] | typer.Typer] = (
    run_command.run,
    check_command.check,
    plan_command.plan,
    signals_command.signals,
    report_command.report,
    verify_command.verify,
    demo_command.demo,
    trace_command.trace,
    engine_commands.app,
    classifier_commands.app,
)

app = typer.Typer(
    name="massivetext",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Turns web crawls, books, news, source code and Wikipedia into training records for language models.",
    epilog="Begin with `massivetext run quickstart --output runs/quickstart`: it writes a small corpus and runs "
    "every stage on it.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        Console().print(__version__, highlight=False)
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and what the workers print.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    context.obj = debug


for _command in COMMANDS:
    if isinstance(_command, typer.Typer):
        app.add_typer(_command)
    else:
        app.command()(_command)


def main() -> None:
    """Run the command line and exit: code 0 for done, 1 for a run that cannot continue, 2 for an error of the user.

    A run that a signal stops (Ctrl-C, SIGTERM, SIGHUP) exits with 128 plus the signal's number: 130 for Ctrl-C.
    """
    logging.getLogger().setLevel(logging.ERROR)
    if "--debug" not in sys.argv:
        for name in ("gcsfs", "asyncio"):  # they log tracebacks of errors that the command reports in one line
            logging.getLogger(name).setLevel(logging.CRITICAL)
    sys.exit(run_command_line(sys.argv[1:]))


def run_command_line(arguments: list[str]) -> int:
    """Run the command with these arguments, print errors that a user can correct, and return the exit code."""
    try:
        app(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    except (UserError, StageError) as error:
        if "--debug" in arguments:
            raise
        print_error(str(error))
        return 2 if isinstance(error, UserError) else 1
    except OSError as error:
        if "--debug" in arguments or error.errno not in MENDABLE:
            raise
        print_error(f"{error.strerror}: {error.filename or 'the run folder'}; correct this and run again to go on")
        return 1
    return 0


if __name__ == "__main__":
    main()
