"""The commands ``massivetext testsets check`` and ``hits``."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from massivetext.cli.command_arguments import RunFolder, full_path
from massivetext.cli.messages import make_console, print_line, safe_text
from massivetext.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from massivetext.decontaminate.index import ItemIndex

app = typer.Typer(
    name="testsets", no_args_is_help=True, help="See what a run would look for, and what a run has found of test sets."
)
_SHOWN = 10  # items that are not looked for


@app.command()
def check(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Files of evaluation items, as in a recipe; patterns too.")
    ],
    field: Annotated[
        list[str] | None, typer.Option(metavar="PART=FIELD", help="Field of a part, as decontaminate.fields.")
    ] = None,
) -> None:
    """Show items, parts and lengths of test sets, and the items that are too short or too common to be looked for."""
    import msgspec

    from massivetext.decontaminate.test_set_files import build_index, evaluation_files
    from massivetext.recipe import DecontaminateOptions

    pairs = [each.partition("=") for each in field or []]
    if wrong := next((name + sign + value for name, sign, value in pairs if not (name and value)), None):
        raise UserError(f"--field: want PART=FIELD, such as question=prompt, got {wrong!r}")
    chosen = {name: value for name, _, value in pairs}
    options = DecontaminateOptions(test_sets=tuple(files), fields=chosen or msgspec.UNSET)
    index = build_index(evaluation_files(files, full_path(".")), options)
    console = make_console()
    console.print(_sizes(index))
    console.print(_parts(index))
    for line in _untested(index):
        print_line(console, line)


@app.command()
def hits(run_folder: RunFolder) -> None:
    """Write every overlap of a run with a test item to standard output, as JSON lines with both matched texts."""
    import msgspec

    from massivetext.report.test_set_overlaps import all_overlaps
    from massivetext.runs.store import Run
    from massivetext.runs.verify import explain_damage
    from massivetext.stages.finished import open_context

    run = Run(full_path(run_folder))
    with explain_damage(run):
        for overlap in all_overlaps(open_context(run)):
            sys.stdout.write(msgspec.json.encode(overlap).decode() + "\n")


def _sizes(index: "ItemIndex") -> "Table":
    from rich.table import Table

    from massivetext.decontaminate.index import sizes_of_test_sets

    table = Table("test set")
    for heading in ("items", "shorter than five words", "common words only"):
        table.add_column(heading, justify="right")
    for name, counts in sizes_of_test_sets(index).items():
        table.add_row(safe_text(name), *(f"{count:,}" for count in counts))
    return table


def _parts(index: "ItemIndex") -> "Table":
    """Return how many parts of each name there are, their words, and how they are looked for."""
    import numpy as np
    from rich.table import Table

    table = Table("part")
    for heading in ("parts", "words, median", "longest", "by share of words", "as a phrase", "only beside others"):
        table.add_column(heading, justify="right")
    parts = [part for item in range(len(index)) for part in index.parts(item)]
    for name in index.part_names:
        mine = [part for part in parts if part.name == name]
        if mine:
            lengths = [part.length for part in mine]
            by_share, phrases = sum(part.is_long for part in mine), sum(part.is_phrase for part in mine)
            counts = (len(mine), int(np.median(lengths)), max(lengths), by_share, phrases)
            table.add_row(safe_text(name), *(f"{count:,}" for count in (*counts, len(mine) - by_share - phrases)))
    return table


def _untested(index: "ItemIndex") -> Iterator[str]:
    from massivetext.decontaminate.index import untested_items

    items = untested_items(index)
    for item in items[:_SHOWN]:
        test_set, name = index.name(item)
        words = index.parts(item)[0].length
        text = " ".join(index.text_of(item).split())[:60]
        yield f"not looked for within documents: {test_set} {name}, {words} words: {text}"
    if len(items) > _SHOWN:
        yield f"and {len(items) - _SHOWN:,} more"
