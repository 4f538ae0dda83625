"""The command ``massivetext record``: which documents a record holds, and its text; the reverse of ``trace``."""

from typing import TYPE_CHECKING, Annotated

import typer

from massivetext.cli.command_arguments import RunFolder
from massivetext.cli.messages import make_console, print_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from massivetext.report.record_contents import RecordContents, RecordPiece

_SHOWN = 400  # characters of the text of a piece


def record(
    run_folder: RunFolder,
    sequence: Annotated[int, typer.Argument(metavar="SEQUENCE", help="Feature seq_id of the record.")],
    split: Annotated[str, typer.Option(help="Split that the record is in.")] = "train",
    full: Annotated[bool, typer.Option("--full", help="Print the whole text.")] = False,
) -> None:
    """Print the source of a record, its documents, where in them its tokens begin, and its text."""
    from massivetext.report.record_contents import read_record
    from massivetext.runs.store import Run
    from massivetext.runs.verify import explain_damage
    from massivetext.stages.finished import open_context
    from massivetext.storage import files as fs

    run = Run(fs.absolute(run_folder))
    with explain_damage(run):
        found = read_record(open_context(run), sequence, split)
    console = make_console()
    for line in record_lines(found, full=full):
        print_line(console, line)


def record_lines(found: "RecordContents", *, full: bool) -> "Iterator[str]":
    """Yield what the command prints."""
    padding = f", {found.padding:,} tokens of padding at its end" if found.padding else ""
    yield f"{found.file}, record {found.record:,}: source {found.source}{padding}"
    for piece in found.pieces:
        yield ""
        yield from _piece_lines(piece, full)


def _piece_lines(piece: "RecordPiece", full: bool) -> "Iterator[str]":
    first, last = piece.position, piece.position + piece.tokens - 1
    begins = "its beginning" if piece.start == 0 else f"token {piece.start:,}"
    yield f"tokens {first:,} to {last:,}: document {piece.document}, draw {piece.draw:,} from {begins} on"
    yield f"  {piece.origin}" + (f"  {piece.url}" if piece.url else "")
    text = piece.text if full or len(piece.text) <= _SHOWN else f"{piece.text[:_SHOWN]} ... (--full prints the rest)"
    yield from (f"  | {line}" for line in text.split("\n"))
