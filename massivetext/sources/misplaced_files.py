"""Tell what a file is that a reader was given by mistake, and which kind of source reads it."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from massivetext.schema import Document, Rejected
from massivetext.sources.documents.layouts import HEAD_BYTES, Layout, find_layout, layout_by_magic
from massivetext.sources.splits import Split
from massivetext.sources.streams.compressed import PlainStream

_DOCUMENTS = "give the source kind = 'documents' (or 'books', or 'news')"
_LAYOUTS: dict[str, str] = {
    "json_lines": f"JSON lines; {_DOCUMENTS}",
    "json": f"JSON; {_DOCUMENTS}",
    "csv": f"a table of text; {_DOCUMENTS}",
    "parquet": f"Parquet; {_DOCUMENTS}",
    "arrow": f"Arrow; {_DOCUMENTS}",
    "doc_elements": f"articles of WikiExtractor; {_DOCUMENTS}",
    "html": "an HTML page; give the source kind = 'web' or 'documents'",
    "markdown": f"Markdown; {_DOCUMENTS}",
    "text": f"text; {_DOCUMENTS}",
    "epub": "an EPUB book; give the source kind = 'books'",
    "archive": "a zip or tar archive; unpack it, or give the source kind = 'documents', 'books' or 'code'",
}
# A damaged crawl, or a slice of a dump, may begin like these.
_UNCERTAIN = frozenset({"html", "markdown", "text", "csv"})
_TABLE_NAME = re.compile(r"\.(?:csv|tsv|tab)(?:\.(?:gz|gzip|bz2|xz|zst|zstd|lz4))?$", re.IGNORECASE)
Reads = Literal["mediawiki", "warc", "wiki-enterprise"]
_WANTED: dict[Reads, str] = {
    "mediawiki": "a MediaWiki XML dump",
    "warc": "a web crawl (WARC, WET or ARC) or HTML pages",
    "wiki-enterprise": "an HTML dump of Wikimedia Enterprise",
}
# A file with these at its beginning is for the reader.
_OWN: dict[Reads, re.Pattern[bytes]] = {
    "mediawiki": re.compile(rb"<(?:mediawiki|page|siteinfo|revision|text)\b|</(?:text|page)>|\A(?:<\x00|\x00<)"),
    "warc": re.compile(
        rb"WARC/\d|\Afiledesc:|^WARC-(?:Type|Target-URI|Record-ID)[ \t]*:", re.MULTILINE | re.IGNORECASE
    ),
    "wiki-enterprise": re.compile(rb"\"article_body\"|\A\s*\{\"[^\n]*+\Z"),
}


class Misplaced(NamedTuple):
    """A file that seems to be for another reader.

    Attributes:
        detail: what it is and what to do about it, as a sentence.
        is_certain: whether its first bytes tell; if not, the reader should look for what it reads.
    """

    detail: str
    is_certain: bool

    def rejected(self, split: Split) -> Rejected:
        """Return the rejection of the whole file."""
        return Rejected(split.name, "0", split.size, "wrong_format", f"{split.name}: {self.detail}")


def read_unless_misplaced(
    split: Split, other: Misplaced | None, made: Iterator[Document | Rejected]
) -> Iterator[Document | Rejected]:
    """Yield what a reader makes of a file; the rejection of the whole file if that is for another reader.

    Args:
        split: the file and its slice.
        other: what the file seems to be.
        made: what the reader makes of it; not read if it is certain that the file is something else.
    """
    if other is None:
        yield from made
        return
    found = iter(()) if other.is_certain else made
    first = next(found, None)
    second = next(found, None)
    if second is None and (other.is_certain or _is_loss_of_all(first)):  # the first record is that of slice 0
        if split.slice_index == 0:
            yield other.rejected(split)
        return
    yield from (each for each in (first, second) if each is not None)
    yield from found


def _is_loss_of_all(made: Document | Rejected | None) -> bool:
    return isinstance(made, Rejected) and made.offset == "0" and not made.skipped


def find_misplaced(file_name: str, stream: PlainStream, reads: Reads) -> Misplaced | None:
    """Return what a file is; None if it begins as a file of the reader does, or in no known way.

    Args:
        file_name: its name or path.
        stream: its plain bytes, just opened; it stays at its beginning.
        reads: format of the reader.
    """
    head = stream.peek(HEAD_BYTES)
    layout = layout_by_magic(head)  # first, since a packed file may hold what the reader looks for
    if layout is None:
        if _OWN[reads].search(head):
            return None
        layout = find_layout(file_name, stream, "text")
    is_own = layout.reader == reads or (reads == "wiki-enterprise" and layout.name == "archive" and not _is_zip(stream))
    if is_own or (layout.name == "refused" and not layout.is_certain):
        return None
    certain = layout.name not in _UNCERTAIN or (layout.name == "csv" and _TABLE_NAME.search(file_name) is not None)
    return Misplaced(f"want {_WANTED[reads]}, got {describe_layout(layout)}", certain)


def describe_layout(layout: Layout) -> str:
    """Return what a file of a layout is and what to do about it, as the end of a sentence that begins with "got"."""
    return layout.detail or _LAYOUTS[layout.name]


def _is_zip(stream: PlainStream) -> bool:
    return stream.peek(2) == b"PK"
