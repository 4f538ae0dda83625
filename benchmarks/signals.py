"""Speed of the signals on one core, in megabytes per second, beside datatrove's Gopher filters and Dolma's tagger.

    python benchmarks/signals.py [--quick] [--data ../shared/data] [--datatrove PYTHON] [--dolma PYTHON] [--repeat 3]

``--datatrove`` names an interpreter with ``datatrove[processing]==0.10.1`` and ``spacy``, ``--dolma`` one with
``dolma==1.2.1``; a comparison without its interpreter is left out, with a message. All measure the same real news, web
pages and books, in one process; a peer measures only the first documents. Rates are bytes of UTF-8 per CPU time,
medians of ``--repeat`` runs. The last line is one JSON object.
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
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

import fasttext
import numpy as np
import pyarrow as pa
from rounds import median_cpu_seconds

from massivetext import rules, signals
from massivetext.recipe import BlocklistOptions
from massivetext.signals import blocklists, definitions, kernel, language, registry

ROOT = Path(__file__).resolve().parents[1]
PEERS = Path(__file__).resolve().parent / "peers"
_PEER_BYTES = {"datatrove": 4e6, "dolma": 20e6}
_NEWS_LANGUAGES = {"amh": "am", "eng": "en", "fra": "fr", "som": "so", "swa": "sw", "yor": "yo"}  # known to the model
_LANGUAGE_CHARACTERS = 20_000  # per document that is made of samples in one language
_JUDGED_BATCHES, _JUDGED_ROWS = 10, 100_000
_JUDGED_WANTED = 1e6  # documents per second
_COLD = """
import time
began = time.time()
from massivetext.signals import measure_text
measure_text("a")
print(time.time() - began)
"""

# Peak memory that loading a list adds to a process that has its code and has read a list of one host.
_LOADING = """
import pathlib
from massivetext.recipe import BlocklistOptions
from massivetext.signals import blocklists
blocklists.load(BlocklistOptions(hosts=("one",)), {folder!r})
largest = lambda: int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
pathlib.Path("/proc/self/clear_refs").write_text("5")  # resets the peak
before = largest()
held = blocklists.load(BlocklistOptions(hosts=("hosts",)), {folder!r})
print(1024 * (largest() - before))
"""


class _Meta(TypedDict, total=False):
    lang: str


class Row(TypedDict, total=False):
    """A line of the shared data: news, books, web pages or samples of languages."""

    text: str
    gold_text: str
    lang: str
    source: str
    meta: _Meta


def texts(data: Path, most_bytes: float) -> list[str]:
    """Return real texts, in turn from news, books and the main texts of web pages."""
    found, size = [], 0
    sources = [_lines(data / name) for name in ("news/news.jsonl.gz", "books/books.jsonl.gz", "web/gold.jsonl.gz")]
    for text in itertools.chain.from_iterable(itertools.zip_longest(*sources)):
        if text and size < most_bytes:
            # Books are cut, so that no source dominates.
            found.append(text[:200_000])
            size += len(found[-1].encode())
    return found


def _lines(path: Path) -> Iterator[str]:
    yield from map(text_of, _rows(path))


def _rows(path: Path) -> Iterator[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        yield from map(json.loads, handle)


def text_of(line: Row) -> str:
    """Return the text of a line of news, books or web pages."""
    return line.get("text") or line.get("gold_text") or ""


def ours(found: list[str], repeat: int) -> tuple[float, float]:
    """Return the CPU seconds for all signals without a model, and for all signals, on a batch as a run reads it."""
    array = pa.array(found, pa.large_string())
    _, offsets, data = array.buffers()
    ends, utf8 = np.frombuffer(offsets, np.int64), np.frombuffer(data, np.uint8)
    numbers, styles, groups = np.zeros(len(found), np.int64), np.full(len(found), -1), registry.BUILT_IN.groups

    def without_model() -> None:
        kernel.kernel_signals(kernel.measure_texts(utf8, ends, numbers, styles, groups), groups)

    without_model()
    return median_cpu_seconds(without_model, repeat), median_cpu_seconds(lambda: signals.measure(array), repeat)


def peer(name: str, python: str | None, found: list[str], quick: bool) -> tuple[float, int] | None:
    """Return CPU seconds and bytes of the loop of a peer over the first documents."""
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
    """Return the speed of language id on samples of texts, beside fastText on whole texts, one document at a time."""
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

    slow, fast = median_cpu_seconds(whole, repeat), median_cpu_seconds(lambda: language.detect_languages(found), repeat)
    return {
        "language_id_ratio": slow / fast,
        "language_id_mb_s": sum(len(text.encode()) for text in found) / 1e6 / fast,
    }


def accuracies(data: Path) -> dict[str, tuple[int, float, float]]:
    """Return, for long texts in languages of the model, their number and the accuracy on samples and on whole texts."""
    model = fasttext.load_model(str(definitions.LANGUAGE_MODEL))
    found = {}
    for name, documents in _labelled(data).items():
        longer = [
            (code, text)
            for code, text in documents
            if len(text) > definitions.LANGUAGE_WINDOWS * definitions.LANGUAGE_WINDOW
        ]
        sampled = language.detect_languages([text for _, text in longer])["language"].tolist()
        whole = [model.predict(" ".join(text.split()))[0][0].removeprefix("__label__") for _, text in longer]
        shares = (
            statistics.mean(code == real for code, (real, _) in zip(codes, longer, strict=True))
            for codes in (sampled, whole)
        )
        found[name] = (len(longer), *shares)
    return found


def _labelled(data: Path) -> dict[str, list[tuple[str, str]]]:
    """Return texts with their language: books, news, and five pages of sentences per language, in different orders."""
    rows = {
        name: list(_rows(data / path))
        for name, path in (
            ("books", "books/books.jsonl.gz"),
            ("news", "news/news.jsonl.gz"),
            ("sentences", "langid/samples.jsonl.gz"),
        )
    }
    by_language: dict[str, list[str]] = defaultdict(list)
    for row in rows["sentences"]:
        if row["source"] == "lingua-sentences":
            by_language[row["lang"]].append(row["text"])
    return {
        "books": [(row["meta"]["lang"], row["text"]) for row in rows["books"]],
        "news": [
            (_NEWS_LANGUAGES[row["meta"]["lang"]], row["text"])
            for row in rows["news"]
            if row["meta"].get("lang") in _NEWS_LANGUAGES
        ],
        "pages of sentences": [
            (code, " ".join((some[first:] + some[:first]) * 4))
            for code, some in sorted(by_language.items())
            for first in range(0, 25, 5)
        ],
    }


def blocklist(entries: int, repeat: int) -> dict[str, float]:
    """Return URLs per second that are compared with a list of hosts, beside urllib and a Python set; and its memory.

    Hosts and URLs are invented: every second URL has a listed host or a subdomain of one.
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
        blocklists.load(BlocklistOptions(hosts=("one",)), folder)  # compiles, or loads compiled code
        options = BlocklistOptions(hosts=("hosts",))
        began = time.process_time()
        held = blocklists.load(options, folder)
        loading = time.process_time() - began
        script = _LOADING.format(folder=folder)
        peak = float(subprocess.check_output([sys.executable, "-c", script], text=True))
    array = pa.array(pages, pa.string())
    matches = blocklists.match_urls(array, held)["blocked_host"].tolist()
    listed = set(names)

    def plain() -> list[int]:
        return [_listed(page, listed) for page in pages]

    if matches != plain():
        raise AssertionError("block lists and plain Python disagree about a URL")
    fast, slow = (
        median_cpu_seconds(lambda: blocklists.match_urls(array, held), repeat),
        median_cpu_seconds(plain, repeat),
    )
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
    """Return documents per second that one core judges by the Gopher rules, in batches as a run reads them."""
    measured = signals.measure(found)
    copies = -(-_JUDGED_ROWS // measured.num_rows)
    batch = pa.concat_tables([measured] * copies).slice(0, _JUDGED_ROWS).combine_chunks()
    judges = rules.combine_rule_sets([rules.load_rule_set("gopher", known=registry.types())])

    def judge_all() -> None:
        for _ in range(_JUDGED_BATCHES):
            rules.judge_documents(batch, judges)

    return _JUDGED_BATCHES * _JUDGED_ROWS / median_cpu_seconds(judge_all, repeat)


def main() -> None:
    """Measure everything; print a table, and one line of JSON."""
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
    print(f"first text of a process, compiled code on disk: {cold:.1f} s (wanted: below 3)")
    for name, wanted in (("datatrove", 100), ("dolma", 50)):
        measured = peer(name, getattr(options, name), found, options.quick)
        if measured is not None:
            rate = measured[1] / 1e6 / measured[0]
            figures[f"{name}_mb_s"] = rate
            figures[f"times_{name}"] = figures["signals_without_model_mb_s"] / rate
            print(f"{name:<31} {rate:10.2f} MB/s: ours is {figures[f'times_{name}']:.0f} times (wanted: {wanted})")
    figures.update(languages(options.data.resolve(), repeat))
    rate, ratio = figures["language_id_mb_s"], figures["language_id_ratio"]
    print(f"language id {rate:.1f} MB/s, {ratio:.1f} times fastText on whole texts (wanted: 5)")
    paragraphs = median_cpu_seconds(lambda: language.detect_languages(found, paragraphs=True), repeat)
    figures["paragraph_languages_cost"] = (
        paragraphs / median_cpu_seconds(lambda: language.detect_languages(found), repeat) - 1
    )
    print(f"language of paragraphs: {figures['paragraph_languages_cost']:.0%} more time for language id")
    for name, (count, right, whole) in accuracies(options.data.resolve()).items():
        figures[f"language_id_right_{name.split()[0]}"], figures[f"language_id_right_{name.split()[0]}_whole"] = (
            right,
            whole,
        )
        print(f"language id is right for {right:.1%} of {count} long {name}, on whole texts for {whole:.1%}")
    figures["judged_documents_s"] = judging(found, repeat)
    figures["judged_times_wanted"] = figures["judged_documents_s"] / _JUDGED_WANTED
    print(f"judging {figures['judged_documents_s'] / 1e6:.1f} million documents per second, Gopher rules (wanted: 1)")
    figures.update(blocklist(1_000_000, repeat))
    rate, ratio = figures["blocklist_urls_s"], figures["blocklist_times_python_set"]
    print(f"block lists: {rate / 1e6:.2f} million URLs/s, {ratio:.1f} times urllib and a set (wanted: 1 million)")
    held, peak = figures["blocklist_bytes_an_entry"], figures["blocklist_loading_bytes_an_entry"]
    print(
        f"a million hosts: loaded in {figures['blocklist_load_s']:.1f} s, {held:.1f} bytes per entry, "
        f"{peak:.1f} while loading (wanted: 16)"
    )
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process: {figures['peak_mb']:.0f} MB, texts included")
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
