"""Ingest of a crawl of which half is in other languages, with and without `[ingest] screen`; and what screening loses.

    python benchmarks/screening.py [--quick] [--data ../shared/data] [--repeat 3]

Two crawls are read by the web reader with every extractor, in processes of their own, by turns. Ratios are of CPU time,
medians of ``--repeat`` runs, without start and imports.

- twins: every third English page of `web/*.warc.gz`, and the same page with its words replaced by those of sentences in
  ten other languages (`langid`): both halves have the same markup and length, as in a crawl where language and size are
  independent.
- real: every page that is not English by the language of the text that `salient` extracts, and as many English ones of
  about the same sizes. Most of the former are short pages of manuals here. What is lost is exact: pages that the screen
  leaves out although the rules ("language", "gopher") keep their text, when the crawl is read without the screen.

The last line is one JSON object.
"""

import argparse
import bisect
import gzip
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypedDict

from massivetext.extract.extractors import EXTRACTORS, extract_page
from massivetext.signals import language
from massivetext.sources import http
from massivetext.sources.streams import charset
from massivetext.sources.streams.compressed import open_stream
from massivetext.sources.warc import LostBytes, read_warc_records

_OTHER_LANGUAGES = ("deu", "fra", "spa", "rus", "pol", "por", "ita", "tur", "ell", "nld")
_MARKUP = re.compile(r"(<script\b.*?</script\s*>|<style\b.*?</style\s*>|<!--.*?-->|<[^>]*>)", re.S | re.I)
_WORD = re.compile(r"(?<![&\w])[^\W\d_]{2,}(?!;)")
ROOT = Path(__file__).resolve().parents[1]
_LARGEST = 8 << 20
_QUICK_PAGES = 60
_READ = """
import json, sys, time
from pathlib import Path
import pyarrow as pa
from massivetext import rules, signals
from massivetext.recipe import BlocklistOptions
from massivetext.recipe.kinds import KINDS
from massivetext.recipe.structs import IngestOptions
from massivetext.schema import Document
from massivetext.signals import blocklists, registry
from massivetext.signals.rule_screen import RuleScreen
from massivetext.signals.screen_bounds import screen_bounds
from massivetext.sources.reading import read_split
from massivetext.sources.source_formats import FieldPaths
from massivetext.sources.splits import Split

path, extractor, screens, warm = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]), Path(sys.argv[4])
judging = rules.combine_rule_sets(rules.load_rule_set(each, known=registry.types()) for each in ("language", "gopher"))
bounds = screen_bounds(judging, screens)
screen = RuleScreen("web", 0, bounds, blocklists.load(BlocklistOptions(), "")) if screens else None

class Options:
    format_name, text_field, fields, licences = KINDS["web"].format, "text", FieldPaths(), ()

def found(file):
    return list(read_split(Split(file.name, str(file), file.stat().st_size), Options,
        IngestOptions(extractor=extractor, max_page_seconds=0), screen=screen))

found(warm)  # imports, and loads models
cpu = time.process_time()
read = found(path)
cpu = time.process_time() - cpu
documents = [each for each in read if isinstance(each, Document)]
urls = pa.table({"url": pa.array([each.url for each in documents])})
table = signals.measure([each.text for each in documents], urls)
kept, _ = rules.judge_documents(table, judging)
print(json.dumps({
    "cpu": cpu,
    "kept": [document.key for document, keep in zip(documents, kept, strict=True) if keep],
    "screened": {each.offset: each.reason for each in read if getattr(each, "reason", "").startswith("screened")},
}))
"""


class Reading(TypedDict):
    """What reading the crawl took and gave: CPU seconds, keys of kept pages, reasons by the keys of screened ones."""

    cpu: float
    kept: list[str]
    screened: dict[str, str]


class Page(NamedTuple):
    """A page of the folder of real data: its record, its URL, its HTML and the language of its text."""

    record: bytes
    url: str
    html: str
    code: str


def read_web(data: Path) -> Iterator[Page]:
    """Yield the pages that have a text."""
    for path in sorted((data / "web").glob("*.warc.gz")):
        with open_stream(str(path)) as stream:
            for record in read_warc_records(stream, _LARGEST):
                if isinstance(record, LostBytes) or record.kind != "response":
                    continue
                response = http.parse_response(record.block)
                if response.status != 200 or "html" not in response.content_type:
                    continue
                body, _ = http.decode_body(response, _LARGEST)
                html = charset.decode(body, response.charset, html=True).text
                if text := extract_page(html, None, "salient").text:
                    code = language.detect_languages([text])["language"][0]
                    url = record.headers.get("warc-target-uri", "")
                    yield Page(_record(url, record.block), url, html, code)


def make_crawls(data: Path, folder: Path, most: int) -> dict[str, Path]:
    """Write both crawls, and one of a few pages; return their files."""
    pages = list(read_web(data))
    english = [page for page in pages if page.code == "en"]
    others = [page.record for page in pages if page.code != "en"]
    count = min(len(others), most)
    others = [others[at * len(others) // count] for at in range(count)]
    alike = _of_like_sizes([page.record for page in english], others)
    twins = _twins(english[::3][:most], foreign_words(data))
    crawls = {
        "real": [each for pair in zip(alike, others, strict=True) for each in pair],
        "twins": twins,
        "warm": [*twins[:6], *alike[:3], *others[:3]],
    }
    files = {name: folder / f"{name}.warc.gz" for name in crawls}
    for name, records in crawls.items():
        files[name].write_bytes(b"".join(records))
    print(", ".join(f"{name}: {len(records):,} pages" for name, records in crawls.items()), flush=True)
    return files


def foreign_words(data: Path) -> list[list[str]]:
    """Return words of sentences in ten languages, a list for each language."""
    found: dict[str, list[str]] = {code: [] for code in _OTHER_LANGUAGES}
    with gzip.open(data / "langid/samples.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            sample = json.loads(line)
            if sample["lang"] in found:
                found[sample["lang"]] += sample["text"].split()
    return list(found.values())


def _twins(pages: list[Page], words: list[list[str]]) -> list[bytes]:
    records = []
    for number, page in enumerate(pages):
        stream = itertools.cycle(words[number % len(words)])
        parts = _MARKUP.split(page.html)
        foreign = [
            _WORD.sub(lambda _, stream=stream: next(stream), part) if at % 2 == 0 else part
            for at, part in enumerate(parts)
        ]
        records += [_page(page.url, page.html), _page(page.url, "".join(foreign))]
    return records


def _page(url: str, html: str) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    return _record(url, head + html.encode("utf-8", "replace"))


def _of_like_sizes(pages: list[bytes], others: list[bytes]) -> list[bytes]:
    """Return for each of the others a page of about its size, each page once: the costs of both halves are alike."""
    left = sorted(pages, key=len)
    chosen = []
    for other in others:
        at = min(bisect.bisect_left(left, len(other), key=len), len(left) - 1)
        chosen.append(left.pop(at))
    return chosen


def _record(url: str, block: bytes) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + block + b"\r\n\r\n", mtime=0)


def read(crawl: Path, extractor: str, screens: list[str], warm: Path) -> Reading:
    """Read the crawl in a process of its own."""
    command = [sys.executable, "-c", _READ, str(crawl), extractor, json.dumps(screens), str(warm)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the reader ended with {done.returncode}\n{done.stderr[-2000:]}")
    reading: Reading = json.loads(done.stdout.splitlines()[-1])
    return reading


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the shared data")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each")
    parser.add_argument("--quick", action="store_true", help=f"{2 * _QUICK_PAGES} pages, once")
    parser.add_argument("--only", nargs="+", choices=EXTRACTORS, help="extractors")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="massivetext-bench-") as name:
        files = make_crawls(options.data.resolve(), Path(name), _QUICK_PAGES if options.quick else 1 << 20)
        for extractor in EXTRACTORS if options.only is None else options.only:
            for crawl in ("twins", "real"):
                found = measure(extractor, crawl, files, 1 if options.quick else options.repeat)
                figures |= {f"{crawl}_{extractor}_{name}": value for name, value in found.items()}
    print(json.dumps(figures))


def measure(extractor: str, crawl: str, files: dict[str, Path], repeat: int) -> dict[str, float]:
    """Print and return the figures of one extractor and crawl."""
    ways = {"without": [], "with": ["url", "language", "length"]}
    found: dict[str, list[Reading]] = {way: [] for way in ways}
    for _ in range(repeat):
        for way, screens in ways.items():
            found[way].append(read(files[crawl], extractor, screens, files["warm"]))
    seconds = {way: statistics.median(each["cpu"] for each in readings) for way, readings in found.items()}
    screened, kept = found["with"][0]["screened"], set(found["without"][0]["kept"])
    lost = [key for key in screened if key in kept]
    ratio = seconds["without"] / seconds["with"]
    print(
        f"{crawl:<7}{extractor:<12}{seconds['without']:7.2f} CPU s without, {seconds['with']:7.2f} with: {ratio:.2f} "
        f"times as fast; {len(screened):,} pages screened, {len(lost):,} of them lost of {len(kept):,} that are kept",
        flush=True,
    )
    return {
        "cpu_seconds": round(seconds["without"], 2),
        "cpu_seconds_screened": round(seconds["with"], 2),
        "times_as_fast_screened": round(ratio, 3),
        "pages_kept": len(kept),
        "pages_screened": len(screened),
        "pages_lost": len(lost),
        **{
            f"screened_by_{reason}": sum(each == f"screened_{reason}" for each in screened.values())
            for reason in ("url", "language", "length")
        },
    }


if __name__ == "__main__":
    main()
