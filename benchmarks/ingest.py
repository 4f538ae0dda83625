"""Speed of the readers by source, beside libraries that do the least that any reader of these files must do.

    python benchmarks/ingest.py [--quick] [--data ../shared/data] [--repeat 3] [--only SOURCE ...] [--before FOLDER]

Every reader and its limit read the same files in processes of their own, by turns; ratios are of CPU time, medians of
``--repeat`` runs. What Python takes to start and import is not counted. The limits:

- web: fastwarc, and trafilatura with its default options for every page;
- web-reading: the web reader without an extractor (the markup is the text); fastwarc, and every page decoded;
- books, news: gzip, and json.loads for every line; bytes of whole files decoded;
- code: zipfile or tarfile, and every file decoded;
- wikipedia: expat and mwparserfromhell, as this project read dumps before it had a scanner of its own.

``--before`` names a folder with an earlier version of this project, a Git worktree for example: its readers take part.
``--quick`` reads one file of a source, of it the first hundred documents, once. The last line is one JSON object.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    "web": ("web/*.warc.gz",),
    "web-reading": ("web/*.warc.gz",),
    "books": ("books/books.jsonl.gz", "books/gutenberg/*.txt"),
    "news": ("news/*.jsonl.gz",),
    "code": ("code/*",),
    "wikipedia": ("wikipedia/*",),
}
QUICK_FILES = FILES | {"books": ("books/books.jsonl.gz",), "wikipedia": ("wikipedia/enwiki*",)}  # the first of them
PEERS = {
    "web": "trafilatura",
    "web-reading": "fastwarc",
    "books": "json_loads",
    "news": "json_loads",
    "code": "unpacking",
    "wikipedia": "mwparserfromhell",
}
_QUICK_DOCUMENTS = 100
_EVERYTHING = 1 << 40
_SPLITS = """
from massivetext.recipe.kinds import KINDS
from massivetext.recipe.structs import IngestOptions
from massivetext.schema import Document
from massivetext.sources.reading import read_split
from massivetext.sources.source_formats import find_format
from massivetext.sources.splits import Split
try:
    from massivetext.sources.source_formats import FieldPaths
except ImportError:  # an earlier version
    FieldPaths = type(None)

if kind == "web-reading":
    from types import SimpleNamespace
    from massivetext.sources import web
    def give_back(html, *_):
        return SimpleNamespace(text=html, title=None, link_text_frac=0.0)
    names = ("extract_within", "extract_page", "extract")  # of this version and of earlier ones
    setattr(web, next(name for name in names if hasattr(web, name)), give_back)
    kind = "web"

class Options:
    format_name, text_field, fields, licences = KINDS[kind].format, "text", FieldPaths(), ("Apache-2.0", "MIT")

find_format(Options.format_name).load_reader()

def texts(path):
    for found in read_split(Split(path.name, str(path), path.stat().st_size), Options, IngestOptions()):
        if isinstance(found, Document):
            yield found.text
"""
_JSON_LINES = """
import gzip

def texts(path):
    if path.suffix == ".txt":
        yield path.read_bytes().decode("utf-8", "replace")
        return
    with gzip.open(path) as lines:
        for line in lines:
            yield json.loads(line)["text"]
"""
_LIMITS = {
    "web": """
import logging
from trafilatura import extract
from fastwarc.warc import ArchiveIterator, WarcRecordType
logging.disable(logging.CRITICAL)

def texts(path):
    with path.open("rb") as file:
        for record in ArchiveIterator(file, record_types=WarcRecordType.response, parse_http=True):
            text = extract(record.reader.read())
            if text:
                yield text
""",
    "web-reading": """
from fastwarc.warc import ArchiveIterator, WarcRecordType

def texts(path):
    with path.open("rb") as file:
        for record in ArchiveIterator(file, record_types=WarcRecordType.response, parse_http=True):
            yield record.reader.read().decode("utf-8", "replace")
""",
    "books": _JSON_LINES,
    "news": _JSON_LINES,
    "code": """
import tarfile, zipfile

def texts(path):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    yield archive.read(info).decode("utf-8", "replace")
        return
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            if member.isfile():
                yield archive.extractfile(member).read().decode("utf-8", "replace")
""",
    "wikipedia": """
from peers import expat_dump, mwparserfromhell_text
from massivetext.sources.streams.compressed import open_stream

def texts(path):
    dump = expat_dump.Dump(1 << 22)
    with open_stream(str(path)) as stream:
        for page in dump.pages(stream):
            fields = page.fields
            if fields.get("namespace", "0") == "0" and fields.get("text") and not fields["text"].startswith("#"):
                names = mwparserfromhell_text.LINK_NAMESPACES | dump.link_namespaces
                yield mwparserfromhell_text.to_text(fields.get("title", ""), fields["text"], names)
""",
}
_MAIN = """
import itertools, time
cpu, wall, documents, size = time.process_time(), time.perf_counter(), 0, 0
for path in paths:
    for text in itertools.islice(texts(path), most - documents):
        documents, size = documents + 1, size + len(text)
print(json.dumps({"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "documents": documents,
    "characters": size}))
"""
_HEAD = """
import json, pathlib, sys
kind, most, *names = sys.argv[1:]
most, paths = int(most), [*map(pathlib.Path, names)]
"""


class Reading(TypedDict):
    """Seconds that reading took, and what it gave."""

    cpu: float
    wall: float
    documents: int
    characters: int


def files_of(data: Path, source: str, quick: bool) -> list[Path]:
    """Return the files of a source. Raises SystemExit if there are none."""
    patterns = (QUICK_FILES if quick else FILES)[source]
    found = [path for pattern in patterns for path in sorted(data.glob(pattern))]
    if not found:
        raise SystemExit(f"{data}: want files of {source} like {patterns[0]}, got none; give --data")
    return found[:1] if quick else found


def read(code: str, package: Path, source: str, most: int, paths: list[Path]) -> Reading:
    """Read files in a process of its own, with the package of a folder."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(package), str(ROOT / "benchmarks")))}
    command = [sys.executable, "-c", _HEAD + code + _MAIN, source, str(most), *map(str, paths)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=package)
    if done.returncode:
        raise SystemExit(f"{source}: the reader of {package.name} ended with {done.returncode}\n{done.stderr[-2000:]}")
    reading: Reading = json.loads(done.stdout.splitlines()[-1])
    return reading


def readers(source: str, before: Path | None) -> Iterator[tuple[str, str, Path]]:
    """Yield (name, code, folder of the package) of everything that reads a source."""
    yield "massivetext", _SPLITS, ROOT
    yield PEERS[source], _LIMITS[source], ROOT
    if before is not None:
        yield "before", _SPLITS, before


def measure_source(source: str, options: argparse.Namespace) -> dict[str, float]:
    """Print and return the figures of a source."""
    paths = files_of(options.data.resolve(), source, options.quick)
    most = _QUICK_DOCUMENTS if options.quick else _EVERYTHING
    found: dict[str, list[Reading]] = {}
    for _ in range(1 if options.quick else options.repeat):
        for name, code, package in readers(source, options.before and options.before.resolve()):
            found.setdefault(name, []).append(read(code, package, source, most, paths))
    seconds = {name: statistics.median(each["cpu"] for each in readings) for name, readings in found.items()}
    label = source.replace("-", "_")
    figures: dict[str, float] = {}
    for name, readings in found.items():
        last, wall = readings[-1], statistics.median(each["wall"] for each in readings)
        rate = last["documents"] / seconds[name]
        print(
            f"{source:<12}{name:<17}{seconds[name]:7.2f} CPU s, {wall:6.2f} s, {last['documents']:>7,} documents "
            f"({last['characters'] / 1e6:.1f} million characters), {rate:,.0f} per CPU second"
        )
        if name == "massivetext":
            figures[f"{label}_documents_per_cpu_second"] = round(rate, 1)
        else:
            figures[f"{label}_times_{name}"] = round(seconds[name] / seconds["massivetext"], 3)
    return figures


def main() -> None:
    """Measure every source, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the shared data")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each reader")
    parser.add_argument("--only", nargs="+", choices=FILES, default=list(FILES), help="sources to be read")
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="folder with an earlier version of the project")
    parser.add_argument("--quick", action="store_true", help="a hundred documents of one file of each source")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    for source in options.only:
        figures |= measure_source(source, options)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
