"""Quality and CPU of the extractors of main text, side by side on the same pages.

    python benchmarks/extraction.py [--quick] [--data ../shared/data] [--models FOLDER]

F1 of words, and of runs of four words, against main texts made by hand: by page type for WCXB (Foley 2026, CC BY 4.0),
by collection for the others. With the models of `benchmarks/extraction_model.py --folds FOLDER` every page is measured
by the one that has seen no page of its site; without them by the model of the package, which has seen all of these
pages, so that its quality is flattered (its speed is not). CPU is of one core, the extractors by turns on each page;
`resiliparse` takes part where it is installed. Pages full of one bad shape show what a page can cost at most.
``--quick`` takes some pages of each kind. The last line is one JSON object; ``speed_ratio`` is the CPU of trafilatura
by that of salient.
"""

import argparse
import importlib.util
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from block_labels import shingle_f1, word_f1
from web_pages import WebPage, fold_model, read_web_pages

from massivetext.extract import extract
from massivetext.extract.block_trees import load_model
from massivetext.extract.salient import extract_salient

ROOT = Path(__file__).resolve().parents[1]
QUICK_PAGES = 8  # of each kind
SHAPE_BYTES = 8 << 20
# What a page of SHAPE_BYTES is filled with; ``--quick`` takes a sixteenth of it.
SHAPES = {
    "cells in a row": "<td>ab</td>",
    "240 deep, with branches": "<div><p>a</p>" * 240 + "</div>" * 240,
    "tags never closed": "<a ",
    "attributes": "<p " + " a=b" * 500 + ">x",
    "classes": f"<p class='{'content ' * 100}'>x",
    "open quotes": "<p class='x",
    "comments": "<!-- x -->",
    "open comments": "<!-- x",
    "entities": "&amp;&#1;&#xd800;&bogus",
    "combining marks": "e\u0301\u0301\u0301",
    "paragraphs": "<p>one two three.",
    "nested lists": "<ul><li>x",
    "open formulas": "<math><mi>x",
    "formulas": "<math><mi>x</mi></math> ",
    "lines of code": "<pre><div>x</div></pre>",
}


def _kind(page: WebPage) -> str:
    return page.page_type if page.source == "wcxb" else page.source


def _chosen(data: Path, quick: bool) -> list[WebPage]:
    """Return the pages with a gold."""
    kinds: dict[str, list[WebPage]] = defaultdict(list)
    for page in read_web_pages(data):
        if page.gold:
            kinds[_kind(page)].append(page)
    most = QUICK_PAGES if quick else None
    return [page for kind in sorted(kinds) for page in kinds[kind][:most]]


def main(arguments: list[str] | None = None) -> None:
    """Print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--models", type=Path, help="folder of the models of the folds")
    options = parser.parse_args(arguments)
    pages = _chosen(options.data, options.quick)
    engines = _engines(options.models)
    for engine in engines.values():
        engine(pages[0])  # loads and compiles
    scores: dict[str, dict[str, list[tuple[float, float, float]]]] = defaultdict(lambda: defaultdict(list))
    for page in pages:
        for name, engine in engines.items():
            begin = time.process_time()
            text = engine(page)
            cpu = time.process_time() - begin
            gold = page.gold or ""
            scores[_kind(page)][name].append((word_f1(text, gold), shingle_f1(text, gold), cpu))
    shapes = _measure_shapes(SHAPE_BYTES // 16 if options.quick else SHAPE_BYTES)
    _report(scores, tuple(engines), shapes, cross_validated=options.models is not None)


def _measure_shapes(size: int) -> dict[str, float]:
    """Return the CPU seconds that a page full of each shape takes with salient."""
    found = {}
    print(f"CPU of pages of {size:,} bytes, seconds:")
    for name, piece in SHAPES.items():
        page = (piece * (size // len(piece.encode()) + 1)).encode()[:size].decode("utf-8", "ignore")
        begin = time.process_time()
        extract_salient(page)
        found[name] = round(time.process_time() - begin, 3)
        print(f"  {name:<26}{found[name]:>7.2f}")
    return found


def _engines(models: Path | None) -> dict[str, Callable[[WebPage], str]]:
    """Return what extracts the text of a page, by name."""

    def salient(page: WebPage) -> str:
        model = load_model(models / fold_model(page.fold)) if models else None
        return extract_salient(page.html, page.url, model=model).text

    engines: dict[str, Callable[[WebPage], str]] = {
        "trafilatura": lambda page: extract(page.html, page.url, "trafilatura").text,
        "salient": salient,
    }
    if importlib.util.find_spec("resiliparse"):
        engines["resiliparse"] = lambda page: extract(page.html, page.url, "resiliparse").text
    return engines


def _report(
    scores: dict[str, dict[str, list[tuple[float, float, float]]]],
    names: tuple[str, ...],
    shapes: dict[str, float],
    *,
    cross_validated: bool,
) -> None:
    found: dict[str, dict[str, dict[str, float]]] = {}
    print(f"{'pages of':<18}{'number':>7}" + "".join(f"{name:>13} words  runs     ms" for name in names))
    for kind, by_extractor in sorted(scores.items()):
        row = f"{kind:<18}{len(by_extractor[names[0]]):>7}"
        found[kind] = {}
        for extractor in names:
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
        for extractor in names
    }
    ratio = cpus["trafilatura"] / cpus["salient"]
    print(f"CPU of trafilatura by that of salient: {ratio:.1f}")
    print("quality by cross-validation over sites" if cross_validated else "salient was trained on these pages")
    print(
        json.dumps(
            {"speed_ratio": round(ratio, 2), "cross_validated": cross_validated, "shapes": shapes, "kinds": found}
        )
    )


if __name__ == "__main__":
    main()
