"""Measure the report page: its size by the number of sources, how long it takes to make, to open, and to move a slider.

    massivetext run quickstart --output runs/quickstart
    python benchmarks/report_page.py runs/quickstart            # --quick: 1 and 10 sources, fewer repetitions

Pages of many sources have copies of the source with most rules under other names: with counts drawn anew around those
of the run times 700, and with the share of the sample and of the documents that a page of so many sources has. Times in
Chromium are medians; without Chromium and the package playwright only sizes are measured. The peer is the same page of
one source.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np

from massivetext.report.accumulate import read_columns
from massivetext.report.html_page import render_page
from massivetext.report.page_data import SHOWN_DOCUMENTS, PageData, PageSource, gather_page_data, pack_page_data
from massivetext.report.run_report import RunReport
from massivetext.report.value_sample import SAMPLED_VALUES, sample_bounds, sample_values
from massivetext.runs.context import Context
from massivetext.runs.store import Run
from massivetext.stages.finished import open_context
from massivetext.stages.report_stage import JSON

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
TIMES = 700  # documents that each document of the run stands for
MOVE = """async () => {
  const slider = document.querySelector("input[type=range]");
  slider.value = (Number(slider.value) + 3) % Number(slider.max);
  const begun = performance.now();
  slider.dispatchEvent(new Event("input"));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - begun;
}"""


def largest(report: RunReport) -> str:
    """Return the name of the source with most rules."""
    return max(report.sources, key=lambda name: len(report.sources[name].rules))


def data_of(context: Context, report: RunReport, count: int) -> PageData:
    """Return the data of a page of ``count`` sources like the largest one, under that one's name."""
    name = largest(report)
    bounds = sample_bounds(context) | {name: (1 << 63) * min(SAMPLED_VALUES // count, 1000) // 1500}
    samples = {
        each: [sample_values(read_columns(context, shard), bounds) for shard in context.shards(each)]
        for each in context.shard_counts
    }
    return gather_page_data(context, report, samples, SHOWN_DOCUMENTS // count * len(samples))


def noisy(source: PageSource, chance: np.random.Generator) -> PageSource:
    """Return a source with counts drawn anew."""

    def drawn(counts: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(chance.poisson([each * TIMES for each in counts]).tolist())

    return msgspec.structs.replace(
        source,
        histograms={name: (first, drawn(kept), drawn(lost)) for name, (first, kept, lost) in source.histograms.items()},
        overlaps=tuple(map(drawn, source.overlaps)),
        read=msgspec.structs.replace(source.read, documents=source.read.documents * TIMES),
    )


def page_of(context: Context, report: RunReport, count: int) -> tuple[str, int]:
    """Return a page of ``count`` sources, and the size of its data."""
    chance = np.random.default_rng(count)
    name = largest(report)
    data = data_of(context, report, count)
    names = [f"crawl_{number:02d}" for number in range(count)]
    data = msgspec.structs.replace(data, sources={each: noisy(data.sources[name], chance) for each in names})
    report = msgspec.structs.replace(report, sources=dict.fromkeys(names, report.sources[name]), mixture=None)
    return render_page(report, context.verdicts, data), len(pack_page_data(data))


def in_chromium(page: str, repetitions: int) -> dict[str, float]:
    """Return how long a page takes to open, and to follow a slider, in milliseconds; empty without Chromium."""
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        return {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "page.html"
        path.write_text(page, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        opened, moved = [], []
        for _ in range(repetitions):
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            begun = time.perf_counter()
            tab.goto(path.as_uri())
            tab.wait_for_selector("html[data-ready]")
            opened.append(1000 * (time.perf_counter() - begun))
            moved += [tab.evaluate(MOVE) for _ in range(10)]
            tab.close()
        browser.close()
    return {
        "open_ms": statistics.median(opened),
        "slider_ms": statistics.median(moved),
        "slowest_slider_ms": max(moved),
    }


def main() -> None:
    """Measure pages, and print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="folder of a finished run")
    parser.add_argument("--quick", action="store_true", help="1 and 10 sources, fewer repetitions")
    options = parser.parse_args()
    context = open_context(Run(str(Path(options.run).resolve())))
    report = msgspec.json.decode(Path(context.run.path(JSON)).read_bytes(), type=RunReport)
    figures: dict[str, float] = {}
    for count in (1, 10) if options.quick else (1, 5, 50):
        begun = time.process_time()
        page, packed = page_of(context, report, count)
        seconds = time.process_time() - begun
        found = {"bytes": len(page.encode()), "data_bytes": packed, "cpu_seconds": round(seconds, 2)}
        found |= {name: round(each, 1) for name, each in in_chromium(page, 2 if options.quick else 5).items()}
        figures |= {f"{name}_{count}_sources": each for name, each in found.items()}
        ratio = found["bytes"] / figures["bytes_1_sources"]
        print(f"{count:3} sources: {found['bytes'] / 1e6:.2f} MB, {ratio:.2f} times the page of one; {found}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
