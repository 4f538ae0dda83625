"""Recipes and inputs for runs on the folder of real data."""

import gzip
from pathlib import Path

from processes import ROOT

SOURCES = ("web", "books", "news", "code", "wikipedia")


def raw_bytes(data: Path) -> int:
    """Return the size of all input files of the five sources."""
    return sum(path.stat().st_size for name in SOURCES for path in (data / name).rglob("*") if path.is_file())


def shared_recipe(folder: Path, data: Path, copies: int) -> Path:
    """Write the recipe of tests/real for one or more copies of the data, which are links with other names.

    Every copy except the first consists of exact duplicates.
    """
    for copy in range(copies):
        (folder / f"copy{copy}").mkdir(parents=True)
        for name in SOURCES:
            (folder / f"copy{copy}" / name).symlink_to(data / name)
    (folder / "bench").symlink_to(data / "bench")
    text = (ROOT / "tests/real/shared_data.toml").read_text()
    text = text.replace("../../../shared/data/bench", "bench").replace("../../../shared/data", "copy*")
    path = folder / "shared.toml"
    path.write_text(text)
    return path


def one_source(folder: Path, kind: str, pattern: str, extractor: str = "salient") -> Path:
    """Write a recipe for a single source with the rules that datatrove's Gopher chain has, and language and safety."""
    path = folder / f"{kind}-{extractor}.toml"
    path.write_text(
        f'name = "{kind}"\n[sources.{kind}]\nkind = "{kind}"\ninputs = ["{pattern}"]\nweight = 1.0\n'
        f'rules = ["language", "gopher", "safesearch"]\nshard_bytes = 4194304\n'
        f'[ingest]\nextractor = "{extractor}"\n'
    )
    return path


def split_news(data: Path, folder: Path, files: int) -> Path:
    """Write the news texts as several JSONL files: a task of datatrove reads whole files only."""
    target = folder / "news-split"
    target.mkdir(exist_ok=True)
    with gzip.open(data / "news/news.jsonl.gz", "rb") as lines:
        handles = [(target / f"{number}.jsonl").open("wb") for number in range(files)]
        for number, line in enumerate(lines):
            handles[number % files].write(line)
        for handle in handles:
            handle.close()
    return target
