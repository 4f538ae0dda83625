"""Writes the whole demo corpus."""

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from massivetext.demo import bench, book_texts, crawl, news_articles, repositories, wiki
from massivetext.demo.truth import Built, Truth, encode_truth, number_cases
from massivetext.storage.files import TEMPORARY

TRUTH = "truth.json"
SOURCES = ("web", "books", "news", "code", "wikipedia")


def write_demo(folder: Path, seed: int = 1) -> None:
    """Write the demo corpus: about 3,000 documents in five sources, a file of test items, and ``truth.json``.

    The same seed gives the same bytes. The files are written to a temporary folder beside ``folder``, which is renamed
    at the end; so a failure leaves nothing behind.

    Args:
        folder: folder to write, which must be missing or empty; its parents are created.
        seed: 0 or more.

    Raises:
        ValueError: the folder is not empty, or is a file.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise ValueError(f"{folder}: want a missing or empty folder for the demo corpus, got files in it; name another")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder}: want a folder for the demo corpus, got a file; name another")
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f"{TEMPORARY}{secrets.token_hex(6)}-{folder.name}")
    try:
        for name, data in _files(seed):
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if folder.exists():
            folder.rmdir()
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def build(seed: int) -> tuple[dict[str, Built], tuple[bench.DemoItem, ...]]:
    """Return the five sources by name, and the test items."""
    items = bench.items(seed)
    rest = iter(items)
    shared = news_articles.shared(seed)

    def take(leaks: dict[str, int]) -> list[bench.DemoItem]:
        return [next(rest) for _ in range(sum(leaks.values()))]

    built = {
        "web": crawl.build(seed, take(crawl.LEAKS), shared),
        "books": book_texts.build(seed, take(book_texts.LEAKS)),
        "news": news_articles.build(seed, take(news_articles.LEAKS), shared),
        "code": repositories.build(seed, take(repositories.LEAKS)),
        "wikipedia": wiki.build(seed, take(wiki.LEAKS)),
    }
    return built, items


def _files(seed: int) -> Iterator[tuple[str, bytes]]:
    built, items = build(seed)
    for source in SOURCES:
        for name, data in built[source].files.items():
            yield f"{source}/{name}", data
    yield "bench/items.jsonl.gz", bench.to_file(items)
    truth = Truth(
        seed=seed,
        documents={source: built[source].documents for source in SOURCES},
        cases=tuple(number_cases(pair for source in SOURCES for pair in built[source].planted)),
    )
    yield TRUTH, encode_truth(truth)
