"""Signals: megabytes a second on one core, beside datatrove's Gopher filters and Dolma's Gopher tagger.

    python benchmarks/signals.py [--quick] [--data ../shared/data] [--datatrove PYTHON] [--dolma PYTHON] [--repeat 3]

``--datatrove`` names an interpreter with ``datatrove[processing]==0.10.1`` and ``spacy``, ``--dolma`` one with
``dolma==1.2.1``; a comparison without its interpreter is left out and said to be. All measure the same real news, web
pages and books, in one process; a peer measures the first documents of them, as many as fit into its share of the
time. Rates are of UTF-8 text and CPU time, medians of ``--repeat`` runs. The last line is one JSON object.
"""

import argparse
import gzip
import itertools
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import fasttext
import numpy as np
import pyarrow as pa

from massivetext import rules, signals
from massivetext.recipe import BlocklistOptions
from massivetext.signals import blocklists, columns, definitions, kernel, language, registry, stop_lists

ROOT = Path(__file__).resolve().parents[1]
PEERS = Path(__file__).resolve().parent / "peers"
_PEER_BYTES = {"datatrove": 4e6, "dolma": 20e6}
_LANGUAGE_CHARACTERS = 20_000  # of a document made of samples in one language
_COLD = """
import time
began = time.time()
from massivetext.signals import measure_text
measure_text("a")
print(time.time() - began)
"""

# What loading a list adds to the largest that a process was, once it has its code and has read a list of one host.
_LOADING = """
import pathlib
from massivetext.recipe import BlocklistOptions
from massivetext.signals import blocklists
blocklists.load(BlocklistOptions(hosts=("one",)), {folder!r})
largest = lambda: int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
pathlib.Path("/proc/self/clear_refs").write_text("5")  # from here on
before = largest()
held = blocklists.load(BlocklistOptions(hosts=("hosts",)), {folder!r})
print(1024 * (largest() - before))
"""


def texts(data: Path, most_bytes: float) -> list[str]:
    """Real texts in turns from news, books and the main texts of web pages."""
    found, size = [], 0
    sources = [_lines(data / name) for name in ("news/news.jsonl.gz", "books/books.jsonl.gz", "web/gold.jsonl.gz")]
    for text in itertools.chain.from_iterable(itertools.zip_longest(*sources)):
        if text and size < most_bytes:
            # Books are cut, so that no source is most of the text.
            found.append(text[:200_000])
            size += len(found[-1].encode())
    return found


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        for line in handle:
            yield text_of(json.loads(line))


def text_of(line: dict[str, str]) -> str:
    """The text of a line of news or books, or of the web pages with their main text."""
    return line.get("text") or line.get("gold_text") or ""


def cpu(work: Callable[[], object], repeat: int) -> float:
    """Median CPU seconds."""
    spent = []
    for _ in range(repeat):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return statistics.median(spent)


def ours(found: list[str], repeat: int) -> tuple[float, float]:
    """Seconds for all signals without a model, and for all of them, on a batch as a run reads it."""
    array = pa.array(found, pa.large_string())
    _, offsets, data = array.buffers()
    ends, utf8 = np.frombuffer(offsets, np.int64), np.frombuffer(data, np.uint8)
    lists = stop_lists.built_in()
    tables, numbers = kernel.tables(lists.words), np.zeros(len(found), np.int64)

    def without_model() -> None:
        columns.columns(kernel.measure(utf8, ends, numbers, tables), np.diff(ends))

    without_model()
    return cpu(without_model, repeat), cpu(lambda: signals.measure(array), repeat)


def peer(name: str, python: str | None, found: list[str], quick: bool) -> tuple[float, int] | None:
    """CPU seconds and bytes of a peer's loop over the first documents."""
    if python is None:
        print(f"{name}: left out, --{name} names no interpreter")
        return None
    most = _PEER_BYTES[name] / (8 if quick else 1)
    sizes = np.cumsum([len(text.encode()) for text in found])
    some = found[: int(np.searchsorted(sizes, most)) + 1]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as handle:
        handle.writelines(json.dumps({"text": text}) + "\n" for text in some)
        handle.flush()
        script = PEERS / f"{name}_signals.py"
        done = subprocess.run([python, str(script), handle.name], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1]), sum(len(text.encode()) for text in some)


def languages(data: Path, repeat: int) -> dict[str, float]:
    """Language id by our samples of a text, beside fastText on the whole of it, a document at a time."""
    by_language = defaultdict(list)
    with gzip.open(data / "langid/samples.jsonl.gz", "rt", encoding="utf-8") as handle:
        for line in handle:
            sample = json.loads(line)
            by_language[sample["lang"]].append(sample["text"])
    documents = [
        (code, (" ".join(itertools.islice(itertools.cycle(some), 400)))[:_LANGUAGE_CHARACTERS])
        for code, some in sorted(by_language.items())
    ]
    found = [text for _, text in documents]
    model = fasttext.load_model(str(definitions.LANGUAGE_MODEL))

    def whole() -> list[str]:
        return [model.predict(" ".join(text.split()))[0][0].removeprefix("__label__") for text in found]

    slow, fast = cpu(whole, repeat), cpu(lambda: language.measure(found), repeat)
    told = [code for code, _ in documents]
    return {
        "language_id_ratio": slow / fast,
        "language_id_mb_s": sum(len(text.encode()) for text in found) / 1e6 / fast,
        "language_id_accuracy": _accuracy(told, list(language.measure(found)["language"])),
        "language_id_accuracy_whole": _accuracy(told, whole()),
    }


def _accuracy(told: list[str], predicted: list[str]) -> float:
    """Share of documents whose code is the one that most often goes with their language's, each code once."""
    pairs = Counter(zip(predicted, told, strict=True))
    chosen: dict[str, str] = {}
    for (code, real), _ in sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0])):
        # The two name languages by different standards: a code is the language that begins like it, or the commonest.
        if code not in chosen or (real[:2] == code[:2] and chosen[code][:2] != code[:2]):
            chosen[code] = real
    return sum(chosen[code] == real for code, real in zip(predicted, told, strict=True)) / len(told)


def blocklist(entries: int, repeat: int) -> dict[str, float]:
    """URLs held a second against a list of so many hosts, beside a Python set of them and urllib; and its memory.

    Hosts and URLs are made up: every second URL is of a listed host, three labels below one or at it.
    """
    names = [f"{number * 2654435761 % 2**32:x}.example{number % 1000}.test" for number in range(entries)]
    pages = [
        f"https://{'www.' * (number % 3)}{names[number % entries].replace('.', 'x' * (number % 2) + '.', 1)}"
        f"/articles/2021/{number}/the-title-of-a-page.html?page={number % 7}"
        for number in range(0, 5 * 200_000, 5)
    ]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "hosts").write_text("\n".join(names) + "\n", encoding="utf-8")
        Path(folder, "one").write_text("a.test", encoding="utf-8")
        blocklists.load(BlocklistOptions(hosts=("one",)), folder)  # compiles, or loads what was compiled
        options = BlocklistOptions(hosts=("hosts",))
        began = time.process_time()
        held = blocklists.load(options, folder)
        loading = time.process_time() - began
        script = _LOADING.format(folder=folder)
        peak = float(subprocess.check_output([sys.executable, "-c", script], text=True))
    array = pa.array(pages, pa.string())
    told = blocklists.measure(array, held)["blocked_host"].tolist()
    listed = set(names)

    def plain() -> list[int]:
        return [_listed(page, listed) for page in pages]

    if told != plain():
        raise AssertionError("the two say different things of a URL")
    fast, slow = cpu(lambda: blocklists.measure(array, held), repeat), cpu(plain, repeat)
    return {
        "blocklist_entries": entries,
        "blocklist_load_s": loading,
        "blocklist_bytes_an_entry": held.hosts.bytes_held / len(held.hosts.hashes),
        "blocklist_loading_bytes_an_entry": peak / entries,
        "blocklist_urls_s": len(pages) / fast,
        "blocklist_times_python_set": slow / fast,
    }


def _listed(url: str, hosts: set[str]) -> int:
    labels = (urllib.parse.urlsplit(url).hostname or "").split(".")
    return int(any(".".join(labels[first:]) in hosts for first in range(len(labels))))


def judging(found: list[str], repeat: int) -> float:
    """Documents judged a second, by the Gopher and SafeSearch rules, from stored signals."""
    table = signals.measure(found)
    table = pa.concat_tables([table] * max(1, 1_000_000 // table.num_rows)).combine_chunks()
    judges = rules.combine(rules.load(name, known=registry.types()) for name in ("gopher", "safesearch"))
    return float(table.num_rows / cpu(lambda: rules.judge(table, judges), repeat))


def main() -> None:
    """Measures, prints a table, and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a fifth of the text, once")
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data")
    parser.add_argument("--datatrove", metavar="PYTHON")
    parser.add_argument("--dolma", metavar="PYTHON")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    repeat = 1 if options.quick else options.repeat
    cold = [float(subprocess.check_output([sys.executable, "-c", _COLD])) for _ in range(2)][-1]
    found = texts(options.data.resolve(), 8e6 if options.quick else 40e6)
    size = sum(len(text.encode()) for text in found)
    without_model, everything = ours(found, repeat)
    figures = {
        "documents": len(found),
        "text_mb": size / 1e6,
        "signals_without_model_mb_s": size / 1e6 / without_model,
        "all_signals_mb_s": size / 1e6 / everything,
        "cold_start_s": cold,
    }
    print(f"{len(found):,} documents, {size / 1e6:.1f} MB")
    print(f"all signals but those of models {figures['signals_without_model_mb_s']:10.1f} MB/s (wanted: 50)")
    print(f"all signals                     {figures['all_signals_mb_s']:10.1f} MB/s")
    print(f"a process's first text, compiled code on disk: {cold:.1f} s (wanted: below 3)")
    for name, wanted in (("datatrove", 100), ("dolma", 50)):
        measured = peer(name, getattr(options, name), found, options.quick)
        if measured is not None:
            rate = measured[1] / 1e6 / measured[0]
            figures[f"{name}_mb_s"] = rate
            figures[f"times_{name}"] = figures["signals_without_model_mb_s"] / rate
            print(f"{name:<31} {rate:10.2f} MB/s: ours is {figures[f'times_{name}']:.0f} times (wanted: {wanted})")
    figures.update(languages(options.data.resolve(), repeat))
    rate, ratio = figures["language_id_mb_s"], figures["language_id_ratio"]
    right, whole = figures["language_id_accuracy"], figures["language_id_accuracy_whole"]
    print(f"language id {rate:.1f} MB/s, {ratio:.1f} times fastText on whole texts (wanted: 5)")
    print(f"language id is right for {right:.1%}, fastText on whole texts for {whole:.1%}")
    figures["judged_documents_s"] = judging(found, repeat)
    print(f"judging {figures['judged_documents_s'] / 1e6:.1f} million documents a second (wanted: 1)")
    figures.update(blocklist(1_000_000, repeat))
    rate, ratio = figures["blocklist_urls_s"], figures["blocklist_times_python_set"]
    print(f"block lists: {rate / 1e6:.2f} million URLs/s, {ratio:.1f} times urllib and a set (wanted: 1 million)")
    held, peak = figures["blocklist_bytes_an_entry"], figures["blocklist_loading_bytes_an_entry"]
    print(
        f"a million hosts: loaded in {figures['blocklist_load_s']:.1f} s, {held:.1f} bytes an entry, "
        f"{peak:.1f} while loading (wanted: 16)"
    )
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"the largest this process was: {figures['peak_mb']:.0f} MB, texts included")
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
