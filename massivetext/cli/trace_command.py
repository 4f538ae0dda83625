"""The command ``massivetext trace``: what a run decided about one document, and why."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from massivetext.cli.command_arguments import RunFolder, full_path, require_text
from massivetext.cli.messages import make_console
from massivetext.errors import UserError

if TYPE_CHECKING:
    from massivetext.report.trace import Trace

_FULL_TRACES = 3  # if more documents match, each gets one line


def trace(
    run_folder: RunFolder,
    document: Annotated[
        str, typer.Argument(metavar="ID_OR_URL", help="Id or URL of a document, or a part of its origin.")
    ],
) -> None:
    """Print every signal of a document, the verdict of each rule, its duplicates, and where its tokens are."""
    from massivetext.report.trace import find_documents, trace_document
    from massivetext.runs.store import Run
    from massivetext.runs.verify import explain_damage, require_shards_unchanged
    from massivetext.stages.finished import open_context

    require_text("ID_OR_URL", document)
    run = Run(full_path(run_folder))
    with explain_damage(run):
        context = open_context(run)
        found = find_documents(context, document)
        require_shards_unchanged(run, {location.shard for location in found.documents[:_FULL_TRACES]})
        traces = [trace_document(context, location) for location in found.documents]
    if not found.documents and not found.quarantined:
        raise UserError(f"{document}: no such document in {run_folder}, neither among the documents nor in quarantine")
    print_trace(make_console(), traces, found.quarantined)


def print_trace(console: Console, traces: "Sequence[Trace]", quarantined: Sequence[Mapping[str, object]]) -> None:
    """Print everything about a few documents, or one line for each of many; then the matches in quarantine."""
    from massivetext.cli.trace_tables import match_table, quarantine_table, trace_tables

    if len(traces) > _FULL_TRACES:
        console.print(match_table(traces))
    else:
        for each in traces:
            for table in trace_tables(each):
                console.print(table)
    if quarantined:
        console.print(quarantine_table(quarantined))
