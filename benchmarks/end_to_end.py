"""Whole runs: time, CPU and memory of the quickstart and of real data, with 1 and 2 workers, and of datatrove.

    python benchmarks/end_to_end.py [--quick] [--data FOLDER] [--datatrove PYTHON] [--repeat 3] [--only PART ...]

This command measures all rows of README's table. It ends with that table in Markdown and one line of JSON. In full it
takes about two hours; ``--quick`` measures the quickstart only, and ``--only`` the parts that it names.

``--datatrove`` names an interpreter with ``datatrove[io,processing]==0.10.1``, ``spacy`` and ``lxml_html_clean``. The
comparison is left out without it. Figures are medians of ``--repeat`` runs where a row does not say "one run". CPU time
is user and system time of all processes. Memory is the largest resident set of any one process, sampled ten times per
second.

The first run of the quickstart starts with an empty cache of compiled functions and without the demo corpus, as after
installation; all other runs use the cache that it has filled.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from processes import ROOT, Measured, measure, median
from real_data import one_source, raw_bytes, shared_recipe, split_news

_COPIES = 8
_PARTS = ("quickstart", "real", "web", "news")
_TIMED_EXTRACTION = """
import sys, time
from pathlib import Path
from massivetext.recipe.kinds import KINDS
from massivetext.recipe.structs import IngestOptions
from massivetext.sources import web
from massivetext.sources.reading import read_split
from massivetext.sources.source_formats import FieldPaths
from massivetext.sources.splits import Split

class Options:
    format_name, text_field, fields, licences = KINDS["web"].format, "text", FieldPaths(), ()

extract, spent = web.extract_within, [0.0]

def timed(*arguments):
    before = time.process_time()
    try:
        return extract(*arguments)
    finally:
        spent[0] += time.process_time() - before

web.extract_within = timed
for path in map(Path, sys.argv[1:]):
    split = Split(path.name, str(path), path.stat().st_size)
    for _ in read_split(split, Options, IngestOptions(extractor="salient", max_page_seconds=0)):
        pass
print(spent[0])
"""


@dataclass
class Table:
    """Rows of README's table, and the figures for the line of JSON."""

    rows: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def add(self, key: str, label: str, run: Callable[[], Measured], repeat: int = 1, *, over: str = "") -> Measured:
        """Run something and add a row.

        Args:
            key: name of the row in the JSON.
            label: name of the row in the table; ``{ratio}`` becomes the comparison with the row ``over``.
            run: runs it once.
            repeat: number of runs.
            over: key of an earlier row, with which the wall time is compared.
        """
        result = median([run() for _ in range(repeat)])
        self.figures |= {
            f"{key}_wall_seconds": result.wall,
            f"{key}_cpu_seconds": result.cpu,
            f"{key}_largest_process_mb": result.peak,
        }
        name = label.format(ratio=self._compare(key, over)) + ("" if repeat > 1 else " (one run)")
        self.rows.append(f"| {name} | {_seconds(result.wall)} | {_seconds(result.cpu)} | {result.peak:,.0f} MB |")
        print(self.rows[-1], flush=True)
        return result

    def _compare(self, key: str, over: str) -> str:
        if not over:
            return ""
        wall, other = self.figures[f"{key}_wall_seconds"], self.figures[f"{over}_wall_seconds"]
        if wall > other:
            self.figures[f"{key}_wall_over_{over}_wall"] = wall / other
            return f"{wall / other:.2f} times as long"
        self.figures[f"{over}_wall_over_{key}_wall"] = other / wall
        return f"{other / wall:.2f} times as fast"

    def markdown(self) -> str:
        """Return the table."""
        return "\n".join(["| | wall | CPU | memory |", "| --- | --- | --- | --- |", *self.rows])


@dataclass(frozen=True)
class Massivetext:
    """Runs of this working tree, which share one cache of compiled functions and one demo corpus.

    Attributes:
        folder: working directory, and parent of the run folder.
    """

    folder: Path

    def run(self, recipe: str | Path, workers: int, until: str | None = None) -> Measured:
        """Run a recipe into a new folder."""
        output = self.folder / "run"
        shutil.rmtree(output, ignore_errors=True)
        paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {"NUMBA_CACHE_DIR": str(self.folder / "numba"), "PYTHONPATH": paths}
        command = [sys.executable, "-m", "massivetext", "run", str(recipe), "--output", str(output)]
        command += ["--workers", str(workers), *(("--until", until) if until else ())]
        return measure(command, self.folder, directory=self.folder, environment=environment)

    def documents(self) -> int:
        """Return the number of documents of the last run."""
        manifest = json.loads((self.folder / "run/ingest/manifest.json").read_bytes())
        return sum(commit["counts"]["documents"] for commit in manifest["tasks"])


def datatrove(python: str, kind: str, source: Path, folder: Path, tasks: int) -> Measured:
    """Run datatrove's chain with two workers into a new folder."""
    work = folder / "datatrove"
    shutil.rmtree(work, ignore_errors=True)
    script = ROOT / "benchmarks/peers/datatrove_chain.py"
    return measure([python, str(script), kind, str(source), str(work), str(tasks), "2"], folder)


def _seconds(value: float) -> str:
    return f"{value:,.1f} s" if value < 100 else f"{value:,.0f} s"


def _quickstart(ours: Massivetext, table: Table, repeat: int) -> None:
    first, later = "quickstart_first_run", "quickstart_later_run"
    label = "quickstart, 2 workers, first run: compiles its loops and writes the demo corpus"
    table.add(first, label, lambda: ours.run("quickstart", 2))
    label = "the same, later runs: {ratio}"
    table.add(later, label, lambda: ours.run("quickstart", 2), repeat, over=first)


def _all_sources(ours: Massivetext, table: Table, data: Path, repeat: int) -> None:
    once, twice = shared_recipe(ours.folder / "once", data, 1), shared_recipe(ours.folder / "twice", data, 2)
    many = shared_recipe(ours.folder / "many", data, _COPIES)
    size = raw_bytes(data) / 1e6
    label = f"five real sources ({size:,.0f} MB of input; 8,192 sequences), 1 worker"
    table.add("real_1_worker", label, lambda: ours.run(once, 1), repeat)
    label = "the same, 2 workers: {ratio}"
    one = table.add("real_2_workers", label, lambda: ours.run(once, 2), repeat, over="real_1_worker")
    label = "twice as much input, 2 workers: {ratio}"
    double = table.add("real_twice_2_workers", label, lambda: ours.run(twice, 2), over="real_2_workers")
    table.figures["real_twice_memory_over_real_memory"] = double.peak / one.peak
    label = f"{_COPIES} copies ({_COPIES * size:,.0f} MB of input), 1 worker"
    table.add(f"real_{_COPIES}_copies_1_worker", label, lambda: ours.run(many, 1))
    label = "the same, 2 workers: {ratio}"
    key = f"real_{_COPIES}_copies"
    table.add(f"{key}_2_workers", label, lambda: ours.run(many, 2), over=f"{key}_1_worker")


def _one_source(ours: Massivetext, table: Table, data: Path, kind: str, repeat: int, peer: str | None) -> None:
    pattern = {"web": "web/pages-*.warc.gz", "news": "news/news.jsonl.gz"}[kind]
    recipe = one_source(ours.folder, kind, f"{data}/{pattern}")
    ours.run(recipe, 2, "near-dedup")  # compiles what the cache lacks
    label = f"{ours.documents():,} {kind} documents until near-dedup, 2 workers"
    run = table.add(f"massivetext_{kind}", label, lambda: ours.run(recipe, 2, "near-dedup"), repeat)
    if kind == "web":
        seconds = _extraction_seconds(ours.folder, sorted(data.glob(pattern)))
        table.figures |= {"extraction_cpu_seconds": seconds, "extraction_share_of_cpu": seconds / run.cpu}
        print(f"extraction by salient: {seconds:.1f} of these {run.cpu:.1f} CPU seconds", flush=True)
        other = one_source(ours.folder, kind, f"{data}/{pattern}", "trafilatura")
        label = 'the same with extractor = "trafilatura": {ratio}'
        table.add(
            "massivetext_web_trafilatura", label, lambda: ours.run(other, 2, "near-dedup"), over="massivetext_web"
        )
    if peer is None:
        print(f"left out: datatrove on {kind}; name an interpreter with --datatrove PYTHON")
        return
    source, tasks = (data / "web", 4) if kind == "web" else (split_news(data, ours.folder, 8), 8)
    label = "datatrove 0.10.1 on the same: {ratio}"
    over = f"massivetext_{kind}"
    table.add(f"datatrove_{kind}", label, lambda: datatrove(peer, kind, source, ours.folder, tasks), over=over)


def _extraction_seconds(folder: Path, paths: list[Path]) -> float:
    """Return the CPU seconds of `salient` for all pages of some crawls, in a process of its own."""
    command = [sys.executable, "-c", _TIMED_EXTRACTION, *map(str, paths)]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder / "numba"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure, and print the table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="measure the quickstart only: a first and a later run")
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data", help="folder of real data")
    parser.add_argument("--datatrove", metavar="PYTHON", help="interpreter with datatrove")
    parser.add_argument("--repeat", type=int, default=3, help="number of runs per row")
    parser.add_argument("--only", nargs="+", choices=_PARTS, default=list(_PARTS), help="parts of the table")
    options = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="massivetext-bench-") as name:
        ours = Massivetext(Path(name))
        if "quickstart" in options.only:
            _quickstart(ours, table, 1 if options.quick else options.repeat)
        if options.quick or not options.data.is_dir():
            print("left out: real data" + ("" if options.quick else f"; {options.data} is missing"))
        else:
            data = options.data.resolve()
            if "real" in options.only:
                _all_sources(ours, table, data, options.repeat)
            for kind in [part for part in ("web", "news") if part in options.only]:
                _one_source(ours, table, data, kind, options.repeat, options.datatrove)
    print(f"\n{table.markdown()}\n")
    print(json.dumps({key: round(value, 2) for key, value in table.figures.items()}))


if __name__ == "__main__":
    main()
