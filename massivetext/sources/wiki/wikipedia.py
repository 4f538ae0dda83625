"""Read the articles of a MediaWiki XML dump as plain text."""

import re
import urllib.parse
from collections.abc import Iterator

from massivetext.schema import Document, Rejected
from massivetext.sources.misplaced_files import find_misplaced, read_unless_misplaced
from massivetext.sources.source_formats import ReadLimits, ReadOptions
from massivetext.sources.splits import Split
from massivetext.sources.streams.compressed import PlainStream, open_stream
from massivetext.sources.wiki import wikitext
from massivetext.sources.wiki.dump_pieces import Gap, read_pieces
from massivetext.sources.wiki.mediawiki import BrokenXMLError, Dump, DumpPage, LostPiece
from massivetext.sources.wiki.seen_ids import SeenIds
from massivetext.sources.wiki.wiki_languages import redirect_words, wiki_language
from massivetext.text import clean

# MediaWiki itself saves no page above 2 MiB ($wgMaxArticleSize).
_LONGEST_PAGE = 4 * 2**20
_REDIRECT = re.compile(rf"\s*[#＃]\s*(?:{'|'.join(map(re.escape, redirect_words()))})\s*:?\s*\[\[", re.IGNORECASE)
# In a language whose word is not known: one word and a link, and at most categories and templates behind them.
_ONLY_REDIRECT = re.compile(
    r"\s*[#＃][^\s\[\]#*]{2,40}[ \t]*:?[ \t]*\[\[[^\[\]\n]+\]\]\s*(?:(?:\[\[[^\[\]\n]+\]\]|\{\{[^{}]*\}\})\s*)*"
)
_URL_SAFE = "/:@!$'()*,;~-._"
_FILE_LANGUAGE = re.compile(r"(?:^|/)([a-z]{2,3}(?:_[a-z_]+)?)(?:wiki|wiktionary)[a-z]*-")


def read_articles(split: Split, _options: ReadOptions, limits: ReadLimits) -> Iterator[Document | Rejected]:
    """Yield the articles of a dump: namespace 0 without redirects.

    The document key is the page's id, or its ordinal if it has no id.

    Raises:
        FileNotFoundError: the file was deleted.
    """
    with open_stream(split.path) as stream:
        other = find_misplaced(split.name, stream, "mediawiki")
        yield from read_unless_misplaced(split, other, _pages(split, stream, limits))


def _pages(split: Split, stream: PlainStream, limits: ReadLimits) -> Iterator[Document | Rejected]:
    longest = min(limits.max_record_bytes, _LONGEST_PAGE)
    dump = Dump(longest)
    seen = SeenIds()
    gaps: list[Gap] = []
    try:
        for page in dump.pages(_note_gaps(stream, split.path, gaps)):
            if isinstance(page, LostPiece):
                yield from _lost(split, page)
                continue
            document_key = _document_key(page, seen)
            if page.ordinal % split.slice_count == split.slice_index:
                yield _article(split.name, document_key, page, dump, longest)
    except BrokenXMLError as error:
        if split.slice_index == 0:
            lost = None if stream.compression else max(stream.size - error.offset, 0)
            detail = f"the XML is broken at byte {error.offset:,} of the plain dump: {error}; the rest is lost"
            yield Rejected(split.name, str(error.offset), lost, "broken_xml", detail)
    yield from (_damage(split, gap) for gap in gaps if split.slice_index == 0)


def _document_key(page: DumpPage, seen: SeenIds) -> str:
    document_key = page.document_id() or f"ordinal-{page.ordinal}"
    # A dump that was made of several dumps has ids twice.
    return document_key if seen.add(document_key) else f"{document_key}#{page.ordinal}"


def _note_gaps(stream: PlainStream, path: str, gaps: list[Gap]) -> Iterator[bytes | Gap]:
    for piece in read_pieces(stream, path):
        if isinstance(piece, Gap):
            gaps.append(piece)
        yield piece


def _lost(split: Split, piece: LostPiece) -> Iterator[Rejected]:
    if split.slice_index != 0:
        return
    detail = (
        f"the XML is broken at byte {piece.offset:,} of the plain dump: {piece.detail}; {piece.length:,} bytes are lost"
    )
    yield Rejected(split.name, str(piece.offset), piece.length, "broken_xml", detail)


def _damage(split: Split, gap: Gap) -> Rejected:
    lost = gap.end - gap.offset
    further = "" if gap.end >= split.size else f"; reading goes on at byte {gap.end:,}"
    detail = f"{gap.detail}; the pages there are lost{further}"
    return Rejected(split.name, str(gap.offset), lost, "truncated" if gap.truncated else "damaged", detail)


def _article(origin: str, document_key: str, page: DumpPage, dump: Dump, longest: int) -> Document | Rejected:
    fields = page.fields()
    title = clean(fields.get("title", "")) or None
    url = _url(dump.base, title)
    markup = fields.get("text")
    characters = len(markup or "") + page.left_out

    def rejected(reason: str, detail: str, *, skipped: bool = False) -> Rejected:
        return Rejected(origin, document_key, characters, reason, detail, url, skipped)

    if fields.get("namespace", "0").strip() != "0":
        return rejected("namespace", f"'{title}' lies in namespace {fields['namespace'].strip()}", skipped=True)
    if markup is None:
        return rejected("no_text", f"page '{title}' has no text element")
    if page.redirect or _REDIRECT.match(markup) or _ONLY_REDIRECT.fullmatch(markup):
        return rejected("redirect", f"'{title}' leads to another page", skipped=True)
    if fields.get("model", "wikitext").strip() != "wikitext":
        return rejected("not_wikitext", f"'{title}' is {fields['model'].strip()}", skipped=True)
    if characters > longest:
        return rejected("record_too_large", f"'{title}' has {characters:,} characters; at most {longest:,} are read")
    language = dump.language or _language_of_file(origin)
    text = wikitext.to_text(title, markup, wiki_language(language, dump.link_namespaces))
    if not text:
        return rejected("empty", f"no text is in the {characters:,} characters of '{title}'", skipped=True)
    metadata = {"date": date} if (date := clean(fields.get("date", ""))) else {}
    return Document(text, origin, document_key, url, title, metadata)


def _language_of_file(name: str) -> str:
    """Return the language that a file is named for, such as "dewiki-20240101-pages-articles.xml.bz2"; or ""."""
    match = _FILE_LANGUAGE.search(name)
    return match[1].replace("_", "-") if match else ""


def _url(base: str, title: str | None) -> str | None:
    folder, slash, _ = base.rpartition("/")
    if not slash or title is None:
        return None
    return f"{folder}/{urllib.parse.quote(title.replace(' ', '_'), safe=_URL_SAFE)}"
