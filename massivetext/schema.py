"""Documents, rejected input, the address of a document, and the Arrow schemas of a run's data sets."""

from collections.abc import Mapping
from typing import NamedTuple

import mmh3
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

U64 = npt.NDArray[np.uint64]

# An address is (source, shard, row) in 64 bits: 8 bits of source, 24 of shard, 32 of row.
_SOURCE_SHIFT, _SHARD_SHIFT = 56, 32
MAX_SOURCES, MAX_SHARDS, MAX_ROWS = 1 << 8, 1 << 24, 1 << 32


class Removed(NamedTuple):
    """What a rule of a line edit took from one text.

    Attributes:
        rule: its qualified name ("c4/policy").
        lines: that it dropped, or out of which it cut something.
        characters: of those lines without white space at their ends, or of what was cut.
        words: likewise.
    """

    rule: str
    lines: int
    characters: int
    words: int


class Document(NamedTuple):
    """One text with where it came from.

    Attributes:
        text: the cleaned text; may be empty (a page without main text, or one whose lines an edit dropped), and is then
            judged like any other.
        origin: name of the input file, relative to the fixed part of its pattern.
        key: where in that file: a byte offset, a line number or an archive member; unique within the file.
        url: address of the page, or None where the source has none.
        title: title, or None.
        metadata: whatever else the source knows, as short strings (date, licence, path, ...).
        html_bytes: size of the page that the text is taken from; None where it is not taken from HTML.
        link_text_frac: share of that page's characters within links, 0 to 1; None likewise.
        edits: what each rule of the source's line edits took, those that took nothing left out; None: nothing edits it.
    """

    text: str
    origin: str
    key: str
    url: str | None = None
    title: str | None = None
    metadata: Mapping[str, str] = {}
    html_bytes: int | None = None
    link_text_frac: float | None = None
    edits: tuple[Removed, ...] | None = None


class Rejected(NamedTuple):
    """A piece of input that became no document, and why.

    Attributes:
        origin: name of the input file.
        offset: byte offset, line number or member where it begins, as text.
        length: bytes that are lost, or None where that is unknown.
        reason: short machine-readable reason, e.g. "bad_json"; counted under this name.
        detail: the whole story in a sentence, with the error.
        url: address of the page where there is one.
        skipped: True where the input is sound but not wanted (an image, a redirect, a licence outside the list).
    """

    origin: str
    offset: str
    length: int | None
    reason: str
    detail: str
    url: str | None = None
    skipped: bool = False


def document_id(source: str, origin: str, key: str) -> str:
    """Stable id of a document: 128-bit hash of source name and origin, as 32 hex digits."""
    return mmh3.hash_bytes("\x00".join((source, origin, key)).encode("utf-8", "surrogatepass")).hex()


def text_hash(text: str) -> bytes:
    """128-bit hash of a text: 16 bytes, equal exactly for equal texts."""
    return mmh3.hash_bytes(text.encode("utf-8"))


def pack_addresses(source: int, shard: int, rows: npt.NDArray[np.integer]) -> U64:
    """Addresses of ``rows`` of one shard, as uint64 in the order of (source, shard, row).

    Raises:
        ValueError: source, shard or a row is out of range: the address would be another document's.
    """
    if not (0 <= source < MAX_SOURCES and 0 <= shard < MAX_SHARDS):
        raise ValueError(f"address: want source < {MAX_SOURCES} and shard < {MAX_SHARDS}, got {source} and {shard}")
    if len(rows) and not (rows.min() >= 0 and rows.max() < MAX_ROWS):
        raise ValueError(f"address: want rows below {MAX_ROWS}, got {rows.min()} to {rows.max()}")
    return np.uint64((source << _SOURCE_SHIFT) | (shard << _SHARD_SHIFT)) | rows.astype(np.uint64)


def shard_of(addresses: U64) -> U64:
    """The (source, shard) part of each address: equal for documents of one shard."""
    return addresses >> np.uint64(_SHARD_SHIFT)


def row_of(addresses: U64) -> npt.NDArray[np.int64]:
    """The row of each address within its shard."""
    return (addresses & np.uint64(MAX_ROWS - 1)).astype(np.int64)


def shard_number(source: int, shard: int) -> int:
    """What :func:`shard_of` gives for every document of this shard."""
    return (source << (_SOURCE_SHIFT - _SHARD_SHIFT)) | shard


REMOVED = pa.struct(
    [
        pa.field("rule", pa.string(), nullable=False),
        pa.field("lines", pa.uint32(), nullable=False),
        pa.field("characters", pa.uint32(), nullable=False),
        pa.field("words", pa.uint32(), nullable=False),
    ]
)
DOCUMENTS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("text_hash", pa.binary(16), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("title", pa.string()),
        pa.field("metadata", pa.string(), nullable=False),  # JSON object of strings
        # of the page that the text is taken from; null where it is not taken from HTML
        pa.field("html_bytes", pa.int64()),
        pa.field("link_text_frac", pa.float64()),
        pa.field("edits", pa.list_(REMOVED)),  # what line edits took, by rule; null: nothing edits the source
    ]
)

# One row a document, beside documents/; `kept` is the verdict of this stage alone.
RULE_VERDICTS = pa.schema(
    [
        pa.field("kept", pa.bool_(), nullable=False),
        # bit i: the document fails rule i of its source's rules, in the order of the judge manifest
        pa.field("failed", pa.uint64(), nullable=False),
    ]
)
DUPLICATE_VERDICTS = pa.schema(
    [
        pa.field("kept", pa.bool_(), nullable=False),
        pa.field("cluster", pa.uint64()),  # address of the kept copy; null: not a duplicate of anything
        pa.field("similarity", pa.float64()),  # with the closest other copy; 1.0 for exact copies
    ]
)
CONTAMINATION_VERDICTS = pa.schema(
    [
        pa.field("kept", pa.bool_(), nullable=False),
        pa.field("jaccard", pa.float64()),  # highest over all test items; 0.0: no common n-gram; null: not tested
        pa.field("containment", pa.float64()),  # highest share of a test item's n-grams found here; null: not tested
    ]
)
CONTAMINATION_HITS = pa.schema(
    [
        pa.field("row", pa.uint32(), nullable=False),
        pa.field("test_set", pa.string(), nullable=False),
        pa.field("item", pa.string(), nullable=False),
        pa.field("shared", pa.uint32(), nullable=False),  # n-grams that document and item have in common
        pa.field("jaccard", pa.float64(), nullable=False),
        pa.field("containment", pa.float64(), nullable=False),
    ]
)
PAIRS = pa.schema(
    [
        pa.field("a", pa.uint64(), nullable=False),  # addresses, a < b
        pa.field("b", pa.uint64(), nullable=False),
        pa.field("jaccard", pa.float64(), nullable=False),
        pa.field("containment", pa.float64(), nullable=False),  # share of the smaller document's shingles
    ]
)


def documents_table(source: str, documents: list[Document]) -> pa.Table:
    """The documents of one source as a table of :data:`DOCUMENTS`."""
    return pa.Table.from_pydict(
        {
            "id": [document_id(source, d.origin, d.key) for d in documents],
            "text": [d.text for d in documents],
            "text_hash": [text_hash(d.text) for d in documents],
            "origin": [d.origin for d in documents],
            "key": [d.key for d in documents],
            "url": [d.url for d in documents],
            "title": [d.title for d in documents],
            "metadata": [msgspec.json.encode(d.metadata, order="deterministic").decode() for d in documents],
            "html_bytes": [d.html_bytes for d in documents],
            "link_text_frac": [d.link_text_frac for d in documents],
            "edits": [None if d.edits is None else [taken._asdict() for taken in d.edits] for d in documents],
        },
        schema=DOCUMENTS,
    )
