"""The command ``massivetext``: reads arguments, calls the rest, turns errors into messages and exit codes."""

import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from massivetext import __version__, assets
from massivetext.cli import classifier_commands, engine_commands, plan_command, signals_command
from massivetext.errors import MENDABLE, StageError, UserError
from massivetext.runs import store
from massivetext.stages import RECORDS, REPORT, STAGES
from massivetext.stages.report_stage import PAGE
from massivetext.storage import files as fs
from massivetext.text import printable

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

app.add_typer(engine_commands.app, name="engine")
app.add_typer(classifier_commands.app, name="classifier")

RunFolder = Annotated[str, typer.Argument(metavar="RUN", help="Folder that `massivetext run` wrote to; path or URL.")]
RecipeName = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE", help=f"A TOML file, or a built-in name: {', '.join(assets.asset_names('pipelines'))}."
    ),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        _out().print(__version__, highlight=False)
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


@app.command()
def run(
    context: typer.Context,
    recipe: RecipeName,
    output: Annotated[str, typer.Option("--output", "-o", metavar="RUN", help="Run folder; made when missing.")],
    until: Annotated[
        str, typer.Option(metavar="STAGE", help=f"Stop after this stage: {', '.join(stage.name for stage in STAGES)}.")
    ] = STAGES[-1].name,
    workers: Annotated[
        int, typer.Option(min=1, help="Worker processes on this machine.", show_default="all cores")
    ] = os.cpu_count() or 1,
    seed: Annotated[int | None, typer.Option(min=0, max=2**62 - 1, help="Instead of the recipe's seed.")] = None,
    beam_options: Annotated[
        list[str] | None, typer.Argument(metavar="[-- BEAM OPTIONS]", help="After --: options for Apache Beam.")
    ] = None,
) -> None:
    """Run a recipe from its inputs to training records and a report.

    An interrupted run goes on where it stopped when the same command is given again; a finished one says so.

    A changed recipe redoes the first stage that the change concerns and those after it.
    """
    import msgspec

    from massivetext.cli.console import Progress, funnel_table
    from massivetext.engines.engine import Engine
    from massivetext.orchestration.driver import prepare
    from massivetext.recipe import load_recipe
    from massivetext.report.funnel import read_funnel

    console, folder = _out(), fs.absolute(output)
    loaded = load_recipe(recipe)
    if seed is not None:
        loaded = msgspec.structs.replace(loaded, recipe=msgspec.structs.replace(loaded.recipe, seed=seed))
    engine = Engine(workers=workers, beam_args=tuple(beam_options or ()))
    try:
        with (
            _quiet(debug=context.obj),
            _stopped_by(signal.SIGTERM, signal.SIGHUP),
            Progress(console, folder) as progress,
        ):
            driver = prepare(loaded, folder, engine, until=until, listener=progress, say=_tell)
            ran = driver.run()
    except KeyboardInterrupt as stop:
        _say("stopped; what is complete is kept, the same command goes on from there")
        raise typer.Exit(128 + (stop.args[0] if stop.args else signal.SIGINT)) from None
    if not ran:
        console.print(f"{folder}: everything is done already.", highlight=False, soft_wrap=True)
    console.print(funnel_table(read_funnel(driver.context.run, sorted(loaded.recipe.sources))))
    for what, place in ((RECORDS.name, RECORDS.name), (REPORT.name, PAGE)):
        if fs.exists(fs.join(folder, place)):
            console.print(f"{what:<8} {fs.join(folder, place)}", highlight=False, soft_wrap=True)


@app.command()
def check(recipe: RecipeName) -> None:
    """Validate a recipe, list its inputs and stages, and do nothing."""
    from massivetext.cli.console import check_tables
    from massivetext.orchestration.plan import edits_of, make_plan, rules_of, stage_keys
    from massivetext.recipe import load_recipe
    from massivetext.runs.stage import RunPlan

    console, loaded = _out(), load_recipe(recipe)
    missing_demo = loaded.recipe.demo is not None and not Path(loaded.root, loaded.recipe.demo).exists()
    if missing_demo:
        plan = RunPlan(loaded, {}, rules_of(loaded), edits_of(loaded))
    else:
        plan = make_plan(loaded)
        stage_keys(plan)  # looks for the test sets and the tokenizer's model
    for table in check_tables(plan):
        console.print(table)
    if missing_demo:
        console.print(f"The demo corpus {loaded.recipe.demo} is not there yet; `massivetext run` writes it.")


app.command()(plan_command.plan)
app.command()(signals_command.signals)


@app.command()
def report(
    context: typer.Context,
    run_folder: RunFolder,
) -> None:
    """Write the report of a run that stopped early, after `judge` at least, and say where the report is."""
    from massivetext.jobs.report_pages import write_report
    from massivetext.stages.finished import open_context

    with _quiet(debug=context.obj):
        path = write_report(open_context(store.Run(fs.absolute(run_folder))), _tell)
    _out().print(path, highlight=False, soft_wrap=True)


@app.command()
def verify(run_folder: RunFolder) -> None:
    """Hash every file of a run again and check every record; exit code 1 where anything is not as it was written."""
    from massivetext.records import reader
    from massivetext.records.dataset import FILE_NAME
    from massivetext.runs.verify import verify as verify_run

    console, run = _out(), store.Run(fs.absolute(run_folder))
    problems = verify_run(run)
    if not problems and fs.exists(run.path(RECORDS.name, FILE_NAME)):
        problems = reader.check_records(run.path(RECORDS.name))
    for problem in problems:
        console.print(printable(problem), highlight=False, soft_wrap=True, markup=False)
    if problems:
        console.print(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} found", style="bold red")
        raise typer.Exit(1)
    console.print("every file is as it was written, and every record is whole", style="green")


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write; must be new or empty.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives another corpus.")] = 1,
) -> None:
    """Write a small corpus of five sources with planted truth, the same bytes every time."""
    from massivetext import demo as corpus

    try:
        corpus.write_demo(folder, seed)
    except ValueError as error:
        raise UserError(str(error)) from error
    _out().print(f"{folder}: written; truth.json says what was planted", highlight=False, soft_wrap=True)


@app.command()
def trace(
    run_folder: RunFolder,
    document: Annotated[
        str, typer.Argument(metavar="ID_OR_URL", help="Id or URL of a document, or part of its origin.")
    ],
) -> None:
    """Say of one document every signal, each rule's verdict, what it duplicates and where its tokens went."""
    from massivetext.cli.console import print_trace
    from massivetext.report.trace import find_documents, trace_document
    from massivetext.stages.finished import open_context

    context = open_context(store.Run(fs.absolute(run_folder)))
    console = _out()
    found = find_documents(context, document)
    if not found.documents and not found.quarantined:
        raise UserError(f"{document}: no such document in {run_folder}, neither among the documents nor in quarantine")
    print_trace(console, [trace_document(context, place) for place in found.documents], found.quarantined)


def main() -> None:
    """Entry point: exit code 0 for done, 1 for a run that cannot go on, 2 for the user's mistakes.

    A run that a signal stops (Ctrl-C, SIGTERM, SIGHUP) ends with 128 and the signal's number: 130 for Ctrl-C.
    """
    logging.getLogger().setLevel(logging.ERROR)
    if "--debug" not in sys.argv:
        for chatty in ("gcsfs", "asyncio"):  # they print tracebacks of errors that we tell in a line
            logging.getLogger(chatty).setLevel(logging.CRITICAL)
    sys.exit(_main(sys.argv[1:]))


def _main(arguments: list[str]) -> int:
    try:
        app(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    except (UserError, StageError) as error:
        if "--debug" in arguments:
            raise
        _say(str(error))
        return 2 if isinstance(error, UserError) else 1
    except OSError as error:
        if "--debug" in arguments or error.errno not in MENDABLE:
            raise
        _say(f"{error.strerror}: {error.filename or 'the run folder'}; mend it and run again to go on")
        return 1
    return 0


def _say(message: str) -> None:
    Console(stderr=True).print(f"[bold red]massivetext:[/] {_escape(message)}", highlight=False, soft_wrap=True)


def _tell(message: str) -> None:
    _out().print(_escape(message), highlight=False, soft_wrap=True)


def _escape(text: str) -> str:
    return printable(text).replace("[", r"\[")


def _out() -> Console:
    return Console()


@contextmanager
def _stopped_by(*numbers: signal.Signals) -> Iterator[None]:
    """Within, these signals stop the command as Ctrl-C does, unless whoever started it has them ignored."""

    def stop(number: int, _: object) -> None:
        raise KeyboardInterrupt(number)

    taken = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def _quiet(*, debug: bool) -> Iterator[None]:
    """Keeps what workers and libraries print to standard error in a file; --debug shows it."""
    if debug:
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


if __name__ == "__main__":
    main()
