"""The command ``massivetext report``: write the report of a run that stopped early."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from massivetext.cli.command_arguments import RunFolder, full_path
from massivetext.cli.messages import make_console, print_line, print_message
from massivetext.cli.process_control import hide_standard_error
from massivetext.errors import StageError, UserError

if TYPE_CHECKING:
    from massivetext.report.assertions import Assertion
    from massivetext.runs.context import Context
    from massivetext.runs.store import Run


def report(
    context: typer.Context,
    run_folder: RunFolder,
    assertions: Annotated[
        list[str] | None,
        typer.Option(
            "--assert",
            metavar="STATEMENT",
            help="A statement that must be true, as 'web.kept_words > 1e9'; may be repeated. Exit code 1 if it is not.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="OTHER", help="Folder of an earlier run: the page says what differs. With --to."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Write the page to this file, with the time, memory and speed of each stage."
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes on this machine.")] = 1,
) -> None:
    """Write the report of a run that stopped early but has completed `judge`, and print its path.

    The page in the folder of the run depends on the output of the run alone. --to writes one that also has what each
    stage cost, and, with --against, what differs from an earlier run.

    A statement is a source or `all`, a figure, a comparison and a number. Figures: read_documents, read_words,
    read_bytes, kept_documents, kept_words, kept_bytes, kept_share (of the documents), unreadable, sequences, tokens.
    """
    from massivetext.jobs.report_pages import write_page, write_report
    from massivetext.report.assertions import read_assertion
    from massivetext.runs.store import Run
    from massivetext.runs.verify import explain_damage, visible_damage
    from massivetext.stages.finished import open_context

    if against is not None and to is None:
        raise UserError("--against: want --to FILE as well: the page in the folder of a run is about that run alone")
    statements = [read_assertion(each) for each in assertions or ()]
    run = Run(full_path(run_folder))
    with hide_standard_error(debug=context.obj), explain_damage(run):
        path = write_report(open_context(run), print_message, workers)
        if to is not None:
            path = full_path(to)
            write_page(open_context(run), path, None if against is None else _other_run(against))
        problem = visible_damage(run)
    print_line(make_console(), path)
    if problem:
        raise StageError(
            f"{problem}; the report was written before that: `massivetext verify {run.folder}` lists what is damaged"
        )
    _hold_to(run, statements)


def _other_run(folder: str) -> "Context":
    from massivetext.runs.store import Run
    from massivetext.runs.verify import explain_damage
    from massivetext.stages.finished import open_context

    run = Run(full_path(folder))
    with explain_damage(run):
        return open_context(run)


def _hold_to(run: "Run", statements: "Sequence[Assertion]") -> None:
    """Raise StageError unless every statement is true of the report of a run."""
    from massivetext.jobs.report_pages import stored_report
    from massivetext.report.assertions import figure_of

    if not statements:
        return
    report = stored_report(run)
    values = [figure_of(report, each) for each in statements]
    for statement, value in zip(statements, values, strict=True):
        if statement.holds(value):
            print_line(make_console(), f"{statement.text}: true, it is {_exactly(value)}")
    wrong = [
        f"{statement.text}: not true, it is {_exactly(value)}"
        for statement, value in zip(statements, values, strict=True)
        if not statement.holds(value)
    ]
    if wrong:
        raise StageError("; ".join(wrong))


def _exactly(value: float) -> str:
    """Return a figure with as many digits as tell it apart from the number that it is compared with."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.9g}"
