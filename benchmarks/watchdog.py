"""What the watchdog over extraction costs: CPU per real page with it and without it, by extractor.

    python benchmarks/watchdog.py [--quick] [--data ../shared/data]

The same pages are extracted by turns in both ways, in passes; the CPU of the process beside this one counts (Linux).
The figure is the median over the passes. The last line is one JSON object; ``EXTRACTOR_cost`` is the share that the
watchdog adds.
"""

import argparse
import json
import statistics
import time
from itertools import islice
from pathlib import Path

from web_pages import read_web_pages

from massivetext.extract.extractors import EXTRACTORS, ExtractorName
from massivetext.extract.watchdog import extract_within, page_processes

ROOT = Path(__file__).resolve().parents[1]
PASSES = 7
PAGES: dict[ExtractorName, int] = {"trafilatura": 120, "salient": 600, "resiliparse": 400}
QUICK_PAGES = 15


def _cpu() -> float:
    """Return the CPU seconds of this process and of those that extract pages for it, in nanosecond steps."""
    others = (Path(f"/proc/{process}/schedstat").read_text().split()[0] for process in page_processes())
    return time.process_time() + sum(int(each) / 1e9 for each in others)


def _pass(pages: list[str], extractor: ExtractorName, seconds: int) -> float:
    begun = _cpu()
    for page in pages:
        extract_within(page, None, extractor, None, seconds)
    return _cpu() - begun


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    given = parser.parse_args()
    pages = [page.html for page in islice(read_web_pages(given.data), max(PAGES.values()))]
    figures: dict[str, float] = {}
    for extractor in EXTRACTORS:
        chosen = pages[: QUICK_PAGES if given.quick else PAGES[extractor]]
        for seconds in (0, 60):  # imports, compiled code, a process
            _pass([*chosen[:10], "<p>x" * 200_000], extractor, seconds)
        without, costs = [], []
        for _ in range(3 if given.quick else PASSES):
            without.append(_pass(chosen, extractor, 0))
            costs.append(_pass(chosen, extractor, 60) / without[-1] - 1)
        per_page = 1000 * statistics.median(without) / len(chosen)
        figures |= {f"{extractor}_ms_per_page": round(per_page, 3), f"{extractor}_cost": statistics.median(costs)}
        print(f"{extractor:12} {per_page:8.2f} ms per page, {statistics.median(costs):+.1%} with the watchdog")
    print(json.dumps({"pages": len(pages), **figures}))


if __name__ == "__main__":
    main()
