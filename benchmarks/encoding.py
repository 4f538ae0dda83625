"""Speed of encoding on one core beside SentencePiece and kitoken, with the same ids.

    python benchmarks/encoding.py [--quick] [--data ../shared/data] [--peers PYTHON] [--repeat 5]

A model is trained on the texts that are encoded: English news and books, source code, texts in twenty other languages.
SentencePiece (``encode(list, num_threads=1)``, of texts in NFKC, which is not timed) and this project, NFKC included,
encode them in turn, and ids must be equal. "Cold" begins with an empty cache. ``--peers`` names an interpreter with
``kitoken`` and ``sentencepiece``. Ratios are of CPU time, medians of ``--repeat`` runs; wall time stands beside it. The
last line is one JSON object. (A script called ``tokenize.py`` would hide that module of the standard library.)
"""

import argparse
import gzip
import json
import multiprocessing
import resource
import statistics
import subprocess
import tempfile
import time
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sentencepiece as spm

from massivetext.recipe import TokenizerOptions
from massivetext.text import clean
from massivetext.tokenizer.encoder import Encoder
from massivetext.tokenizer.trainer import train_tokenizer

ROOT = Path(__file__).resolve().parents[1]
PEERS = Path(__file__).resolve().parent / "peers"
LANGUAGES = (
    *("amh", "arb", "ben", "deu", "ell", "fin", "fra", "heb", "hin", "jpn"),
    *("kat", "kor", "pol", "por", "rus", "spa", "tam", "tha", "tur", "vie"),
)
CODE = (".py", ".ts", ".js", ".go", ".rb", ".c", ".h", ".R", ".sh")
_LANGUAGE_REPEATS = 5  # times --repeat: a run takes a few milliseconds
_LARGE_BYTES = 100_000_000
_WANTED = {"english": 8, "code": 4, "languages": 4}


class Timed(NamedTuple):
    """Medians of CPU and wall seconds."""

    cpu: float
    wall: float


def texts_of(data: Path, most_bytes: float) -> dict[str, list[str]]:
    """Return texts to encode, by kind."""
    english = [
        *_up_to(_english(data, "news/news"), most_bytes / 2),
        *_up_to(_english(data, "books/books"), most_bytes / 2),
    ]
    return {"english": english, "code": list(_up_to(_code(data), most_bytes)), "languages": _languages(data)}


def _up_to(texts: Iterator[str], most_bytes: float) -> Iterator[str]:
    size = 0
    for text in texts:
        if size >= most_bytes:
            return
        size += len(text.encode())
        yield text


def _rows(path: Path) -> Iterator[dict[str, object]]:
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        yield from map(json.loads, handle)


def _english(data: Path, name: str) -> Iterator[str]:
    for row in _rows(data / f"{name}.jsonl.gz"):
        meta = row["meta"]
        if isinstance(meta, dict) and meta.get("lang", "en") in ("en", "eng"):
            yield clean(str(row["text"]))[:400_000]


def _code(data: Path) -> Iterator[str]:
    archives = [zipfile.ZipFile(path) for path in sorted((data / "code").glob("*.zip"))]
    names = [[name for name in archive.namelist() if name.endswith(CODE)] for archive in archives]
    for number in range(max(map(len, names))):  # in turn, so that no project dominates
        for archive, found in zip(archives, names, strict=True):
            if number < len(found):
                yield clean(archive.read(found[number]).decode("utf-8", "replace"))


def _languages(data: Path) -> list[str]:
    found = defaultdict(list)
    for row in _rows(data / "langid/samples.jsonl.gz"):
        found[str(row["lang"])].append(clean(str(row["text"])))
    return [text for language in LANGUAGES for text in found[language]]


def time_in_turn(works: dict[str, Callable[[], object]], repeat: int) -> dict[str, Timed]:
    """Return the median times of some functions, which run in turn, so that other work slows all of them."""
    spent: dict[str, list[Timed]] = {name: [] for name in works}
    for _ in range(repeat):
        for name, work in works.items():
            cpu, wall = time.process_time(), time.perf_counter()
            work()
            spent[name].append(Timed(time.process_time() - cpu, time.perf_counter() - wall))
    return {
        name: Timed(statistics.median(one.cpu for one in each), statistics.median(one.wall for one in each))
        for name, each in spent.items()
    }


def compare(kind: str, model: bytes, texts: list[str], repeat: int) -> dict[str, float]:
    """Return megabytes per second and ratios for one kind of texts. Raises AssertionError if ids differ."""
    processor, warm = spm.SentencePieceProcessor(model_proto=model), Encoder(model)
    normal = [unicodedata.normalize("NFKC", text) for text in texts]
    for text, ids, wanted in zip(texts, warm.encode(texts), warm.encode_plainly(texts), strict=True):
        if not np.array_equal(ids, wanted):
            raise AssertionError(f"{kind}: ids differ from those of SentencePiece for a text that begins {text[:60]!r}")
    size = sum(len(text.encode()) for text in texts) / 1e6
    cold = _empty_encoders(model, repeat)
    times = time_in_turn(
        {
            "sentencepiece": lambda: processor.encode(normal, out_type=int, num_threads=1),
            "cold": lambda: next(cold).encode(texts),
            "warm": lambda: warm.encode(texts),
        },
        repeat,
    )
    peer = times.pop("sentencepiece")
    print(f"{kind}: {len(texts):,} texts, {size:.1f} MB; SentencePiece {size / peer.cpu:.1f} MB/s ({peer.wall:.2f} s)")
    found = {f"{kind}_sentencepiece_mb_s": size / peer.cpu}
    for name, ours in times.items():
        found[f"{kind}_{name}_mb_s"] = size / ours.cpu
        found[f"{kind}_{name}_times_sentencepiece"] = peer.cpu / ours.cpu
        print(
            f"  {name:<5} {size / ours.cpu:6.1f} MB/s: {peer.cpu / ours.cpu:.1f} times, "
            f"{peer.wall / ours.wall:.1f} times in wall time (wanted: {_WANTED[kind]})"
        )
    return found


def _empty_encoders(model: bytes, count: int) -> Iterator[Encoder]:
    """Return encoders with an empty cache, whose tables are built already."""
    fresh = [Encoder(model) for _ in range(count)]
    for each in fresh:
        each.encode([""])
    return iter(fresh)


def peer(python: str, model: bytes, texts: list[str], repeat: int) -> dict[str, float]:
    """Return megabytes per second of kitoken, and how many times SentencePiece in its interpreter that is."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model").write_bytes(model)
        Path(folder, "texts").write_text(json.dumps([unicodedata.normalize("NFKC", text) for text in texts]))
        command = [python, str(PEERS / "kitoken_encode.py"), folder, str(repeat)]
        found: dict[str, float] = json.loads(subprocess.check_output(command, text=True).splitlines()[-1])
    print(f"kitoken: {found['kitoken_mb_s']:.1f} MB/s, {found['kitoken_times_sentencepiece']:.1f} times SentencePiece")
    return found


def peak_of_large(model: bytes, sample: str) -> float:
    """Return the peak memory in megabytes of a process that encodes one document of 100 MB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        peak: float = pool.apply(_encode_large, (model, sample))
        return peak


def _encode_large(model: bytes, sample: str) -> float:
    encoder = Encoder(model)
    ids = encoder.encode([sample * (_LARGE_BYTES // len(sample.encode()))])
    assert len(ids[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure everything; print a table, and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a fifth of the text, no large document")
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data")
    parser.add_argument("--peers", metavar="PYTHON")
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    texts = texts_of(options.data.resolve(), 2e6 if options.quick else 10.5e6)
    began = time.perf_counter()
    sample = [text[:20_000] for each in texts.values() for text in each]
    model = train_tokenizer(sample, TokenizerOptions(vocabulary_size=8_000 if options.quick else 32_000))
    print(f"trained {Encoder(model).info.vocabulary_size:,} pieces in {time.perf_counter() - began:.0f} s")
    began = time.perf_counter()
    Encoder(model).encode(["é"])
    figures = {"first_text_s": time.perf_counter() - began}
    print(
        f"first text of this process, tables included: {figures['first_text_s']:.1f} s (compiles after an installation)"
    )
    for kind, found in texts.items():
        repeat = options.repeat * (_LANGUAGE_REPEATS if kind == "languages" else 1)
        figures.update(compare(kind, model, found, repeat))
    if options.peers is None:
        print("kitoken: left out, --peers names no interpreter")
    else:
        figures.update(peer(options.peers, model, texts["english"], options.repeat))
    if not options.quick:
        figures["document_100_mb_peak_mb"] = peak_of_large(model, "\n".join(texts["english"])[:5_000_000])
        print(f"one document of 100 MB: peak of {figures['document_100_mb_peak_mb']:.0f} MB (wanted: below 1,000)")
    figures["encode_times_sentencepiece"] = figures["english_cold_times_sentencepiece"]
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
