"""The command ``massivetext trace``: what a run decided about one document, and why."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from massivetext.cli.command_arguments import RunFolder, full_path, require_text
from massivetext.cli.messages import make_console, print_json, print_line
from massivetext.errors import UserError

if TYPE_CHECKING:
    from massivetext.report.canary_outcomes import TracedCanary
    from massivetext.report.trace import Trace

_FULL_TRACES = 3  # if more documents match, each gets one line


def trace(
    run_folder: RunFolder,
    document: Annotated[
        str, typer.Argument(metavar="ID_OR_URL", help="Id or URL of a document, or a part of its origin.")
    ],
    every: Annotated[
        bool, typer.Option("--all", help="Print all that is known: signals, rules, stages, copies, tokens.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all that is known as JSON.")] = False,
) -> None:
    """Say in three lines whether a document is kept, or why not; with --all also every signal, rule, copy and token."""
    from massivetext.report.canary_outcomes import find_canary
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
        canary = None if found.documents or found.quarantined else find_canary(context, document)
    if not found.documents and not found.quarantined and canary is None:
        raise UserError(f"{document}: no such document in {run_folder}, neither among the documents nor in quarantine")
    if canary is not None:
        print_canary(canary, as_json=as_json)
    elif as_json:
        print_json({"documents": traces, "quarantined": found.quarantined})
    else:
        print_trace(make_console(), traces, found.quarantined, every=every)


def print_canary(canary: "TracedCanary", *, as_json: bool) -> None:
    """Print what is known of a canary: in three lines, or as JSON."""
    from massivetext.cli.trace_lines import canary_lines

    if as_json:
        print_json({"canary": canary})
        return
    _print_answers(make_console(), [canary_lines(canary)])


def _print_answers(console: Console, answers: Iterable[Sequence[str]]) -> None:
    """Print answers of a few lines each, the first of which says what became of the thing; an empty line parts them."""
    for number, (fate, *others) in enumerate(answers):
        print_line(console, f"\n{fate}" if number else fate, style="bold")
        for line in others:
            print_line(console, line)


def print_trace(
    console: Console, traces: "Sequence[Trace]", quarantined: Sequence[Mapping[str, object]], *, every: bool
) -> None:
    """Print three lines or everything about a few documents, or one line for each of many; then those in quarantine."""
    from massivetext.cli.trace_lines import quarantine_lines, trace_lines

    if len(traces) > _FULL_TRACES:
        from massivetext.cli.trace_tables import match_table  # loads what compares texts: only where it is printed

        console.print(match_table(traces))
    elif not every:
        _print_answers(console, map(trace_lines, traces))
    else:
        from massivetext.cli.trace_tables import trace_tables

        for each in traces:
            for table in trace_tables(each):
                console.print(table)
    if traces and quarantined:
        print_line(console, "")
    _print_answers(console, map(quarantine_lines, quarantined))
