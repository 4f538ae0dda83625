"""The command ``massivetext run``: run a recipe from its inputs to training records and a report."""

import os
from typing import Annotated

import typer

from massivetext.cli.command_arguments import RecipeName, full_path
from massivetext.cli.messages import make_console, print_line, print_message
from massivetext.cli.process_control import hide_standard_error, say_when_stopped
from massivetext.errors import MassivetextError
from massivetext.stages import RECORDS, REPORT, STAGES
from massivetext.stages.report_stage import PAGE

_STOPPED = "stopped; what is complete is kept, and the same command goes on from there"
STOPPED_BEFORE = "stopped before the run began"


def run(
    context: typer.Context,
    recipe: RecipeName,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="RUN", help="Run folder: a path or a URL; made if it is missing.")
    ],
    until: Annotated[
        str, typer.Option(metavar="STAGE", help=f"Stop after this stage: {', '.join(stage.name for stage in STAGES)}.")
    ] = STAGES[-1].name,
    workers: Annotated[
        int, typer.Option(min=1, help="Number of worker processes on this machine.", show_default="all cores")
    ] = os.cpu_count() or 1,
    seed: Annotated[int | None, typer.Option(min=0, max=2**62 - 1, help="Replaces the seed of the recipe.")] = None,
    beam_options: Annotated[
        list[str] | None, typer.Argument(metavar="[-- BEAM OPTIONS]", help="After --: options for Apache Beam.")
    ] = None,
) -> None:
    """Run a recipe from its inputs to training records and a report.

    The same command continues a run that was interrupted, and reports when nothing is left to do.

    If the recipe has changed, the first stage that the change affects and all stages after it run again.
    """
    folder = full_path(output)
    if _has_log(folder):
        say_when_stopped(f"{STOPPED_BEFORE}; `massivetext log` and `watch` show the execution before this one")

    import msgspec

    from massivetext.cli.funnel_table import funnel_table, unreadable_lines
    from massivetext.cli.progress_display import ProgressDisplay
    from massivetext.engines.engine import Engine
    from massivetext.orchestration.driver import prepare
    from massivetext.recipe import load_recipe
    from massivetext.report.funnel import read_funnel
    from massivetext.runs.run_log import log_crash
    from massivetext.runs.verify import explain_damage
    from massivetext.storage import files as fs
    from massivetext.storage.answers import silence_told

    console = make_console()
    loaded = load_recipe(recipe)
    if seed is not None:
        loaded = msgspec.structs.replace(loaded, recipe=msgspec.structs.replace(loaded.recipe, seed=seed))
    engine = Engine(workers=workers, beam_args=tuple(beam_options or ()))
    with (
        hide_standard_error(debug=context.obj, keep=lambda lines: log_crash(folder, lines)),
        silence_told(print_message),
        ProgressDisplay(console, folder) as progress,
    ):
        driver = prepare(loaded, folder, engine, until=until, listener=progress, notify=print_message)
        say_when_stopped(_STOPPED)
        with explain_damage(driver.context.run):
            has_run = driver.run()
    if not has_run:
        print_line(console, f"{folder}: everything is done already.")
    funnel = read_funnel(driver.context.run, sorted(loaded.recipe.sources))
    console.print(funnel_table(funnel))
    for line in unreadable_lines(funnel):
        print_line(console, line)
    for title, path in ((RECORDS.name, RECORDS.name), (REPORT.name, PAGE)):
        if fs.exists(fs.join(folder, path)):
            print_line(console, f"{title:<8} {fs.join(folder, path)}")


def _has_log(folder: str) -> bool:
    """Return whether a run folder has a log; one that cannot be looked into has none, and the run says why."""
    from massivetext.runs.log_events import FOLDER
    from massivetext.storage import files as fs

    try:
        return bool(fs.names(fs.join(folder, FOLDER)))
    except (OSError, MassivetextError):
        return False
