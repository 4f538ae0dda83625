"""The command ``massivetext mixture``: how much of the kept text of each source is in the records of a run."""

from typing import TYPE_CHECKING, Annotated

import typer

from massivetext.cli.command_arguments import RunFolder
from massivetext.cli.messages import make_console, print_line

if TYPE_CHECKING:
    from rich.table import Table

    from massivetext.report.mixture_rows import MixtureRows


def mixture(
    run_folder: RunFolder,
    plan: Annotated[
        bool, typer.Option("--plan", help="Estimate it for a run that has a tokenizer but no records yet.")
    ] = False,
    recipe: Annotated[
        str | None,
        typer.Option(metavar="RECIPE", help="With --plan: the recipe whose weights and table records to use."),
    ] = None,
) -> None:
    """Show weight, kept text, share of it in the records and how often it is read, for each source."""
    from massivetext.errors import UserError
    from massivetext.recipe import load_recipe
    from massivetext.report.mixture_rows import plan_mixture, read_mixture
    from massivetext.runs.store import Run
    from massivetext.runs.verify import explain_damage
    from massivetext.stages.finished import open_context
    from massivetext.storage import files as fs

    if recipe is not None and not plan:
        raise UserError("--recipe: is used with --plan alone")
    run = Run(fs.absolute(run_folder))
    with explain_damage(run):
        context = open_context(run)
        options = context.recipe if recipe is None else load_recipe(recipe).recipe
        if options.sources.keys() != context.recipe.sources.keys():
            raise UserError(
                f"--recipe: want the sources of the run, {', '.join(sorted(context.recipe.sources))}, got "
                f"{', '.join(sorted(options.sources))}"
            )
        found = plan_mixture(context, options) if plan else read_mixture(context)
    console = make_console()
    console.print(_table(found, plan))
    for row in found.held_out:
        print_line(console, str(row))
    print_line(console, f"The number of sequences is limited by {found.limited_by}.")
    if found.covered < 0.5 and any(options.mode_of(source) == "gopher" for source in options.sources):
        print_line(
            console,
            f'{1 - found.covered:.0%} of the kept text is not read; records.mode = "pack" takes every document once.',
        )


def _table(found: "MixtureRows", plan: bool) -> "Table":
    from rich.table import Table

    from massivetext.formatting import format_bytes, format_count

    caption = "kept text and its tokens (~: estimated); sequences and their tokens; times read: mean and largest"
    table = Table(header_style="bold", caption=f"estimated: {caption}" if plan else caption)
    table.add_column("source", overflow="fold")
    for heading in ("weight", "kept", "in records", "padding", "of kept text", "times read"):
        table.add_column(heading, justify="right", overflow="fold")
    for row in found.rows:
        table.add_row(
            row.source,
            f"{float(row.weight):.2%}",
            f"{format_bytes(row.kept_bytes)}\n{'~' * row.tokens_are_estimated}{format_count(row.kept_tokens)}",
            f"{row.sequences:,}\n{format_count(row.tokens)}",
            f"{row.padding / max(row.padding + row.tokens, 1):.2%}",
            f"{row.covered:.1%}",
            f"{row.mean_reads:.2f}" + ("" if row.most_reads is None else f"\n{row.most_reads:,}"),
        )
    return table
