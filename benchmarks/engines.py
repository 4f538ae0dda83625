"""The same runs on the embedded engine and on a Spark cluster: time, CPU, memory, shuffled bytes and scaling.

    python benchmarks/engines.py [--quick] [--data ../shared/data] [--megabytes 1000] [--repeat 1]

The real data are repeated until their files have about ``--megabytes`` (every copy except the first consists of exact
duplicates). Each run is measured in two halves: the text stages (ingest, measure, judge: one job without a shuffle),
then all others. The cluster is a Master and two Workers with one core each on this machine; its CPU time is that of all
its processes, Java and Python. Shuffled bytes are counted by Spark's event log. The last line is one JSON object.
"""

import argparse
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from processes import ROOT, Measured, measure, median
from real_data import raw_bytes, shared_recipe

from massivetext.engines import job_server
from massivetext.engines.spark import cluster

TEXT_STAGES_END = "judge"


@dataclass(frozen=True)
class Halves:
    """Measurements of the text stages and of the other stages of one run."""

    text: Measured
    others: Measured

    @property
    def wall(self) -> float:
        """Seconds of wall time of both halves."""
        return self.text.wall + self.others.wall

    @property
    def cpu(self) -> float:
        """Seconds of CPU time of both halves."""
        return self.text.cpu + self.others.cpu

    @property
    def peak(self) -> float:
        """Resident megabytes of the largest process of both halves."""
        return max(self.text.peak, self.others.peak)


Record = Callable[[str, Halves], Halves]


def halves(recipe: str | Path, folder: Path, options: Sequence[str], root: int | None = None) -> Halves:
    """Run a recipe into a new folder with two commands, one per half."""
    output = folder / "run"
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "-m", "massivetext", "run", str(recipe), "--output", str(output)]
    text = measure([*command, "--until", TEXT_STAGES_END, *options], folder, root)
    return Halves(text, measure([*command, *options], folder, root))


def repeated(recipe: str | Path, folder: Path, options: Sequence[str], repeat: int, root: int | None = None) -> Halves:
    """Return the medians of ``repeat`` runs."""
    runs = [halves(recipe, folder, options, root) for _ in range(repeat)]
    return Halves(median([run.text for run in runs]), median([run.others for run in runs]))


@contextlib.contextmanager
def spark(folder: Path) -> Iterator[list[str]]:
    """Start a cluster that writes event logs to ``folder / "events"``; yield the options for a run on it."""
    events = folder / "events"
    events.mkdir()
    if job_server.find_jar(job_server.cache()) is None:
        job_server.fetch_jar(job_server.cache())
    with cluster(folder / "spark", workers=2, cores=1, memory="1g") as running:
        logged = ("eventLog.enabled=true", f"eventLog.dir=file://{events}")
        yield ["--", *running.options(), *(f"--job_server_jvm_properties=-Dspark.{each}" for each in logged)]


def shuffled(events: Path) -> dict[str, int]:
    """Return the bytes and the records written to shuffles by all jobs with an event log in a folder."""
    total = {"bytes": 0, "records": 0}
    for path in sorted(events.iterdir()):
        with path.open() as lines:
            for line in lines:
                event = json.loads(line)
                if event["Event"] == "SparkListenerTaskEnd" and event.get("Task Metrics"):
                    written = event["Task Metrics"]["Shuffle Write Metrics"]
                    total["bytes"] += written["Shuffle Bytes Written"]
                    total["records"] += written["Shuffle Records Written"]
    return total


def print_row(name: str, run: Halves) -> None:
    """Print a line of the table."""
    print(
        f"{name:<34} text stages {run.text.wall:8.1f} s wall {run.text.cpu:8.1f} s CPU   "
        f"others {run.others.wall:8.1f} s wall {run.others.cpu:8.1f} s CPU   {run.peak:6.0f} MB in the largest process",
        flush=True,
    )


def main() -> None:
    """Measure, and print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="the quickstart's text stages alone, once")
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data")
    parser.add_argument("--megabytes", type=float, default=1000.0)
    parser.add_argument("--repeat", type=int, default=1)
    options = parser.parse_args()
    figures: dict[str, float] = {}

    def record(name: str, run: Halves) -> Halves:
        print_row(name, run)
        key = name.replace(" ", "_").replace(",", "")
        for half, measured in (("text", run.text), ("others", run.others)):
            figures.update({f"{key}_{half}_wall": measured.wall, f"{key}_{half}_cpu": measured.cpu})
        figures[f"{key}_peak_mb"] = run.peak
        return run

    with tempfile.TemporaryDirectory(prefix="massivetext-bench-") as temporary:
        folder = Path(temporary)
        if options.quick:
            _quick(folder, record)
        else:
            _whole(folder, options.data.resolve(), options.megabytes, options.repeat, record, figures)
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


def _quick(folder: Path, record: Record) -> None:
    demo = ["-m", "massivetext", "demo", str(folder / "massivetext-demo")]
    measure([sys.executable, *demo], folder)
    recipe = Path(shutil.copy(ROOT / "pipelines/quickstart.toml", folder / "recipe.toml"))
    command = [sys.executable, "-m", "massivetext", "run", str(recipe), "--until", TEXT_STAGES_END]
    nothing = Measured(0.0, 0.0, 0.0)
    embedded = measure([*command, "--output", str(folder / "embedded"), "--workers", "2"], folder)
    record("quickstart, embedded", Halves(embedded, nothing))
    with spark(folder) as on_spark:
        run = measure([*command, "--output", str(folder / "on-spark"), *on_spark], folder, os.getpid())
    record("quickstart, Spark", Halves(run, nothing))


def _whole(folder: Path, data: Path, megabytes: float, repeat: int, record: Record, figures: dict[str, float]) -> None:
    copies = max(2, round(megabytes * 1e6 / raw_bytes(data)))
    copies += copies % 2
    (folder / "all").mkdir()
    (folder / "half").mkdir()
    whole, half = shared_recipe(folder / "all", data, copies), shared_recipe(folder / "half", data, copies // 2)
    size = copies * raw_bytes(data) / 1e6
    figures["raw_mb"] = size
    print(f"{copies} copies of the data, {size:.0f} MB of raw input; the half has {copies // 2}")

    alone = record("half, embedded, 1 worker", repeated(half, folder, ["--workers", "1"], repeat))
    one = record("all, embedded, 1 worker", repeated(whole, folder, ["--workers", "1"], repeat))
    two = record("all, embedded, 2 workers", repeated(whole, folder, ["--workers", "2"], repeat))
    with spark(folder) as on_spark:
        clustered = record("all, Spark, 2 workers", repeated(whole, folder, on_spark, repeat, os.getpid()))
        moved = shuffled(folder / "events")
    figures.update(
        strong_scaling=one.wall / two.wall,
        weak_scaling=alone.wall / two.wall,
        spark_text_cpu_over_embedded=clustered.text.cpu / two.text.cpu,
        spark_cpu_over_embedded=clustered.cpu / two.cpu,
        spark_shuffled_mb=moved["bytes"] / repeat / 1e6,
        spark_shuffled_records=moved["records"] / repeat,
    )
    print(
        f"strong scaling, 1 to 2 workers: {one.wall / two.wall:.2f} times as fast\n"
        f"weak scaling, half on 1 to all on 2 workers: {alone.wall / two.wall:.0%} efficient\n"
        f"Spark's CPU over embedded: {clustered.text.cpu / two.text.cpu:.2f} times for the text stages "
        f"(wanted: at most 1.3), {clustered.cpu / two.cpu:.2f} for all\n"
        f"shuffled on Spark: {moved['bytes'] / repeat / 1e6:.1f} MB in {moved['records'] // repeat:,} records"
    )


if __name__ == "__main__":
    main()
