"""Test-set filtering: speed of the pass and of the index, false flags on real texts, and which planted items are found.

    python benchmarks/decontaminate.py [--quick] [--data ../shared/data] [--datatrove PYTHON] [--repeat 3]

``--datatrove`` names an interpreter with ``datatrove[processing]==0.10.1`` and ``spacy``, whose n-gram decontamination
(12-grams of label, query and both) then gets the same items, planted pages and the first real texts; without it, that
comparison is left out, with a message. Rates are megabytes of UTF-8 per second of CPU time on one core, medians. Items
are planted in real web pages: for each length and way to write them, how many of 40 are dropped by default. The last
line is one JSON object.
"""

import argparse
import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from planted_items import LENGTHS, WAYS, items_of_lengths, parts_of, planted_page
from rounds import median_cpu_seconds

from massivetext.decontaminate.evaluation_items import EvaluationItem, read_items
from massivetext.decontaminate.index import ItemIndex, bitmap_length, sizes_of_test_sets, table_length
from massivetext.decontaminate.screen import EvaluationScreen
from massivetext.recipe import DecontaminateOptions

ROOT = Path(__file__).resolve().parents[1]
PEER = Path(__file__).resolve().parent / "peers/datatrove_decontamination.py"
PLANTED, _QUICK_PLANTED = 40, 10
_PEER_TEXTS, _QUICK_TEXTS = 3000, 10_000
_WANTED_RATE, _WANTED_INDEX = 30.0, 2.0  # MB/s, seconds
_MILLION = 1_000_000


def real_texts(data: Path) -> Iterator[tuple[str, str]]:
    """Yield (source, text) of real news, pages, books and other texts without planted items."""
    sources = (
        ("web", "web/gold.jsonl.gz", "gold_text"),
        ("news", "news/news.jsonl.gz", "text"),
        ("books", "books/books.jsonl.gz", "text"),
        ("languages", "langid/samples.jsonl.gz", "text"),
        ("labelled", "safety/labelled.jsonl.gz", "text"),
    )
    for source, name, field in sources:
        with gzip.open(data / name, "rt", encoding="utf-8") as handle:
            yield from ((source, json.loads(line).get(field) or "") for line in handle)
    for path in sorted((data / "books/gutenberg").glob("*.txt")):
        yield "gutenberg", path.read_bytes().decode("utf-8", "replace")


# -- measurements ------------------------------------------------------------------------------------------------------


def as_buffers(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return the UTF-8 of texts and where each begins, as a stage reads them from Arrow."""
    array = pa.array(texts, pa.large_string())
    _, offsets, data = array.buffers()
    return np.frombuffer(data, np.uint8), np.frombuffer(offsets, np.int64)[: len(texts) + 1]


def rates(screen: EvaluationScreen, texts: Sequence[tuple[str, str]], repeat: int) -> dict[str, float]:
    """Print and return the speed of the pass with the verdicts, by source."""
    figures: dict[str, float] = {}
    for source in sorted({source for source, _ in texts}):
        data, offsets = as_buffers([text for each, text in texts if each == source])
        mine = [text for each, text in texts if each == source]
        asked = np.ones(len(mine), np.bool_)

        def work(data=data, offsets=offsets, asked=asked, mine=mine) -> None:  # type: ignore[no-untyped-def]
            for row in np.flatnonzero(screen.candidates(data, offsets, asked)).tolist():
                screen.screen(mine[row], None)

        work()
        figures[f"{source}_mb_per_s"] = rate = len(data) / 1e6 / median_cpu_seconds(work, repeat)
        print(f"{source:10} {len(mine):7,} texts {len(data) / 1e6:6.1f} MB {rate:6.1f} MB/s (wanted: {_WANTED_RATE:g})")
    return figures


def index_bytes(index: ItemIndex, items: int) -> float:
    """Return the bytes of an index of so many items like these; its tables grow in steps."""
    words = len(index.words)
    tables = 4 * table_length(words) + bitmap_length(words)
    wanted = words * items // len(index)
    linear = (len(index.to_bytes()) - tables) * items / len(index)
    return linear + 4 * table_length(wanted) + bitmap_length(wanted)


def false_flags(screen: EvaluationScreen, texts: Sequence[tuple[str, str]]) -> dict[str, float]:
    """Print every real text that is dropped, with the words that match; return how many."""
    data, offsets = as_buffers([text for _, text in texts])
    flagged = 0
    for row in np.flatnonzero(screen.candidates(data, offsets, np.ones(len(texts), np.bool_))).tolist():
        verdict = screen.screen(texts[row][1], None)
        if verdict.leaked:
            flagged += 1
            hit = next(hit for hit in verdict.hits if hit.removes)
            print(f"  {texts[row][0]}: {hit.item} {hit.part} by {hit.method}: {' '.join(hit.text.split())[:90]!r}")
    print(f"of {len(texts):,} real texts {flagged} are dropped")
    return {"real_texts": len(texts), "real_texts_dropped": flagged}


def matrix(
    screen: EvaluationScreen, items: Sequence[EvaluationItem], pages: Sequence[str], planted: int
) -> tuple[dict[str, float], list[tuple[str, str]]]:
    """Print how many planted items are found; return the figures, and (way, page) of every planted page."""
    figures: dict[str, float] = {}
    made: list[tuple[str, str]] = []
    print(f"\nitems found of {planted}" + "".join(f"{f'{low}-{high}':>9}" for low, high in LENGTHS) + "  words")
    chance = random.Random(15)  # a fixed choice
    chosen = items_of_lengths(items, planted, chance)
    for way in WAYS:
        for low, high in LENGTHS:
            found = 0
            for item in chosen[low, high]:
                page = planted_page(way, item, pages, chance)
                made.append((way, page))
                name = (item.test_set, item.id)
                found += any(hit.removes and (hit.test_set, hit.item) == name for hit in screen.screen(page, None).hits)
            figures[f"found_{way}_{low}_to_{high}_words"] = found
        row = (figures[f"found_{way}_{low}_to_{high}_words"] for low, high in LENGTHS)
        print(f"{way:17}" + "".join(f"{count:9}" for count in row))
    return figures, made


def peer(python: str, items: Sequence[EvaluationItem], texts: Sequence[str]) -> dict[str, object]:
    """Return what datatrove measures and removes of some texts."""
    with tempfile.TemporaryDirectory() as folder:
        names = [str(Path(folder, name)) for name in ("items.jsonl", "texts.jsonl")]
        rows = ({"query": parts_of(item, "context", "question"), "label": parts_of(item, "answer")} for item in items)
        Path(names[0]).write_text("".join(json.dumps(row) + "\n" for row in rows))
        Path(names[1]).write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        done = subprocess.run([python, str(PEER), *names], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{PEER.name} failed:\n{done.stderr}")
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def beside_datatrove(
    python: str,
    screen: EvaluationScreen,
    items: Sequence[EvaluationItem],
    texts: Sequence[tuple[str, str]],
    made: Sequence[tuple[str, str]],
) -> dict[str, float]:
    """Print speed and what is found beside datatrove, on real texts without and with planted items."""
    real = [text for source, text in texts if source in ("news", "web")][:_PEER_TEXTS]
    theirs = peer(python, items, [*real, *(page for _, page in made)])
    removed = set(theirs["removed"])  # type: ignore[call-overload]
    ours = {at for at, text in enumerate([*real, *(page for _, page in made)]) if screen.screen(text, None).leaked}
    size = sum(len(text.encode()) for text in [*real, *(page for _, page in made)]) / 1e6
    figures = {
        "datatrove_mb_per_s": size / float(str(theirs["filter"])),
        "datatrove_index_seconds": float(str(theirs["index"])),
        "datatrove_real_texts_dropped": len([at for at in removed if at < len(real)]),
        "ours_real_texts_dropped_of_these": len([at for at in ours if at < len(real)]),
    }
    print(f"\ndatatrove: {figures['datatrove_mb_per_s']:.2f} MB/s, index {figures['datatrove_index_seconds']:.1f} s")
    print(
        f"of {len(real):,} real texts it drops {figures['datatrove_real_texts_dropped']}, we drop "
        f"{figures['ours_real_texts_dropped_of_these']}; pages with an item of 13 words or more, dropped by it and us:"
    )
    for way in WAYS:
        at = [len(real) + number for number, (each, _) in enumerate(made) if each == way]
        at = at[len(at) // len(LENGTHS) :]
        both = {"datatrove": len(removed.intersection(at)), "ours": len(ours.intersection(at))}
        figures |= {f"{tool}_pages_{way}": count for tool, count in both.items()}
        print(f"  {way:17} {both['datatrove']:4} {both['ours']:4} of {len(at)}")
    return figures


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer texts and items: under a minute")
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data")
    parser.add_argument("--datatrove", metavar="PYTHON")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    name = "items.jsonl.gz"
    data = (options.data / "bench" / name).read_bytes()
    items = read_items(name, data)
    ItemIndex.build(items[:100])  # compiles
    repeat = 1 if options.quick else options.repeat
    seconds = median_cpu_seconds(lambda: ItemIndex.build(read_items(name, data)), repeat)
    index = ItemIndex.build(items)
    counts = sizes_of_test_sets(index).values()
    untested = sum(each.short + each.common for each in counts)
    size, million = len(index.to_bytes()), index_bytes(index, _MILLION)
    print(f"index of {len(items):,} items: read and built in {seconds:.2f} s (wanted: {_WANTED_INDEX:g}),", end=" ")
    print(f"{size / 1e6:.0f} MB, {million / 1e9:.2f} GB for a million such items; {untested} not looked for")
    figures: dict[str, float] = {
        "items": len(items),
        "items_not_looked_for": untested,
        "index_seconds": seconds,
        "index_bytes": size,
        "index_bytes_of_a_million_items": million,
    }
    screen = EvaluationScreen.for_index(index, DecontaminateOptions(), by_title=False)
    texts = list(real_texts(options.data))
    if options.quick:
        texts = texts[:_QUICK_TEXTS]
    figures |= rates(screen, texts, repeat) | false_flags(screen, texts)
    pages = [text for source, text in texts if source == "web" and 1500 < len(text) < 30_000]
    found, made = matrix(screen, items, pages, _QUICK_PLANTED if options.quick else PLANTED)
    figures |= found
    if options.datatrove:
        figures |= beside_datatrove(options.datatrove, screen, items, texts, made)
    else:
        print("left out: datatrove; name an interpreter with --datatrove PYTHON")
    figures["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
