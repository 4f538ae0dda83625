"""A corpus for fast runs of a few seconds in which every stage has work, with its recipe."""

from collections.abc import Iterator
from pathlib import Path

from builders import recipe_text

from massivetext.demo import bench, pages, planted_copies, planted_leaks, prose, warc_writer
from massivetext.demo.archive_files import gzip_member, json_line
from massivetext.demo.chance import Chance
from massivetext.demo.prose import Article

SEED = 1
TOPICS = ("history", "medicine")
OPTIONS = """
[near]
bands = {bands}

[decontaminate]
test_sets = ["{inputs}/items.jsonl.gz"]
containment = 0.8

[tokenizer]
vocabulary_size = 800
training_bytes = 200_000

[records]
sequence_length = 128
shard_sequences = {shard_sequences}
"""


def recipe(inputs: str, *, few_files: bool = False) -> str:
    """Return the recipe for a folder with the corpus, given as a path relative to the recipe or a URL.

    It has ten shards, or four with ``few_files``.
    """
    news, web, records, bands = (40_000, 100_000, 150, 8) if few_files else (20_000, 40_000, 64, 32)
    sources = {
        "news": {"inputs": [f"{inputs}/news-*.jsonl.gz"], "shard_bytes": news},
        "web": {"inputs": [f"{inputs}/pages-*.warc.gz"], "shard_bytes": web},
    }
    more = OPTIONS.format(inputs=inputs, shard_sequences=records, bands=bands)
    return recipe_text(sources, more, name="small", seed=11)


def files() -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of every file of the corpus: about 200 documents in two sources, and a test set."""
    items = bench.items(SEED)[:6]
    yield "items.jsonl.gz", bench.to_file(items)
    news = list(_articles("news", 140, items[:3]))
    for number in range(2):
        lines = [_line(each, article) for each, article in enumerate(news)][number::2]
        yield f"news-{number}.jsonl.gz", gzip_member(b"".join([*lines, b'{"text": "broken off']))
    web = list(_articles("web", 60, items[3:]))
    for number in range(2):
        name = f"pages-{number}.warc.gz"
        yield name, b"".join(map(gzip_member, (warc_writer.warcinfo(name), *_responses(web[number::2], number))))


def write(folder: Path) -> None:
    """Write the corpus to a new folder."""
    folder.mkdir(parents=True)
    for name, data in files():
        (folder / name).write_bytes(data)


def _articles(source: str, count: int, items: tuple[bench.DemoItem, ...]) -> Iterator[Article]:
    for number in range(count):
        chance = Chance(SEED, source, number)
        yield prose.essay(chance, TOPICS[number % len(TOPICS)], 120 + chance.below(200))
    for number in range(3):
        for copy in planted_copies.exact_copies(Chance(SEED, source, "exact", number), TOPICS[0], f"exact/{number}", 2):
            yield copy.article
        for copy in planted_copies.near_copies(Chance(SEED, source, "near", number), TOPICS[1], f"near/{number}", 0.9):
            yield copy.article
    for number, item in enumerate(items):
        yield planted_leaks.leak(Chance(SEED, source, "leak", number), "leak_embedded", item).article


def _line(number: int, article: Article) -> bytes:
    return json_line({"url": f"https://news.example/{number}", "title": article.title, "text": article.text})


def _responses(articles: list[Article], start: int) -> Iterator[bytes]:
    site = pages.sites(SEED, "blog")[0]
    for number, article in enumerate(articles):
        page = pages.page(article, site, Chance(SEED, "page", start, number), 2 * number + start)
        yield warc_writer.response(page.url, number, page.content, content_type="text/html; charset=utf-8")
