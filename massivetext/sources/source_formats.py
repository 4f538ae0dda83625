"""The source formats: how the bytes of input files are read.

This module is cheap to import: recipes, plans and estimates look formats up here. The module of a reader, with the
parsers that it needs, is imported when its first file is read, or by :func:`load_readers`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from massivetext.errors import UserError

if TYPE_CHECKING:
    from massivetext.extract.extracted_page import Comments
    from massivetext.extract.extractors import ExtractorName
    from massivetext.schema import Document, Rejected
    from massivetext.sources.splits import Split


class FieldPaths(NamedTuple):
    """Where the fields of a record are: names, or paths such as ``doc.text`` of nested fields.

    Attributes:
        text: the text, or a list of its paragraphs.
        url: the URL.
        title: the title.
        id: an identifier that becomes metadata ``id``; None: no field in particular.
        date: a date that becomes metadata ``date``; None: no field in particular.
        metadata: the fields that become metadata; None: all short values.
    """

    text: str = "text"
    url: str = "url"
    title: str = "title"
    id: str | None = None
    date: str | None = None
    metadata: tuple[str, ...] | None = None


class ReadOptions(Protocol):
    """Options of a source that readers use; a source table of a recipe has them all."""

    @property
    def format_name(self) -> str:
        """Name of the source's format."""

    @property
    def text_field(self) -> str:
        """Name of the field or column that holds the text."""

    @property
    def fields(self) -> FieldPaths:
        """Paths of the fields of a record."""

    @property
    def licences(self) -> tuple[str, ...]:
        """SPDX identifiers of accepted licences."""


class ReadLimits(Protocol):
    """Limits on one record of input; larger records are rejected."""

    @property
    def max_record_bytes(self) -> int:
        """Largest JSON line, book or source file, in bytes."""

    @property
    def max_html_bytes(self) -> int:
        """Largest HTML page, in bytes."""

    @property
    def zstd_window_bytes(self) -> int:
        """Largest window of a zstd file, which a reader holds in memory."""

    @property
    def extractor_name(self) -> "ExtractorName":
        """Name of what finds the main text of web pages."""

    @property
    def page_comments(self) -> "Comments | None":
        """Whether the comments of readers are kept; None: as the extractor does by itself."""

    @property
    def checks_digests(self) -> bool:
        """Whether the digests of WARC records are compared with their bytes."""

    @property
    def page_seconds(self) -> int:
        """CPU seconds after which the extraction of a page is given up; 0: never."""


Reader: TypeAlias = "Callable[[Split, ReadOptions, ReadLimits], Iterator[Document | Rejected]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How the bytes of an input file are laid out, and the reader that turns them into documents.

    Costs balance the work of a run and are part of its estimate. They are CPU microseconds on one core of a small cloud
    machine, measured in 2026, per byte of the file as it is usually compressed.

    Attributes:
        name: name in recipes.
        title: what the files hold, in a few words, for messages and documentation.
        load_reader: imports the module of the reader and returns the reader. The reader yields the documents of a split
            in the order of the file, and a rejection for every other piece of it; it never raises for the content of a
            file. The slices of a file together give what the whole file gives.
        file_names: patterns of usual file names, for documentation; readers look at the content only.
        options: keys of a source table that the reader uses.
        divisible: whether several shards can share a file, each reading its slice of the records.
        read_cost: CPU microseconds per byte of a slice.
        skip_cost: CPU microseconds per byte of the file's other slices, which are decompressed and skipped
            where a slice cannot begin in the middle.
    """

    name: str
    title: str
    load_reader: Callable[[], Reader]
    file_names: tuple[str, ...]
    options: frozenset[str] = frozenset()
    divisible: bool = True
    read_cost: float
    skip_cost: float


def _load_pages() -> Reader:
    from massivetext.sources.web import read_pages

    return read_pages


def _load_books() -> Reader:
    from massivetext.sources.books import read_books

    return read_books


def _load_any_documents() -> Reader:
    from massivetext.sources.documents.any_documents import read_any_documents

    return read_any_documents


def _load_source_files() -> Reader:
    from massivetext.sources.code import read_source_files

    return read_source_files


def _load_articles() -> Reader:
    from massivetext.sources.wiki.wikipedia import read_articles

    return read_articles


def _load_enterprise_articles() -> Reader:
    from massivetext.sources.wiki.wiki_enterprise import read_enterprise_articles

    return read_enterprise_articles


# Keys of a source table that name fields of a record.
FIELD_OPTIONS = frozenset({"text_field", "url_field", "id_field", "title_field", "date_field", "metadata"})
# Recipes may use these names for formats that have grown and been renamed.
FORMER_NAMES = {"jsonl": "documents"}

FORMATS: tuple[Format, ...] = (
    Format(
        name="warc",
        title="web crawl: WARC, WET or ARC; or HTML pages, one per file",
        load_reader=_load_pages,
        file_names=("*.warc.gz", "*.warc.wet.gz", "*.arc.gz", "*.html"),
        read_cost=0.6,  # HTML is read by the extractor "salient"; see massivetext.estimate.rates for others
        skip_cost=0.00002,  # 0.017 where the records of a file are not gzip members of their own
    ),
    Format(
        name="text",
        title="books: plain text, EPUB, HTML or Markdown, one per file or in zip and tar; or records as in 'documents'",
        load_reader=_load_books,
        file_names=("*.txt", "*.txt.gz", "*.epub", "*.zip", "*.jsonl.gz", "*.parquet"),
        options=FIELD_OPTIONS,
        read_cost=0.07,
        skip_cost=0.004,
    ),
    Format(
        name="documents",
        title="any documents: JSON lines, JSON, CSV, TSV, Parquet, Arrow; text, Markdown, HTML; also in zip and tar",
        load_reader=_load_any_documents,
        file_names=("*.jsonl.gz", "*.json", "*.csv", "*.tsv", "*.parquet", "*.arrow", "*.txt", "*.md", "*.zip"),
        options=FIELD_OPTIONS,
        read_cost=0.11,
        skip_cost=0.013,
    ),
    Format(
        name="repository",
        title="zip or tar archive of one code repository; or JSON lines or Parquet, one source file per line or row",
        load_reader=_load_source_files,
        file_names=("*.zip", "*.tar.gz", "*.jsonl.gz", "*.parquet"),
        options=frozenset({"licences", "text_field"}),
        read_cost=0.05,
        skip_cost=0.023,
    ),
    Format(
        name="mediawiki",
        title="MediaWiki XML dump",
        load_reader=_load_articles,
        file_names=("*-pages-articles.xml.bz2",),
        read_cost=0.35,  # wikitext is parsed
        skip_cost=0.11,
    ),
    Format(
        name="wiki-enterprise",
        title="HTML dump of Wikimedia Enterprise: JSON lines, also in a tar archive",
        load_reader=_load_enterprise_articles,
        file_names=("*_NS0_*.json.tar.gz", "*.ndjson"),
        read_cost=0.6,  # HTML is parsed
        skip_cost=0.03,
    ),
)


def find_format(name: str, formats: Sequence[Format] = FORMATS) -> Format:
    """Return the format of this name.

    Raises:
        UserError: there is no such format; lists the known ones.
    """
    current = FORMER_NAMES.get(name, name)
    for known in formats:
        if known.name == current:
            return known
    listed = ", ".join(f"'{known.name}' ({known.title})" for known in formats)
    raise UserError(f"unknown format '{name}'; known formats: {listed}")


def load_readers(formats: Iterable[Format] = FORMATS) -> None:
    """Import the modules of all readers, for a process that forks workers."""
    for known in formats:
        known.load_reader()
