"""The command ``massivetext``: the list of its commands, its exit codes, and how errors become messages."""

import inspect
import io
import logging
import re
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, cast

import typer

from massivetext import __version__
from massivetext.cli import (
    check_command,
    classifier_commands,
    dedup_index_command,
    demo_command,
    diff_command,
    engine_commands,
    export_command,
    init_command,
    log_command,
    mixture_command,
    plan_command,
    record_command,
    report_command,
    run_command,
    sample_command,
    signals_command,
    testsets_commands,
    tokenizer_commands,
    trace_command,
    verify_command,
    watch_command,
    whatif_command,
)
from massivetext.cli.messages import make_console, print_error
from massivetext.cli.process_control import say_when_stopped, stop_message, stop_on_signals
from massivetext.errors import MENDABLE, StageError, UserError, describe_missing_module
from massivetext.storage.answers import silence_told

# Every command and group of commands, in the order of `massivetext --help`, where groups come after the commands.
# A command is named after its function; a group has a name of its own.
COMMANDS: Sequence[Callable[..., None] | typer.Typer] = (
    run_command.run,
    check_command.check,
    init_command.init,
    plan_command.plan,
    signals_command.signals,
    report_command.report,
    verify_command.verify,
    log_command.log,
    watch_command.watch,
    demo_command.demo,
    trace_command.trace,
    whatif_command.whatif,
    diff_command.diff,
    sample_command.sample,
    record_command.record,
    mixture_command.mixture,
    export_command.export,
    dedup_index_command.dedup_index,
    engine_commands.app,
    classifier_commands.app,
    tokenizer_commands.app,
    testsets_commands.app,
)

# ClickException: what is wrong with arguments. Some versions of typer hold a copy of click, so it is found from here.
_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]

# What pydantic, by which typer reads arguments, wants of a value, by the type of its error.
_WANTED = {
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number that is not so long",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "greater_than": "more than {}",
    "greater_than_equal": "{} or more",
    "less_than": "less than {}",
    "less_than_equal": "at most {}",
}

_RUN_AGAIN = re.compile(r"run again to go on|(?<=and )run again$")

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
        make_console().print(__version__)
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


def _paragraphs(command: Callable[..., object]) -> str:
    """Return the help of a command with each paragraph in one line: typer folds a line, and would keep ours as well."""
    return "\n\n".join(
        paragraph.replace("\n", " ") for paragraph in inspect.cleandoc(command.__doc__ or "").split("\n\n")
    )


for _command in COMMANDS:
    if isinstance(_command, typer.Typer):
        for _part in _command.registered_commands:
            if _part.callback is not None:
                _part.help = _paragraphs(_part.callback)
        app.add_typer(_command)
    else:
        app.command(help=_paragraphs(_command))(_command)


def main() -> None:
    """Run the command line and exit: code 0 for done, 1 for a run that cannot continue, 2 for an error of the user.

    A command that a signal stops (Ctrl-C, SIGTERM, SIGHUP) exits with 128 plus the signal's number: 130 for Ctrl-C.
    """
    logging.getLogger().setLevel(logging.ERROR)
    if "--debug" not in sys.argv:
        for name in ("gcsfs", "asyncio"):  # they log tracebacks of errors that the command reports in one line
            logging.getLogger(name).setLevel(logging.CRITICAL)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no ✓
    sys.exit(run_command_line(sys.argv[1:]))


def run_command_line(arguments: list[str]) -> int:
    """Run the command with these arguments, print errors as messages, and return the exit code.

    Raises:
        Exception: any error, if the arguments hold ``--debug``.
    """
    debug = "--debug" in arguments
    is_run = next((each for each in arguments if not each.startswith("-")), "") == "run"
    with stop_on_signals() as received, silence_told(print_error):
        if is_run:
            say_when_stopped(run_command.STOPPED_BEFORE)
        try:
            code = int(app(arguments, prog_name="massivetext", standalone_mode=False) or 0)
            return code if not received else _stop(received[0])  # typer returns 130 for every signal
        except SystemExit as stop:
            return int(stop.code or 0)
        except (KeyboardInterrupt, Exception) as error:
            if debug and not received and not isinstance(error, _USAGE_ERROR):
                raise
            return _print_failure(error, received, is_run=is_run)


def _print_failure(error: BaseException, received: list[int], *, is_run: bool) -> int:
    """Print why a command has failed, and return its exit code."""
    if isinstance(error, UserError | StageError):
        print_error(str(error) if is_run else _without_run(str(error)))
        return 2 if isinstance(error, UserError) else 1
    if isinstance(error, _USAGE_ERROR):
        return _print_usage_error(error)
    if received:
        return _stop(received[0])
    return _print_unforeseen(error, is_run=is_run)


def _without_run(message: str) -> str:
    """Return a message whose remedy is to run again, for a command that is no run."""
    return _RUN_AGAIN.sub("try again", message)


def _print_unforeseen(error: BaseException, *, is_run: bool) -> int:
    """Print an error that is none of ours, and return the exit code."""
    if isinstance(error, ModuleNotFoundError):
        print_error(describe_missing_module(error))
        return 2
    message = _explain(error, "the run folder" if is_run else "standard output, or a file")
    print_error(message if is_run else _without_run(message))
    return 1


def _stop(number: int) -> int:
    print_error(stop_message())
    return 128 + number


def _print_usage_error(error: Exception) -> int:
    """Print what is wrong with the arguments, and the command whose help says more."""
    context: typer.Context | None = getattr(error, "ctx", None)
    message: str = _plain_words(cast(typer.BadParameter, error).format_message(), error.__cause__)
    if type(error).__name__ == "NoArgsIsHelpError":
        make_console(stderr=True).print(message, soft_wrap=True)
    else:
        path = context.command_path if context else "massivetext"
        print_error(f"{message.rstrip('.')}; `{path} --help` lists what it takes")
    return 2


def _plain_words(message: str, cause: BaseException | None) -> str:
    """Return a message about an argument in our words, with the value that was given, if pydantic refused it."""
    errors: Callable[[], list[dict[str, object]]] = getattr(cause, "errors", list)
    for each in errors():
        limits = each.get("ctx", {})
        limit = next(iter(limits.values()), "") if isinstance(limits, dict) else ""
        wanted = _WANTED.get(str(each.get("type")))
        if wanted:
            message = message.replace(str(each["msg"]), f"want {wanted.format(limit)}, got {each['input']!r}")
    return message


def _explain(error: BaseException, file: str) -> str:
    if isinstance(error, OSError) and (error.filename or error.errno in MENDABLE):
        return f"{error.filename or file}: {error.strerror}; correct this and run again to go on"
    if isinstance(error, MemoryError):
        return "this machine has no memory left for it; give fewer --workers, or a machine with more memory"
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    return (
        f"{type(error).__name__}: {str(error) or 'no message'}; this is a fault of massivetext: please report it with "
        f"what `massivetext --debug ...` prints for the same arguments{notes}"
    )
