"""The command ``massivetext dedup-index``: pack what later runs need of a run to remove repeated documents."""

from typing import Annotated

import typer

from massivetext.cli.command_arguments import RunFolder, full_path
from massivetext.cli.messages import make_console, print_line
from massivetext.formatting import count_noun, format_bytes


def dedup_index(
    run_folder: RunFolder,
    to: Annotated[str, typer.Option("--to", metavar="DIR", help="Folder of the index: a new one; path or URL.")],
) -> None:
    """Pack the hashes, signatures and n-gram hashes of a run, without its texts, for `dedup.against` of later recipes.

    The run itself serves as well, as long as it is there; an index is for archiving.
    """
    from massivetext.earlier.dedup_index import write_dedup_index
    from massivetext.earlier.earlier_run import EarlierRun
    from massivetext.runs.store import Run
    from massivetext.runs.verify import explain_damage

    folder = full_path(to)
    with explain_damage(Run(full_path(run_folder))):
        run = EarlierRun(full_path(run_folder))
        run.require_files()
        header = write_dedup_index(run, folder)
    size, documents = sum(file.bytes for file in header.files), sum(file.rows or 0 for file in header.files)
    each = f", {size / documents:,.0f} bytes per document" if documents else ""
    print_line(make_console(), f"{folder}: {count_noun(documents, 'document')}, {format_bytes(size)}{each}")
