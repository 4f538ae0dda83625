"""Runs of a crawl: a file that several shards share, WET files through lists, screening, a page for the watchdog."""

import gzip
import random
from pathlib import Path

import pytest
from builders import file_hashes, write_recipe
from corpus_commands import ask

import massivetext
from massivetext.demo import prose
from massivetext.demo.chance import Chance
from massivetext.extract.watchdog import SMALL_PAGE

GERMAN = "Der Fluss entspringt in den Bergen und fließt ins Meer, und die Leute im Tal leben mit ihm und der Stadt. "
PAGES = 24
SCREENED = "http://a.example/3"


def record(kind: str, number: int, content_type: str, block: bytes) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: http://a.example/{number}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + block + b"\r\n\r\n", mtime=0)


def english(number: int) -> str:
    return prose.essay(Chance(3, number), "history", 150).text


def response(number: int) -> bytes:
    """Every fourth page is in German, every fifth short; one is so large that another process extracts it."""
    text = GERMAN * 9 if number % 4 == 3 else english(number)
    body = f"<body><p>Page {number}. {'' if number % 5 == 4 else text}</p>"
    body += f"<!-- {random.Random(number).randbytes(SMALL_PAGE if number == 10 else 20_000).hex()} --></body>"
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + body.encode()
    return record("response", number, "application/http; msgtype=response", block)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inputs, a run with one worker, and one with two workers and without the watchdog."""
    folder = tmp_path_factory.mktemp("crawl")
    (folder / "crawl").mkdir()
    (folder / "crawl/a.warc.gz").write_bytes(b"".join(response(number) for number in range(PAGES)))
    for name, first in (("b", 100), ("c", 110)):
        texts = [english(number).encode() for number in range(first, first + 3)]
        wet = [record("conversion", first + number, "text/plain", text) for number, text in enumerate(texts)]
        (folder / f"crawl/{name}.warc.wet.gz").write_bytes(b"".join(wet))
    (folder / "wet.paths.gz").write_bytes(gzip.compress(b"crawl/b.warc.wet.gz\ncrawl/c.warc.wet.gz\n"))
    sources: dict[str, dict[str, object]] = {
        "web": {"inputs": ["crawl/a.warc.gz"], "shard_bytes": 150_000},
        "wet": {"kind": "web", "inputs": ["@wet.paths.gz"], "inputs_prefix": f"{folder}/"},
    }
    for workers, seconds in ((1, 60), (2, 0)):
        options = f'[ingest]\nscreen = ["language", "length"]\nmax_page_seconds = {seconds}'
        recipe = write_recipe(folder, sources, options)
        massivetext.run(recipe, folder / f"run{workers}", until="judge", workers=workers)
    return folder


@pytest.mark.slow
def test_neither_workers_nor_the_watchdog_change_a_byte(folder: Path) -> None:
    one, other = (
        {
            f"{name}/{path}": digest
            for name in ("documents", "quarantine", "signals", "verdicts")
            for path, digest in file_hashes(folder / f"run{workers}" / name).items()
            if not path.endswith("manifest.json")
        }
        for workers in (1, 2)
    )

    assert one == other
    assert sum(name.startswith("documents/web/") for name in one) == 8
    counts = [
        massivetext.open(folder / "run1")
        .sql(f"SELECT count(*) AS n FROM documents WHERE source = '{source}'")
        .to_pylist()[0]["n"]
        for source in ("web", "wet")
    ]
    assert counts == [PAGES - len({number for number in range(PAGES) if number % 4 == 3 or number % 5 == 4}), 6]


@pytest.mark.slow
def test_trace_tells_why_a_screened_page_is_missing(folder: Path) -> None:
    traced = ask("trace", "run1", SCREENED, folder=folder)
    said = " ".join(traced.out.split())

    assert traced.code == 0
    assert said.startswith("No document: screened_language (skipped): its language is 'de'")
    assert f"{SCREENED} web " in said
