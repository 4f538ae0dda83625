"""The command ``massivetext report``: write the report of a run that stopped early."""

import typer

from massivetext.cli.command_arguments import RunFolder, full_path
from massivetext.cli.messages import make_console, print_line, print_message
from massivetext.cli.process_control import hide_standard_error
from massivetext.errors import StageError


def report(context: typer.Context, run_folder: RunFolder) -> None:
    """Write the report of a run that stopped early but has completed `judge`, and print its path."""
    from massivetext.jobs.report_pages import write_report
    from massivetext.runs.store import Run
    from massivetext.runs.verify import explain_damage, visible_damage
    from massivetext.stages.finished import open_context

    run = Run(full_path(run_folder))
    with hide_standard_error(debug=context.obj), explain_damage(run):
        path = write_report(open_context(run), print_message)
        problem = visible_damage(run)
    print_line(make_console(), path)
    if problem:
        raise StageError(
            f"{problem}; the report was written before that: `massivetext verify {run.folder}` lists what is damaged"
        )
