"""Measure the commands that read a run on one of ten million documents: report, what-if, trace, sample and export.

    massivetext run quickstart --output runs/quickstart
    python benchmarks/report.py runs/quickstart                 # --quick: 200,000 documents, under a minute

The large run has the values of the finished one, drawn again (`large_run.py`); 1,000 shards, some 4 GB, removed at the
end. Every command but the export is measured as a process of its own, with its start. Each figure is compared with a
limit or with a peer on the same files: DuckDB in one thread for what-if and trace, zstd alone for the export. How long
the page takes to open, and a slider to move, is measured by `report_page.py`. The last line is one JSON object.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import zstandard
from large_run import SHARD_DOCUMENTS, WHOLE_TEXTS, write_large_run
from processes import ROOT, Measured, measure, median

from massivetext.corpus.document_export import export_documents
from massivetext.corpus.document_files import DOCUMENT_FORMATS
from massivetext.corpus.opened_run import OpenedRun
from massivetext.runs.context import Context
from massivetext.runs.store import Run
from massivetext.stages.finished import open_context

CHANGE = "gopher/word_count.min"
# Seconds on an idle machine of two cores, and megabytes of text per CPU second.
LIMITS = {
    "report": 60,
    "whatif": 5,
    "sweep": 10,
    "trace_id": 1,
    "trace_url": 1,
    "sample_near": 2,
    "sample_kept": 2,
    "sample_whole_texts": 2,
}
EXPORT_LIMIT, MEMORY_LIMIT = 80, 2000
MASSIVETEXT = (sys.executable, "-m", "massivetext")


def questions(run: Path) -> dict[str, list[str]]:
    """Return the commands that are measured, but for the report and the export, by name."""
    table = pq.read_table(next((run / "documents/web").iterdir()), columns=["id", "url"])
    last = {name: table[name][table.num_rows - 1].as_py() for name in table.column_names}
    return {
        "whatif": ["whatif", str(run), "--set", f"{CHANGE}=100"],
        "sweep": ["whatif", str(run), "--sweep", f"{CHANGE}=20:200:20"],
        "trace_id": ["trace", str(run), last["id"]],
        "trace_url": ["trace", str(run), last["url"]],
        "sample_near": ["sample", str(run), "--rule", "gopher/word_count", "--near"],
        "sample_kept": ["sample", str(run), "--kept"],
        "sample_whole_texts": ["sample", str(run), "--kept", "--source", WHOLE_TEXTS],
    }


def measure_command(arguments: Sequence[str]) -> tuple[float, float]:
    """Run a command once; return its wall time and its CPU time, which is that of the system's books, not sampled."""
    command = [*MASSIVETEXT, *arguments]
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{' '.join(command)}: {output.read().decode(errors='replace')[-4000:]}")
    return wall, used.ru_utime + used.ru_stime


def measure_report(run: Path, folder: Path, workers: int, repeat: int) -> Measured:
    """Measure how a report is made of a run that has none."""
    found, state = [], (run / "run.json").read_bytes()
    for _ in range(repeat):
        shutil.rmtree(run / "report", ignore_errors=True)
        (run / "run.json").write_bytes(state)
        found.append(measure([*MASSIVETEXT, "report", str(run), "--workers", str(workers)], folder))
    return median(found)


def duckdb_seconds(query: str) -> float:
    """Return the CPU seconds of a query, in one thread, after another query has loaded what DuckDB needs."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute("SELECT 1").fetchall()
        began = time.process_time()
        connection.execute(query).fetchall()
        return time.process_time() - began


def scan_query(run: Path) -> str:
    """Return a query that reads what a what-if question reads: two signals, and the rules that each document fails."""
    return (
        f"SELECT (SELECT count(*) FILTER (word_count >= 100 AND byte_count > 0) FROM '{run}/signals/*/*.parquet'), "
        f"(SELECT count(*) FILTER (failed = 0) FROM '{run}/verdicts/rules/*/*.parquet')"
    )


def lookup_query(run: Path, document_id: str) -> str:
    """Return a query that finds a document by its id."""
    return f"SELECT url FROM '{run}/documents/*/*.parquet' WHERE id = '{document_id}'"


def measure_exports(run: Path, folder: Path, repeat: int) -> dict[str, float]:
    """Return the speed of exports of whole texts, in MB of text per CPU second, beside zstd alone on the lines."""
    figures: dict[str, float] = {}
    size = alone = 0.0
    for form in DOCUMENT_FORMATS:
        seconds = []
        for number in range(repeat):
            target, began = folder / f"export-{form.name}-{number}", time.process_time()
            export_documents(OpenedRun(str(run)), form, str(target), sources=[WHOLE_TEXTS])
            seconds.append(time.process_time() - began)
            if not size:
                size, alone = zstd_speed(target)
            shutil.rmtree(target)
        name, speed = form.name.replace(".", "_"), size / statistics.median(seconds)
        figures |= {
            f"export_{name}_megabytes_per_cpu_second": speed,
            f"export_{name}_times_limit": speed / EXPORT_LIMIT,
            f"zstd_times_export_{name}": alone / speed,
        }
    return figures | {"exported_text_megabytes": size}


def zstd_speed(target: Path) -> tuple[float, float]:
    """Return the megabytes of text in an export as JSON lines, and how many of them zstd compresses per CPU second."""
    size = seconds = 0.0
    for path in target.rglob("*.zst"):
        with path.open("rb") as raw:
            lines = zstandard.ZstdDecompressor().stream_reader(raw).read()
        size += sum(len(json.loads(line)["text"].encode()) for line in lines.splitlines()) / 1e6
        began = time.process_time()
        zstandard.ZstdCompressor(level=1).compress(lines)
        seconds += time.process_time() - began
    return size, size / seconds


def medians(runs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the median of wall times, and that of CPU times."""
    walls, times = zip(*runs, strict=True)
    return statistics.median(walls), statistics.median(times)


def measure_all(base: Context, folder: Path, documents: int, workers: int, repeat: int) -> dict[str, float]:
    """Write the run, measure every command, print a line for each, and return the figures."""
    run = folder / "run"
    began = time.monotonic()
    context = write_large_run(base, run, documents, workers)
    shards = len(context.all_shards())
    print(f"{shards * SHARD_DOCUMENTS:,} documents in {shards:,} shards, written in {time.monotonic() - began:.0f} s")
    figures: dict[str, float] = {"documents": shards * SHARD_DOCUMENTS, "shards": shards}
    commands = questions(run)
    found = {name: medians([measure_command(each) for _ in range(repeat)]) for name, each in commands.items()}
    report = measure_report(run, folder, workers, repeat)
    found["report"] = (report.wall, report.cpu)
    for name, (wall, cpu) in found.items():
        limit, cores = LIMITS[name], workers if name == "report" else 1
        figures |= {f"{name}_seconds": wall, f"{name}_cpu_seconds": cpu}
        figures |= {f"{name}_of_limit": wall / limit, f"{name}_cpu_of_limit": cpu / cores / limit}
        print(
            f"  {name:<19} {wall:7.2f} s, {cpu:7.2f} CPU s; of the limit of {limit} s: wall time {wall / limit:.2f}, "
            f"CPU time per core {cpu / cores / limit:.2f}"
        )
    print(f"  the largest process of the report had {report.peak:.0f} MB")
    figures |= {"report_peak_megabytes": report.peak, "report_memory_of_limit": report.peak / MEMORY_LIMIT}
    figures["report_page_megabytes"] = (run / "report/index.html").stat().st_size / 1e6
    scan, lookup = duckdb_seconds(scan_query(run)), duckdb_seconds(lookup_query(run, commands["trace_id"][-1]))
    figures |= {
        "duckdb_scan_cpu_seconds": scan,
        "duckdb_lookup_cpu_seconds": lookup,
        "whatif_times_duckdb_scan": found["whatif"][1] / scan,
        "sweep_times_whatif": found["sweep"][1] / found["whatif"][1],
        "duckdb_lookup_times_trace_id": lookup / found["trace_id"][1],
    }
    figures |= measure_exports(run, folder, repeat)
    for name in ("whatif_times_duckdb_scan", "duckdb_lookup_times_trace_id"):
        print(f"  {name} {figures[name]:.2f}")
    for name, value in figures.items():
        if "export" in name:
            print(f"  {name} {value:.2f}")
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="folder of a finished run")
    parser.add_argument("--quick", action="store_true", help="200,000 documents, each command once")
    parser.add_argument("--documents", type=int, default=10_000_000, help="number of documents")
    parser.add_argument("--workers", type=int, default=2, help="processes that write the run, and that report on it")
    parser.add_argument("--repeat", type=int, default=3, help="number of times that each command runs")
    parser.add_argument("--folder", help="where the run is written; a temporary folder is made there")
    given = parser.parse_args()
    base = open_context(Run(str(Path(given.run).resolve())))
    documents, repeat = (200_000, 1) if given.quick else (given.documents, given.repeat)
    with tempfile.TemporaryDirectory(prefix="massivetext-benchmark-", dir=given.folder) as name:
        figures = measure_all(base, Path(name), documents, given.workers, repeat)
    figures["load"] = os.getloadavg()[0]
    print(f"the machine's load was {figures['load']:.1f}: on a busy one compare CPU times")
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
