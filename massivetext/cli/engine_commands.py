"""``massivetext engine``: what other engines need, fetched, started and checked."""

import os
import shlex
import signal
import tempfile
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from massivetext.engines import job_server
from massivetext.errors import StageError

app = typer.Typer(
    no_args_is_help=True,
    help="Prepare engines other than the embedded one: fetch Spark's job server, start a local cluster, check one.",
)


@app.command()
def fetch(
    folder: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Folder to keep it in.", show_default="the user's cache")
    ] = None,
    spark: Annotated[str, typer.Option(metavar="VERSION", help="Spark in a jar that is put together here.")] = (
        job_server.SPARK_VERSION
    ),
    assemble: Annotated[
        bool, typer.Option("--assemble", help="Put the jar together here, without asking for Beam's own.")
    ] = False,
) -> None:
    """Fetch Beam's Spark job server with Maven, and print its path.

    Where the repository does not carry the jar of the pinned Beam version, the same program is put together from the
    Spark runner's artifacts.
    """
    jar = job_server.fetch_jar(folder or job_server.cache(), spark_version=spark, assemble=assemble)
    Console().print(str(jar), highlight=False, soft_wrap=True)


@app.command()
def spark(
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 2,
    cores: Annotated[int, typer.Option(min=1, help="Cores of each.")] = 1,
    memory: Annotated[str, typer.Option(help="Memory of each for Spark itself; Python's comes on top.")] = "2g",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the Master; 0 for a free one.")] = 7077,
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="For logs and work.", show_default="a temporary one")
    ] = None,
) -> None:
    """Start a Spark cluster on this machine (a Master and Workers of the pyspark wheel); Ctrl-C stops it."""
    from massivetext.engines.spark import cluster

    console, stopped = Console(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    with tempfile.TemporaryDirectory(prefix="massivetext-spark-") as temporary:
        place = folder or Path(temporary)
        with cluster(place, workers=workers, cores=cores, memory=memory, port=port) as running:
            console.print(
                f"{running.url}: {workers} workers of {cores} core{'s' if cores > 1 else ''}; logs in {place}\n"
                f"  massivetext run RECIPE --output RUN -- {shlex.join(running.options())}",
                highlight=False,
                soft_wrap=True,
            )
            try:
                while not stopped.wait(1.0):
                    gone = [process.pid for process in (running.master, *running.workers) if process.poll() is not None]
                    if gone:
                        raise StageError(f"process {gone[0]} of the cluster has ended; its log lies in {place}")
            except KeyboardInterrupt:
                console.print("stopped")


@app.command()
def check(
    beam_options: Annotated[
        list[str] | None, typer.Argument(metavar="-- BEAM OPTIONS", help="As they will be given to `run`.")
    ] = None,
) -> None:
    """Check an engine: versions, jar, Java, whether it can be reached; then a job of no work on its workers.

    The job compares Python and libraries of every worker that answers with those here.
    """
    from massivetext.engines.engine import Engine
    from massivetext.engines.probe import probe_engine

    engine = Engine(workers=os.cpu_count() or 1, beam_args=tuple(beam_options or ())).with_checked_options(shards=1)
    for line in probe_engine(engine):
        Console().print(line, highlight=False, soft_wrap=True, markup=False)
