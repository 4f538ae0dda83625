"""Whole runs: time, CPU and memory of the quickstart and of real data, on one and two workers, beside datatrove.

    python benchmarks/end_to_end.py [--quick] [--data ../shared/data] [--datatrove PYTHON] [--repeat 3]

``--datatrove`` names an interpreter with ``datatrove[io,processing]==0.10.1``, ``spacy`` and ``lxml_html_clean``;
without it the comparison is left out and said to be. Figures are medians of ``--repeat`` runs; CPU is user and system
time of all processes; memory is the largest resident set of any one process, sampled ten times a second. The last line
is one JSON object.
"""

import argparse
import gzip
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
_SAMPLE_SECONDS = 0.1
_LONGEST_SECONDS = 1800.0  # of one run; what takes longer hangs


@dataclass(frozen=True)
class Measured:
    """One run of a command: seconds of wall and CPU time, and the largest process's resident megabytes."""

    wall: float
    cpu: float
    peak: float


Record = Callable[[str, Callable[[], Measured], int], Measured]


class _Watch(threading.Thread):
    """Samples the processes below a root until it is told to stop; what they used before it began does not count."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.root, self.peak, self.done = root, 0, threading.Event()
        self.cpu: dict[int, float] = {}
        self.before = {process.pid: cpu_seconds(process) for process in family(root)}

    def used(self) -> float:
        """CPU seconds of all processes together."""
        return sum(seconds - self.before.get(pid, 0.0) for pid, seconds in self.cpu.items())

    def run(self) -> None:
        """Takes samples."""
        while not self.done.wait(_SAMPLE_SECONDS):
            for process in family(self.root):
                try:
                    self.cpu[process.pid] = cpu_seconds(process)
                    self.peak = max(self.peak, process.memory_info().rss)
                except psutil.NoSuchProcess:
                    pass


def family(root: int) -> list[psutil.Process]:
    """A process and all below it; none where it has ended."""
    try:
        process = psutil.Process(root)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of a process so far."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def measure(command: list[str], folder: Path, root: int | None = None) -> Measured:
    """Runs a command once and measures it, or all processes below ``root``.

    Raises:
        RuntimeError: with what it printed where it fails.
    """
    log = folder / "output.txt"
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        watch = _Watch(root or process.pid)
        watch.start()
        try:
            code = process.wait(timeout=_LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        wall = time.monotonic() - started
        watch.done.set()
        watch.join()
    if code:
        raise RuntimeError(f"{' '.join(command)}: exit code {code}\n{log.read_text(errors='replace')[-4000:]}")
    return Measured(wall, watch.used(), watch.peak / 1e6)


def median(runs: list[Measured]) -> Measured:
    """Medians of time, the largest of memory."""
    return Measured(
        statistics.median(run.wall for run in runs),
        statistics.median(run.cpu for run in runs),
        max(r.peak for r in runs),
    )


def massivetext(recipe: str | Path, folder: Path, workers: int, until: str | None = None) -> Measured:
    """One run into a new folder."""
    output = folder / "run"
    shutil.rmtree(output, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "massivetext.cli.main",
        "run",
        str(recipe),
        "--output",
        str(output),
        "--workers",
        str(workers),
    ]
    return measure([*command, *(["--until", until] if until else [])], folder)


def one_source(folder: Path, kind: str, pattern: str, rules: str) -> Path:
    """A recipe for one source alone."""
    path = folder / f"{kind}.toml"
    path.write_text(
        f'name = "{kind}"\n[sources.{kind}]\nkind = "{kind}"\ninputs = ["{pattern}"]\nweight = 1.0\n'
        f"rules = {rules}\nshard_bytes = 4194304\n"
    )
    return path


def shared_recipe(folder: Path, data: Path, copies: int) -> Path:
    """The recipe of tests/real over one or more copies of the data, which are links under other names."""
    for copy in range(copies):
        (folder / f"copy{copy}").mkdir(parents=True)
        for name in ("web", "books", "news", "code", "wikipedia"):
            (folder / f"copy{copy}" / name).symlink_to(data / name)
    (folder / "bench").symlink_to(data / "bench")
    text = (ROOT / "tests/real/shared_data.toml").read_text()
    text = text.replace("../../../shared/data/bench", "bench").replace("../../../shared/data", "copy*")
    path = folder / "shared.toml"
    path.write_text(text)
    return path


def split_news(data: Path, folder: Path, files: int) -> Path:
    """The news texts as so many plain JSONL files, for datatrove, which wants a file a task."""
    target = folder / "news-split"
    target.mkdir(exist_ok=True)
    with gzip.open(data / "news/news.jsonl.gz", "rb") as lines:
        handles = [(target / f"{number}.jsonl").open("wb") for number in range(files)]
        for number, line in enumerate(lines):
            handles[number % files].write(line)
        for handle in handles:
            handle.close()
    return target


def datatrove(python: str, kind: str, source: Path, folder: Path, tasks: int) -> Measured:
    """One run of datatrove's chain with two workers."""
    work = folder / "datatrove"
    shutil.rmtree(work, ignore_errors=True)
    script = ROOT / "benchmarks/peers/datatrove_chain.py"
    return measure([python, str(script), kind, str(source), str(work), str(tasks), "2"], folder)


def _say(name: str, run: Measured) -> None:
    print(
        f"{name:<34} {run.wall:8.1f} s wall {run.cpu:8.1f} s CPU {run.peak:8.0f} MB in the largest process", flush=True
    )


def main() -> None:
    """Measures, prints a table, and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="the quickstart alone, once")
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data")
    parser.add_argument("--datatrove", help="interpreter with datatrove")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    figures: dict[str, float] = {}

    def record(name: str, run: Callable[[], Measured], repeat: int) -> Measured:
        result = median([run() for _ in range(repeat)])
        _say(name, result)
        key = name.replace(" ", "_").replace(",", "")
        figures.update({f"{key}_wall": result.wall, f"{key}_cpu": result.cpu, f"{key}_peak_mb": result.peak})
        return result

    with tempfile.TemporaryDirectory(prefix="massivetext-bench-") as name:
        folder, repeat = Path(name), 1 if options.quick else options.repeat
        record("quickstart, 2 workers", lambda: massivetext("quickstart", folder, 2), repeat)
        if options.quick or not options.data.is_dir():
            print("left out: real data" + ("" if options.quick else f": {options.data} is missing"))
        else:
            _real(options, folder, record, figures)
    print(json.dumps({key: round(value, 2) for key, value in figures.items()}))


def _real(options: argparse.Namespace, folder: Path, record: Record, figures: dict[str, float]) -> None:
    data = options.data.resolve()
    once, twice = shared_recipe(folder / "once", data, 1), shared_recipe(folder / "twice", data, 2)
    one = record("shared data, 1 worker", lambda: massivetext(once, folder, 1), options.repeat)
    two = record("shared data, 2 workers", lambda: massivetext(once, folder, 2), options.repeat)
    double = record("shared data twice, 2 workers", lambda: massivetext(twice, folder, 2), 1)
    figures["speedup_2_workers"] = one.wall / two.wall
    figures["memory_doubled_input"] = double.peak / two.peak
    print(f"two workers are {one.wall / two.wall:.2f} times one (wanted: at least 1.6)")
    print(f"memory on the doubled input: {double.peak / two.peak:.2f} times (wanted: at most 1.2)")
    rules = '["language", "gopher", "safesearch"]'
    for kind, pattern in (("web", "web/pages-*.warc.gz"), ("news", "news/news.jsonl.gz")):
        recipe = one_source(folder, kind, f"{data}/{pattern}", rules)
        run = partial(massivetext, recipe, folder, 2, "near-dedup")
        ours = record(f"{kind} until near-dedup, 2 workers", run, options.repeat)
        if options.datatrove is None:
            print(f"left out: datatrove on {kind}: give --datatrove PYTHON")
            continue
        source, tasks = (data / "web", 4) if kind == "web" else (split_news(data, folder, 8), 8)
        theirs = record(
            f"datatrove {kind}, 2 workers", partial(datatrove, options.datatrove, kind, source, folder, tasks), 1
        )
        figures[f"{kind}_times_datatrove"] = theirs.wall / ours.wall
        print(f"{kind}: {theirs.wall / ours.wall:.1f} times as fast as datatrove ({theirs.cpu / ours.cpu:.1f} by CPU)")


if __name__ == "__main__":
    main()
