"""Ingest of a crawl of which half is in other languages, with and without `[ingest] screen`; and what screening loses.

    python benchmarks/screening.py [--quick] [--data ../shared/data] [--repeat 3]

The crawl has every page of `web/*.warc.gz` that is not English, and as many English ones of about the same sizes, by
the language of the text that `salient` extracts; pages without text are left out. The web reader reads it with every
extractor, in processes of their own, by turns; ratios are of CPU time, medians of ``--repeat`` runs, without start and
imports. What is lost is exact here, since every page is also read without the screen: pages that the screen leaves out
although the rules ("language", "gopher") keep their text. The last line is one JSON object.
"""

import argparse
import bisect
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TypedDict

from massivetext.extract.extractors import EXTRACTORS, extract_page
from massivetext.signals import language
from massivetext.sources import http
from massivetext.sources.streams import charset
from massivetext.sources.streams.compressed import open_stream
from massivetext.sources.warc import LostBytes, read_warc_records

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
        IngestOptions(extractor=extractor), screen=screen))

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


def make_crawl(data: Path, folder: Path, most: int) -> tuple[Path, Path, int]:
    """Write the crawl, and one of its first pages; return both files and the number of pages."""
    english: list[bytes] = []
    others: list[bytes] = []
    for path in sorted((data / "web").glob("*.warc.gz")):
        with open_stream(str(path)) as stream:
            for record in read_warc_records(stream, _LARGEST):
                if isinstance(record, LostBytes) or record.kind != "response":
                    continue
                response = http.parse_response(record.block)
                if response.status != 200 or "html" not in response.content_type:
                    continue
                body, _ = http.decode_body(response, _LARGEST)
                text = extract_page(charset.decode(body, response.charset, html=True).text, None, "salient").text
                if text:
                    code = language.detect_languages([text])["language"][0]
                    url = record.headers.get("warc-target-uri", "")
                    (english if code == "en" else others).append(_record(url, record.block))
    count = min(len(others), most)
    others = [others[at * len(others) // count] for at in range(count)]
    english = _of_like_sizes(english, others)
    crawl, warm = folder / "crawl.warc.gz", folder / "warm.warc.gz"
    crawl.write_bytes(b"".join(each for pair in zip(english, others, strict=True) for each in pair))
    warm.write_bytes(b"".join(english[:3] + others[:3]))
    return crawl, warm, 2 * count


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
    options = parser.parse_args()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="massivetext-bench-") as name:
        crawl, warm, pages = make_crawl(options.data.resolve(), Path(name), _QUICK_PAGES if options.quick else 1 << 20)
        figures["pages"] = pages
        for extractor in EXTRACTORS:
            figures |= measure(extractor, crawl, warm, 1 if options.quick else options.repeat)
    print(json.dumps(figures))


def measure(extractor: str, crawl: Path, warm: Path, repeat: int) -> dict[str, float]:
    """Print and return the figures of one extractor."""
    ways = {"without": [], "with": ["url", "language", "length"]}
    found: dict[str, list[Reading]] = {way: [] for way in ways}
    for _ in range(repeat):
        for way, screens in ways.items():
            found[way].append(read(crawl, extractor, screens, warm))
    seconds = {way: statistics.median(each["cpu"] for each in readings) for way, readings in found.items()}
    screened, kept = found["with"][0]["screened"], set(found["without"][0]["kept"])
    lost = [key for key in screened if key in kept]
    ratio = seconds["without"] / seconds["with"]
    print(
        f"{extractor:<12}{seconds['without']:7.2f} CPU s without, {seconds['with']:7.2f} with the screen: {ratio:.2f} "
        f"times as fast; {len(screened):,} pages screened, {len(lost):,} of them lost of {len(kept):,} that are kept"
    )
    return {
        f"{extractor}_cpu_seconds": round(seconds["without"], 2),
        f"{extractor}_cpu_seconds_screened": round(seconds["with"], 2),
        f"{extractor}_times_as_fast_screened": round(ratio, 3),
        f"{extractor}_pages_kept": len(kept),
        f"{extractor}_pages_screened": len(screened),
        f"{extractor}_pages_lost": len(lost),
        **{
            f"{extractor}_screened_by_{reason}": sum(each == f"screened_{reason}" for each in screened.values())
            for reason in ("url", "language", "length")
        },
    }


if __name__ == "__main__":
    main()
