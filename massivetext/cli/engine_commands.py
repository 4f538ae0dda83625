"""The commands ``massivetext engine ...``: prepare and check engines other than the embedded one."""

import os
import re
import shlex
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from massivetext.cli.messages import make_console, print_line
from massivetext.cli.process_control import hide_standard_error
from massivetext.errors import StageError, UserError

_SPARK_MEMORY = re.compile(r"[1-9][0-9]*[kmgtKMGT]b?")

app = typer.Typer(
    name="engine",
    no_args_is_help=True,
    help="Prepare engines other than the embedded one: fetch Spark's job server, start a local cluster, check one.",
)


@app.command()
def fetch(
    folder: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Folder for the jar.", show_default="the user's cache")
    ] = None,
    spark: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="Version of Spark in a jar that is assembled here.",
            show_default="the newest tested",
        ),
    ] = None,
    assemble: Annotated[bool, typer.Option("--assemble", help="Assemble the jar here; do not try Beam's own.")] = False,
) -> None:
    """Fetch Beam's Spark job server with Maven, and print its path.

    If the repository does not have the jar of the pinned Beam version, the same program is assembled from the
    artifacts of the Spark runner.
    """
    from massivetext.engines import job_server

    spark_version = spark or job_server.SPARK_VERSION
    jar = job_server.fetch_jar(folder or job_server.cache(), spark_version=spark_version, assemble=assemble)
    print_line(make_console(), str(jar))


@app.command()
def spark(
    workers: Annotated[int, typer.Option(min=1, help="Number of worker processes.")] = 2,
    cores: Annotated[int, typer.Option(min=1, help="Number of cores per worker.")] = 1,
    memory: Annotated[str, typer.Option(help="Memory per worker for Spark itself; Python needs more on top.")] = "2g",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the Master; 0 for any free port.")] = 7077,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder", metavar="DIR", help="Folder for logs and temporary data.", show_default="a temporary one"
        ),
    ] = None,
) -> None:
    """Start a Spark cluster on this machine (a Master and Workers of the pyspark wheel); Ctrl-C stops it."""
    import tempfile

    from massivetext.engines.spark import cluster

    if _SPARK_MEMORY.fullmatch(memory) is None:
        raise UserError(f"--memory: want a size as Spark writes it, such as 512m or 2g, got {memory!r}")
    console, stopped = make_console(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    with tempfile.TemporaryDirectory(prefix="massivetext-spark-") as temporary:
        directory = folder or Path(temporary)
        with cluster(directory, workers=workers, cores=cores, memory=memory, port=port) as running:
            print_line(
                console,
                f"{running.url}: {workers} workers of {cores} core{'s' if cores > 1 else ''}; logs in {directory}\n"
                f"  massivetext run RECIPE --output RUN -- {shlex.join(running.options())}",
            )
            try:
                while not stopped.wait(1.0):
                    ended = [
                        process.pid for process in (running.master, *running.workers) if process.poll() is not None
                    ]
                    if ended:
                        raise StageError(f"process {ended[0]} of the cluster has ended; its log is in {directory}")
            except KeyboardInterrupt:
                print_line(console, "stopped")


@app.command()
def check(
    context: typer.Context,
    beam_options: Annotated[
        list[str] | None, typer.Argument(metavar="-- BEAM OPTIONS", help="The same options as for `run`.")
    ] = None,
) -> None:
    """Check an engine: versions, jar, Java, and whether it can be reached; then run an empty job on its workers.

    The job compares the versions of Python and of the libraries on every worker that answers with those here.
    """
    from massivetext.engines.engine import Engine
    from massivetext.engines.probe import probe_engine

    engine = Engine(workers=os.cpu_count() or 1, beam_args=tuple(beam_options or ())).with_checked_options(shards=1)
    with hide_standard_error(debug=context.obj):
        lines = probe_engine(engine)
    for line in lines:
        print_line(make_console(), line)
