"""The command ``massivetext export``: the records of a run in the formats of other readers."""

import time
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Self

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from massivetext.cli.command_arguments import RunFolder
from massivetext.cli.messages import make_console, print_line
from massivetext.formatting import format_bytes, format_duration

if TYPE_CHECKING:
    from massivetext.records.exports.exporter import ExportProgress

# The registry is not imported for the help: it needs numpy. A test compares the two.
RECORD_EXPORTS = ("tfds", "tfrecord", "parquet", "megatron", "bin", "llm_c")
_PLAIN_SECONDS = 10.0  # between two lines where the output is not a terminal


def export(
    run_folder: RunFolder,
    records: Annotated[
        str, typer.Option("--records", metavar="FORMAT", help=f"Format of the records: {', '.join(RECORD_EXPORTS)}.")
    ],
    to: Annotated[str, typer.Option("--to", metavar="DIR", help="Folder of the export: an empty one; path or URL.")],
) -> None:
    """Write the records of a finished run in another format: the same rows, in the same order and shards.

    Every shard is read back before it appears. An export that was interrupted is continued by the same command; of one
    that is complete, every byte is checked.
    """
    from massivetext.records.exports.export_formats import export_format
    from massivetext.records.exports.exporter import export_records
    from massivetext.storage import files as fs

    console, chosen = make_console(), export_format(records)
    with _ShardDisplay(console) as display:
        result = export_records(run_folder, chosen, to, display)
    manifest = result.manifest
    sequences = sum(split.sequences for split in manifest.splits.values())
    files = manifest.all_files()
    size = format_bytes(sum(file.bytes for file in files))
    done = "was complete, and every byte is as it was written" if result.was_complete else "every row was read back"
    print_line(
        console,
        f"{fs.absolute(to)}: {sequences:,} sequences of {manifest.sequence_length:,} tokens as {records}, "
        f"{len(files):,} files, {size}; {done}",
        style="green",
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

    def __call__(self, progress: "ExportProgress") -> None:
        """Show the progress after a shard."""
        now = time.monotonic()
        seconds = max(now - self._started, 1e-9)
        left = seconds * (progress.shards - progress.shards_done) / progress.shards_done
        line = (
            f"… {progress.shards_done:,}/{progress.shards:,} shards  {progress.sequences:,} sequences  "
            f"{progress.bytes / 1e6 / seconds:.1f} MB/s  about {format_duration(left)} left"
        )
        if self._live:
            self._live.update(Text(line), refresh=True)
        elif now - self._printed >= _PLAIN_SECONDS:
            self._console.print(line, soft_wrap=True)
            self._printed = now
