"""Quality and CPU of the extractors of main text, side by side on the same pages.

    python benchmarks/extraction.py [--quick] [--data ../shared/data]

F1 of words, and of runs of four words, against main texts made by hand: by page type for WCXB (Foley 2026, CC BY 4.0),
by collection for the others. Only pages of the fold that `benchmarks/extraction_model.py` leaves out are measured; no
page of their sites was trained on. CPU is of one core, the extractors by turns on each page. ``--quick`` takes some
pages of each kind. The last line is one JSON object; ``speed_ratio`` is the CPU of trafilatura by that of salient.
"""

import argparse
import json
import statistics
import time
from collections import defaultdict
from pathlib import Path

from block_labels import shingle_f1, word_f1
from web_pages import HELD_OUT, WebPage, read_web_pages

from massivetext.extract import extract
from massivetext.extract.extractors import EXTRACTORS

ROOT = Path(__file__).resolve().parents[1]
QUICK_PAGES = 8  # of each kind


def _kind(page: WebPage) -> str:
    return page.page_type if page.source == "wcxb" else page.source


def _chosen(data: Path, quick: bool) -> list[WebPage]:
    """Return the held-out pages with a gold."""
    kinds: dict[str, list[WebPage]] = defaultdict(list)
    for page in read_web_pages(data):
        if page.gold and page.fold == HELD_OUT:
            kinds[_kind(page)].append(page)
    most = QUICK_PAGES if quick else None
    return [page for kind in sorted(kinds) for page in kinds[kind][:most]]


def main(arguments: list[str] | None = None) -> None:
    """Print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(arguments)
    pages = _chosen(options.data, options.quick)
    for extractor in EXTRACTORS:
        extract(pages[0].html, pages[0].url, extractor)  # loads and compiles
    scores: dict[str, dict[str, list[tuple[float, float, float]]]] = defaultdict(lambda: defaultdict(list))
    for page in pages:
        for extractor in EXTRACTORS:
            begin = time.process_time()
            text = extract(page.html, page.url, extractor).text
            cpu = time.process_time() - begin
            gold = page.gold or ""
            scores[_kind(page)][extractor].append((word_f1(text, gold), shingle_f1(text, gold), cpu))
    _report(scores)


def _report(scores: dict[str, dict[str, list[tuple[float, float, float]]]]) -> None:
    found: dict[str, dict[str, dict[str, float]]] = {}
    print(f"{'pages of':<18}{'number':>7}" + "".join(f"{name:>13} words  runs     ms" for name in EXTRACTORS))
    for kind, by_extractor in sorted(scores.items()):
        row = f"{kind:<18}{len(by_extractor[EXTRACTORS[0]]):>7}"
        found[kind] = {}
        for extractor in EXTRACTORS:
            words, runs, cpu = (statistics.fmean(column) for column in zip(*by_extractor[extractor], strict=True))
            row += f"{words:>19.3f} {runs:>5.3f} {1000 * cpu:>6.1f}"
            found[kind][extractor] = {
                "word_f1": round(words, 4),
                "shingle_f1": round(runs, 4),
                "ms": round(cpu * 1e3, 2),
            }
        print(row)
    cpus = {
        extractor: sum(score[2] for by_extractor in scores.values() for score in by_extractor[extractor])
        for extractor in EXTRACTORS
    }
    ratio = cpus["trafilatura"] / cpus["salient"]
    print(f"CPU of trafilatura by that of salient: {ratio:.1f}")
    print(json.dumps({"speed_ratio": round(ratio, 2), "kinds": found}))


if __name__ == "__main__":
    main()
