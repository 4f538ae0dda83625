"""The command ``massivetext verify``: compare every file of a run with its manifests."""

import typer

from massivetext.cli.command_arguments import RunFolder, full_path
from massivetext.cli.messages import make_console, print_line
from massivetext.formatting import count_noun
from massivetext.stages import RECORDS


def verify(run_folder: RunFolder) -> None:
    """Hash every file of a run again and check every record; exit code 1 if a file has changed or is missing."""
    from massivetext.corpus.canary_absence import search_records
    from massivetext.records import reader
    from massivetext.records.dataset import FILE_NAME
    from massivetext.runs.store import Run
    from massivetext.runs.verify import verify_run
    from massivetext.stages.finished import open_context
    from massivetext.storage import files as fs
    from massivetext.storage import lock

    console, run = make_console(), Run(full_path(run_folder))
    chain = lock.read_chain(run.folder)
    if chain and not lock.is_left_over(run.folder):
        who = chain[-1].owner or "an unreadable lock"
        print_line(
            console,
            f"{run.folder}: a run is at work here ({who}): what it has not completed reads as damage; verify again "
            "when it has ended",
            style="yellow",
        )
    problems = verify_run(run)
    if not problems and fs.exists(run.path(RECORDS.name, FILE_NAME)):
        problems = reader.check_records(run.path(RECORDS.name))
    searched = None if problems else search_records(open_context(run))
    if searched is not None:
        problems += searched.problems
    for problem in problems:
        print_line(console, problem)
    if problems:
        console.print(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} found", style="bold red")
        raise typer.Exit(1)
    console.print("every file is as it was written, and every record is complete", style="green")
    if searched is not None:
        looked_for = count_noun(searched.windows, "canary", "canaries")
        named = f"{searched.pieces:,} names of documents" if searched.pieces else "no names of documents"
        print_line(
            console,
            f"no canary is in the records: looked for in {named}, and for the tokens of {looked_for} in every record",
            style="green",
        )
