"""The news source: gzipped JSON lines with some broken lines, a truncated file and an empty file."""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from massivetext.demo import pages, planted_copies, planted_leaks, prose, vocabulary
from massivetext.demo.archive_files import gzip_member, json_line
from massivetext.demo.bench import DemoItem
from massivetext.demo.chance import Chance
from massivetext.demo.planted_copies import PlantedCopy
from massivetext.demo.planted_rejects import LANGUAGE, foreign
from massivetext.demo.prose import Article, Writer
from massivetext.demo.truth import Built, Draft, PlantedLocation

FILES = 2
ARTICLES = 1_000  # that can be read, in those files
LEAKS = {"leak_verbatim": 5, "leak_rewrapped": 5, "leak_embedded": 5, "leak_hard_negative": 5}
_EXACT, _PAIRS, _SHARED, _FOREIGN, _BAD_LINES = 8, 5, 10, 6, 6
_CUT_ARTICLES, _CUT_SHARE = 40, 0.6  # articles of the truncated file, and the share of its bytes that is left
_CUT, _EMPTY = "news-02.jsonl.gz", "news-03.jsonl.gz"


class NewsLine(NamedTuple):
    """One line of the source: its URL, its bytes, and the planted case that it is, if any."""

    url: str
    line: bytes
    draft: Draft | None = None


def shared(seed: int) -> list[PlantedCopy]:
    """Return articles for both this source and the web source."""
    made = []
    for number in range(_SHARED):
        chance = Chance(seed, "shared", number)
        article = prose.essay(chance, chance.pick(_topics()), 300)
        made.append(PlantedCopy(article, Draft("copy_across", "copies", (), f"web-news/{number}", "either", 1.0)))
    return made


def build(seed: int, items: Sequence[DemoItem], shared: Sequence[PlantedCopy]) -> Built:
    """Return the files of the source.

    Args:
        seed: seed of the corpus.
        items: test items to plant, as many as :data:`LEAKS` counts in all.
        shared: articles that the web source has too.
    """
    planted_articles = [*_copies(seed), *_leaks(seed, items), *_foreign(seed), *shared]
    entries = [_entry(seed, number, article, draft) for number, (article, draft) in enumerate(planted_articles)]
    while len(entries) < ARTICLES:
        entries.append(_ordinary(seed, len(entries)))
    entries += _bad_lines(seed)
    entries.sort(key=lambda entry: hashlib.blake2b(f"{seed} {entry.url}".encode()).digest())
    files: dict[str, bytes] = {}
    planted: list[tuple[Draft, PlantedLocation]] = []
    for number in range(FILES):
        name, lines = f"news-{number:02}.jsonl.gz", entries[number::FILES]
        files[name] = gzip_member(b"".join(entry.line for entry in lines))
        for line, entry in enumerate(lines):
            if entry.draft is not None:
                planted.append((entry.draft, PlantedLocation(source="news", origin=name, key=str(line), url=entry.url)))
    files[_CUT], readable = _cut_file(seed, planted)
    files[_EMPTY] = b""
    planted.append((Draft("empty_file", "unreadable"), PlantedLocation(source="news", origin=_EMPTY)))
    planted.sort(key=lambda pair: (pair[0].kind, pair[0].group or "", pair[1].url or ""))
    return Built(files, planted, ARTICLES + readable)


def _topics() -> tuple[str, ...]:
    return tuple(name for name in vocabulary.topics() if name != "village")


def _ordinary(seed: int, number: int) -> NewsLine:
    chance = Chance(seed, "news", number)
    topic = chance.pick(_topics())
    words = 120 + min(chance.below(320), chance.below(320))
    article = prose.essay(chance, topic, words)
    writer = Writer(chance, topic)
    title = writer.sentence("news_titles")
    dateline = f"{writer.speaker.place().upper()}, {chance.between(1, 28)} June - "
    first, *rest = (block.text for block in article.blocks)
    return _entry(seed, number, article._replace(title=title).with_paragraphs([dateline + first, *rest]), None)


def _entry(seed: int, number: int, article: Article, draft: Draft | None) -> NewsLine:
    chance = Chance(seed, "news record", number)
    url = f"https://news.{chance.pick(('herald', 'courier', 'observer'))}.example/{number}/{pages.slug(article.title)}"
    record = {
        "id": f"news-{number:05}",
        "url": url,
        "title": article.title,
        "text": article.text,
        "date": f"{chance.between(2009, 2023)}-{chance.between(1, 12):02}-{chance.between(1, 28):02}",
    }
    return NewsLine(url, json_line(record), draft)


def _copies(seed: int) -> Iterator[PlantedCopy]:
    for number in range(_EXACT):
        chance = Chance(seed, "news exact", number)
        yield from planted_copies.exact_copies(chance, chance.pick(_topics()), f"news/exact/{number}", 2)
    for group in planted_copies.all_near_copies(seed, "news", _topics(), _PAIRS):
        yield from group


def _leaks(seed: int, items: Sequence[DemoItem]) -> Iterator[planted_leaks.PlantedLeak]:
    rest = iter(items)
    for kind, count in LEAKS.items():
        for number in range(count):
            yield planted_leaks.leak(Chance(seed, "news", kind, number), kind, next(rest))


def _foreign(seed: int) -> Iterator[tuple[Article, Draft]]:
    for lang, kind in (("de", "german"), ("fr", "french")):
        for number in range(_FOREIGN):
            article = foreign(lang)(Chance(seed, "news", kind, number), "history")
            yield article, Draft(kind, "rules", LANGUAGE)


def _bad_lines(seed: int) -> Iterator[NewsLine]:
    for number in range(_BAD_LINES):
        broken = _ordinary(seed, 20_000 + number)
        half = broken.line[: len(broken.line) // 2].decode("utf-8", "ignore").encode()
        yield broken._replace(line=half + b"\n", draft=Draft("bad_json", "unreadable"))
        wrong = _ordinary(seed, 30_000 + number)
        line = wrong.line.replace(b'"text": ', b'"body": ', 1)
        yield wrong._replace(line=line, draft=Draft("no_text", "unreadable"))


def _cut_file(seed: int, planted: list[tuple[Draft, PlantedLocation]]) -> tuple[bytes, int]:
    """Return a truncated file and its number of whole lines; add its cases to ``planted``."""
    entries = [_ordinary(seed, 40_000 + number) for number in range(_CUT_ARTICLES)]
    whole = gzip_member(b"".join(entry.line for entry in entries))
    cut = whole[: int(len(whole) * _CUT_SHARE)]
    readable = zlib.decompressobj(31).decompress(cut).count(b"\n")
    planted.append((Draft("truncated_file", "unreadable"), PlantedLocation(source="news", origin=_CUT)))
    behind = Draft("behind_truncation", "unreadable")
    planted.extend((behind, PlantedLocation(source="news", origin=_CUT, url=entry.url)) for entry in entries[-5:])
    for line, entry in enumerate(entries[:5]):
        place = PlantedLocation(source="news", origin=_CUT, key=str(line), url=entry.url)
        planted.append((Draft("before_truncation", "kept"), place))
    return cut, readable
