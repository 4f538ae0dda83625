"""The command ``massivetext export``: records in the formats of other readers, or the documents that survived."""

import time
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Self

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from massivetext.cli.command_arguments import RunFolder, full_path
from massivetext.cli.messages import make_console, print_line
from massivetext.errors import UserError
from massivetext.formatting import format_bytes, format_duration

if TYPE_CHECKING:
    from massivetext.corpus.document_export import DocumentsExported
    from massivetext.records.exports.exporter import ExportResult

# The registries are not imported for the help: they need numpy. Tests compare them.
RECORD_EXPORTS = ("tfds", "tfrecord", "parquet", "megatron", "bin", "llm_c")
DOCUMENT_EXPORTS = ("jsonl.zst", "parquet", "hf")
_PLAIN_SECONDS = 10.0  # between two lines where the output is not a terminal


def export(
    run_folder: RunFolder,
    to: Annotated[str, typer.Option("--to", metavar="DIR", help="Folder of the export: an empty one; path or URL.")],
    records: Annotated[
        str | None,
        typer.Option("--records", metavar="FORMAT", help=f"Export the records, as {', '.join(RECORD_EXPORTS)}."),
    ] = None,
    format_name: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help=f"Export the documents, as {', '.join(DOCUMENT_EXPORTS)}."),
    ] = None,
    removed: Annotated[
        bool, typer.Option("--removed", help="With --format: the removed documents instead, with the reasons.")
    ] = False,
    signal: Annotated[
        list[str] | None,
        typer.Option("--signal", metavar="NAME", help="With --format: a signal as a column; may be repeated."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="NAME", help="With --format: only this source; may be repeated."),
    ] = None,
    after: Annotated[
        str | None,
        typer.Option("--after", metavar="STAGE", help="With --format: what is left after this stage, such as judge."),
    ] = None,
) -> None:
    """Write what a run has made in another format: its records (--records), or the documents that survived (--format).

    Records are the same rows, in the same order and shards. Documents are their text, id, URL, source and metadata.
    Every shard is read back before it appears. An export that was interrupted is continued by the same command; of one
    that is complete, every byte is checked.
    """
    if (records is None) == (format_name is None):
        raise UserError(
            "export: want --format FORMAT, which exports documents, or --records FORMAT, which exports sequences of "
            f"tokens; got {'neither' if records is None else 'both'}"
        )
    if format_name is not None:
        _export_documents(run_folder, format_name, to, removed, signal or [], source, after)
        return
    for name, given in (("--removed", removed), ("--signal", signal), ("--source", source), ("--after", after)):
        if given:
            raise UserError(f"{name}: is used with --format, which exports documents; leave it out with --records")
    _export_records(run_folder, str(records), to)


def _export_records(run_folder: str, records: str, to: str) -> None:
    from massivetext.records.exports.export_formats import export_format
    from massivetext.records.exports.exporter import export_records

    console, chosen = make_console(), export_format(records)
    with _ShardDisplay(console) as display:
        result = export_records(
            run_folder,
            chosen,
            to,
            lambda now: display.show(now.shards_done, now.shards, f"{now.sequences:,} sequences", now.bytes),
        )
    manifest = result.manifest
    sequences = sum(split.sequences for split in manifest.splits.values())
    what = f"{sequences:,} sequences of {manifest.sequence_length:,} tokens as {records}"
    _print_result(console, to, what, [file.bytes for file in manifest.all_files()], result)


def _export_documents(
    run_folder: str,
    format_name: str,
    to: str,
    removed: bool,
    signals: list[str],
    sources: list[str] | None,
    after: str | None,
) -> None:
    from massivetext.corpus.document_export import export_documents
    from massivetext.corpus.document_files import document_format
    from massivetext.corpus.opened_run import OpenedRun
    from massivetext.runs.verify import explain_damage

    console, chosen = make_console(), document_format(format_name)
    run = OpenedRun(full_path(run_folder))
    with explain_damage(run.context.run), _ShardDisplay(console) as display:
        result = export_documents(
            run,
            chosen,
            to,
            lambda now: display.show(now.shards_done, now.shards, f"{now.documents:,} documents", now.bytes),
            removed=removed,
            signals=signals,
            sources=sources,
            after=after,
        )
    manifest = result.manifest
    documents = sum(each.documents for each in manifest.sources.values())
    state = "removed" if removed else "kept"
    what = f"{documents:,} documents {state} by the stages up to {manifest.after}, as {format_name}"
    _print_result(console, to, what, [file.bytes for file in manifest.all_files()], result)


def _print_result(
    console: Console, to: str, what: str, sizes: list[int], result: "ExportResult | DocumentsExported"
) -> None:
    from massivetext.storage import files as fs

    done = "was complete, and every byte is as it was written" if result.was_complete else "every row was read back"
    print_line(
        console, f"{fs.absolute(to)}: {what}, {len(sizes):,} files, {format_bytes(sum(sizes))}; {done}", style="green"
    )
    if result.resumed:
        print_line(console, f"{result.resumed:,} shards were there from an earlier attempt")


class _ShardDisplay:
    """Context manager that shows how far an export is: a line that is redrawn on a terminal, plain lines elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = self._printed = time.monotonic()
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, shards_done: int, shards: int, content: str, size: int) -> None:
        """Show the progress after a shard: shards done and in all, what they hold, and their bytes."""
        now = time.monotonic()
        seconds = max(now - self._started, 1e-9)
        left = seconds * (shards - shards_done) / shards_done
        line = (
            f"… {shards_done:,}/{shards:,} shards  {content}  {size / 1e6 / seconds:.1f} MB/s  "
            f"about {format_duration(left)} left"
        )
        if self._live:
            self._live.update(Text(line), refresh=True)
        elif now - self._printed >= _PLAIN_SECONDS:
            self._console.print(line, soft_wrap=True)
            self._printed = now
