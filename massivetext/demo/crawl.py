"""The web source: WARC files of generated pages, most of them ordinary, some planted."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from massivetext.demo import pages, planted_copies, planted_leaks, prose, vocabulary, warc_writer
from massivetext.demo.archive_files import damaged, gzip_member
from massivetext.demo.bench import DemoItem
from massivetext.demo.chance import Chance
from massivetext.demo.pages import DemoPage
from massivetext.demo.planted_copies import PlantedCopy
from massivetext.demo.planted_rejects import REJECTS, health
from massivetext.demo.prose import Article
from massivetext.demo.truth import Built, Draft, PlantedLocation

FILES = 4
PAGES = 1_500  # that can be read
LEAKS = {"leak_verbatim": 8, "leak_rewrapped": 6, "leak_embedded": 8, "leak_hard_negative": 8}
_PAIRS = 6  # per similarity
_EXACT = (2, 2, 2, 2, 2, 2, 2, 3, 3, 4)  # documents per group of copies
_OTHER_TEMPLATE, _HEALTH, _LEGACY, _DAMAGED, _MISSING, _IMAGES, _MOVED = 10, 12, 6, 6, 12, 8, 6
# In these designs the extracted text has no title, or all copies have the same one; so it does not make copies differ.
_PLAIN_DESIGNS = ("blog", "news")
_REQUEST_SHARE = 0.1
_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU"


class CrawlResponse(NamedTuple):
    """One response of the generated crawl, with the planted case that it is, if any.

    Attributes:
        more: further HTTP header lines.
        damage: what happens to the gzip member: nothing, or see :func:`archive_files.damaged`.
    """

    url: str
    payload: bytes
    content_type: str
    draft: Draft | None = None
    status: str = "200 OK"
    more: str = ""
    damage: Literal["", "breaks", "inflates"] = ""


class Crawl:
    """Makes the responses of the crawl, each with its own URL."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._number = 0
        self.sites = {design: pages.sites(seed, design) for design in pages.DESIGNS}
        self.topics = tuple(name for name in vocabulary.topics() if name != "village")

    def chance(self, name: str, number: int) -> Chance:
        """Return the random choices for one planted document."""
        return Chance(self._seed, "web", name, number)

    def entry(
        self, article: Article, chance: Chance, draft: Draft | None, designs: Sequence[str], *, lang: str = "en"
    ) -> CrawlResponse:
        """Return an article as a page of a random site with one of these designs."""
        return self.on(article, chance.pick(self.sites[chance.pick(designs)]), chance, draft, lang=lang)

    def on(
        self,
        article: Article,
        site: pages.Site,
        chance: Chance,
        draft: Draft | None,
        *,
        lang: str = "en",
        charset: str = "utf-8",
    ) -> CrawlResponse:
        """Return an article as a page of this site."""
        self._number += 1
        return _entry(pages.page(article, site, chance, self._number, lang=lang, charset=charset), draft)

    def together(self, group: Iterable[PlantedCopy], chance: Chance) -> Iterator[CrawlResponse]:
        """Yield copies as pages of one site, so that they differ in their texts only."""
        site = chance.pick(self.sites[chance.pick(_PLAIN_DESIGNS)])
        for copy in group:
            yield self.on(copy.article, site, chance, copy.draft)


def build(seed: int, items: Sequence[DemoItem], shared: Sequence[PlantedCopy]) -> Built:
    """Return the files of the source.

    Args:
        seed: seed of the corpus.
        items: test items to plant, as many as :data:`LEAKS` counts in all.
        shared: articles that the news source has too.
    """
    crawl = Crawl(seed)
    entries = [
        *_rejects(crawl),
        *_kept(crawl),
        *_copies(crawl, seed),
        *_leaks(crawl, items),
        *(crawl.entry(c.article, crawl.chance("shared", n), c.draft, _PLAIN_DESIGNS) for n, c in enumerate(shared)),
    ]
    readable = len(entries)
    entries += _ordinary(crawl, "ordinary", PAGES - readable)
    entries += _unreadable(crawl)
    entries.sort(key=lambda entry: hashlib.blake2b(f"{seed} {entry.url}".encode()).digest())
    files: dict[str, bytes] = {}
    planted: list[tuple[Draft, PlantedLocation]] = []
    for number in range(FILES):
        name = f"pages-{number:02}.warc.gz"
        files[name] = _file(name, entries[number::FILES], Chance(seed, name), planted)
    planted.sort(key=lambda pair: (pair[0].kind, pair[0].group or "", pair[1].url or ""))
    return Built(files, planted, PAGES)


def _ordinary(crawl: Crawl, name: str, count: int) -> Iterator[CrawlResponse]:
    for number in range(count):
        chance = crawl.chance(name, number)
        # Most pages are short, some are long.
        words = 130 + min(chance.below(620), chance.below(620))
        yield crawl.entry(prose.article(chance, chance.pick(crawl.topics), words), chance, None, pages.DESIGNS)


def _rejects(crawl: Crawl) -> Iterator[CrawlResponse]:
    for kind, reject in REJECTS.items():
        for number in range(reject.pages):
            chance = crawl.chance(kind, number)
            article = reject.build(chance, chance.pick(crawl.topics))
            yield crawl.entry(article, chance, reject.draft(kind), _PLAIN_DESIGNS, lang=reject.lang)


def _kept(crawl: Crawl) -> Iterator[CrawlResponse]:
    for number in range(_HEALTH):
        chance = crawl.chance("health", number)
        yield crawl.entry(health(chance, "medicine"), chance, Draft("harmless_health", "kept"), _PLAIN_DESIGNS)
    for number in range(_LEGACY):
        chance = crawl.chance("legacy", number)
        article = prose.curly(prose.essay(chance, chance.pick(crawl.topics), 200))
        site = chance.pick(crawl.sites["blog"])
        yield crawl.on(article, site, chance, Draft("legacy_encoding", "kept"), charset="windows-1252")


def _copies(crawl: Crawl, seed: int) -> Iterator[CrawlResponse]:
    for number, size in enumerate(_EXACT):
        chance = crawl.chance("exact", number)
        group = planted_copies.exact_copies(chance, chance.pick(crawl.topics), f"web/exact/{number}", size)
        yield from crawl.together(group, chance)
    for number, group in enumerate(planted_copies.all_near_copies(seed, "web", crawl.topics, _PAIRS)):
        yield from crawl.together(group, crawl.chance("near", number))
    for number in range(_OTHER_TEMPLATE):
        chance = crawl.chance("other_template", number)
        article = prose.essay(chance, chance.pick(crawl.topics), 320)
        draft = Draft("other_template", "copies", (), f"web/template/{number}", "either", 1.0)
        for design in ("blog", "shop"):
            yield crawl.entry(article, chance, draft, (design,))


def _leaks(crawl: Crawl, items: Sequence[DemoItem]) -> Iterator[CrawlResponse]:
    rest = iter(items)
    for kind, count in LEAKS.items():
        for number in range(count):
            chance = crawl.chance(kind, number)
            leak = planted_leaks.leak(chance, kind, next(rest))
            yield crawl.entry(leak.article, chance, leak.draft, _PLAIN_DESIGNS)


def _unreadable(crawl: Crawl) -> Iterator[CrawlResponse]:
    for entry in _ordinary(crawl, "damaged", _DAMAGED):
        yield entry._replace(draft=Draft("damaged_record", "unreadable"), damage="breaks")
    for entry in _ordinary(crawl, "garbled", _DAMAGED):
        yield entry._replace(draft=Draft("garbled_record", "unreadable"), damage="inflates")
    site = crawl.sites["news"][0]
    for number in range(_MISSING):
        url = f"https://{site.domain}/gone/{number}.html"
        page = b"<html><head><title>404</title></head><body><h1>Not found</h1><p>No such page.</p></body></html>"
        yield CrawlResponse(url, page, "text/html", Draft("not_found", "skipped"), "404 Not Found")
    for number in range(_IMAGES):
        yield CrawlResponse(f"https://{site.domain}/img/{number}.png", _PNG, "image/png", Draft("image", "skipped"))
    for number in range(_MOVED):
        url, more = f"https://{site.domain}/old/{number}", f"Location: https://{site.domain}/new/{number}\r\n"
        draft = Draft("redirect_response", "skipped")
        yield CrawlResponse(url, b"", "text/html", draft, "301 Moved Permanently", more)


def _entry(page: DemoPage, draft: Draft | None) -> CrawlResponse:
    return CrawlResponse(page.url, page.content, f"text/html; charset={page.charset}", draft)


def _file(
    name: str, entries: Sequence[CrawlResponse], chance: Chance, planted: list[tuple[Draft, PlantedLocation]]
) -> bytes:
    out = bytearray(gzip_member(warc_writer.warcinfo(name)))
    for number, entry in enumerate(entries):
        if chance.share(_REQUEST_SHARE):
            out += gzip_member(warc_writer.request(entry.url, number))
        if entry.draft is not None:
            planted.append((entry.draft, PlantedLocation(source="web", origin=name, key=str(len(out)), url=entry.url)))
        record = warc_writer.response(
            entry.url, number, entry.payload, content_type=entry.content_type, status=entry.status, more=entry.more
        )
        member = gzip_member(record)
        out += damaged(member, inflates=entry.damage == "inflates") if entry.damage else member
    return bytes(out)
