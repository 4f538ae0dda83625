"""Look at the first records of a file without knowing its fields, and guess which of them is what."""

import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pyarrow.parquet as pq

from massivetext.schema import Rejected
from massivetext.sources.documents import jsonl
from massivetext.sources.documents.arrow_rows import ARROW_ERRORS, checked_batch, record_batches, row_values
from massivetext.sources.documents.fields import joined_text, value_at
from massivetext.sources.documents.layouts import HEAD_BYTES, Layout
from massivetext.sources.source_formats import ReadLimits
from massivetext.sources.splits import Split
from massivetext.sources.streams.charset import decode_text
from massivetext.sources.streams.compressed import PlainStream
from massivetext.sources.streams.recoded import as_utf8

_RECORDS = 20
_TEXT_NAMES = ("text", "content", "body", "article", "raw_content", "document", "markdown", "story", "maintext")
_KNOWN_NAMES: Mapping[str, tuple[str, ...]] = {
    "url": ("url", "link", "uri", "href", "source_url", "warc-target-uri", "permalink"),
    "title": ("title", "headline", "heading"),
    "id": ("id", "doc_id", "docid", "uuid", "guid"),
    "date": ("date", "published", "pubdate", "publish_date", "published_at", "created", "timestamp", "created_at"),
}
_FAVOUR = 5  # a field with the name of a text counts as this many times longer


class GuessedFields(NamedTuple):
    """Fields of records by what they seem to be; None: there is none.

    Attributes:
        text: path of the text.
        others: paths by "url", "title", "id" and "date".
    """

    text: str | None
    others: Mapping[str, str]


def sample_records(split: Split, stream: PlainStream, layout: Layout, limits: ReadLimits) -> list[Mapping[str, object]]:
    """Return the first records of a file that was just opened; none if it holds no records or is damaged."""
    try:
        return list(itertools.islice(_records(split, stream, layout, limits), _RECORDS))
    except ARROW_ERRORS:
        return []


def _records(split: Split, stream: PlainStream, layout: Layout, limits: ReadLimits) -> Iterator[Mapping[str, object]]:
    if layout.name == "csv":
        yield from _table_rows(stream, layout)
    elif layout.name in ("json", "json_lines"):
        found: list[Mapping[str, object]] = []

        def keep(document_key: str, record: Mapping[str, object], length: int) -> Rejected:
            found.append(record)
            return Rejected(split.name, document_key, length, "sampled", "")

        read = jsonl.value_documents if layout.name == "json" else jsonl.line_documents
        for _ in read(split, as_utf8(stream), limits, keep):
            yield from found
            found.clear()
    elif layout.name in ("parquet", "arrow"):
        is_parquet = layout.name == "parquet"
        batches = pq.ParquetFile(stream.stored()).iter_batches(_RECORDS) if is_parquet else record_batches(stream)
        for batch in map(checked_batch, batches):
            yield from (row_values(batch, row) for row in range(min(batch.num_rows, _RECORDS)))


def _table_rows(stream: PlainStream, layout: Layout) -> Iterator[Mapping[str, object]]:
    rows = layout.dialect.read_rows(decode_text(stream.peek(HEAD_BYTES)).splitlines(keepends=True))
    header = next(rows, [])
    yield from (dict(zip(header, row, strict=True)) for row in rows if len(row) == len(header))


def guess_fields(records: list[Mapping[str, object]]) -> GuessedFields:
    """Return the field with the longest texts, names of texts favoured, and the fields with the usual names."""
    paths = sorted({path for record in records for path in _paths(record)})
    lengths = {path: _mean_length(records, path) * _favour(path) for path in paths}
    text = max(paths, key=lambda path: (lengths[path], -len(path), path), default=None)
    others = {}
    for what, names in _KNOWN_NAMES.items():
        matching = [path for name in names for path in paths if path != text and _last(path) == name]
        if matching:
            others[what] = min(matching, key=lambda path: path.count("."))
    return GuessedFields(text if text is not None and lengths[text] > 0 else None, others)


def _paths(record: Mapping[str, object], before: str = "", depth: int = 0) -> Iterator[str]:
    for name, value in record.items():
        path = f"{before}{name}"
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, dict) and depth < 3:  # nobody nests a text deeper
            yield from _paths(inner, f"{path}.", depth + 1)
        else:
            yield path


def _mean_length(records: list[Mapping[str, object]], path: str) -> float:
    texts = [joined_text(value_at(record, path)) for record in records]
    return sum(len(text) for text in texts if text is not None) / max(1, len(records))


def _favour(path: str) -> int:
    return _FAVOUR if _last(path) in _TEXT_NAMES else 1


def _last(path: str) -> str:
    return path.rpartition(".")[2].lower()
