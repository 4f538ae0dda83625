"""Speed and text of the Wikipedia reader beside the one before it (expat and mwparserfromhell), on one core.

    python benchmarks/wikipedia.py [--quick] [--data ../shared/data] [--repeat 3]

Both read the same dumps by turns; ratios are of CPU time, medians of ``--repeat`` runs, with wall time beside. Then the
shares of articles with faults that a reader would see, before and after:

- holes: two blanks in a line, or a blank before a comma, full stop, semicolon or closing parenthesis;
- parentheses: empty ones, or such that begin or end with a separator;
- joined: words that a tag of a line break or block divides in the markup are one word in the text.

The last line is one JSON object.
"""

import argparse
import json
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from peers import expat_dump, mwparserfromhell_text

from massivetext.sources.streams.compressed import open_stream
from massivetext.sources.wiki.dump_pieces import Gap, read_pieces
from massivetext.sources.wiki.mediawiki import Dump, LostPiece
from massivetext.sources.wiki.wiki_languages import wiki_language
from massivetext.sources.wiki.wikitext import to_text

ROOT = Path(__file__).resolve().parents[1]
_LONGEST = 4 << 20
_QUICK = ("smallwiki-pages-articles.xml", "zhwiki-test-pages.xml", "dbpedia-minidump-de.xml.bz2")
_HOLE = re.compile(r"\S[ \t]{2,}\S|\w [,.;)](?![.\w])")
_PARENTHESES = re.compile(r"(?<![\w\\])[(（]\s*[,;:/、，；]?\s*[)）]|[(（]\s*[,;、，；]|[,;、，；]\s*[)）]")
_DIVIDED = re.compile(r"(\w{2,})[.,:]?<(?:br|/?p|/?div|/?li|hr|/?blockquote|/?center)\b[^<>]*>(\w{2,})", re.IGNORECASE)
_UNSEEN = re.compile(r"<ref\b[^>]*?/>|<ref\b.*?</ref>|<!--.*?-->", re.DOTALL | re.IGNORECASE)


class Article(NamedTuple):
    """An article: file, title, markup and text."""

    file: str
    title: str
    markup: str
    text: str


def _wanted(fields: dict[str, str]) -> bool:
    return fields.get("namespace", "0") == "0" and bool(fields.get("text")) and not fields["text"].startswith("#")


def read_new(path: Path) -> Iterator[Article]:
    """Yield the articles of a dump."""
    dump = Dump(_LONGEST)
    with open_stream(str(path)) as stream:
        for page in dump.pages(read_pieces(stream, str(path))):
            if isinstance(page, LostPiece):
                continue
            fields = page.fields()
            if _wanted(fields):
                wiki = wiki_language(dump.language, dump.link_namespaces)
                title = fields.get("title", "")
                yield Article(path.name, title, fields["text"], to_text(title, fields["text"], wiki))


def read_old(path: Path) -> Iterator[Article]:
    """Yield the articles of a dump as read before."""
    dump = expat_dump.Dump(_LONGEST)
    with open_stream(str(path)) as stream:
        for page in dump.pages(stream):
            if _wanted(page.fields):
                namespaces = mwparserfromhell_text.LINK_NAMESPACES | dump.link_namespaces
                title = page.fields.get("title", "")
                text = mwparserfromhell_text.to_text(title, page.fields["text"], namespaces)
                yield Article(path.name, title, page.fields["text"], text)


def faults(article: Article) -> set[str]:
    """Return the kinds of faults that an article has."""
    found = set()
    if _HOLE.search(article.text):
        found.add("holes")
    if _PARENTHESES.search(article.text):
        found.add("parentheses")
    markup = _UNSEEN.sub("", article.markup)
    words = set(re.findall(r"\w+", article.text))
    for first, second in _DIVIDED.findall(markup):
        if first + second in words and first + second not in markup:
            found.add("joined")
    return found


def _timed(read: Callable[[Path], Iterator[Article]], paths: list[Path]) -> tuple[float, float, list[Article]]:
    cpu, wall = time.process_time(), time.perf_counter()
    articles = [article for path in paths for article in read(path)]
    return time.process_time() - cpu, time.perf_counter() - wall, articles


def _plain_bytes(paths: list[Path]) -> int:
    total = 0
    for path in paths:
        with open_stream(str(path)) as stream:
            total += sum(len(piece) for piece in read_pieces(stream, str(path)) if not isinstance(piece, Gap))
    return total


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the shared data")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each")
    parser.add_argument("--quick", action="store_true", help="three small dumps, one run")
    args = parser.parse_args()
    paths = sorted((args.data / "wikipedia").iterdir())
    if args.quick:
        paths, args.repeat = [path for path in paths if path.name in _QUICK], 1
    megabytes = _plain_bytes(paths) / 1e6
    readers = {"old": read_old, "new": read_new}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in readers}
    articles: dict[str, list[Article]] = {}
    for _ in range(args.repeat):
        for name, read in readers.items():
            cpu, wall, articles[name] = _timed(read, paths)
            seconds[name].append((cpu, wall))
    result: dict[str, object] = {"megabytes": round(megabytes, 2)}
    rates = {}
    for name, runs in seconds.items():
        cpu, wall = (statistics.median(column) for column in zip(*runs, strict=True))
        rates[name] = megabytes / cpu
        print(f"{name}: {rates[name]:.2f} MB of plain dump per CPU second, {megabytes / wall:.2f} per wall second")
        counts = Counter(kind for article in articles[name] for kind in faults(article))
        shares = {kind: counts[kind] / len(articles[name]) for kind in ("holes", "parentheses", "joined")}
        print(f"     {len(articles[name]):,} articles; " + ", ".join(f"{k} in {v:.2%}" for k, v in shares.items()))
        result[name] = {"mb_per_cpu_second": round(rates[name], 3), "articles": len(articles[name]), **shares}
    result["ratio"] = round(rates["new"] / rates["old"], 2)
    print(f"new / old: {result['ratio']}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
