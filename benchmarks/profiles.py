"""Which documents datatrove and Dolma keep, and which documents the rule sets named after them keep.

    python benchmarks/profiles.py [--quick] [--data ../shared/data] [--datatrove PYTHON] [--dolma PYTHON]

``--datatrove`` names an interpreter with ``datatrove[processing]==0.10.1`` and ``spacy``, ``--dolma`` one with
``dolma==1.2.1``; a comparison is left out without its interpreter. Both tools judge 5,000 real documents of at most
20,000 characters: main texts of web pages, pieces of books and of Wikipedia articles (90% are English), source files,
and for the rest news; the documents of each source with the smallest keyed hashes are used. For each rule the documents
that fail it are counted: in both, only in the tool ("there"), only in our rule set ("here"). Rates are bytes of UTF-8
text per second of CPU time for the ported signals of one tool. The last line is one JSON object.
"""

import argparse
import gzip
import hashlib
import itertools
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from massivetext import rules, signals
from massivetext.recipe import IngestOptions, SourceOptions
from massivetext.schema import Document
from massivetext.signals import ported, registry
from massivetext.signals.ported.ported_signals import PORTED_FAMILIES
from massivetext.sources.reading import read_split
from massivetext.sources.splits import plan_shards

ROOT = Path(__file__).resolve().parents[1]
PEERS = Path(__file__).resolve().parent / "peers"
WANTED = {"datatrove": 0.98, "dolma": 0.999}
_CHARACTERS = 20_000
_DOCUMENTS = 5_000
_SHARES = {"web": 1_300, "books": 1_000, "code": 700, "wikipedia": 500}  # the rest is news
_PIECE = 6_000
_CODE = ("TheAlgorithms_Python.zip", "expressjs_express.zip", "junegunn_fzf.zip", "tidyverse_dplyr.zip")
_WIKIPEDIA = ("enwiki-pages-articles1-*.xml.bz2", "dbpedia-minidump-*.xml.bz2")
_CODE_ENDINGS = (".py", ".js", ".go", ".R", ".md", ".c", ".txt")


def documents(data: Path, quick: bool) -> list[str]:
    """Return 5,000 real texts, or a tenth of them; no text is blank."""
    found: list[str] = []
    for source, texts in _sources(data).items():
        usable = {text[:_CHARACTERS] for text in texts if text.strip()}
        found += sorted(usable, key=_key)[: _SHARES.get(source, _DOCUMENTS - len(found))]
    if quick:
        return found[::10]
    return found


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, key=b"profiles").digest()


def _sources(data: Path) -> dict[str, Iterable[str]]:
    return {
        "web": _lines(data / "web/gold.jsonl.gz", "gold_text"),
        "books": _pieces(_lines(data / "books/books.jsonl.gz", "text")),
        "code": itertools.chain.from_iterable(_files(data / "code" / name) for name in _CODE),
        "wikipedia": _pieces(_articles(data / "wikipedia")),
        "news": _lines(data / "news/news.jsonl.gz", "text"),
    }


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for start in range(0, min(len(text), 20 * _PIECE), _PIECE):
            yield text[start : start + _PIECE]


def _lines(path: Path, field: str) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        for line in handle:
            yield json.loads(line).get(field) or ""


def _files(path: Path) -> Iterator[str]:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(_CODE_ENDINGS):
                yield archive.read(name).decode("utf-8", "replace")


def _articles(folder: Path) -> Iterator[str]:
    options = SourceOptions(kind="wikipedia", inputs=_WIKIPEDIA, weight=Decimal(1))
    for shard in plan_shards(_WIKIPEDIA, str(folder), options.shard_bytes, divisible=False):
        for split in shard:
            for found in read_split(split, options, IngestOptions()):
                if isinstance(found, Document):
                    yield found.text


def peer(name: str, python: str, texts: list[str]) -> list[dict[str, Any]]:
    """Return the verdict of a tool on every text, by its interpreter."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as handle:
        handle.writelines(json.dumps({"text": text}) + "\n" for text in texts)
        handle.flush()
        command = [python, "-W", "ignore", str(PEERS / f"{name}_profile.py"), handle.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare(name: str, python: str, texts: list[str]) -> dict[str, float]:
    """Print how the verdicts of a tool and of the rule set with its name differ; return the figures."""
    theirs = peer(name, python, texts)
    table = signals.measure(texts, readings=(name,))
    judging = rules.combine_rule_sets([rules.load_rule_set(name, known=registry.types())])
    kept, failed = rules.judge_documents(table, judging)
    ours = [
        {
            _bare(name, signal)
            for bit, rule in enumerate(judging)
            if bits >> bit & 1 and not rule.report_only
            for signal in rule.signals
        }
        for bits in failed.tolist()
    ]
    both = sum(bool(mine) and each["kept"] for mine, each in zip(kept, theirs, strict=True))
    either = sum(bool(mine) or each["kept"] for mine, each in zip(kept, theirs, strict=True))
    figures = {
        f"{name}_kept": sum(each["kept"] for each in theirs),
        f"{name}_profile_kept": int(kept.sum()),
        f"{name}_jaccard": both / either,
    }
    print(
        f"{name}: keeps {figures[f'{name}_kept']:,}, its profile {figures[f'{name}_profile_kept']:,}; Jaccard "
        f"{both / either:.4f} (wanted: above {WANTED[name]})"
    )
    _print_rules([set(each["failed"]) for each in theirs], ours)
    if name == "dolma":
        figures["dolma_values_apart"] = _values_apart(table, theirs)
        print(f"  values of the tool that differ from ours: {figures['dolma_values_apart']}")
    return figures


def _bare(reading: str, signal: str) -> str:
    """Return the name of a rule without the name of the tool; datatrove has one rule for two symbols."""
    bare = signal.removeprefix(f"{reading}_")
    return "symbol_to_word_ratio" if bare in ("hash_to_word_ratio", "ellipsis_to_word_ratio") else bare


def _print_rules(theirs: list[set[str]], ours: list[set[str]]) -> None:
    """Print for every rule how many documents fail it in both, only in the tool and only in our rule set."""
    both, there, here = Counter[str](), Counter[str](), Counter[str]()
    for them, us in zip(theirs, ours, strict=True):
        both.update(them & us)
        there.update(them - us)
        here.update(us - them)
    print(f"  {'documents that fail':<36} {'both':>6} {'there':>6} {'here':>6}")
    for rule in sorted({*both, *there, *here}):
        print(f"  {rule:<36} {both[rule]:>6} {there[rule]:>6} {here[rule]:>6}")


def _values_apart(table: Any, theirs: list[dict[str, Any]]) -> int:
    """Return how many values of the tool differ from our ported signals."""
    apart = 0
    for row, each in zip(table.to_pylist(), theirs, strict=True):
        for name, value in each["values"].items():
            mine = row.get(f"dolma_{name}", row.get(name))
            apart += abs(mine - value) > 1e-12
    return apart


def rates(texts: list[str]) -> dict[str, float]:
    """Return megabytes per CPU second for the ported signals of each tool."""
    size = sum(len(text.encode()) for text in texts) / 1e6
    found = {}
    for name in PORTED_FAMILIES:
        ported.measure_ported(texts[:10], [name])
        began = time.process_time()
        ported.measure_ported(texts, [name])
        found[f"{name}_mb_s"] = size / (time.process_time() - began)
        print(f"signals ported from {name:<12} {found[f'{name}_mb_s']:6.1f} MB/s")
    return found


def main() -> None:
    """Compare, and print counts by rule and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a tenth of the documents")
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data")
    parser.add_argument("--datatrove", metavar="PYTHON")
    parser.add_argument("--dolma", metavar="PYTHON")
    options = parser.parse_args()
    texts = documents(options.data.resolve(), options.quick)
    figures: dict[str, float] = {"documents": len(texts), "text_mb": sum(len(text.encode()) for text in texts) / 1e6}
    print(f"{len(texts):,} documents, {figures['text_mb']:.1f} MB")
    figures.update(rates(texts[:: 1 if options.quick else 5]))
    for name in WANTED:
        if (python := getattr(options, name)) is None:
            print(f"left out: {name}; name an interpreter with --{name} PYTHON")
        else:
            figures.update(compare(name, python, texts))
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
