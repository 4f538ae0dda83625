"""Read books: plain text, EPUB, HTML or Markdown, one per file or in archives; or records of any layout."""

from collections.abc import Iterator

from massivetext.schema import Document, Rejected
from massivetext.sources.documents.any_documents import read_stream
from massivetext.sources.source_formats import ReadLimits, ReadOptions
from massivetext.sources.splits import Split
from massivetext.sources.streams.compressed import open_stream
from massivetext.sources.whole_files import make_book


def read_books(split: Split, options: ReadOptions, limits: ReadLimits) -> Iterator[Document | Rejected]:
    """Yield the books of a file: one with document key "0" if it is one text, else one per record.

    Raises:
        FileNotFoundError: the file was deleted.
    """
    with open_stream(split.path) as stream:
        yield from read_stream(split, stream, options, limits, make_book)
